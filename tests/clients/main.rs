//! The official clients of OpenAI and Anthropic, in Python and JavaScript, through `spanledger proxy`: what they say of a
//! call is what its row says.
//!
//! `scripts/services` installs them; `client.py` and `client.mjs`, beside this, make the calls.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/noise.rs"]
mod noise;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/services.rs"]
mod services;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::HashMap, fs, path::Path, time::Duration};

use running::Running;
use serde_json::{Value, json};
use support::{Api, Pace, Row, Server, Steps, rows};
use tokio::process::Command;

/// Long enough for a machine under load, and never waited for when all is well.
const SOON: Duration = Duration::from_secs(120);
/// The key that the clients send.
const CANARY: &[u8] = b"cAnArY-7f3a";

#[derive(Clone, Copy, Debug)]
enum Language {
    Python,
    JavaScript,
}

impl Language {
    /// What runs the clients, and the script.
    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Python => ("python-clients", "client.py"),
            Self::JavaScript => ("node-clients", "client.mjs"),
        }
    }

    /// Makes the calls; what the client says of each, by its name.
    async fn call(self, arguments: [&str; 4]) -> HashMap<String, Value> {
        let (packages, script) = self.parts();
        let run = services::path(packages).join("run");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
        let client = Command::new(run).arg(script).args(arguments).kill_on_drop(true).output();
        let output =
            tokio::time::timeout(SOON, client).await.unwrap_or_else(|_| panic!("{self:?} {arguments:?} hangs"));
        let output = output.unwrap();
        let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{self:?} {arguments:?}: {said}\n{complaints}");
        let calls = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        calls.map(|call| (call["call"].as_str().unwrap().to_owned(), call)).collect()
    }
}

/// What a client says of its calls, and the rows of the same calls.
async fn through_the_proxy(
    language: Language,
    (api, upstream, provider, model): (Api, &str, &str, &str),
    ending: &str,
) -> Vec<(Value, Row)> {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("usage.db");
    let proxy = Running::start(&ledger, &["--to", upstream, "--provider", provider]);
    // The clients of OpenAI have the version in the base URL, those of Anthropic in the path.
    let (name, base) = match api {
        Api::OpenAi => ("openai", format!("{}/v1", proxy.url)),
        _ => ("anthropic", proxy.url.clone()),
    };
    let mut said = language.call([name, ending, &base, model]).await;
    let (_, well) = tokio::task::spawn_blocking(|| proxy.stop()).await.unwrap();
    assert!(well, "the proxy stops well");
    let database = fs::read(&ledger).unwrap();
    assert!(!database.windows(CANARY.len()).any(|window| window == CANARY), "the key is in the ledger");

    let rows = rows::all(&format!("sqlite://{}", ledger.display())).await.unwrap();
    assert_eq!(rows.len(), said.len(), "one row per call: {said:?}");
    let pair = |row: Row| {
        let call = said.remove(row.text("task")).unwrap();
        assert_eq!(call["row"], row.text("id"), "the answer's head names the row: {call}");
        assert_eq!(row.text("user_id"), "42");
        assert_eq!(row.get("tags"), &json!({"language": format!("{language:?}").to_lowercase()}));
        assert_eq!(row.text("provider"), provider);
        (call, row)
    };
    rows.into_iter().map(pair).collect()
}

fn assert_whole(calls: &[(Value, Row)], count: usize) {
    assert_eq!(calls.len(), count);
    for (call, row) in calls {
        assert_eq!(row.text("ending"), "complete", "{call}");
        assert_eq!((row.get("input_tokens"), row.text("request_model").is_empty()), (&call["input"], false), "{call}");
        match call["error"].as_u64() {
            Some(status) => {
                assert_eq!((row.text("status"), row.get("http_status")), ("error", &json!(status)), "{call}")
            }
            None => {
                assert!(call["input"].as_u64().is_some_and(|count| count > 0), "the server counts: {call}");
                assert_eq!(row.text("status"), "success", "{call}");
            }
        }
        if call["call"] != "embeddings" {
            assert_eq!(row.get("output_tokens"), &call["output"], "{call}");
        }
        assert_eq!(row.get("streamed") == &json!(true), call["call"].as_str().unwrap().ends_with("stream"), "{call}");
    }
}

fn assert_cancelled(calls: &[(Value, Row)]) {
    let [(call, row)] = calls else { unreachable!("one call: {calls:?}") };
    assert_eq!((row.text("ending"), row.get("streamed")), ("cancelled", &json!(true)), "{call}");
    assert!(row.get("time_to_first_chunk_ms").is_number(), "{row:?}");
    assert!(row.is_estimated() && row.get("output_tokens").as_u64() > Some(0), "{row:?}");
}

async fn on_loopback(language: Language) {
    for (api, provider, model, count) in
        [(Api::OpenAi, "openai", "gpt-4o-mini", 5), (Api::Anthropic, "anthropic", "claude-haiku-4-5", 3)]
    {
        let server = Server::start(api.app(Pace::AtOnce)).await.unwrap();
        let calls = through_the_proxy(language, (api, &server.url(), provider, model), "whole").await;
        assert_whole(&calls, count);
        assert!(calls.iter().all(|(call, row)| call["error"].is_u64() || row.get("cost_usd").is_string()), "{calls:?}");

        // The stream goes no further than its client.
        let steps = Steps::new();
        steps.allow(8);
        let server = Server::start(api.app(Pace::LockStep(steps))).await.unwrap();
        assert_cancelled(&through_the_proxy(language, (api, &server.url(), provider, model), "cancelled").await);
    }
}

async fn on_ollama(language: Language) {
    for (api, count) in [(Api::OpenAi, 5), (Api::Anthropic, 3)] {
        // A server of its own for each, and the cancelled call last: whoever asks Ollama (0.17) after a stream that was left
        // sometimes waits for ever.
        let folder = tempfile::tempdir().unwrap();
        let (_ollama, address) = noise::ollama(folder.path()).await;
        let url = format!("http://{address}");
        let upstream = (api, url.as_str(), "ollama", "noise");
        assert_whole(&through_the_proxy(language, upstream, "whole").await, count);
        assert_cancelled(&through_the_proxy(language, upstream, "cancelled").await);
    }
}

#[tokio::test]
async fn python_on_loopback_servers() {
    on_loopback(Language::Python).await;
}

#[tokio::test]
async fn javascript_on_loopback_servers() {
    on_loopback(Language::JavaScript).await;
}

#[tokio::test]
async fn python_on_a_real_model_server() {
    on_ollama(Language::Python).await;
}

#[tokio::test]
async fn javascript_on_a_real_model_server() {
    on_ollama(Language::JavaScript).await;
}
