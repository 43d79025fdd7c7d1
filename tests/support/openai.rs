//! Answers like OpenAI: chat completions, responses, completions, embeddings.

use axum::{Router, body::Bytes, extract::State, response::Response, routing::post};
use serde_json::{Value, json};

use super::{
    Api, Counts, Pace, Scenario, pace,
    script::{Asked, EMBEDDING_INPUT, Reported, Script, answering},
};

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const COMPLETIONS: &str = "/v1/completions";
const EMBEDDINGS: &str = "/v1/embeddings";
const EVENTS: &str = "text/event-stream; charset=utf-8";

const PLAIN: Counts = Counts::of(24, 9).read(0).reasoned(0);
const THINKING: Counts = Counts::of(1_424, 208).read(1_024).reasoned(128);
const LONG: Counts = Counts::of(31, 40).read(0).reasoned(0);

const fn chat(name: &'static str, counts: Counts) -> Scenario {
    Scenario::new(name, Api::OpenAi, CHAT, "gpt-4o-mini", counts)
}

const fn responses(name: &'static str, counts: Counts) -> Scenario {
    // The protocol has a status, and a finish reason only for what is incomplete.
    Scenario::new(name, Api::OpenAi, RESPONSES, "gpt-4o-mini", counts).finish(&[])
}

/// What this server is asked in tests.
pub const SCENARIOS: &[Scenario] = &[
    chat("openai chat", PLAIN),
    chat("openai chat, stream", PLAIN).streamed(Counts::UNKNOWN),
    chat("openai chat, stream without usage", Counts::UNKNOWN).streamed(Counts::UNKNOWN),
    chat("openai chat, long stream", LONG).prompt("Tell a long story.").streamed(Counts::UNKNOWN),
    Scenario::new("openai chat, cached and reasoning", Api::OpenAi, CHAT, "o4-mini", THINKING)
        .prompt("Think: which wood is it?"),
    Scenario::new("openai chat, stream, cached and reasoning", Api::OpenAi, CHAT, "o4-mini", THINKING)
        .prompt("Think: which wood is it?")
        .streamed(Counts::UNKNOWN),
    chat("openai chat, 429", PLAIN).refused(429, "Which wood? [429]"),
    chat("openai chat, stream, 429", PLAIN).streamed(Counts::UNKNOWN).refused(429, "Which wood? [429]"),
    chat("openai chat, 500", PLAIN).refused(500, "Which wood? [500]"),
    Scenario::new("openai chat, unpriced", Api::OpenAi, CHAT, "workshop-7b", PLAIN).unpriced(),
    responses("openai responses", PLAIN),
    responses("openai responses, stream", PLAIN).streamed(Counts::UNKNOWN),
    Scenario::new("openai completions", Api::OpenAi, COMPLETIONS, "gpt-3.5-turbo-instruct", Counts::of(24, 9))
        .operation("text_completion"),
    Scenario::new("openai completions, stream", Api::OpenAi, COMPLETIONS, "gpt-3.5-turbo-instruct", Counts::of(24, 9))
        .operation("text_completion")
        .streamed(Counts::UNKNOWN),
    Scenario::new(
        "openai embeddings",
        Api::OpenAi,
        EMBEDDINGS,
        "text-embedding-3-small",
        Counts { input: Some(EMBEDDING_INPUT), ..Counts::UNKNOWN },
    )
    .operation("embeddings")
    .finish(&[]),
];

/// The server.
pub fn app(pace: Pace) -> Router {
    Router::new()
        .route(CHAT, post(chat_completions))
        .route(RESPONSES, post(create_response))
        .route(COMPLETIONS, post(completions))
        .route(EMBEDDINGS, post(embeddings))
        .with_state(pace)
}

async fn chat_completions(State(pace): State<Pace>, body: Bytes) -> Response {
    let asked = Asked::read(&body);
    if let Some(refusal) = refusal(&asked) {
        return refusal;
    }
    let usage = chat_usage(asked.script.reported());
    let completion = |object: &str, choices: Value| {
        json!({"id": "chatcmpl-loopback", "object": object, "created": 1_790_000_000, "model": answering(asked.model()),
            "choices": choices, "service_tier": "default", "system_fingerprint": "fp_loopback"})
    };
    if !asked.streams() {
        let message = json!({"role": "assistant", "content": asked.script.text(), "refusal": null});
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
        let mut answer = completion("chat.completion", json!([choice]));
        answer["usage"] = usage;
        return pace::json(200, &answer);
    }
    let delta = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        completion("chat.completion.chunk", json!([choice]))
    };
    let mut chunks = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    chunks.extend(asked.script.words().iter().map(|word| delta(json!({"content": word}), Value::Null)));
    chunks.push(delta(json!({}), json!("stop")));
    done(&asked, chunks, completion("chat.completion.chunk", json!([])), usage, pace)
}

async fn completions(State(pace): State<Pace>, body: Bytes) -> Response {
    let asked = Asked::read(&body);
    if let Some(refusal) = refusal(&asked) {
        return refusal;
    }
    let Reported { input, output, .. } = asked.script.reported();
    let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
    let completion = |choices: Value| {
        json!({"id": "cmpl-loopback", "object": "text_completion", "created": 1_790_000_000,
            "model": asked.model(), "choices": choices})
    };
    let choice =
        |text: &str, finish: Value| json!([{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}]);
    if !asked.streams() {
        let mut answer = completion(choice(&asked.script.text(), json!("stop")));
        answer["usage"] = usage;
        return pace::json(200, &answer);
    }
    let words = asked.script.words();
    let mut chunks: Vec<Value> = words.iter().map(|word| completion(choice(word, Value::Null))).collect();
    chunks.push(completion(choice("", json!("stop"))));
    done(&asked, chunks, completion(json!([])), usage, pace)
}

/// Ends a stream of chunks: with usage, if it was asked for, and with `[DONE]`.
fn done(asked: &Asked, mut chunks: Vec<Value>, mut last: Value, usage: Value, pace: Pace) -> Response {
    if asked.body["stream_options"]["include_usage"] == true {
        chunks.iter_mut().for_each(|chunk| chunk["usage"] = Value::Null);
        last["usage"] = usage;
        chunks.push(last);
    }
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    pace::stream(EVENTS, events.chain(["data: [DONE]\n\n".to_owned()]).collect(), pace)
}

async fn create_response(State(pace): State<Pace>, body: Bytes) -> Response {
    let asked = Asked::read(&body);
    if let Some(refusal) = refusal(&asked) {
        return refusal;
    }
    let Reported { input, cached, output, reasoning, .. } = asked.script.reported();
    let response = |status: &str, output_items: Value, usage: Value| {
        json!({"id": "resp_loopback", "object": "response", "created_at": 1_790_000_000, "status": status,
            "model": answering(asked.model()), "output": output_items, "parallel_tool_calls": true,
            "service_tier": "default", "error": null, "incomplete_details": null, "usage": usage})
    };
    let usage = json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning}, "total_tokens": input + output});
    let part = json!({"type": "output_text", "text": asked.script.text(), "annotations": []});
    let item =
        json!({"id": "msg_loopback", "type": "message", "role": "assistant", "status": "completed", "content": [part]});
    let whole = response("completed", json!([item]), usage);
    if !asked.streams() {
        return pace::json(200, &whole);
    }
    let begun = response("in_progress", json!([]), Value::Null);
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    events.extend(asked.script.words().into_iter().map(|word| {
        json!({"type": "response.output_text.delta", "item_id": "msg_loopback", "output_index": 0, "content_index": 0,
            "delta": word})
    }));
    events.push(json!({"type": "response.completed", "response": whole}));
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = number.into();
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
    });
    pace::stream(EVENTS, numbered.collect(), pace)
}

async fn embeddings(body: Bytes) -> Response {
    let asked = Asked::read(&body);
    if let Some(refusal) = refusal(&asked) {
        return refusal;
    }
    let data = json!([{"object": "embedding", "index": 0, "embedding": [0.0125, -0.5, 0.25, 0.75]}]);
    let usage = json!({"prompt_tokens": EMBEDDING_INPUT, "total_tokens": EMBEDDING_INPUT});
    pace::json(200, &json!({"object": "list", "data": data, "model": asked.model(), "usage": usage}))
}

fn chat_usage(Reported { input, cached, output, reasoning, .. }: Reported) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}})
}

fn refusal(asked: &Asked) -> Option<Response> {
    let error = |message: &str, kind: &str, code: Value| json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    let busy =
        format!("Rate limit reached for {} on requests per min (RPM): Limit 3, Used 3, Requested 1.", asked.model());
    match asked.script {
        Script::Busy => Some(pace::json(429, &error(&busy, "requests", json!("rate_limit_exceeded")))),
        Script::Broken => {
            let message = "The server had an error while processing your request.";
            Some(pace::json(500, &error(message, "server_error", Value::Null)))
        }
        _ => None,
    }
}
