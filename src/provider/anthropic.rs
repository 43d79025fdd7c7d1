//! Anthropic messages, `POST …/messages`, wherever they are served: Anthropic, Azure, Bedrock mantle, DeepSeek, OpenRouter,
//! Ollama, and Vertex AI at `publishers/anthropic/models/{model}:{rawPredict,streamRawPredict}`, where model and stream are
//! in the path. (The path is common: on an unknown host it counts with an `anthropic-version` header, or if the body names
//! a model.)
//!
//! - *Stream*: `message_start` with the message so far, content blocks, `message_delta` with stop reason and usage,
//!   `message_stop`, which is the end. There is no `[DONE]`. A `ping` or an `error` may come anywhere.
//! - *Usage*: see [`anthropic_usage`](super::anthropic_usage). `message_start` has true input counts and a placeholder for
//!   the output; each `message_delta` states totals, field by field, and the last one wins. A stream cut before the first
//!   `message_delta` has no output count.
//! - *Finish reason*: `stop_reason`.
//! - *Confidence*: log-probabilities are not offered.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    anthropic_usage::AnthropicUsage,
    error::Problem,
    fill,
    fill::{extra, extra_list, extra_text},
    google, hosts,
    lenient::{self, Count, Filled, Flag, List, Number, Object, Text},
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct AnthropicMessages;

impl Provider for AnthropicMessages {
    fn name(&self) -> &'static str {
        "anthropic_messages"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        let on_vertex = || google::raw_predict(head, "anthropic", "chat");
        detect(head, "/messages", "chat").or_else(|| on_vertex().filter(|_| detect_count_on_vertex(head).is_none()))
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<MessagesReader>::default()
    }
}

/// Recognises a path by its end.
pub(super) fn detect(head: &RequestHead<'_>, end: &str, operation: &'static str) -> Option<Detected> {
    head.path.strip_suffix(end)?;
    let known = hosts::known(head);
    Some(Detected {
        provider: known.unwrap_or("anthropic").into(),
        operation,
        model: None,
        stream: None,
        certain: known.is_some() || head.headers.contains_key("anthropic-version"),
        billable: true,
    })
}

/// Counting tokens on Vertex AI, where the last part of the path looks like a model and is none.
pub(super) fn detect_count_on_vertex(head: &RequestHead<'_>) -> Option<Detected> {
    let detected = google::raw_predict(head, "anthropic", "count_tokens")?;
    (detected.model.as_deref() == Some("count-tokens")).then_some(Detected { model: None, ..detected })
}

#[derive(Debug, Default)]
struct MessagesReader {
    usage: AnthropicUsage,
}

impl Reader for MessagesReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let Some(asked) = lenient::read::<Request<'_>>(body) else { return };
        fill::request_model(call, &asked.model);
        fill::stream(call, asked.stream, false);
        call.request.temperature = asked.temperature.0;
        fill::last(&mut call.request.service_tier, &asked.service_tier);
        extra(call, names::REQUEST_MAX_TOKENS, asked.max_tokens.0);
        extra(call, names::REQUEST_TOP_P, asked.top_p.0);
        extra(call, names::REQUEST_TOP_K, asked.top_k.0);
        extra_list(call, names::REQUEST_STOP_SEQUENCES, &asked.stop_sequences);
        let output = asked.output_config.0.unwrap_or_default();
        extra_text(call, names::REQUEST_REASONING_LEVEL, &output.effort);
        extra(call, names::OUTPUT_TYPE, output.format.0.then_some("json"));
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(event) = lenient::read::<Event<'_>>(message.data) else { return Progress::QUIET };
        match event.kind.get().or(message.event).unwrap_or_default() {
            "content_block_delta" => return Progress::CONTENT,
            "message_stop" => return Progress::OVER,
            "message_start" => {
                let body = event.message.0.unwrap_or_default();
                body.head(call);
                self.usage.merge(&body.usage.0.unwrap_or_default().without_output());
            }
            "message_delta" => {
                stopped(&event.delta.0.unwrap_or_default().stop_reason, call);
                self.usage.merge(&event.usage.0.unwrap_or_default());
            }
            "error" => {
                Problem::read(message.data).inside_success(call);
                return Progress::OVER;
            }
            "message" | "" => {
                let body = lenient::read::<Body<'_>>(message.data).unwrap_or_default();
                body.head(call);
                stopped(&body.stop_reason, call);
                self.usage.merge(&body.usage.0.unwrap_or_default());
                return Progress::CONTENT;
            }
            _ => {}
        }
        Progress::QUIET
    }

    fn finish(&mut self, call: &mut Call) {
        std::mem::take(&mut self.usage).apply(call);
    }
}

fn stopped(reason: &Text<'_>, call: &mut Call) {
    if let Some(reason) = reason.get() {
        call.response.finish_reasons = vec![fill::name(reason)];
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    stream: Flag,
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    #[serde(borrow)]
    stop_sequences: List<Text<'a>>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    output_config: Object<OutputConfig<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputConfig<'a> {
    #[serde(borrow)]
    effort: Text<'a>,
    format: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    message: Object<Body<'a>>,
    #[serde(borrow)]
    delta: Object<Delta<'a>>,
    usage: Object<AnthropicUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    stop_reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    stop_reason: Text<'a>,
    usage: Object<AnthropicUsage>,
}

impl Body<'_> {
    fn head(&self, call: &mut Call) {
        fill::first(&mut call.response.id, &self.id);
        fill::first(&mut call.response.model, &self.model);
    }
}
