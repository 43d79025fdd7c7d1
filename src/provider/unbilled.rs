//! Requests beside the inference: counting tokens, moderation, creating a batch or a cache. They are recorded as what they
//! are, and marked as not billed.
//!
//! | protocol | where | what is read |
//! | --- | --- | --- |
//! | `openai_moderations` | `POST …/moderations` | id, model |
//! | `openai_batches` | `POST …/batches`, Mistral's `…/batch/jobs` | the batch's id; its tokens come with the results, at half price |
//! | `openai_count_tokens` | `POST …/responses/input_tokens` | `input_tokens` |
//! | `anthropic_count_tokens` | `POST …/messages/count_tokens`, on Vertex AI `count-tokens:rawPredict` | `input_tokens` |
//! | `anthropic_batches` | `POST …/messages/batches` | the batch's id |
//! | `gemini_count_tokens` | `POST …:countTokens`, on Vertex AI also `:computeTokens` | `totalTokens` |
//! | `gemini_batches` | `POST …:batchGenerateContent`, `…:asyncBatchEmbedContent`, on Vertex AI `…/batchPredictionJobs` | the batch's name |
//! | `gemini_caches` | `POST …/cachedContents` | the cache's name, `usageMetadata.totalTokenCount`: stored by the hour, read at a lower price |
//!
//! A count that was asked for is an answer, not usage: it is kept as `spanledger.counted_tokens`.
//!
//! The results of a batch are files or lists that are fetched with `GET`, as often as one likes, and are no calls here: what
//! a batch used is not in the ledger.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, anthropic, fill, google,
    lenient::{self, Count, Object, Text},
    openai,
};
use crate::{call::Call, framing::Message, span::names};

/// A protocol that bills nothing.
#[derive(Debug)]
pub(super) struct Unbilled {
    name: &'static str,
    detect: fn(&RequestHead<'_>) -> Option<Detected>,
    /// Whether the answer's id is one that belongs to a call.
    has_id: bool,
}

/// Moderation.
pub(super) static OPENAI_MODERATIONS: Unbilled = Unbilled {
    name: "openai_moderations",
    detect: |head| openai::detect(head, "/moderations", "moderation"),
    has_id: true,
};

/// Creating a batch.
pub(super) static OPENAI_BATCHES: Unbilled = Unbilled {
    name: "openai_batches",
    detect: |head| {
        let mistral = || openai::detect(head, "/v1/batch/jobs", "batch");
        if is_message_batch(head) { None } else { openai::detect(head, "/batches", "batch").or_else(mistral) }
    },
    has_id: true,
};

/// Counting tokens.
pub(super) static OPENAI_COUNT_TOKENS: Unbilled = Unbilled {
    name: "openai_count_tokens",
    detect: |head| openai::detect(head, "/responses/input_tokens", "count_tokens"),
    has_id: false,
};

/// Counting tokens.
pub(super) static ANTHROPIC_COUNT_TOKENS: Unbilled = Unbilled {
    name: "anthropic_count_tokens",
    detect: |head| {
        anthropic::detect(head, "/messages/count_tokens", "count_tokens")
            .or_else(|| anthropic::detect_count_on_vertex(head))
    },
    has_id: false,
};

/// Creating a batch.
pub(super) static ANTHROPIC_BATCHES: Unbilled = Unbilled {
    name: "anthropic_batches",
    detect: |head| anthropic::detect(head, "/messages/batches", "batch"),
    has_id: true,
};

/// Counting tokens.
pub(super) static GEMINI_COUNT_TOKENS: Unbilled = Unbilled {
    name: "gemini_count_tokens",
    detect: |head| google::detect(head, &["countTokens", "computeTokens"], "count_tokens"),
    has_id: false,
};

/// Creating a batch.
pub(super) static GEMINI_BATCHES: Unbilled = Unbilled {
    name: "gemini_batches",
    detect: |head| {
        google::detect(head, &["batchGenerateContent", "asyncBatchEmbedContent"], "batch")
            .or_else(|| google::detect_collection(head, "/batchPredictionJobs", "batch"))
    },
    has_id: true,
};

/// Creating a cache.
pub(super) static GEMINI_CACHES: Unbilled = Unbilled {
    name: "gemini_caches",
    detect: |head| google::detect_collection(head, "/cachedContents", "create_cache"),
    has_id: true,
};

fn is_message_batch(head: &RequestHead<'_>) -> bool {
    head.path.ends_with("/messages/batches")
}

impl Provider for Unbilled {
    fn name(&self) -> &'static str {
        self.name
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        (self.detect)(head).map(|detected| Detected { billable: false, ..detected })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(UnbilledReader { has_id: self.has_id })
    }
}

#[derive(Debug)]
struct UnbilledReader {
    has_id: bool,
}

impl Reader for UnbilledReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        if let Some(asked) = lenient::read::<Request<'_>>(body) {
            if call.request.model.is_none() {
                fill::request_model(call, &asked.model);
            }
            call.request.stream = Some(false);
        }
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        if self.has_id {
            fill::first(&mut call.response.id, &answer.id);
            fill::first(&mut call.response.id, &answer.name);
        }
        fill::first(&mut call.response.model, &answer.model);
        let cached = answer.usage_metadata.0.unwrap_or_default().total_token_count;
        let counts = [answer.input_tokens, answer.total_tokens, cached];
        fill::extra(call, names::COUNTED_TOKENS, counts.into_iter().find_map(|count| count.0));
        Progress::CONTENT
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    input_tokens: Count,
    #[serde(rename = "totalTokens")]
    total_tokens: Count,
    #[serde(rename = "usageMetadata")]
    usage_metadata: Object<Cached>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Cached {
    total_token_count: Count,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::{Exchange, summary};

    #[test]
    fn counted_tokens_are_an_answer_and_no_usage() {
        let call = Exchange::post("https://api.anthropic.com/v1/messages/count_tokens", r#"{"model":"claude"}"#)
            .json(r#"{"input_tokens":669}"#);
        assert!(call.usage.is_empty());
        assert_eq!((call.operation.as_ref(), &call.extra["spanledger.counted_tokens"]), ("count_tokens", &669.into()));
        let call = Exchange::post("https://generativelanguage.googleapis.com/v1beta/models/g:countTokens", "{}")
            .json(r#"{"totalTokens":4}"#);
        assert_eq!((call.request.model.as_deref(), &call.extra["spanledger.counted_tokens"]), (Some("g"), &4.into()));
    }

    #[test]
    fn a_moderation_has_an_id_and_a_model() {
        let call = Exchange::post("https://api.openai.com/v1/moderations", r#"{"input":"x"}"#)
            .json(r#"{"id":"modr-1","model":"omni","results":[]}"#);
        assert_eq!((call.response.id.as_deref(), call.response.model.as_deref()), (Some("modr-1"), Some("omni")));
    }

    #[test]
    fn a_batch_is_created_and_has_used_nothing_yet() {
        for (url, asked, answer, expected) in [
            (
                "https://api.anthropic.com/v1/messages/batches",
                r#"{"requests":[{"custom_id":"secret","params":{"model":"claude-x"}}]}"#,
                r#"{"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress","request_counts":{"processing":1},"results_url":null}"#,
                ["anthropic batch", "id msgbatch_1", "not billed"],
            ),
            (
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:batchGenerateContent",
                r#"{"batch":{"display_name":"secret"}}"#,
                r#"{"name":"batches/1","metadata":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch","model":"models/gemini-2.5-flash","state":"BATCH_STATE_PENDING"}}"#,
                ["gcp.gemini batch gemini-2.5-flash", "id batches/1", "not billed"],
            ),
            (
                "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/batchPredictionJobs",
                r#"{"displayName":"secret","model":"publishers/google/models/gemini-2.5-flash"}"#,
                r#"{"name":"projects/1/locations/us-central1/batchPredictionJobs/2","state":"JOB_STATE_PENDING"}"#,
                [
                    "gcp.vertex_ai batch publishers/google/models/gemini-2.5-flash",
                    "id projects/1/locations/us-central1/batchPredictionJobs/2",
                    "not billed",
                ],
            ),
        ] {
            assert_eq!(summary(&Exchange::post(url, asked).json(answer)), expected);
        }
    }

    #[test]
    fn a_cache_is_no_inference_and_its_size_no_usage() {
        let call = Exchange::post(
            "https://generativelanguage.googleapis.com/v1beta/cachedContents",
            r#"{"model":"models/gemini-2.5-flash","contents":[],"ttl":"300s"}"#,
        )
        .json(r#"{"name":"cachedContents/c1","model":"models/gemini-2.5-flash","usageMetadata":{"totalTokenCount":4321}}"#);
        assert_eq!(
            summary(&call),
            [
                "gcp.gemini create_cache models/gemini-2.5-flash -> models/gemini-2.5-flash",
                "id cachedContents/c1",
                "extra spanledger.counted_tokens=4321",
                "not billed",
            ]
        );
    }

    #[test]
    fn counting_on_vertex_names_no_model_in_its_path() {
        let url = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/count-tokens:rawPredict";
        let call = Exchange::post(url, r#"{"model":"claude-sonnet-4-5","messages":[]}"#).json(r#"{"input_tokens":14}"#);
        assert_eq!(
            summary(&call),
            ["gcp.vertex_ai count_tokens claude-sonnet-4-5", "extra spanledger.counted_tokens=14", "not billed"]
        );
    }
}
