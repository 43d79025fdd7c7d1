//! Streams: read chunk by chunk, and one that the caller leaves half-way.
//!
//! A row is written when the body *ends*, and says how: `complete`, `cancelled` or `failed`. What was counted before a stream
//! was left is kept; what was not is unknown, never zero.
//!
//! `cargo run --example streaming` needs no key and no network: loopback servers answer.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::error::Error;

use reqwest_middleware::ClientWithMiddleware;
use serde_json::json;
use spanledger::CallContext;
use support::{Api, Stage};

#[path = "../tests/support/mod.rs"]
mod support;

/// A stream read to its end. `include_usage` is what makes OpenAI count tokens in a stream.
async fn to_the_end(http: &ClientWithMiddleware, base_url: &str) -> Result<(), Box<dyn Error>> {
    let question = json!({
        "model": "gpt-4o-mini", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "Which finish suits this floor?"}],
    });
    let context = CallContext::new("read_to_the_end").user(42);
    let request = http.post(format!("{base_url}/v1/chat/completions")).with_extension(context).json(&question);
    let mut response = request.send().await?;
    while let Some(chunk) = response.chunk().await? {
        println!("{}", String::from_utf8_lossy(&chunk).chars().take(72).collect::<String>().trim_end());
    }
    Ok(())
}

/// A stream that nobody wants to hear to its end: dropping the response is enough.
async fn half_way(http: &ClientWithMiddleware, base_url: &str) -> Result<(), Box<dyn Error>> {
    let question = json!({
        "model": "claude-haiku-4-5", "max_tokens": 500, "stream": true,
        "messages": [{"role": "user", "content": "Tell a long story."}],
    });
    let context = CallContext::new("left_half_way").user(42);
    let request = http.post(format!("{base_url}/v1/messages")).with_extension(context).json(&question);
    let mut response = request.send().await?;
    for _ in 0..8 {
        response.chunk().await?;
    }
    println!("… and the user closes the tab.");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::open().await?;
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(stage.ledger.reqwest_middleware()) // the one line
        .build();
    to_the_end(&http, &stage.url(Api::OpenAi)).await?;
    half_way(&http, &stage.url(Api::Anthropic)).await?;
    stage.close().await
}
