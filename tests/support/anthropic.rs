//! Answers like Anthropic: messages.

use axum::{Router, body::Bytes, extract::State, response::Response, routing::post};
use serde_json::{Value, json};

use super::{
    Api, Counts, Pace, Scenario, pace,
    script::{Asked, Reported, Script, answering},
};

const MESSAGES: &str = "/v1/messages";

const PLAIN: Counts = Counts::of(24, 9).read(0).written(0);
/// On the wire: 176 input tokens, *beside* 1,024 read from the cache and 224 written to it.
const THINKING: Counts = Counts::of(1_424, 208).read(1_024).written(224).reasoned(128);
const LONG: Counts = Counts::of(31, 40).read(0).written(0);

const fn messages(name: &'static str, model: &'static str, counts: Counts) -> Scenario {
    Scenario::new(name, Api::Anthropic, MESSAGES, model, counts).finish(&["end_turn"])
}

/// What this server is asked in tests.
pub const SCENARIOS: &[Scenario] = &[
    messages("anthropic messages", "claude-haiku-4-5", PLAIN),
    messages("anthropic messages, stream", "claude-haiku-4-5", PLAIN).streamed(PLAIN.without_output()),
    messages("anthropic messages, long stream", "claude-haiku-4-5", LONG)
        .prompt("Tell a long story.")
        .streamed(LONG.without_output()),
    messages("anthropic messages, cache and thinking", "claude-sonnet-4-5", THINKING)
        .prompt("Think: which wood is it?"),
    messages("anthropic messages, stream, cache and thinking", "claude-sonnet-4-5", THINKING)
        .prompt("Think: which wood is it?")
        .streamed(THINKING.without_output()),
    messages("anthropic messages, 429", "claude-haiku-4-5", PLAIN).refused(429, "Which wood? [429]"),
    messages("anthropic messages, 500", "claude-haiku-4-5", PLAIN).refused(500, "Which wood? [500]"),
];

/// The server.
pub fn app(pace: Pace) -> Router {
    Router::new().route(MESSAGES, post(create)).with_state(pace)
}

async fn create(State(pace): State<Pace>, body: Bytes) -> Response {
    let asked = Asked::read(&body);
    if let Some(refusal) = refusal(asked.script) {
        return refusal;
    }
    let message = |content: Value, stop: Value, usage: Value| {
        json!({"id": "msg_loopback", "type": "message", "role": "assistant", "model": answering(asked.model()),
            "content": content, "stop_reason": stop, "stop_sequence": null, "usage": usage})
    };
    let reported = asked.script.reported();
    if !asked.streams() {
        let mut content = vec![json!({"type": "text", "text": asked.script.text()})];
        if asked.script == Script::Thinking {
            content.insert(0, json!({"type": "thinking", "thinking": "Open grain, heavy.", "signature": "loopback"}));
        }
        return pace::json(200, &message(json!(content), json!("end_turn"), usage(reported)));
    }
    // The first event's output count is a placeholder; the last one's is the result.
    let mut first = usage(reported);
    first["output_tokens"] = 1.into();
    if let Some(first) = first.as_object_mut() {
        first.remove("output_tokens_details");
    }
    let mut last = json!({"output_tokens": reported.output});
    if reported.reasoning > 0 {
        last["output_tokens_details"] = json!({"thinking_tokens": reported.reasoning});
    }
    let mut events = vec![json!({"type": "message_start", "message": message(json!([]), Value::Null, first)})];
    let mut index = 0;
    if asked.script == Script::Thinking {
        events.extend(block(
            index,
            &json!({"type": "thinking", "thinking": "", "signature": ""}),
            &[
                json!({"type": "thinking_delta", "thinking": "Open grain, heavy."}),
                json!({"type": "signature_delta", "signature": "loopback"}),
            ],
        ));
        index += 1;
    }
    let words: Vec<Value> =
        asked.script.words().into_iter().map(|word| json!({"type": "text_delta", "text": word})).collect();
    events.extend(block(index, &json!({"type": "text", "text": ""}), &words));
    events.insert(2, json!({"type": "ping"}));
    events.push(
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": last}),
    );
    events.push(json!({"type": "message_stop"}));
    let events =
        events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()));
    pace::stream("text/event-stream; charset=utf-8", events.collect(), pace)
}

fn block(index: usize, start: &Value, deltas: &[Value]) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": start})];
    events.extend(deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

/// Anthropic leaves cached tokens out of its input count.
fn usage(Reported { input, cached, written, output, reasoning }: Reported) -> Value {
    let mut usage = json!({"input_tokens": input - cached - written, "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output, "service_tier": "standard"});
    if reasoning > 0 {
        usage["output_tokens_details"] = json!({"thinking_tokens": reasoning});
    }
    usage
}

fn refusal(script: Script) -> Option<Response> {
    let (status, kind, message) = match script {
        Script::Busy => {
            (429, "rate_limit_error", "This request would exceed your account's rate limit. Please try again later.")
        }
        Script::Broken => (500, "api_error", "Internal server error"),
        _ => return None,
    };
    let error = json!({"type": kind, "message": message});
    Some(pace::json(status, &json!({"type": "error", "error": error, "request_id": "req_loopback"})))
}
