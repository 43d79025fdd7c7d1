//! Answers whose outside says something else than their inside, and bodies whose parts come in no usual order.

#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use spanledger::{
    Recorder,
    call::{Call, Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
};

const STREAMING: &str = r#"{"model":"asked","stream":true}"#;

/// The call of an answer that came in pieces of this many bytes.
fn call(url: &str, asked: &str, (status, content_type): (u16, &str), body: &str, piece: usize) -> Call {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
    }
    let exchange = Exchange {
        method: "POST",
        url,
        request_headers: &HeaderMap::new(),
        request_body: Some(asked.as_bytes()),
        status: Some(status),
        response_headers: &headers,
        chunks: body.as_bytes().chunks(piece).collect(),
        ending: Ending::Complete,
        started_at: Timestamp::from_micros(1_790_000_000_000_000),
        duration: Duration::from_secs(1),
    };
    inspect(&Recorder::new(), &exchange).unwrap()
}

#[test]
fn an_error_is_read_whatever_it_says_it_is() {
    for (url, status, content_type, body, message, code) in [
        (
            "https://api.deepseek.com/chat/completions",
            400,
            "application/octet-stream",
            r#"{"error":{"message":"Bad model","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
            "Bad model",
            "invalid_request_error",
        ),
        (
            "https://router.huggingface.co/v1/chat/completions",
            422,
            "text/plain",
            "Input validation error",
            "Input validation error",
            "",
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent",
            429,
            "application/json; charset=UTF-8",
            "[{\r\n  \"error\": {\r\n    \"code\": 429,\r\n    \"message\": \"Quota exceeded\",\r\n    \"status\": \"RESOURCE_EXHAUSTED\"\r\n  }\r\n}\r\n]\r\n",
            "Quota exceeded",
            "RESOURCE_EXHAUSTED",
        ),
        (
            "https://acme.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
            401,
            "",
            r#"{"error":{"code":"401","message":"Access denied"}}"#,
            "Access denied",
            "401",
        ),
        (
            "https://api.anthropic.com/v1/messages",
            529,
            "text/event-stream",
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
            "Overloaded",
            "overloaded_error",
        ),
        ("http://localhost:11434/api/chat", 404, "text/html", r#"{"error":"no such model"}"#, "no such model", ""),
    ] {
        for piece in [3, 10_000] {
            let call = call(url, STREAMING, (status, content_type), body, piece);
            assert_eq!(call.outcome.error_message.as_deref(), Some(message), "{url}");
            assert_eq!(call.outcome.error_type, Some(status.to_string()));
            let found = call.extra.get("spanledger.error.code").map_or("", |code| code.as_str().unwrap());
            assert_eq!((found, call.was_streamed()), (code, Some(false)), "what was refused did not stream");
        }
    }
}

#[test]
fn an_answer_is_known_by_its_first_bytes_where_its_type_is_missing_or_says_little() {
    let event = r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#;
    let openai = "http://localhost:8000/v1/chat/completions";
    let gemini = "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent";
    let chunk = r#"{"candidates":[],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3}}"#;
    let ollama = "{\"model\":\"m\",\"message\":{\"content\":\"x\"},\"done\":false}\n{\"model\":\"m\",\"done\":true,\"prompt_eval_count\":7,\"eval_count\":3}\n";
    for (url, content_type, body) in [
        (openai, "", format!("data: {event}\n\ndata: [DONE]\n\n")),
        (openai, "application/octet-stream", format!("data:{event}\r\n\r\n")),
        (openai, "text/event-stream", format!(": PROCESSING\n\n: keep-alive\n\ndata: {event}\n\n")),
        (openai, "application/json", format!("\n\n\n{event}")),
        (gemini, "application/json; charset=UTF-8", format!("[{{}}\r\n,\r\n{chunk}]")),
        (gemini, "text/event-stream", format!("data: {chunk}\r\n\r\n")),
        ("http://localhost:11434/api/chat", "application/x-ndjson", ollama.to_owned()),
        ("http://localhost:11434/api/chat", "application/json", ollama.to_owned()),
    ] {
        for piece in [1, 7, 10_000] {
            let usage = call(url, STREAMING, (200, content_type), &body, piece).usage;
            assert_eq!((usage.input_tokens, usage.output_tokens), (Some(7), Some(3)), "{url} {content_type:?} {body}");
        }
    }
}

#[test]
fn usage_may_stand_first_last_or_in_between() {
    let long = "word ".repeat(50_000);
    let choices = format!(r#""choices":[{{"index":0,"finish_reason":"stop","message":{{"content":"{long}"}}}}]"#);
    let (usage, names) =
        (r#""usage":{"completion_tokens":3,"total_tokens":10,"prompt_tokens":7}"#, r#""model":"m","id":"c1""#);
    for body in [
        format!("{{{usage},{choices},{names}}}"),
        format!("{{{names},{choices},{usage}}}"),
        format!("{{{choices},{usage},{names}}}"),
    ] {
        let call = call("http://localhost:8000/v1/chat/completions", "{}", (200, "application/json"), &body, 1_000);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(7), Some(3)));
        assert_eq!((call.response.id.as_deref(), call.response.model.as_deref()), (Some("c1"), Some("m")));
        assert_eq!(call.response.finish_reasons, ["stop"]);
    }
}
