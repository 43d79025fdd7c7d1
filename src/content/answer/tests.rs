use proptest::prelude::*;
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
fn what_each_message_says_anew_takes_no_room_from_the_answer() {
    let stream: Vec<_> = (0..5000)
        .map(|number| {
            json!({"model": "m", "created_at": format!("2026-11-21T08:15:00.{number:09}Z"), "eval_count": number,
                "message": {"role": "assistant", "content": "oak "}, "done": false})
        })
        .collect();
    let answer = said("ollama_chat", 64 * 1024, &stream).unwrap();
    assert_eq!(answer["message"]["content"].as_str().unwrap().len(), 20_000);
    assert_eq!((&answer["eval_count"], answer.get("spanledger.cut_bytes")), (&json!(4999), None));
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
    let created = json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}});
    let item =
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}});
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

/// JSON of the names that folds look for, in any shape.
fn odd() -> impl Strategy<Value = Value> {
    let names = [
        "type",
        "index",
        "output_index",
        "content_index",
        "delta",
        "message",
        "choices",
        "candidates",
        "parts",
        "content",
        "text",
        "item",
        "output",
        "part",
        "response",
        "content_block",
        "partial_json",
        "tool_calls",
        "usage",
        "error",
    ];
    let words = [
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_start",
        "message_delta",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.created",
        "response.completed",
        "{\"a\":",
        "x",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<u8>().prop_map(Value::from),
        Just(Value::from(u64::MAX)),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let name = prop::sample::select(names.to_vec());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_stream_makes_a_fold_panic_or_hold_more_than_its_limit(messages in prop::collection::vec(odd(), 0..30)) {
        let longest = messages.iter().map(json_bytes).max().unwrap_or(0);
        for protocol in ["openai_chat", "anthropic_messages", "openai_responses", "other"] {
            // What ends a response is all of it, whatever it is.
            let held = said(protocol, 200, &messages).map_or(0, |answer| json_bytes(&answer));
            prop_assert!(held <= 600 + longest, "{protocol}: {held} of {longest}");
        }
    }
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
