//! Gemini and Vertex AI embeddings: `POST …/models/{model}:{embedContent,batchEmbedContents}`, and Vertex AI's older
//! `:predict` for models that are named after embeddings.
//!
//! - *Usage*: input only: `usageMetadata.promptTokenCount`, from newer models; `:predict` states
//!   `predictions[].embeddings.statistics.token_count`, which are added; what its older models are billed by,
//!   `metadata.billableCharacterCount`, is kept as an attribute, for no list has a rate for it.
//! - There is no id, no finish reason, and no model but the one in the path.
//!
//! Sources: <https://ai.google.dev/api/embeddings>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill,
    gemini_usage::{GeminiCounts, GeminiUsage},
    google,
    lenient::{self, Count, Object, Objects},
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct GeminiEmbed;

impl Provider for GeminiEmbed {
    fn name(&self) -> &'static str {
        "gemini_embed"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        google::detect(head, &["embedContent", "batchEmbedContents"], "embeddings").or_else(|| {
            let embeds = |model: &str| ["embedding", "gecko"].iter().any(|family| model.contains(family));
            let predicted = google::detect(head, &["predict"], "embeddings")?;
            predicted.model.as_deref().is_some_and(embeds).then_some(predicted)
        })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(EmbedReader)
    }
}

#[derive(Debug)]
struct EmbedReader;

impl Reader for EmbedReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let asked = lenient::read::<Request>(body).unwrap_or_default();
        fill::extra(call, names::EMBEDDINGS_DIMENSION_COUNT, asked.output_dimensionality.0);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        if let Some(problem) = &answer.error.0 {
            problem.inside_success(call);
        }
        if let Some(usage) = &answer.usage_metadata.0 {
            let mut counts = GeminiCounts::default();
            counts.merge(usage, call);
            counts.apply(call);
            call.usage.output_tokens = None;
        }
        let predicted = answer.predictions.0.iter().filter_map(Prediction::tokens);
        call.usage.input_tokens = call.usage.input_tokens.or(predicted.reduce(u64::saturating_add));
        let characters = answer.metadata.0.unwrap_or_default().billable_character_count;
        fill::extra(call, names::GEMINI_BILLABLE_CHARACTERS, characters.0);
        Progress::CONTENT
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    #[serde(alias = "outputDimensionality")]
    output_dimensionality: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    usage_metadata: Object<GeminiUsage<'a>>,
    predictions: Objects<Prediction>,
    metadata: Object<Metadata>,
    #[serde(borrow)]
    error: Object<Problem<'a>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Prediction {
    embeddings: Object<Embedding>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Embedding {
    statistics: Object<Statistics>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Statistics {
    token_count: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    billable_character_count: Count,
}

impl Prediction {
    fn tokens(&self) -> Option<u64> {
        self.embeddings.0?.statistics.0?.token_count.0
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    const HOST: &str = "https://generativelanguage.googleapis.com/v1beta/models";

    #[test]
    fn newer_models_count_their_input_and_older_ones_do_not() {
        let counted =
            Exchange::post(&format!("{HOST}/gemini-embedding-2:embedContent"), r#"{"outputDimensionality":8}"#)
                .json(r#"{"embedding":{"values":[0.1]},"usageMetadata":{"promptTokenCount":11,"totalTokenCount":11}}"#);
        assert_eq!((counted.usage.input_tokens, counted.usage.output_tokens), (Some(11), None));
        assert_eq!(counted.extra["gen_ai.embeddings.dimension.count"], 8);
        let old =
            Exchange::post(&format!("{HOST}/text-embedding-004:batchEmbedContents"), "{}").json(r#"{"embeddings":[]}"#);
        assert!(old.usage.is_empty());
    }

    #[test]
    fn predictions_on_vertex_are_added_up() {
        let url = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict";
        let call = Exchange::post(url, "{}").json(
            r#"{"predictions":[{"embeddings":{"statistics":{"token_count":3}}},{"embeddings":{"statistics":{"token_count":4.0}}}],"metadata":{"billableCharacterCount":30}}"#,
        );
        assert_eq!(call.extra["spanledger.gemini.billable_characters"], 30);
        assert_eq!((call.provider.as_ref(), call.usage.input_tokens), ("gcp.vertex_ai", Some(7)));
    }
}
