//! Answers like Gemini: generateContent, streamGenerateContent (as events and as one JSON array in pieces), embedContent.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    response::Response,
    routing::post,
};
use serde_json::{Value, json};

use super::{
    Api, Counts, Pace, Scenario, pace,
    script::{Asked, EMBEDDING_INPUT, Reported, Script},
};

const GENERATE: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const STREAM_EVENTS: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const STREAM_ARRAY: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

const PLAIN: Counts = Counts::of(24, 9);
const THINKING: Counts = Counts::of(1_424, 208).read(1_024).reasoned(128);
const LONG: Counts = Counts::of(31, 40);

const fn generate(name: &'static str, path: &'static str, counts: Counts) -> Scenario {
    Scenario::new(name, Api::Gemini, path, "gemini-2.5-flash", counts).operation("generate_content").finish(&["STOP"])
}

/// What this server is asked in tests. Each of a stream's chunks says how many tokens there are so far: one per word.
pub const SCENARIOS: &[Scenario] = &[
    generate("gemini generate", GENERATE, PLAIN),
    generate("gemini generate, events", STREAM_EVENTS, PLAIN).streamed(Counts::of(24, 3)),
    generate("gemini generate, array", STREAM_ARRAY, PLAIN).streamed(Counts::of(24, 3)),
    generate("gemini generate, long stream", STREAM_EVENTS, LONG)
        .prompt("Tell a long story.")
        .streamed(Counts::of(31, 3)),
    generate("gemini generate, cached and thoughts", GENERATE, THINKING).prompt("Think: which wood is it?"),
    generate("gemini generate, events, cached and thoughts", STREAM_EVENTS, THINKING)
        .prompt("Think: which wood is it?")
        .streamed(Counts::of(1_424, 131).read(1_024).reasoned(128)),
    generate("gemini generate, 429", GENERATE, PLAIN).refused(429, "Which wood? [429]"),
    generate("gemini generate, array, 429", STREAM_ARRAY, PLAIN)
        .streamed(Counts::UNKNOWN)
        .refused(429, "Which wood? [429]"),
    generate("gemini generate, 500", GENERATE, PLAIN).refused(500, "Which wood? [500]"),
    Scenario::new(
        "gemini embed",
        Api::Gemini,
        "/v1beta/models/gemini-embedding-001:embedContent",
        "gemini-embedding-001",
        Counts { input: Some(EMBEDDING_INPUT), ..Counts::UNKNOWN },
    )
    .operation("embeddings")
    .finish(&[]),
];

/// The server.
pub fn app(pace: Pace) -> Router {
    Router::new().route("/v1beta/models/{call}", post(call)).with_state(pace)
}

async fn call(State(pace): State<Pace>, Path(call): Path<String>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let asked = Asked::read(&body);
    let (model, method) = call.split_once(':').unwrap_or((&call, ""));
    let events = query.unwrap_or_default().split('&').any(|pair| pair == "alt=sse");
    let array = method == "streamGenerateContent" && !events;
    if let Some((status, error)) = refusal(asked.script) {
        return pace::json(status, &if array { json!([error]) } else { error });
    }
    match method {
        "generateContent" => pace::json(200, &whole(model, asked.script)),
        "streamGenerateContent" if events => {
            let chunks = chunks(model, asked.script).iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect();
            pace::stream("text/event-stream", chunks, pace)
        }
        "streamGenerateContent" => {
            pace::stream("application/json; charset=UTF-8", in_an_array(&chunks(model, asked.script)), pace)
        }
        "embedContent" => {
            let usage = json!({"promptTokenCount": EMBEDDING_INPUT});
            pace::json(200, &json!({"embedding": {"values": [0.0125, -0.5, 0.25, 0.75]}, "usageMetadata": usage}))
        }
        other => pace::json(
            404,
            &json!({"error": {"code": 404, "message": format!("no method {other}"), "status": "NOT_FOUND"}}),
        ),
    }
}

fn whole(model: &str, script: Script) -> Value {
    let mut answer = chunk(model, &script.text(), script.reported());
    answer["candidates"][0]["finishReason"] = "STOP".into();
    answer
}

/// A whole response object per word, with the counts so far; the last one has the totals.
fn chunks(model: &str, script: Script) -> Vec<Value> {
    let (words, reported) = (script.words(), script.reported());
    let so_far = |index: usize| {
        let written = u64::try_from(index + 1).unwrap_or(u64::MAX);
        Reported { output: reported.output.min(reported.reasoning + written), ..reported }
    };
    let mut chunks: Vec<Value> =
        words.iter().enumerate().map(|(index, word)| chunk(model, word, so_far(index))).collect();
    if let (Some(last), Some(word)) = (chunks.last_mut(), words.last()) {
        *last = chunk(model, word, reported);
        last["candidates"][0]["finishReason"] = "STOP".into();
    }
    chunks
}

/// `totalTokenCount` holds all; the thoughts are beside the candidates.
fn chunk(model: &str, text: &str, Reported { input, cached, output, reasoning, .. }: Reported) -> Value {
    let mut usage = json!({"promptTokenCount": input, "candidatesTokenCount": output - reasoning,
        "totalTokenCount": input + output, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": input}]});
    if cached > 0 {
        usage["cachedContentTokenCount"] = cached.into();
    }
    if reasoning > 0 {
        usage["thoughtsTokenCount"] = reasoning.into();
    }
    json!({"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}],
        "usageMetadata": usage, "modelVersion": model, "responseId": "loopback"})
}

/// `[{…}` `,\r\n{…}` `]`: the array closes in its last chunk.
fn in_an_array(chunks: &[Value]) -> Vec<String> {
    let pretty = |(index, chunk): (usize, &Value)| format!("{}{chunk:#}", if index == 0 { "[" } else { ",\r\n" });
    let mut pieces: Vec<String> = chunks.iter().enumerate().map(pretty).collect();
    if let Some(last) = pieces.last_mut() {
        last.push_str("\n]");
    }
    pieces
}

fn refusal(script: Script) -> Option<(u16, Value)> {
    let (status, word, message) = match script {
        Script::Busy => {
            (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.")
        }
        Script::Broken => (500, "INTERNAL", "An internal error has occurred. Please retry."),
        _ => return None,
    };
    Some((status, json!({"error": {"code": status, "message": message, "status": word}})))
}
