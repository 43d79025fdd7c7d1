//! async-openai: its `with_http_service`, whole answers and streams, and handles of calls whose responses it never shows.
//!
//! `cargo run --example async_openai` needs no key and no network: a loopback server answers.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::error::Error;

use async_openai::{
    Client,
    config::OpenAIConfig,
    middleware::ReqwestService,
    types::chat::{
        ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, CreateChatCompletionRequest,
        CreateChatCompletionRequestArgs,
    },
};
use futures_util::StreamExt as _;
use spanledger::{CallContext, Confidence, Ledger};
use support::{Api, Stage};
use tower::ServiceBuilder;

#[path = "../tests/support/mod.rs"]
mod support;

fn client(ledger: &Ledger, base_url: &str) -> Client<OpenAIConfig> {
    let service = ServiceBuilder::new()
        .layer(ledger.tower_layer()) // the one line
        .service(ReqwestService::new(reqwest::Client::new()));
    let config = OpenAIConfig::new().with_api_base(format!("{base_url}/v1")).with_api_key("not needed here");
    Client::with_config(config).with_http_service(service)
}

fn question() -> Result<CreateChatCompletionRequest, Box<dyn Error>> {
    let message = ChatCompletionRequestUserMessage::from("Which finish suits this floor?");
    Ok(CreateChatCompletionRequestArgs::default().model("gpt-4o-mini").messages([message.into()]).build()?)
}

/// A whole answer. The handle comes from the scope, for what is known of the answer later.
async fn whole(client: &Client<OpenAIConfig>) -> Result<(), Box<dyn Error>> {
    let context = CallContext::new("product_question").user(42);
    let (answer, calls) = context.scope_calls(client.chat().create(question()?)).await;
    let text = answer?.choices.into_iter().next().and_then(|choice| choice.message.content).unwrap_or_default();
    for call in &calls {
        call.confidence(Confidence::new(0.9)).accepted();
    }
    println!("{text}");
    Ok(())
}

/// A stream. OpenAI counts tokens in a stream only if it is asked to; the ledger changes no request.
async fn streamed(client: &Client<OpenAIConfig>) -> Result<(), Box<dyn Error>> {
    let mut question = question()?;
    question.stream_options =
        Some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None });
    let read = async {
        let mut chunks = client.chat().create_stream(question).await?;
        let mut text = String::new();
        while let Some(chunk) = chunks.next().await {
            text.extend(chunk?.choices.into_iter().filter_map(|choice| choice.delta.content));
        }
        Ok::<_, Box<dyn Error>>(text)
    };
    println!("{}", CallContext::new("product_question_streamed").user(42).scope(read).await?);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::open().await?;
    let client = client(&stage.ledger, &stage.url(Api::OpenAi));
    whole(&client).await?;
    streamed(&client).await?;
    stage.close().await
}
