//! A tower stack over hyper-util's client, and a `reqwest::Client` used as a tower service.
//!
//! `cargo run --example tower` needs no key and no network: loopback servers answer.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::json;
use spanledger::{CallContext, Ledger, RequestBody};
use support::{Api, Stage};
use tower::{Service as _, ServiceBuilder, ServiceExt as _};

#[path = "../tests/support/mod.rs"]
mod support;

/// Over hyper-util. The client's type names the body that reaches it: yours, inside [`RequestBody`].
async fn over_hyper(ledger: &Ledger, base_url: &str) -> Result<(), Box<dyn Error>> {
    let client: Client<HttpConnector, RequestBody<Full<Bytes>>> = Client::builder(TokioExecutor::new()).build_http();
    let mut service = ServiceBuilder::new()
        .layer(ledger.tower_layer()) // the one line
        .service(client);

    let question = json!({
        "model": "claude-haiku-4-5", "max_tokens": 100,
        "messages": [{"role": "user", "content": "Which finish suits this floor?"}],
    });
    let request = http::Request::post(format!("{base_url}/v1/messages"))
        .extension(CallContext::new("product_question").user(42)) // optional
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(question.to_string())))?;
    let mut body = service.ready().await?.call(request).await?.into_body();
    while let Some(frame) = body.frame().await {
        if let Some(bytes) = frame?.data_ref() {
            println!("{} bytes came", bytes.len());
        }
    }
    Ok(())
}

/// Over reqwest. Its requests have no extensions: the context comes from the scope.
async fn over_reqwest(ledger: &Ledger, base_url: &str) -> Result<(), Box<dyn Error>> {
    let client = reqwest::Client::new();
    let mut service = ServiceBuilder::new()
        .layer(ledger.tower_layer()) // the one line
        .concurrency_limit(8)
        .service(client.clone());

    let question = json!({"model": "text-embedding-3-small", "input": "Oak, oiled"});
    let request =
        client.post(format!("{base_url}/v1/embeddings")).json(&question).timeout(Duration::from_secs(30)).build()?;
    let context = CallContext::new("text_embedding_generation").job("catalogue-7");
    let answer = context.scope(async { service.ready().await?.call(request).await?.bytes().await }).await?;
    println!("{} bytes came", answer.len());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::open().await?;
    over_hyper(&stage.ledger, &stage.url(Api::Anthropic)).await?;
    over_reqwest(&stage.ledger, &stage.url(Api::OpenAi)).await?;
    stage.close().await
}
