//! Aliases and machines in a live call: what is called, what is kept, and the line that is shown for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, process::Command, time::Duration};

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

fn url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("usage.db").display())
}

/// Calls a model under a context, and gives the handle and the row.
async fn call(api: Api, path: &str, model: &str, context: CallContext) -> (CallHandle, Row) {
    let folder = tempfile::tempdir().unwrap();
    let handle = call_into(&url(folder.path()), api, path, model, context).await;
    (handle, rows::all(&url(folder.path())).await.unwrap().remove(0))
}

/// The same, into a ledger of the test's.
async fn call_into(url: &str, api: Api, path: &str, model: &str, context: CallContext) -> CallHandle {
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let models = Models::from_toml(FILE, "models.toml").unwrap();
    let ledger = Ledger::builder(url).hosts(servers.hosts()).models(models).open().unwrap();
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build();
    let body = json!({"model": model, "stream": false, "messages": [{"role": "user", "content": "Wood?"}]});
    let request = http.post(format!("{}{path}", servers.url(api))).json(&body).with_extension(context);
    let response = request.send().await.unwrap();
    let handle = CallHandle::from_response(&response);
    assert_eq!(handle.answered_by(), None, "the body has not ended");
    response.bytes().await.unwrap();
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    handle
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

#[tokio::test]
async fn the_models_that_were_used_are_listed_with_their_prices_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    std::fs::write(folder.path().join("models.toml"), FILE).unwrap();
    let local = CallContext::new("chat").model_alias("local").model_identifier("client:1:llama3.1");
    for context in [local.clone(), local] {
        call_into(&url, Api::Ollama, "/api/chat", "llama3.1", context).await;
    }
    call_into(&url, Api::OpenAi, "/v1/chat/completions", "gpt-4o", CallContext::default()).await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    program.env("SPANLEDGER_MODELS", folder.path().join("models.toml")).args(["--ledger", &url, "models"]);
    let output = program.args(["--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    let [of_machine, of_house] = [&rows[0], &rows[1]];
    assert_eq!(
        (&of_machine["model_identifier"], &of_machine["model_alias"], &of_machine["title"], &of_machine["calls"]),
        (&json!("client:1:llama3.1"), &json!("local"), &json!("Mac Studio (llama3.1)"), &json!(2))
    );
    assert_eq!((&of_machine["cost_usd"], &of_machine["input_per_million"]), (&json!(null), &json!(null)));
    assert_eq!(
        (&of_house["model_identifier"], &of_house["title"], &of_house["input_per_million"], &of_house["price_source"]),
        (&json!("openai:gpt-4o"), &json!("OpenAI (gpt-4o)"), &json!("2.5"), &json!("genai-prices"))
    );
    assert!(of_house["cost_usd"].is_string() && of_house["first_started_at"].is_string(), "{of_house}");
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("models.toml");
    std::fs::write(&file, "[aliases]\no3 = \"o3\"\n").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    let output = program.arg("models").arg("--models").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("spanledger: models.toml, line 2: `o3` needs the model that is called for it"), "{told}");
}
