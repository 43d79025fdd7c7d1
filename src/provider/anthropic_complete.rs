//! Anthropic's legacy text completions, `POST …/v1/complete`.
//!
//! Neither the answer nor its stream (events `completion`, the last with a `stop_reason`) has any usage: such calls have a
//! model, an id and a finish reason, and no counts.
//!
//! Source: <https://docs.claude.com/en/api/complete>.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, anthropic,
    error::Problem,
    fill,
    lenient::{self, Count, Filled, Flag, List, Number, Text},
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct AnthropicComplete;

impl Provider for AnthropicComplete {
    fn name(&self) -> &'static str {
        "anthropic_complete"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        anthropic::detect(head, "/v1/complete", "text_completion")
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(CompleteReader)
    }
}

#[derive(Debug)]
struct CompleteReader;

impl Reader for CompleteReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let Some(asked) = lenient::read::<Request<'_>>(body) else { return };
        fill::request_model(call, &asked.model);
        fill::stream(call, asked.stream, false);
        call.request.temperature = asked.temperature.0;
        fill::extra(call, names::REQUEST_MAX_TOKENS, asked.max_tokens_to_sample.0);
        fill::extra(call, names::REQUEST_TOP_P, asked.top_p.0);
        fill::extra(call, names::REQUEST_TOP_K, asked.top_k.0);
        fill::extra_list(call, names::REQUEST_STOP_SEQUENCES, &asked.stop_sequences);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(event) = lenient::read::<Event<'_>>(message.data) else { return Progress::QUIET };
        if event.kind.is("error") || event.error.0 {
            Problem::read(message.data).inside_success(call);
            return Progress::OVER;
        }
        fill::first(&mut call.response.id, &event.id);
        fill::first(&mut call.response.model, &event.model);
        if let Some(reason) = event.stop_reason.get() {
            call.response.finish_reasons = vec![fill::name(reason)];
        }
        Progress { content: event.completion.0, over: event.stop_reason.get().is_some(), ..Progress::QUIET }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    stream: Flag,
    max_tokens_to_sample: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    #[serde(borrow)]
    stop_sequences: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    stop_reason: Text<'a>,
    completion: Filled,
    error: Filled,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    #[test]
    fn a_completion_has_no_counts() {
        let call = Exchange::post("https://api.anthropic.com/v1/complete", r#"{"model":"claude-2","max_tokens_to_sample":5}"#)
            .json(r#"{"type":"completion","id":"compl_1","completion":"Hi","stop_reason":"stop_sequence","model":"claude-2.1"}"#);
        assert_eq!((call.operation.as_ref(), call.response.model.as_deref()), ("text_completion", Some("claude-2.1")));
        assert_eq!(call.response.finish_reasons, ["stop_sequence"]);
        assert!(call.usage.is_empty());
    }
}
