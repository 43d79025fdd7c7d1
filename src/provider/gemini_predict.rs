//! Pictures and films of Google's: `POST …/models/imagen-…:predict` and `POST …/models/veo-…:predictLongRunning`.
//!
//! - *Usage*: there is none. Pictures are paid by the piece: how many came back is kept as `images`, a unit of ours. A film is
//!   made after the answer, which only names the operation that is asked for it later, with calls that are no calls here:
//!   what it cost is not known.
//! - There is no finish reason, and no model but the one in the path. Pictures that were filtered out are not billed.
//!
//! Other models behind `:predict` are read where they embed ([`gemini_embed`](super::gemini_embed)), else not at all: it is
//! how everything that was ever deployed on Vertex AI is asked.
//!
//! Source: <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api>.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill, google,
    lenient::{self, Count, Filled, Object, Objects, Text},
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct GeminiPredict;

impl Provider for GeminiPredict {
    fn name(&self) -> &'static str {
        "gemini_predict"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        let of = |method, family: &str, operation| {
            google::detect(head, &[method], operation)
                .filter(|found| found.model.as_deref().is_some_and(|model| model.starts_with(family)))
        };
        of("predict", "imag", "image_generation")
            .or_else(|| of("predictLongRunning", "veo", "video_generation"))
            .map(|found| Detected { stream: Some(false), ..found })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(PredictReader)
    }
}

#[derive(Debug)]
struct PredictReader;

impl Reader for PredictReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let asked = lenient::read::<Request>(body).unwrap_or_default();
        let parameters = asked.parameters.0.unwrap_or_default();
        fill::extra(call, names::REQUEST_CHOICE_COUNT, parameters.sample_count.0.filter(|count| *count != 1));
        let kind = if call.operation == "image_generation" { "image" } else { "video" };
        fill::extra(call, names::OUTPUT_TYPE, Some(kind));
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        if let Some(problem) = &answer.error.0 {
            problem.inside_success(call);
        }
        fill::first(&mut call.response.id, &answer.name);
        let pictures = answer.predictions.0.iter().filter(|one| one.bytes_base64_encoded.0 || one.gcs_uri.0).count();
        fill::counted(call, "images", pictures, message, 3);
        Progress::CONTENT
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    parameters: Object<Parameters>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Parameters {
    sample_count: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    predictions: Objects<Prediction>,
    #[serde(borrow)]
    error: Object<Problem<'a>>,
}

/// Only whether there is a picture.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Prediction {
    bytes_base64_encoded: Filled,
    gcs_uri: Filled,
}

#[cfg(test)]
mod tests {
    use crate::{
        call::UsageSource,
        provider::testing::{Exchange, summary},
    };

    const HOST: &str =
        "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google/models";

    #[test]
    fn pictures_that_came_back_are_counted_and_filtered_ones_are_not() {
        let call = Exchange::post(
            &format!("{HOST}/imagen-4.0-generate-001:predict"),
            r#"{"instances":[{"prompt":"secret"}],"parameters":{"sampleCount":3}}"#,
        )
        .json(r#"{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"AAAA"},{"gcsUri":"gs://b/1.png"},{"raiFilteredReason":"secret"}],"deployedModelId":"1"}"#);
        assert_eq!(
            summary(&call),
            [
                "gcp.vertex_ai image_generation imagen-4.0-generate-001",
                "units images=2",
                "extra gen_ai.output.type=image gen_ai.request.choice.count=3",
                "cost unknown: unpriced",
            ]
        );
    }

    #[test]
    fn a_film_is_only_begun() {
        let call = Exchange::post(&format!("{HOST}/veo-3.0-generate-001:predictLongRunning"), "{}")
            .json(r#"{"name":"projects/p/operations/7"}"#);
        assert_eq!(
            summary(&call),
            [
                "gcp.vertex_ai video_generation veo-3.0-generate-001",
                "id projects/p/operations/7",
                "extra gen_ai.output.type=video",
                "cost unknown: unpriced",
            ]
        );
    }

    #[test]
    fn pictures_of_an_answer_too_long_to_be_held_are_counted_only_if_all_are_known() {
        let made = |count: usize, bytes: usize| {
            let picture = format!(r#"{{"bytesBase64Encoded":"{}"}}"#, "A".repeat(bytes));
            let body = format!(r#"{{"predictions":[{}]}}"#, vec![picture; count].join(","));
            let usage = Exchange::post(
                "https://generativelanguage.googleapis.com/v1beta/models/imagen-4.0-generate-001:predict",
                "{}",
            )
            .body("application/json", &body)
            .usage;
            (usage.details.get("images").copied(), usage.source)
        };
        assert_eq!(made(10, 100_000), (Some(10.0), UsageSource::None));
        assert_eq!(made(200, 1000), (None, UsageSource::Partial));
    }
}
