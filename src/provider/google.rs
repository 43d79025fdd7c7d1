//! How Google writes its methods: `…/models/{model}:{method}`, the same on AI Studio and on Vertex AI.
//!
//! The method follows the last `:`; a model of Vertex AI may hold `@version`. What Vertex AI serves for other publishers
//! (`:rawPredict`, `:streamRawPredict`) has their bodies.

use super::{Detected, RequestHead, decoded, hosts};

/// Recognises methods by their names. The model and whether it streams are only in the path.
pub(super) fn detect(head: &RequestHead<'_>, methods: &[&str], operation: &'static str) -> Option<Detected> {
    let (before, last) = head.path.rsplit_once('/')?;
    let (model, method) = split(last)?;
    if !methods.contains(&method) {
        return None;
    }
    let model = match before.rsplit('/').next()? {
        "models" => decoded(model),
        kind @ ("tunedModels" | "endpoints") => format!("{kind}/{}", decoded(model)),
        _ => return None,
    };
    let vertex = before.contains("/projects/") || before.contains("/publishers/");
    let unknown = if vertex { "gcp.vertex_ai" } else { "gcp.gemini" };
    Some(Detected {
        provider: hosts::known(head).unwrap_or(unknown).into(),
        operation,
        model: Some(model),
        stream: Some(method.starts_with("stream")),
        certain: true,
        billable: true,
    })
}

/// Recognises what is made in a collection of Google's, by the path's end: the body names the model.
pub(super) fn detect_collection(head: &RequestHead<'_>, end: &str, operation: &'static str) -> Option<Detected> {
    let before = head.path.strip_suffix(end)?;
    let known = hosts::known(head);
    if known.is_some_and(|provider| !provider.starts_with("gcp.")) {
        return None;
    }
    let unknown = if before.contains("/projects/") { "gcp.vertex_ai" } else { "gcp.gemini" };
    Some(Detected {
        provider: known.unwrap_or(unknown).into(),
        operation,
        model: None,
        stream: None,
        certain: known.is_some(),
        billable: true,
    })
}

/// Recognises another publisher's model on Vertex AI.
pub(super) fn raw_predict(head: &RequestHead<'_>, publisher: &str, operation: &'static str) -> Option<Detected> {
    let (before, _) = head.path.rsplit_once('/')?;
    let (_, of) = before.strip_suffix("/models")?.rsplit_once('/')?;
    if of != publisher {
        return None;
    }
    detect(head, &["rawPredict", "streamRawPredict"], operation)
}

/// Model and method; some clients escape the `:` between them.
fn split(last: &str) -> Option<(&str, &str)> {
    last.rsplit_once(':').or_else(|| last.rsplit_once("%3A")).or_else(|| last.rsplit_once("%3a"))
}
