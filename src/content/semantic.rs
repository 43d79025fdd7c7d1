//! Messages in the shape that the semantic conventions give them on a span: a role and parts.

use serde_json::{Map, Value, json};

/// `gen_ai.input.messages` of the messages of a request.
pub(super) fn input(request: &Value) -> Value {
    request.as_array().into_iter().flatten().map(|asked| message(asked, "user")).collect()
}

/// `gen_ai.output.messages` of an answer, in whatever protocol.
pub(super) fn output(answer: &Value) -> Value {
    let list = |name: &str| answer.get(name).and_then(Value::as_array);
    if let Some(choices) = list("choices") {
        return choices.iter().map(|choice| finished(choice.get("message").unwrap_or(choice), choice)).collect();
    }
    if let Some(candidates) = list("candidates") {
        return candidates.iter().map(|one| finished(one.get("content").unwrap_or(&Value::Null), one)).collect();
    }
    if let Some(items) = list("output") {
        return items.iter().map(|item| message(item, "assistant")).collect();
    }
    if let Some(said) = answer.get("message").filter(|said| said.is_object()) {
        return json!([finished(said, answer)]);
    }
    if ["content", "response", "completion", "text"].iter().any(|name| answer.get(name).is_some()) {
        return json!([finished(answer, answer)]);
    }
    // Of other protocols what was said, as it was said.
    json!([{"role": "assistant", "parts": [{"type": "answer", "content": answer}]}])
}

/// A message of a model, with the reason why it ended.
fn finished(said: &Value, of: &Value) -> Value {
    let mut message = message(said, "assistant");
    let reason = ["finish_reason", "finishReason", "stop_reason", "done_reason"].iter().find_map(|name| of.get(name));
    if let Some(reason) = reason.filter(|reason| reason.is_string()) {
        message["finish_reason"] = reason.clone();
    }
    message
}

fn message(said: &Value, role: &str) -> Value {
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    let role = match text("role").unwrap_or(role) {
        "model" => "assistant",
        role => role,
    };
    let mut parts = Vec::new();
    for thought in ["reasoning_content", "reasoning", "thinking"].iter().filter_map(|name| text(name)) {
        parts.push(json!({"type": "reasoning", "content": thought}));
    }
    if let Some(id) = text("tool_call_id") {
        parts.push(json!({"type": "tool_call_response", "id": id, "response": said.get("content")}));
    } else {
        let content = ["content", "parts", "text", "prompt", "response", "completion"].iter();
        match content.filter_map(|name| said.get(*name)).find(|content| !content.is_null()) {
            Some(Value::Array(given)) => parts.extend(given.iter().map(part)),
            Some(content) => parts.push(part(content)),
            // An item that is no message: the call of a tool, a thought.
            None if said.get("role").is_none() && said.is_object() => parts.push(part(said)),
            None => {}
        }
    }
    parts.extend(said.get("tool_calls").and_then(Value::as_array).into_iter().flatten().map(tool_call));
    json!({"role": role, "parts": parts})
}

fn part(said: &Value) -> Value {
    let kind = said.get("type").and_then(Value::as_str);
    let text = said.as_str().or_else(|| said.get("text").and_then(Value::as_str));
    match (kind, text) {
        (None | Some("text" | "input_text" | "output_text"), Some(text)) => json!({"type": "text", "content": text}),
        (Some("thinking"), _) => json!({"type": "reasoning", "content": said.get("thinking")}),
        (Some("tool_use"), _) => {
            json!({"type": "tool_call", "id": said.get("id"), "name": said.get("name"), "arguments": said.get("input")})
        }
        (Some("tool_result"), _) => {
            json!({"type": "tool_call_response", "id": said.get("tool_use_id"), "response": said.get("content")})
        }
        (Some("function_call"), _) => tool_call(said),
        (Some(_), _) => said.clone(),
        // The conventions let a part be of any type, but it has one.
        (None, _) => {
            let mut members =
                said.as_object().cloned().unwrap_or_else(|| Map::from_iter([("content".to_owned(), said.clone())]));
            members.insert("type".to_owned(), "other".into());
            Value::Object(members)
        }
    }
}

/// The arguments as JSON, where they are.
fn tool_call(call: &Value) -> Value {
    let function = call.get("function").unwrap_or(call);
    let arguments = function.get("arguments").cloned().unwrap_or_default();
    let parsed = arguments.as_str().and_then(|text| serde_json::from_str(text).ok());
    let id = call.get("call_id").or_else(|| call.get("id"));
    json!({"type": "tool_call", "id": id, "name": function.get("name"), "arguments": parsed.unwrap_or(arguments)})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_a_role_and_parts() {
        let asked = json!([
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": "u"}}]},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "t", "content": "42"},
            {"parts": [{"text": "gemini"}, {"inlineData": {"data": "x"}}]},
        ]);
        assert_eq!(
            input(&asked),
            json!([
                {"role": "system", "parts": [{"type": "text", "content": "be kind"}]},
                {"role": "user", "parts": [{"type": "text", "content": "hi"}, {"type": "image_url", "image_url": {"url": "u"}}]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "t", "name": "f", "arguments": {"a": 1}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "t", "response": "42"}]},
                {"role": "user", "parts": [{"type": "text", "content": "gemini"}, {"type": "other", "inlineData": {"data": "x"}}]},
            ])
        );
    }

    #[test]
    fn answers_of_each_protocol_are_messages_with_their_finish_reason() {
        let said = |reason: &str| json!([{"role": "assistant", "parts": [{"type": "text", "content": "hi"}], "finish_reason": reason}]);
        for (answer, reason) in [
            (
                json!({"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}),
                "stop",
            ),
            (json!({"choices": [{"text": "hi", "finish_reason": "length"}]}), "length"),
            (
                json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}),
                "STOP",
            ),
            (
                json!({"role": "assistant", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}),
                "end_turn",
            ),
            (json!({"message": {"role": "assistant", "content": "hi"}, "done_reason": "stop"}), "stop"),
            (json!({"response": "hi", "done_reason": "stop"}), "stop"),
        ] {
            assert_eq!(output(&answer), said(reason), "{answer}");
        }
        let response = json!({"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}, {"type": "function_call", "call_id": "t", "name": "f", "arguments": "{}"}]});
        assert_eq!(
            output(&response),
            json!([
                {"role": "assistant", "parts": [{"type": "text", "content": "hi"}]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "t", "name": "f", "arguments": {}}]},
            ])
        );
    }
}
