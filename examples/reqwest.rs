//! A `reqwest-middleware` client, with one line more.
//!
//! `cargo run --example reqwest` needs no key and no network: a loopback server answers.

use std::error::Error;

use serde_json::{Value, json};
use spanledger::{CallContext, Ledger};
use support::{Api, Stage};

#[path = "../tests/support/mod.rs"]
mod support;

async fn ask(ledger: &Ledger, base_url: &str) -> Result<(), Box<dyn Error>> {
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(ledger.reqwest_middleware()) // the one line
        .build();

    let question = json!({
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "Which finish suits this floor?"}],
    });
    let response = http
        .post(format!("{base_url}/v1/chat/completions"))
        .with_extension(CallContext::new("product_question").user(42).tag("page", "/floors/oak")) // optional
        .json(&question)
        .send()
        .await?;
    let answer: Value = response.json().await?;
    say(&answer["choices"][0]["message"]["content"]);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example talks to people")]
fn say(answer: &Value) {
    println!("{}", answer.as_str().unwrap_or_default());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::open().await?;
    ask(&stage.ledger, &stage.url(Api::OpenAi)).await?;
    stage.close().await
}
