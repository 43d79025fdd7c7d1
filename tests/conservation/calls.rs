//! Numbered calls: what is asked and what is answered follow from the number alone.

use std::{io, time::Duration};

use axum::{Router, body::Bytes, response::IntoResponse, routing::post};
use futures_util::StreamExt as _;
use reqwest_middleware::ClientWithMiddleware;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spanledger::{CallContext, CallHandle, Confidence, call::Timestamp};

use crate::support::Server;

/// What a call looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Whole,
    Stream,
    /// Answered with 429.
    Refused,
    /// Of a model that has no price.
    Unpriced,
    /// With a cache and with reasoning.
    Thinking,
}

impl Kind {
    pub(crate) fn of(number: u64) -> Self {
        [Self::Whole, Self::Stream, Self::Refused, Self::Unpriced, Self::Thinking][(number % 5) as usize]
    }

    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Unpriced => "workshop-7b",
            Self::Thinking => "o4-mini",
            _ => "gpt-4o-mini",
        }
    }
}

/// Tokens: input, output, read from the cache, reasoned.
pub(crate) fn tokens(number: u64) -> (u64, u64, u64, u64) {
    let (input, output) = (100 + number * 7 % 5_000, 20 + number * 11 % 900);
    if Kind::of(number) == Kind::Thinking { (input, output, input / 2, output / 3) } else { (input, output, 0, 0) }
}

/// Who asks, and for what.
pub(crate) fn context(number: u64) -> CallContext {
    CallContext::new(["material_classification", "chat", "embedding_generation"][(number % 3) as usize])
        .user(number % 7)
        .job(format!("job-{}", number / 50))
        .conversation(format!("talk {} \u{1f600}", number % 13))
        .attempt(u32::try_from(number % 3 + 1).unwrap())
        .variant(if number.is_multiple_of(2) { "a" } else { "b" })
        .tag("number", number)
        .tag("page", json!({"title": format!("N\u{b0} {number}"), "async": number.is_multiple_of(2)}))
}

/// Whether the caller states a confidence before the body ends, and which.
pub(crate) fn confidence(number: u64) -> Option<f64> {
    (number % 4 == 1).then_some((number % 100) as f64 / 100.0)
}

/// The server: it answers to a number.
pub(crate) async fn server() -> io::Result<Server> {
    Server::start(Router::new().route("/v1/chat/completions", post(answer))).await
}

async fn answer(body: Bytes) -> axum::response::Response {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let number: u64 = asked["messages"][0]["content"].as_str().unwrap().parse().unwrap();
    let (input, output, cached, reasoned) = tokens(number);
    let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": cached}, "completion_tokens_details": {"reasoning_tokens": reasoned}});
    let base = json!({"id": format!("chatcmpl-{number}"), "created": 1_790_000_000, "model": Kind::of(number).model()});
    let with = |members: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        all
    };
    match Kind::of(number) {
        Kind::Refused => {
            let error =
                json!({"message": format!("too many, {number}"), "type": "requests", "code": "rate_limit_exceeded"});
            (http::StatusCode::TOO_MANY_REQUESTS, axum::Json(json!({ "error": error }))).into_response()
        }
        Kind::Stream => {
            let chunk = |choices: Value| with(json!({"object": "chat.completion.chunk", "choices": choices}));
            let mut last = chunk(json!([]));
            last["usage"] = usage;
            let chunks = [
                chunk(json!([{"index": 0, "delta": {"role": "assistant", "content": "oak"}, "finish_reason": null}])),
                chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}])),
                last,
            ];
            let events: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
            ([("content-type", "text/event-stream")], events + "data: [DONE]\n\n").into_response()
        }
        Kind::Whole | Kind::Unpriced | Kind::Thinking => {
            let message = json!({"role": "assistant", "content": "oak"});
            let choices = json!([{"index": 0, "message": message, "finish_reason": "stop"}]);
            axum::Json(with(json!({"object": "chat.completion", "choices": choices, "usage": usage}))).into_response()
        }
    }
}

/// A call whose body has ended, as its caller saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) number: u64,
    /// The row that the ledger has promised; `None`: it refused, and has counted that.
    pub(crate) row: Option<String>,
    pub(crate) trace: String,
    pub(crate) span: String,
    /// When it was sent and when its body had ended, by the caller's clock, in microseconds.
    pub(crate) began: i64,
    pub(crate) ended: i64,
}

/// Makes one call.
pub(crate) async fn make(http: &ClientWithMiddleware, host: &str, number: u64) -> Made {
    make_with(http, host, number, context(number)).await
}

/// Makes one call with a context of its own.
pub(crate) async fn make_with(http: &ClientWithMiddleware, host: &str, number: u64, context: CallContext) -> Made {
    let kind = Kind::of(number);
    let mut body = json!({"model": kind.model(), "temperature": 0.5,
        "messages": [{"role": "user", "content": number.to_string()}]});
    if kind == Kind::Stream {
        body["stream"] = true.into();
        body["stream_options"] = json!({"include_usage": true});
    }
    let began = Timestamp::now().micros();
    let request = http.post(format!("http://{host}/v1/chat/completions")).with_extension(context);
    let response = request.json(&body).send().await.unwrap();
    let call = CallHandle::from_response(&response);
    if let Some(score) = confidence(number) {
        call.confidence(Confidence::new(score).component("completeness", score)).accepted();
    }
    let answer = response.bytes().await.unwrap();
    assert!(!answer.is_empty(), "the caller has its answer whatever becomes of the row");
    Made {
        number,
        row: call.row_id().map(|id| id.to_string()),
        trace: call.trace_id().unwrap().to_string(),
        span: call.span_id().unwrap().to_string(),
        began,
        ended: Timestamp::now().micros(),
    }
}

/// Makes many calls, so many at a time.
pub(crate) async fn make_all(
    http: &ClientWithMiddleware,
    host: &str,
    numbers: impl IntoIterator<Item = u64>,
    at_a_time: usize,
) -> Vec<Made> {
    let calls = numbers.into_iter().map(|number| make(http, host, number));
    futures_util::stream::iter(calls).buffer_unordered(at_a_time).collect().await
}

/// Long enough for a machine under load, and never waited for when all is well.
pub(crate) const SOON: Duration = Duration::from_secs(60);
