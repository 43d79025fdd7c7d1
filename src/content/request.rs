//! The messages of a request, and the last one of the user.

use serde_json::{Map, Value, json};

use crate::framing;

/// Where a system prompt stands that is no message.
const SYSTEM: [&str; 4] = ["system", "instructions", "systemInstruction", "system_instruction"];
/// Where messages, a prompt or inputs stand, in the protocols that we read.
const MESSAGES: [&str; 7] = ["messages", "contents", "input", "inputs", "prompt", "instances", "content"];

/// The messages of a request's body, whatever protocol it is of. `None`: there are none.
pub(super) fn messages(body: &[u8]) -> Option<Value> {
    let Value::Object(mut body) = framing::json(body)? else { return None };
    let system = SYSTEM.iter().find_map(|name| body.remove(*name)).filter(|system| !system.is_null());
    let asked = MESSAGES.iter().find_map(|name| body.remove(*name)).or_else(|| batch(&mut body));
    let mut messages: Vec<Value> = system.map(|system| message("system", system)).into_iter().collect();
    match asked {
        Some(Value::Array(items)) => messages.extend(items.into_iter().map(|item| message("user", item))),
        Some(Value::Null) | None => {}
        Some(one) => messages.push(message("user", one)),
    }
    (!messages.is_empty()).then_some(Value::Array(messages))
}

/// Gemini's batches of embeddings: each request has its content.
fn batch(body: &mut Map<String, Value>) -> Option<Value> {
    let Value::Array(requests) = body.remove("requests")? else { return None };
    Some(requests.into_iter().filter_map(|mut request| Some(request.get_mut("content")?.take())).collect())
}

/// A message as it is; what is no message with a role becomes one.
fn message(role: &str, value: Value) -> Value {
    match value {
        Value::Object(mut members) if role == "system" && !members.contains_key("role") => {
            members.insert("role".to_owned(), role.into());
            Value::Object(members)
        }
        Value::Object(members) => Value::Object(members),
        other => json!({ "role": role, "content": other }),
    }
}

/// The text of the last message of the user that has one.
pub(super) fn prompt(messages: &Value) -> Option<String> {
    let is_users = |message: &&Value| message.get("role").is_none_or(|role| role == "user");
    messages.as_array()?.iter().rev().filter(is_users).find_map(text)
}

/// The text of a message, its parts one below the other.
fn text(message: &Value) -> Option<String> {
    if let Value::String(text) = message {
        return Some(text.clone());
    }
    let said = ["content", "parts", "text", "prompt"].iter().find_map(|name| message.get(name))?;
    match said {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Vec<String> = parts.iter().filter_map(text).collect();
            (!texts.is_empty()).then(|| texts.join("\n"))
        }
        Value::Object(_) => text(said),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_says_its_messages_and_its_prompt() {
        let user = json!({"role": "user", "content": "hi"});
        for (body, asked, said) in [
            (json!({"model": "m", "tools": [{"a": 1}], "messages": [user]}), json!([user]), Some("hi")),
            (
                json!({"system": "be kind", "messages": [user, {"role": "assistant", "content": "a"}]}),
                json!([{"role": "system", "content": "be kind"}, user, {"role": "assistant", "content": "a"}]),
                Some("hi"),
            ),
            (
                json!({"instructions": "be kind", "input": "hi"}),
                json!([{"role": "system", "content": "be kind"}, user]),
                Some("hi"),
            ),
            (
                json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "x"}, {"type": "input_text", "text": "b"}]}, {"type": "reasoning", "role": "assistant"}]}),
                json!([{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "x"}, {"type": "input_text", "text": "b"}]}, {"type": "reasoning", "role": "assistant"}]),
                Some("a\nb"),
            ),
            (
                json!({"contents": [{"parts": [{"text": "hi"}]}], "systemInstruction": {"parts": [{"text": "be kind"}]}}),
                json!([{"role": "system", "parts": [{"text": "be kind"}]}, {"parts": [{"text": "hi"}]}]),
                Some("hi"),
            ),
            (json!({"prompt": "hi", "stream": true}), json!([user]), Some("hi")),
            (json!({"input": ["hi", "ho"]}), json!([user, {"role": "user", "content": "ho"}]), Some("ho")),
            (json!({"content": {"parts": [{"text": "hi"}]}}), json!([{"parts": [{"text": "hi"}]}]), Some("hi")),
            (json!({"instances": [{"prompt": "a cat"}]}), json!([{"prompt": "a cat"}]), Some("a cat")),
            (
                json!({"messages": [user, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]}),
                json!([user, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]),
                Some("hi"),
            ),
            (
                json!({"messages": [{"role": "system", "content": "x"}]}),
                json!([{"role": "system", "content": "x"}]),
                None,
            ),
        ] {
            let found = messages(body.to_string().as_bytes()).unwrap();
            assert_eq!(found, asked, "{body}");
            assert_eq!(prompt(&found).as_deref(), said, "{body}");
        }
    }

    #[test]
    fn what_says_nothing_has_no_messages() {
        for body in ["", "--b\r\n", "[]", "{}", r#"{"model":"m"}"#, r#"{"prompt":null}"#, r#"{"messages":[]}"#] {
            assert_eq!(messages(body.as_bytes()), None, "{body}");
        }
    }
}
