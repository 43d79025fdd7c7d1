//! async-openai, which never shows a response: its calls are rows, and `scope_calls` hands out what to say about them.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use async_openai::{
    Client,
    config::OpenAIConfig,
    middleware::ReqwestService,
    types::{
        chat::CreateChatCompletionRequest,
        embeddings::CreateEmbeddingRequestArgs,
        responses::{CreateResponseArgs, ResponseStreamEvent},
    },
};
use futures_util::StreamExt as _;
use serde_json::json;
use spanledger::{CallContext, Confidence, Ledger};
use support::{Api, Pace, Row, Servers, rows};
use tower::Layer as _;

mod support;

const SOON: Duration = Duration::from_secs(20);

async fn all(ledger: &Ledger, url: &str) -> Vec<Row> {
    assert_eq!(ledger.flush(SOON).await.waiting, 0, "everything is stored");
    rows::all(url).await.unwrap()
}

#[tokio::test]
async fn each_kind_of_call_is_a_row_with_a_handle() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("usage.db").display());
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let ledger = Ledger::builder(&url).hosts(servers.hosts()).open().unwrap();
    let service = ledger.tower_layer().layer(ReqwestService::new(reqwest::Client::new()));
    let config = OpenAIConfig::new().with_api_base(format!("{}/v1", servers.url(Api::OpenAi))).with_api_key("none");
    let client = Client::with_config(config).with_http_service(service);
    let question = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Which wood?"}]});
    let asked: CreateChatCompletionRequest = serde_json::from_value(question.clone()).unwrap();

    let job = CallContext::new("wood").job("j-1");
    let (usage, calls) = job
        .scope_calls(async {
            let chats = client.chat();
            let whole = CallContext::new("chat").scope(chats.create(asked.clone())).await.unwrap().usage.unwrap();

            let mut streamed = question;
            streamed["stream_options"] = json!({"include_usage": true});
            let streamed: CreateChatCompletionRequest = serde_json::from_value(streamed).unwrap();
            let stream = CallContext::new("chat, streamed").scope(chats.create_stream(streamed)).await.unwrap();
            let chunks: Vec<_> = stream.map(Result::unwrap).collect().await;
            let last = chunks.into_iter().filter_map(|chunk| chunk.usage).next_back().unwrap();

            let request = CreateResponseArgs::default().model("gpt-4o-mini").input("Which wood?").build().unwrap();
            let mut stream =
                CallContext::new("responses").scope(client.responses().create_stream(request)).await.unwrap();
            let mut responded = None;
            while let Some(event) = stream.next().await {
                if let ResponseStreamEvent::ResponseCompleted(event) = event.unwrap() {
                    responded = event.response.usage;
                }
            }
            let responded = responded.unwrap();

            let model = "text-embedding-3-small";
            let request = CreateEmbeddingRequestArgs::default().model(model).input("wood").build().unwrap();
            let embedded =
                CallContext::new("embeddings").scope(client.embeddings().create(request)).await.unwrap().usage;
            [
                ("chat", whole.prompt_tokens, Some(whole.completion_tokens)),
                ("chat, streamed", last.prompt_tokens, Some(last.completion_tokens)),
                ("responses", responded.input_tokens, Some(responded.output_tokens)),
                ("embeddings", embedded.prompt_tokens, None),
            ]
        })
        .await;

    assert_eq!(calls.len(), usage.len(), "a handle of each call, in order");
    for call in &calls {
        call.confidence(Confidence::new(0.9)).accepted();
    }
    let rows = all(&ledger, &url).await;
    assert_eq!(rows.len(), usage.len());
    for ((row, call), (task, input, output)) in rows.iter().zip(&calls).zip(usage) {
        assert_eq!((row.text("task"), row.text("job_id")), (task, "j-1"));
        assert_eq!(row.text("id"), call.row_id().unwrap().to_string());
        assert_eq!(row.get("input_tokens"), &json!(input), "{task}");
        assert_eq!(row.get("output_tokens"), &json!(output), "{task}");
        assert_eq!((row.get("confidence_score"), row.text("action")), (&json!(0.9), "use_ai_result"), "{task}");
        assert_eq!((row.text("ending"), row.text("provider")), ("complete", "openai"), "{task}");
    }
}
