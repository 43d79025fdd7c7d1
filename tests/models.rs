//! Aliases and machines in a live call: what is called, what is kept, and the line that is shown for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use serde_json::json;
use spanledger::{CallContext, CallHandle, Ledger, Models, model::resolve};
use support::{Api, Pace, Row, Servers, rows};

mod support;

const SOON: Duration = Duration::from_secs(20);

const FILE: &str = r#"
[aliases]
local = "client:1:llama3.1"
o3 = "openai:o3-2025-04-16"

[nodes]
1 = "Mac Studio"
"#;

/// Calls a model under a context, and gives the handle and the row.
async fn call(api: Api, path: &str, model: &str, context: CallContext) -> (CallHandle, Row) {
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("usage.db").display());
    let models = Models::from_toml(FILE, "models.toml").unwrap();
    let ledger = Ledger::builder(&url).hosts(servers.hosts()).models(models).open().unwrap();
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build();
    let body = json!({"model": model, "stream": false, "messages": [{"role": "user", "content": "Wood?"}]});
    let request = http.post(format!("{}{path}", servers.url(api))).json(&body).with_extension(context);
    let response = request.send().await.unwrap();
    let handle = CallHandle::from_response(&response);
    assert_eq!(handle.answered_by(), None, "the body has not ended");
    response.bytes().await.unwrap();
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    let row = rows::all(&url).await.unwrap().remove(0);
    (handle, row)
}

fn names(row: &Row) -> [&str; 4] {
    ["model_alias", "request_model", "model_identifier", "node_id"].map(|column| row.text(column))
}

#[tokio::test]
async fn the_answer_of_a_machine_shows_its_name() {
    let models = Models::from_toml(FILE, "models.toml").unwrap();
    let chosen = resolve(None, Some("local"), Some("openai:gpt-4o")).unwrap();
    let called = models.identifier(chosen).unwrap();
    let context = CallContext::new("chat").chosen(chosen, &models);
    let (handle, row) = call(Api::Ollama, "/api/chat", called.model(), context).await;
    assert_eq!(format!("Response via {}", handle.answered_by().unwrap()), "Response via Mac Studio (llama3.1)");
    assert_eq!(handle.model_identifier().unwrap().as_str(), "client:1:llama3.1");
    assert_eq!(names(&row), ["local", "llama3.1", "client:1:llama3.1", "1"]);
}

#[tokio::test]
async fn the_answer_of_a_provider_shows_its_house() {
    let (handle, row) = call(Api::OpenAi, "/v1/chat/completions", "gpt-4o", CallContext::default()).await;
    assert_eq!(handle.answered_by().as_deref(), Some("OpenAI (gpt-4o)"));
    assert_eq!(names(&row), ["", "gpt-4o", "openai:gpt-4o", ""], "nobody had to say so");
}

#[tokio::test]
async fn an_alias_that_is_sent_is_kept_and_what_it_stands_for_is_priced() {
    let (handle, row) = call(Api::OpenAi, "/v1/chat/completions", "o3", CallContext::default()).await;
    assert_eq!(handle.answered_by().as_deref(), Some("OpenAI (o3-2025-04-16)"));
    assert_eq!(names(&row), ["o3", "o3-2025-04-16", "openai:o3-2025-04-16", ""]);
    assert!(!row.text("cost_usd").is_empty());
}
