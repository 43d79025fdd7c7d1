//! rig 0.44 through reqwest-middleware: its models ask as ever, and each call is a row.
//!
//! rig polls its requests where it is polled itself, so a scope around the call holds for it; and it sends a stream's
//! request at the first poll, so the scope is around the reading too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use futures_util::StreamExt as _;
use rig_core::{
    DynModel,
    completion::{CompletionRequest, Usage},
    error::ProviderError,
    operation::Completion,
    providers::{anthropic::AnthropicConfig, openai::OpenAIConfig},
};
use rig_reqwest::ReqwestMiddlewareClient;
use spanledger::{CallContext, CallHandle, Confidence, Ledger};
use support::{Api, Pace, Row, Servers, Steps, rows};

const SOON: Duration = Duration::from_secs(20);

struct Bench {
    servers: Servers,
    ledger: Ledger,
    url: String,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new(pace: Pace) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let servers = Servers::start(pace).await.unwrap();
        let ledger = Ledger::builder(&url).hosts(servers.hosts()).open().unwrap();
        Self { servers, ledger, url, _folder: folder }
    }

    /// rig's transport with the one line.
    fn http(&self) -> ReqwestMiddlewareClient {
        let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new());
        http.with(self.ledger.reqwest_middleware()).build().into()
    }

    fn openai(&self) -> rig_core::providers::openai::OpenAI {
        let base = format!("{}/v1", self.servers.url(Api::OpenAi));
        OpenAIConfig::new("none").with_base_url(base).connect(self.http())
    }

    fn anthropic(&self) -> rig_core::providers::anthropic::Anthropic {
        AnthropicConfig::new("none").with_base_url(self.servers.url(Api::Anthropic)).connect(self.http())
    }

    async fn row(&self, task: &str, calls: &[CallHandle]) -> Row {
        assert_eq!(calls.len(), 1, "{task}: one handle");
        assert_eq!(self.ledger.flush(SOON).await.waiting, 0, "{task}: everything is stored");
        let row_id = calls[0].row_id().unwrap_or_else(|| panic!("{task}: no row")).to_string();
        let rows = rows::all(&self.url).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.text("task") == task).count(), 1, "{task}: one row");
        rows.into_iter().find(|row| row.text("id") == row_id).unwrap()
    }

    /// Asks a model in one piece and as a stream; the rows count what rig counts.
    async fn ask(&self, name: &str, provider: &str, model: DynModel<Completion>) {
        let whole = async { model.call(question()).await.map(|answer| answer.usage) };
        let streamed = async {
            let mut stream = model.stream(question())?;
            while let Some(item) = stream.next().await {
                item?;
            }
            stream.finish().await.map(|answer| answer.usage)
        };
        let task = format!("{name}, whole");
        let (usage, calls) = CallContext::new(&task).user(42).scope_calls(whole).await;
        assert_row(&self.row(&task, &calls).await, provider, usage.unwrap(), false);
        let task = format!("{name}, streamed");
        let (usage, calls) = CallContext::new(&task).user(42).scope_calls(streamed).await;
        assert_row(&self.row(&task, &calls).await, provider, usage.unwrap(), true);
    }
}

fn question() -> CompletionRequest {
    CompletionRequest::new("Which wood is it?").max_tokens(64)
}

fn assert_row(row: &Row, provider: &str, usage: Usage, streamed: bool) {
    assert!(usage.input_tokens.is_some_and(|count| count > 0), "{usage:?}");
    let counts = row.counts();
    assert_eq!((counts.input, counts.output), (usage.input_tokens, usage.output_tokens), "{row:?}");
    assert_eq!(counts.reasoning.unwrap_or(0), usage.reasoning_tokens.unwrap_or(0), "{row:?}");
    let said = ["provider", "ending", "status", "user_id"].map(|column| row.text(column));
    assert_eq!(said, [provider, "complete", "success", "42"], "{row:?}");
    assert_eq!(row.get("streamed").as_bool().unwrap_or(false), streamed, "{row:?}");
    assert!(row.get("cost_usd").is_string(), "{row:?}");
}

#[tokio::test]
async fn its_calls_and_streams_are_rows() {
    let bench = Bench::new(Pace::AtOnce).await;
    bench.ask("chat", "openai", bench.openai().chat("gpt-4o-mini").erase()).await;
    bench.ask("responses", "openai", bench.openai().responses("gpt-4o-mini").erase()).await;
    bench.ask("messages", "anthropic", bench.anthropic().completion("claude-haiku-4-5").erase()).await;
}

#[tokio::test]
async fn a_stream_that_it_drops_is_cancelled() {
    let steps = Steps::new();
    let bench = Bench::new(Pace::LockStep(steps.clone())).await;
    let model = bench.anthropic().completion("claude-haiku-4-5");
    let left = async {
        steps.allow(8);
        let mut stream = model.stream(CompletionRequest::new("Tell a long story.").max_tokens(64)).unwrap();
        for _ in 0..3 {
            stream.next().await.unwrap().unwrap();
        }
    };
    let ((), calls) = CallContext::new("left").scope_calls(left).await;
    let row = bench.row("left", &calls).await;
    assert_eq!((row.text("ending"), row.text("status")), ("cancelled", "success"));
}

#[tokio::test]
async fn a_refusal_is_its_error_and_ours() {
    let bench = Bench::new(Pace::AtOnce).await;
    let model = bench.openai().chat("gpt-4o-mini");
    let (answer, calls) =
        CallContext::new("refused").scope_calls(model.call(CompletionRequest::new("Which wood? [429]"))).await;
    assert!(matches!(answer, Err(ref error) if !matches!(error, ProviderError::Truncated)), "{answer:?}");
    let row = bench.row("refused", &calls).await;
    assert_eq!((row.text("status"), row.get("http_status").as_u64()), ("error", Some(429)));
}

#[tokio::test]
async fn what_is_thought_of_the_answer_goes_to_its_row() {
    let bench = Bench::new(Pace::AtOnce).await;
    let model = bench.openai().chat("gpt-4o-mini");
    let (answer, calls) = CallContext::new("scored").scope_calls(model.call(question())).await;
    assert!(!answer.unwrap().text().is_empty());
    calls[0].confidence(Confidence::new(0.87)).accepted();
    let row = bench.row("scored", &calls).await;
    assert_eq!((row.get("confidence_score").as_f64(), row.text("action")), (Some(0.87), "use_ai_result"));
}
