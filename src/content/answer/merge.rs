//! Pieces that have the shape of the answer: texts grow, lists grow by index, all else is replaced.

use serde_json::{Map, Value};

use super::{Budget, object, push, set};

/// Texts that come in pieces. (A role, an id or a name comes whole, and may come again.)
const GROWS: [&str; 10] = [
    "content",
    "text",
    "refusal",
    "reasoning",
    "reasoning_content",
    "thinking",
    "arguments",
    "response",
    "completion",
    "transcript",
];

/// Merges the next piece into what was said.
pub(super) fn fold(said: &mut Map<String, Value>, piece: Map<String, Value>, budget: &mut Budget) {
    for (name, value) in piece {
        match (said.get_mut(&name), value) {
            // A piece may have nothing to say of what was said before; probabilities of tokens are no content.
            (Some(_), Value::Null) => {}
            _ if name == "logprobs" => {}
            (Some(Value::String(text)), Value::String(more)) if GROWS.contains(&name.as_str()) => {
                budget.append(text, &more);
            }
            (Some(Value::Array(items)), Value::Array(more)) => fold_list(&name, items, more, budget),
            (Some(Value::Object(members)), Value::Object(more)) => fold(members, more, budget),
            (None, Value::Array(more)) if budget.charge(name.len() + 4) => {
                let mut items = Vec::new();
                fold_list(&name, &mut items, more, budget);
                said.insert(name, Value::Array(items));
            }
            (_, value) => set(said, &name, value, budget),
        }
    }
}

fn fold_list(name: &str, items: &mut Vec<Value>, more: Vec<Value>, budget: &mut Budget) {
    for mut piece in more {
        if let Some(delta) = piece.as_object_mut().and_then(|piece| piece.remove("delta")) {
            piece["message"] = delta;
        }
        match (same(name, items, &piece).and_then(object), piece) {
            (Some(item), Value::Object(piece)) => fold(item, piece, budget),
            (_, piece) => push(items, piece, budget),
        }
    }
}

/// The item that a piece goes on with: the one of its index, or the text before it.
fn same<'v>(name: &str, items: &'v mut [Value], piece: &Value) -> Option<&'v mut Value> {
    match piece.get("index") {
        Some(index) => items.iter_mut().find(|item| item.get("index") == Some(index)),
        // Gemini leaves it out of the only candidate.
        None if name == "candidates" => items.first_mut(),
        None if name == "parts" => items.last_mut().filter(|last| is_same_text(last, piece)),
        None => None,
    }
}

/// Whether both are texts and nothing else, or thoughts.
fn is_same_text(last: &Value, piece: &Value) -> bool {
    let is_text = |part: &Value| {
        let members = part.as_object();
        members.is_some_and(|part| {
            part.contains_key("text") && part.keys().all(|name| name == "text" || name == "thought")
        })
    };
    is_text(last) && is_text(piece) && last.get("thought") == piece.get("thought")
}
