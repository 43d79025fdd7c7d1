//! Confidence: how far an answer can be trusted, and what was done with it.
//!
//! The application judges; the ledger keeps the score, its parts, and whether the answer was used. So a report can say what
//! a trustworthy answer costs.
//!
//! `cargo run --example confidence` needs no key and no network: a loopback server answers.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::error::Error;

use reqwest_middleware::ClientWithMiddleware;
use serde_json::{Value, json};
use spanledger::{CallContext, CallHandle, Confidence};
use support::{Api, Stage};

#[path = "../tests/support/mod.rs"]
mod support;

/// Below this, rules take over.
const ENOUGH: f64 = 0.70;

async fn classify(http: &ClientWithMiddleware, base_url: &str, model: &str, sure: f64) -> Result<(), Box<dyn Error>> {
    let question = json!({
        "model": model, "max_tokens": 100,
        "messages": [{"role": "user", "content": "Which wood is this? Answer with one word."}],
    });
    let context = CallContext::new("material_classification").job("catalogue-7").tag("image_id", 17);
    let request = http.post(format!("{base_url}/v1/messages")).with_extension(context).json(&question);
    let response = request.send().await?;
    let call = CallHandle::from_response(&response); // before the body is consumed
    let answer: Value = response.json().await?;

    // A score from its parts: weights 0.4, 0.2, 0.2, 0.2, over those that are there. `Confidence::new(0.87)` states one.
    let confidence = Confidence::from_components([
        ("model_confidence", sure),
        ("completeness", if answer["content"][0]["text"].is_string() { 1.0 } else { 0.0 }),
        ("validation", 0.80),
    ]);
    let score = confidence.score().unwrap_or_default();
    call.confidence(confidence);
    if score >= ENOUGH {
        call.accepted();
    } else {
        call.fell_back(format!("below {ENOUGH:.2}"));
    }
    let id = call.row_id().map(|id| id.to_string()).unwrap_or_default();
    println!("{model}: {score:.2}, row {id}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::open().await?;
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(stage.ledger.reqwest_middleware()) // the one line
        .build();
    classify(&http, &stage.url(Api::Anthropic), "claude-haiku-4-5", 0.35).await?;
    classify(&http, &stage.url(Api::Anthropic), "claude-sonnet-4-5", 0.95).await?;
    stage.close().await
}
