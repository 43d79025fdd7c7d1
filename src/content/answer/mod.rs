//! The answer of a call, put together from its messages in bounded memory.

mod anthropic;
mod merge;
mod responses;

use std::fmt;

use serde_json::{Map, Value};

use super::cap::json_bytes;
use crate::framing::Message;

/// What was said so far.
pub(super) struct Answer {
    said: Value,
    shape: Shape,
    budget: Budget,
}

/// Without what was said.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// How the pieces of a protocol's stream become one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Each piece has the shape of the answer: texts grow, all else is replaced.
    Merged,
    /// Events of Anthropic's messages.
    Anthropic,
    /// Events of OpenAI's responses.
    Responses,
    /// Not known: the messages as a list.
    List,
}

impl Shape {
    fn of(protocol: &str) -> Self {
        match protocol {
            "openai_chat" | "openai_completions" | "gemini_generate" | "ollama_chat" | "ollama_generate"
            | "llama_cpp" | "anthropic_complete" => Self::Merged,
            "anthropic_messages" => Self::Anthropic,
            "openai_responses" => Self::Responses,
            _ => Self::List,
        }
    }
}

impl Answer {
    /// An answer in this protocol, of which about so many bytes are held.
    pub(super) fn of(protocol: &str, limit: usize) -> Self {
        Self { said: Value::Null, shape: Shape::of(protocol), budget: Budget { left: limit, cut: 0 } }
    }

    /// The next message. One that is no piece of a stream is the answer itself.
    pub(super) fn message(&mut self, message: Message<'_>, streamed: bool) {
        let Ok(value) = serde_json::from_slice::<Value>(message.data) else { return };
        let Value::Object(mut members) = value else { return };
        // The row has the words of an error, without the keys that it may repeat.
        members.remove("error");
        if !streamed && self.said.is_null() {
            self.said = Value::Object(members);
            return;
        }
        if self.shape == Shape::List {
            return list(&mut self.said, members, &mut self.budget);
        }
        let fold = match self.shape {
            Shape::Anthropic => anthropic::fold,
            Shape::Responses => responses::fold,
            Shape::Merged | Shape::List => merge::fold,
        };
        if let Some(said) = object(&mut self.said) {
            fold(said, members, &mut self.budget);
        }
    }

    /// The answer; `None`: nothing was said that is JSON.
    pub(super) fn finish(self) -> Option<Value> {
        let mut said = self.said;
        if let (Value::Object(members), 1..) = (&mut said, self.budget.cut) {
            members.insert("spanledger.cut_bytes".to_owned(), self.budget.cut.into());
        }
        (said != Value::Object(Map::new()) && !said.is_null()).then_some(said)
    }
}

fn list(said: &mut Value, message: Map<String, Value>, budget: &mut Budget) {
    if !said.is_array() {
        *said = Value::Array(Vec::from_iter((!said.is_null()).then(|| said.take())));
    }
    if let Value::Array(items) = said {
        push(items, Value::Object(message), budget);
    }
}

/// How many more bytes are held.
#[derive(Debug)]
struct Budget {
    left: usize,
    /// So many were not.
    cut: usize,
}

impl Budget {
    /// Whether a value is held; it is charged for it.
    fn takes(&mut self, value: &Value) -> bool {
        self.charge(json_bytes(value) + 1)
    }

    fn charge(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.left;
        if fits {
            self.left -= bytes;
        } else {
            self.cut += bytes;
        }
        fits
    }

    /// Lets a text grow.
    fn append(&mut self, text: &mut String, more: &str) {
        let kept = more.floor_char_boundary(self.left);
        text.push_str(&more[..kept]);
        self.left -= kept;
        self.cut += more.len() - kept;
        if kept < more.len() {
            // What comes behind a hole would look as if it followed.
            self.left = 0;
        }
    }
}

/// Sets a member, or replaces it.
fn set(members: &mut Map<String, Value>, name: &str, value: Value, budget: &mut Budget) {
    if members.get(name) != Some(&value) && budget.charge(name.len() + json_bytes(&value) + 4) {
        members.insert(name.to_owned(), value);
    }
}

fn push(items: &mut Vec<Value>, item: Value, budget: &mut Budget) {
    if budget.takes(&item) {
        items.push(item);
    }
}

/// A value as an object, which it becomes if it is none.
fn object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// The member that is a list, which it becomes if it is none.
fn array<'v>(members: &'v mut Map<String, Value>, name: &str) -> Option<&'v mut Vec<Value>> {
    let value = members.entry(name).or_insert(Value::Null);
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut()
}

/// The item at a place of a list, or a new one behind its end.
fn slot<'v>(items: &'v mut Vec<Value>, index: Option<&Value>, budget: &mut Budget) -> Option<&'v mut Value> {
    let index = usize::try_from(index.and_then(Value::as_u64)?).ok()?;
    if index >= items.len() {
        push(items, Value::Object(Map::new()), budget);
    }
    let last = items.len().checked_sub(1)?;
    items.get_mut(index.min(last))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a stream of these messages comes to.
    fn said(protocol: &str, limit: usize, messages: &[Value]) -> Option<Value> {
        let mut answer = Answer::of(protocol, limit);
        for message in messages {
            let data = message.to_string();
            answer.message(Message::whole(None, data.as_bytes()), true);
        }
        answer.finish()
    }

    #[test]
    fn chunks_of_openai_become_a_chat_completion() {
        let chunk = |delta: Value| json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        let call = |index: u64, call: Value| {
            let mut call = call;
            call["index"] = index.into();
            chunk(json!({ "tool_calls": [call] }))
        };
        let stream = [
            chunk(json!({"role": "assistant", "content": ""})),
            chunk(json!({"content": "Hel"})),
            chunk(json!({"content": "lo"})),
            call(0, json!({"id": "t0", "type": "function", "function": {"name": "f", "arguments": ""}})),
            call(1, json!({"id": "t1", "type": "function", "function": {"name": "g", "arguments": "{}"}})),
            call(0, json!({"function": {"arguments": "{\"a\":"}})),
            call(0, json!({"function": {"arguments": "1}"}})),
            json!({"id": "c", "model": "m", "choices": [{"index": 1, "delta": {"content": "other"}}, {"index": 0, "delta": {}, "finish_reason": "stop"}]}),
            json!({"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3}}),
        ];
        let answer = said("openai_chat", 10_000, &stream).unwrap();
        let choice = &answer["choices"][0];
        assert_eq!(choice["message"]["content"], "Hello");
        assert_eq!(choice["message"]["role"], "assistant");
        assert_eq!(choice["finish_reason"], "stop");
        assert_eq!(choice["message"]["tool_calls"][0]["function"], json!({"name": "f", "arguments": "{\"a\":1}"}));
        assert_eq!(choice["message"]["tool_calls"][1]["id"], "t1");
        assert_eq!(answer["choices"][1]["message"]["content"], "other");
        assert_eq!((&answer["id"], &answer["usage"]), (&json!("c"), &json!({"prompt_tokens": 3})));
    }

    #[test]
    fn events_of_anthropic_become_a_message() {
        let stream = [
            json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 3}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "ping"}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "f", "input": {}}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"a\""}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ":1}"}}),
            json!({"type": "content_block_stop", "index": 2}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}}),
            json!({"type": "message_stop"}),
        ];
        assert_eq!(
            said("anthropic_messages", 10_000, &stream),
            Some(json!({
                "id": "m", "type": "message", "role": "assistant", "stop_reason": "tool_use",
                "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hello"}, {"type": "tool_use", "name": "f", "input": {"a": 1}}],
                "usage": {"input_tokens": 3, "output_tokens": 5},
            }))
        );
    }

    #[test]
    fn a_response_is_its_last_event_or_what_came_before_an_abandoned_end() {
        let created =
            json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}});
        let item = json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}});
        let part = json!({"type": "response.content_part.added", "output_index": 0, "content_index": 0, "part": {"type": "output_text", "text": ""}});
        let delta = |text: &str| json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text});
        let call = json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "function_call", "arguments": ""}});
        let arguments = json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"});
        let mut stream = vec![created, item, part, delta("Hel"), delta("lo"), call, arguments];
        let output = json!([{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}, {"type": "function_call", "arguments": "{}"}]);
        assert_eq!(
            said("openai_responses", 10_000, &stream),
            Some(json!({"id": "r", "status": "in_progress", "output": output}))
        );
        let whole = json!({"id": "r", "status": "completed", "output": ["whole"]});
        stream.push(json!({"type": "response.completed", "response": whole}));
        assert_eq!(said("openai_responses", 10_000, &stream), Some(whole));
    }

    #[test]
    fn chunks_of_gemini_and_ollama_become_one() {
        let chunk =
            |parts: Value| json!({"candidates": [{"content": {"role": "model", "parts": parts}}], "modelVersion": "g"});
        let stream = [
            chunk(json!([{"text": "hm", "thought": true}])),
            chunk(json!([{"text": "Hel"}])),
            chunk(json!([{"text": "lo"}])),
            chunk(json!([{"functionCall": {"name": "f"}}])),
            json!({"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 3}}),
        ];
        let parts = json!([{"text": "hm", "thought": true}, {"text": "Hello"}, {"functionCall": {"name": "f"}}]);
        assert_eq!(
            said("gemini_generate", 10_000, &stream),
            Some(json!({
                "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
                "modelVersion": "g", "usageMetadata": {"promptTokenCount": 3},
            }))
        );
        let stream = [
            json!({"model": "l", "message": {"role": "assistant", "content": "Hel"}, "done": false}),
            json!({"model": "l", "message": {"role": "assistant", "content": "lo"}, "done": true, "eval_count": 2}),
        ];
        assert_eq!(
            said("ollama_chat", 10_000, &stream),
            Some(
                json!({"model": "l", "message": {"role": "assistant", "content": "Hello"}, "done": true, "eval_count": 2})
            )
        );
        let stream = [json!({"response": "Hel"}), json!({"response": "lo", "done": true})];
        assert_eq!(said("ollama_generate", 10_000, &stream), Some(json!({"response": "Hello", "done": true})));
    }

    #[test]
    fn messages_of_other_streams_are_a_list() {
        let stream = [json!({"a": 1}), json!({"b": 2})];
        assert_eq!(said("mistral_conversations", 10_000, &stream), Some(json!([{"a": 1}, {"b": 2}])));
        assert_eq!(said("mistral_conversations", 10_000, &[]), None);
    }

    #[test]
    fn what_is_held_of_an_endless_stream_is_bounded_and_says_what_it_lacks() {
        for (protocol, message) in [
            ("openai_chat", json!({"choices": [{"index": 0, "delta": {"content": "0123456789"}}]})),
            (
                "openai_chat",
                json!({"choices": [{"index": 9, "delta": {"tool_calls": [{"function": {"name": "0123456789"}}]}}]}),
            ),
            (
                "anthropic_messages",
                json!({"type": "content_block_start", "index": 99_999_999, "content_block": {"text": "0123456789"}}),
            ),
            (
                "openai_responses",
                json!({"type": "response.output_item.added", "output_index": 99_999_999, "item": {"text": "0123456789"}}),
            ),
            (
                "gemini_generate",
                json!({"candidates": [{"content": {"parts": [{"text": "0123456789"}, {"inlineData": "0123456789"}]}}]}),
            ),
            ("ollama_chat", json!({"message": {"tool_calls": [{"name": "0123456789"}]}})),
            ("mistral_conversations", json!({"type": "0123456789"})),
        ] {
            let answer = said(protocol, 1000, &vec![message; 1000]).unwrap();
            assert!(json_bytes(&answer) < 1400, "{protocol}: {}", json_bytes(&answer));
            assert!(answer.is_array() || answer["spanledger.cut_bytes"].as_u64() > Some(8000), "{protocol}: {answer}");
        }
    }
}
