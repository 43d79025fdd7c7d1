//! Mistral's conversations, `POST /v1/conversations`, `…/{id}` and `…/{id}/restart`: agents with connectors.
//!
//! Elsewhere `/v1/conversations` creates a conversation and generates nothing (OpenAI), so only Mistral's hosts are looked at.
//!
//! - *Conversation*: the answer's `conversation_id` is `gen_ai.conversation.id`; there is no other id.
//! - *Model*: that of the first output that names one. An agent is asked by `agent_id`, and its model is in no request.
//! - *Usage*: [`openai_usage`](super::openai_usage), with what connectors read (`connector_tokens`) as input, because the
//!   total proves it: 188 + 7,112 + 55 = 7,355 in the example of Mistral's guide. What they were used for is in `connectors`.
//! - *Stream*: `conversation.response.started`, deltas, then `conversation.response.done` with the usage, which is the end, or
//!   `conversation.response.error`, an error inside a 200.
//! - *Finish reason*: none.
//!
//! Sources: Mistral's API reference and its guide to connectors, and the models of its Python client.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill, hosts,
    lenient::{self, Object, Objects, Raw, Text},
    openai,
    openai_usage::OpenAiUsage,
};
use crate::{call::Call, framing::Message};

/// The protocol.
#[derive(Debug)]
pub(super) struct MistralConversations;

impl Provider for MistralConversations {
    fn name(&self) -> &'static str {
        "mistral_conversations"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        let provider = hosts::known(head).filter(|provider| *provider == "mistral_ai")?;
        let parts: Vec<_> = head.path.strip_prefix("/v1/conversations")?.split('/').collect();
        matches!(parts.as_slice(), [""] | ["", _] | ["", _, "restart"]).then(|| Detected {
            provider: provider.into(),
            operation: "chat",
            model: None,
            stream: None,
            certain: true,
            billable: true,
        })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(ConversationsReader)
    }
}

#[derive(Debug)]
struct ConversationsReader;

impl Reader for ConversationsReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let asked: Asked<'_> = lenient::read(body).unwrap_or_default();
        if let Some(sampling) = asked.completion_args.get() {
            openai::request(sampling.as_bytes(), call);
            call.request.stream = None;
        }
        openai::request(body, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        fill::first(&mut call.context.conversation_id, &answer.conversation_id);
        fill::first(&mut call.response.model, &answer.model);
        answer.outputs.0.iter().for_each(|output| fill::first(&mut call.response.model, &output.model));
        if let Some(usage) = answer.usage.0 {
            usage.apply(call);
        }
        match answer.kind.get().or(message.event) {
            Some("conversation.response.error" | "error") => {
                Problem::read(message.data).inside_success(call);
                Progress::OVER
            }
            Some("conversation.response.done") => Progress::OVER,
            Some(kind) if kind.ends_with(".delta") => Progress::CONTENT,
            Some(_) => Progress::QUIET,
            None => Progress::CONTENT,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked<'a> {
    #[serde(borrow)]
    completion_args: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    conversation_id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    outputs: Objects<Output<'a>>,
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Output<'a> {
    #[serde(borrow)]
    model: Text<'a>,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    const URL: &str = "https://api.mistral.ai/v1/conversations";

    #[test]
    fn what_connectors_read_is_input_because_the_total_proves_it() {
        let read = |total: u64| {
            let answer = format!(
                r#"{{"object":"conversation.response","conversation_id":"conv_1","outputs":[{{"type":"tool.execution","name":"web_search"}},{{"type":"message.output","model":"mistral-medium-2505","content":"secret"}}],"usage":{{"prompt_tokens":100,"completion_tokens":20,"connector_tokens":700,"total_tokens":{total},"connectors":{{"web_search":2,"code_interpreter":1}}}}}}"#
            );
            Exchange::post(
                URL,
                r#"{"agent_id":"ag_1","inputs":"secret","completion_args":{"temperature":0.5,"max_tokens":9}}"#,
            )
            .json(&answer)
        };
        let call = read(820);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(800), Some(20)));
        assert_eq!((call.usage.details["web_searches"], call.usage.details["code_executions"]), (2.0, 1.0));
        assert_eq!(
            (call.context.conversation_id.as_deref(), call.response.model.as_deref()),
            (Some("conv_1"), Some("mistral-medium-2505"))
        );
        assert_eq!((call.request.stream, call.request.temperature), (Some(false), Some(0.5)));
        assert_eq!(
            (&call.extra["gen_ai.agent.id"], &call.extra["gen_ai.request.max_tokens"]),
            (&"ag_1".into(), &9.into())
        );
        assert!(!format!("{call:?}").contains("secret"));
        assert_eq!(read(120).usage.input_tokens, Some(100), "a total without them proves that they are in");
    }

    #[test]
    fn a_stream_ends_with_done_or_with_an_error() {
        let asked = r#"{"model":"mistral-small-latest","inputs":"x","stream":true}"#;
        let url = format!("{URL}/conv_1/restart");
        let started = r#"{"type":"conversation.response.started","conversation_id":"conv_2"}"#;
        let word = r#"{"type":"message.output.delta","model":"mistral-small-2506","content":"a"}"#;
        let done = r#"{"type":"conversation.response.done","usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}"#;
        let error = r#"{"type":"conversation.response.error","message":"Broke","code":3000}"#;
        let (call, progress) = Exchange::post(&url, asked).stream(&[started, word, done]);
        assert_eq!(
            progress.iter().map(|one| (one.content, one.over)).collect::<Vec<_>>(),
            [(false, false), (true, false), (false, true)]
        );
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(5), Some(1)));
        assert_eq!(
            (call.request.stream, call.response.model.as_deref(), call.context.conversation_id.as_deref()),
            (Some(true), Some("mistral-small-2506"), Some("conv_2"))
        );
        let (call, progress) = Exchange::post(&url, asked).stream(&[started, error]);
        assert!(progress[1].over);
        assert_eq!(
            (call.outcome.error_message.as_deref(), call.outcome.error_type.as_deref()),
            (Some("Broke"), Some("conversation.response.error"))
        );
    }
}
