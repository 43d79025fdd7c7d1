//! LM Studio's own chat, `POST /api/v1/chat`, beside the OpenAI and Anthropic protocols it speaks.
//!
//! - *Where*: any host, mostly on port 1234. By its path it is a guess, which a body that names a model confirms.
//! - *Ids and models*: `response_id`, where the answer is stored; `model_instance_id` is the loaded model.
//! - *Usage*: `stats.{input_tokens, total_output_tokens, reasoning_output_tokens}`; the rest of it is rates and times.
//! - *Stream*: events with a `type`: `chat.start`, how the model loads and reads, deltas of reasoning and message, then
//!   `chat.end` with the whole answer as its `result`, which is the end. An `error` event is an error inside a 200.
//! - *Finish reason*: none.
//!
//! `/api/v0/…` is OpenAI's shape: see [`openai_chat`](super::openai_chat). Sources: LM Studio's REST reference and its page
//! on streaming events.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill, hosts,
    lenient::{self, Count, Object, Text},
    openai,
};
use crate::{
    call::{Call, Usage},
    framing::Message,
};

/// The protocol.
#[derive(Debug)]
pub(super) struct LmStudio;

impl Provider for LmStudio {
    fn name(&self) -> &'static str {
        "lm_studio"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        if hosts::known(head).is_some() {
            return None;
        }
        let detected = openai::detect(head, "/api/v1/chat", "chat")?;
        Some(Detected { provider: "lm_studio".into(), ..detected })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(ChatReader)
    }
}

#[derive(Debug)]
struct ChatReader;

impl Reader for ChatReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        openai::request(body, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(event) = lenient::read::<Event<'_>>(message.data) else { return Progress::QUIET };
        fill::first(&mut call.response.model, &event.model_instance_id);
        match event.kind.get().or(message.event) {
            Some("error") => {
                Problem::read(message.data).inside_success(call);
                Progress::OVER
            }
            Some("chat.end") => {
                event.result.0.unwrap_or_default().apply(call);
                Progress::OVER
            }
            Some(kind) if kind.ends_with(".delta") => Progress::CONTENT,
            Some(_) => Progress::QUIET,
            None => {
                lenient::read::<Answer<'_>>(message.data).unwrap_or_default().apply(call);
                Progress::CONTENT
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    model_instance_id: Text<'a>,
    #[serde(borrow)]
    result: Object<Answer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    response_id: Text<'a>,
    #[serde(borrow)]
    model_instance_id: Text<'a>,
    stats: Object<Stats>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Stats {
    input_tokens: Count,
    total_output_tokens: Count,
    reasoning_output_tokens: Count,
}

impl Answer<'_> {
    fn apply(&self, call: &mut Call) {
        fill::first(&mut call.response.id, &self.response_id);
        fill::first(&mut call.response.model, &self.model_instance_id);
        let stats = self.stats.0.unwrap_or_default();
        let usage = Usage {
            input_tokens: stats.input_tokens.0,
            output_tokens: stats.total_output_tokens.0,
            reasoning_tokens: stats.reasoning_output_tokens.0,
            ..Usage::default()
        };
        fill::counts(call, &usage);
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    #[test]
    fn only_words_are_content_and_only_the_end_has_counts() {
        let asked = r#"{"model":"qwen3-8b","input":"x","stream":true}"#;
        let (call, progress) = Exchange::post("http://localhost:1234/api/v1/chat", asked).stream(&[
            r#"{"type":"chat.start","model_instance_id":"qwen3-8b"}"#,
            r#"{"type":"model_load.progress","progress":0.5}"#,
            r#"{"type":"reasoning.delta","content":"a"}"#,
            r#"{"type":"chat.end","result":{"stats":{"input_tokens":3,"total_output_tokens":2}}}"#,
        ]);
        let seen: Vec<_> = progress.iter().map(|one| (one.content, one.over)).collect();
        assert_eq!(seen, [(false, false), (false, false), (true, false), (false, true)]);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(3), Some(2)));
    }
}
