//! Answers like Ollama's native API: chat, generate, embed.

use axum::{Router, body::Bytes, extract::State, response::Response, routing::post};
use serde_json::{Value, json};

use super::{
    Api, Counts, Pace, Scenario, pace,
    script::{Asked, EMBEDDING_INPUT, Script},
};

const CHAT: &str = "/api/chat";
const GENERATE: &str = "/api/generate";
const EMBED: &str = "/api/embed";

const PLAIN: Counts = Counts::of(24, 9);

const fn call(name: &'static str, path: &'static str, counts: Counts) -> Scenario {
    // Nobody sells what runs at home.
    Scenario::new(name, Api::Ollama, path, "llama3.2:1b", counts).unpriced()
}

/// What this server is asked in tests. Counts come in the last line of a stream.
pub const SCENARIOS: &[Scenario] = &[
    call("ollama chat", CHAT, PLAIN),
    call("ollama chat, stream", CHAT, PLAIN).streamed(Counts::UNKNOWN),
    call("ollama chat, long stream", CHAT, Counts::of(31, 40)).prompt("Tell a long story.").streamed(Counts::UNKNOWN),
    call("ollama generate", GENERATE, PLAIN).operation("text_completion"),
    call("ollama generate, stream", GENERATE, PLAIN).operation("text_completion").streamed(Counts::UNKNOWN),
    call("ollama embed", EMBED, Counts { input: Some(EMBEDDING_INPUT), ..Counts::UNKNOWN })
        .operation("embeddings")
        .finish(&[]),
    call("ollama chat, 503", CHAT, PLAIN).refused(503, "Which wood? [429]"),
    call("ollama chat, 500", CHAT, PLAIN).refused(500, "Which wood? [500]"),
];

/// The server.
pub fn app(pace: Pace) -> Router {
    Router::new().route(CHAT, post(chat)).route(GENERATE, post(generate)).route(EMBED, post(embed)).with_state(pace)
}

async fn chat(State(pace): State<Pace>, body: Bytes) -> Response {
    answer(&body, pace, |text| ("message", json!({"role": "assistant", "content": text})))
}

async fn generate(State(pace): State<Pace>, body: Bytes) -> Response {
    answer(&body, pace, |text| ("response", json!(text)))
}

fn answer(body: &[u8], pace: Pace, content: impl Fn(&str) -> (&'static str, Value)) -> Response {
    let asked = Asked::read(body);
    if let Some(refusal) = refusal(asked.script) {
        return refusal;
    }
    let line = |text: &str, done: bool| {
        let (key, content) = content(text);
        let mut line = json!({"model": asked.model(), "created_at": "2026-11-21T12:00:00Z", "done": done});
        line[key] = content;
        if done {
            let reported = asked.script.reported();
            line["done_reason"] = "stop".into();
            line["prompt_eval_count"] = reported.input.into();
            line["eval_count"] = reported.output.into();
            for duration in ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"] {
                line[duration] = 1_000_000.into();
            }
        }
        line
    };
    // Ollama streams unless it is told not to.
    if asked.body["stream"] == false {
        return pace::json(200, &line(&asked.script.text(), true));
    }
    let mut lines: Vec<String> = asked.script.words().iter().map(|word| format!("{}\n", line(word, false))).collect();
    lines.push(format!("{}\n", line("", true)));
    pace::stream("application/x-ndjson", lines, pace)
}

async fn embed(body: Bytes) -> Response {
    let asked = Asked::read(&body);
    if let Some(refusal) = refusal(asked.script) {
        return refusal;
    }
    pace::json(
        200,
        &json!({"model": asked.model(), "embeddings": [[0.0125, -0.5, 0.25, 0.75]],
        "total_duration": 1_000_000, "load_duration": 1_000_000, "prompt_eval_count": EMBEDDING_INPUT}),
    )
}

fn refusal(script: Script) -> Option<Response> {
    match script {
        Script::Busy => Some(pace::json(
            503,
            &json!({"error": "server busy, please try again.  maximum pending requests exceeded"}),
        )),
        Script::Broken => {
            Some(pace::json(500, &json!({"error": "llama runner process has terminated: exit status 2"})))
        }
        _ => None,
    }
}
