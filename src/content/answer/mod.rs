//! The answer of a call, put together from its messages in bounded memory.

mod anthropic;
mod merge;
mod responses;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

use super::cap::json_bytes;
use crate::framing::{self, Message};

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
        let Some(value) = framing::json(message.data) else { return };
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

    /// Whether a value is held in the place of another, whose bytes come back. (Where something was cut none do: what comes
    /// behind it would look as if it followed.)
    fn exchanges(&mut self, old: &Value, new: &Value) -> bool {
        let back = match old {
            Value::String(text) => text.len(),
            Value::Number(_) | Value::Bool(_) => json_bytes(old),
            // What was charged for these is not known any more.
            Value::Null | Value::Array(_) | Value::Object(_) => 0,
        };
        let back = if self.cut == 0 { back } else { 0 };
        self.left += back;
        let fits = self.charge(json_bytes(new));
        self.left -= if fits { 0 } else { back };
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
    let fits = match members.get(name) {
        Some(held) if *held == value => return,
        Some(held) => budget.exchanges(held, &value),
        None => budget.charge(name.len() + json_bytes(&value) + 4),
    };
    if fits {
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
