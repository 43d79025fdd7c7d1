//! Requests beside the inference: counting tokens, moderation, creating a batch. They are recorded as what they are, and
//! marked as not billed.
//!
//! | protocol | where | what is read |
//! | --- | --- | --- |
//! | `openai_moderations` | `POST …/moderations` | id, model |
//! | `openai_batches` | `POST …/batches` | the batch's id; its tokens come with the results, at half price |
//! | `openai_count_tokens` | `POST …/responses/input_tokens` | `input_tokens` |
//! | `anthropic_count_tokens` | `POST …/messages/count_tokens`, on Vertex AI `count-tokens:rawPredict` | `input_tokens` |
//! | `anthropic_batches` | `POST …/messages/batches` | the batch's id |
//! | `gemini_count_tokens` | `POST …:countTokens` | `totalTokens` |
//! | `gemini_batches` | `POST …:batchGenerateContent` | nothing |
//!
//! A count that was asked for is an answer, not usage: it is kept as `spanledger.counted_tokens`.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, anthropic, fill, google,
    lenient::{self, Count, Text},
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
    detect: |head| if is_message_batch(head) { None } else { openai::detect(head, "/batches", "batch") },
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
    detect: |head| google::detect(head, &["countTokens"], "count_tokens"),
    has_id: false,
};

/// Creating a batch.
pub(super) static GEMINI_BATCHES: Unbilled = Unbilled {
    name: "gemini_batches",
    detect: |head| google::detect(head, &["batchGenerateContent", "asyncBatchEmbedContent"], "batch"),
    has_id: false,
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
        }
        fill::first(&mut call.response.model, &answer.model);
        fill::extra(call, names::COUNTED_TOKENS, answer.input_tokens.0.or(answer.total_tokens.0));
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
    model: Text<'a>,
    input_tokens: Count,
    #[serde(rename = "totalTokens")]
    total_tokens: Count,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

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
}
