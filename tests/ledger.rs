//! What a ledger promises to the program that holds it: opening, flushing and closing on any runtime, and what counts.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

use std::{path::Path, thread, time::Duration};

use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use spanledger::{AiCallMiddleware, CallContext, CallHandle, Confidence, Ledger, ledger::Error};
use support::{Api, Pace, Row, Servers, rows};
use tower::{Layer as _, ServiceExt as _};

mod support;

const SOON: Duration = Duration::from_secs(20);

fn url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("usage.db").display())
}

fn client(middleware: AiCallMiddleware) -> reqwest_middleware::ClientWithMiddleware {
    reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(middleware).build()
}

/// One call; the handle outlives its body.
async fn ask(http: &reqwest_middleware::ClientWithMiddleware, servers: &Servers, task: &str) -> CallHandle {
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Wood?"}]});
    let request = http.post(format!("{}/v1/chat/completions", servers.url(Api::OpenAi))).json(&body);
    let response = request.with_extension(CallContext::new(task)).send().await.unwrap();
    let call = CallHandle::from_response(&response);
    response.bytes().await.unwrap();
    call
}

/// Opens, calls, flushes twice, shuts down twice, on the runtime that this runs on.
async fn whole_life(folder: &Path) -> Vec<Row> {
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let ledger = Ledger::builder(url(folder)).hosts(servers.hosts()).open().unwrap();
    assert!(ledger.ready(SOON).await, "{:?}", ledger.health());
    ask(&client(ledger.reqwest_middleware()), &servers, "first").await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    assert_eq!(ledger.flush_blocking(SOON).waiting, 0, "the blocking twin works inside a runtime too");
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    assert!(!folder.join("usage.db-wal").exists(), "the file alone is the whole ledger: it can be copied");
    rows::all(&url(folder)).await.unwrap()
}

#[test]
fn a_whole_life_works_on_every_runtime() {
    let current_thread = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let workers =
        |count| tokio::runtime::Builder::new_multi_thread().worker_threads(count).enable_all().build().unwrap();
    for (name, runtime) in
        [("current thread", current_thread()), ("one worker", workers(1)), ("four workers", workers(4))]
    {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(runtime.block_on(whole_life(folder.path())).len(), 1, "{name}");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut spawned = tokio::task::JoinSet::new();
        spawned.spawn_on(async move { whole_life(&path).await.len() }, runtime.handle());
        assert_eq!(runtime.block_on(spawned.join_next()).unwrap().unwrap(), 1, "{name}, spawned");
    }
}

#[test]
fn it_works_without_a_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open_blocking(url(folder.path())).unwrap();
    assert!(ledger.ready_blocking(SOON));
    assert_eq!(ledger.flush_blocking(SOON).waiting, 0);
    assert_eq!(ledger.shutdown_blocking(SOON).waiting, 0);
}

#[tokio::test]
async fn opening_fails_only_for_a_bad_url_or_an_unusable_spool_folder() {
    for bad in ["", "usage.db", "mysql://x", "postgres://host/db", "sqlite://", "sqlite::memory:"] {
        let error = Ledger::open(bad).await.unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{bad}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("usage.db.spool"), "a file where the folder should be").unwrap();
    let error = Ledger::open(url(folder.path())).await.unwrap_err();
    assert!(error.to_string().contains("usage.db.spool cannot be used"), "{error}");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_fails_no_call_and_is_told_by_health() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("usage.db")).unwrap();
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let ledger = Ledger::builder(url(folder.path())).hosts(servers.hosts()).open().unwrap();
    assert!(!ledger.ready(Duration::from_millis(200)).await);
    ask(&client(ledger.reqwest_middleware()), &servers, "first").await;
    assert_eq!(ledger.flush(Duration::from_millis(200)).await.waiting, 1, "it says how many rows are not stored");
    let health = ledger.health();
    assert!(health.store_error.is_some() && !health.migrated, "{health:?}");

    std::fs::remove_dir(folder.path().join("usage.db")).unwrap();
    assert_eq!(ledger.flush(SOON).await.waiting, 0, "and goes on by itself when the database is there");
    assert_eq!(rows::all(&url(folder.path())).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_dropped_ledger_left_in_the_spool_is_stored_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    for number in 0..3 {
        let ledger = Ledger::builder(url(folder.path())).hosts(servers.hosts()).open().unwrap();
        ask(&client(ledger.reqwest_middleware()), &servers, &number.to_string()).await;
        drop(ledger);
    }
    let ledger = Ledger::open(url(folder.path())).await.unwrap();
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    assert_eq!(rows::all(&url(folder.path())).await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_learnt_after_the_body_reaches_the_row_also_from_another_thread() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let ledger = Ledger::builder(url(folder.path())).hosts(servers.hosts()).open().unwrap();
    let call = ask(&client(ledger.reqwest_middleware()), &servers, "first").await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0, "the row does not wait for the handle");
    let row_id = call.row_id().unwrap().to_string();
    thread::spawn(move || {
        call.confidence(Confidence::from_components([("completeness", 0.5), ("validation", 1.0)]));
        call.fell_back("below 0.80").response_data(json!({"label": "oak"}));
    })
    .join()
    .unwrap();
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    let rows = rows::all(&url(folder.path())).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text("id"), row_id);
    assert!((rows[0].get("confidence_score").as_f64().unwrap() - 0.75).abs() < 1e-9);
    assert_eq!((rows[0].text("action"), rows[0].text("fallback_reason")), ("fallback_to_rules", "below 0.80"));
    let extra: Value = serde_json::from_str(rows[0].text("extra")).unwrap_or_else(|_| rows[0].get("extra").clone());
    assert_eq!(extra["response_data"]["label"], "oak");
}

#[tokio::test]
async fn of_two_layers_around_one_call_only_the_inner_row_counts() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let ledger = Ledger::builder(url(folder.path())).hosts(servers.hosts()).open().unwrap();
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(ledger.reqwest_middleware())
        .with(ledger.reqwest_middleware())
        .build();
    ask(&http, &servers, "twice").await;
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    let rows = rows::all(&url(folder.path())).await.unwrap();
    assert_eq!(rows.len(), 2, "both are kept");
    let outer = rows.iter().find(|row| row.get("ai_parent_span_id").is_null()).unwrap();
    let inner = rows.iter().find(|row| !row.get("ai_parent_span_id").is_null()).unwrap();
    assert_eq!(inner.text("ai_parent_span_id"), outer.text("span_id"));
    assert_eq!(inner.text("trace_id"), outer.text("trace_id"));
    let counts = |row: &Row| row.get("billable") == &json!(true) || row.get("billable") == &json!(1);
    assert!(counts(inner) && !counts(outer), "{:?} {:?}", inner.get("billable"), outer.get("billable"));
}

#[tokio::test]
async fn two_ledgers_on_one_file_store_every_call_once() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(Pace::AtOnce).await.unwrap();
    let open = || Ledger::builder(url(folder.path())).hosts(servers.hosts()).open().unwrap();
    let (first, second) = (open(), open());
    let (one, other) = (client(first.reqwest_middleware()), client(second.reqwest_middleware()));
    for number in 0..10 {
        ask(&one, &servers, &format!("one {number}")).await;
        ask(&other, &servers, &format!("other {number}")).await;
    }
    assert_eq!((second.flush(SOON).await.waiting, first.flush(SOON).await.waiting), (0, 0));
    assert_eq!(rows::all(&url(folder.path())).await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_post_of_another_program_on_an_ambiguous_path_is_no_row_over_tower_either() {
    let folder = tempfile::tempdir().unwrap();
    let router = axum::Router::new().route("/api/chat", axum::routing::post(async || axum::Json(json!({"ok": true}))));
    let server = support::server::Server::start(router).await.unwrap();
    let ledger = Ledger::open(url(folder.path())).await.unwrap();
    let hyper: hyper_util::client::legacy::Client<_, spanledger::RequestBody<Full<bytes::Bytes>>> =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let service = ledger.tower_layer().layer(hyper);
    for (body, rows) in [(json!({"room": 7, "text": "hello"}), 0), (json!({"model": "llama3.2", "messages": []}), 1)] {
        let request =
            http::Request::post(format!("{}/api/chat", server.url())).header("content-type", "application/json");
        let response = service.clone().oneshot(request.body(Full::from(body.to_string())).unwrap()).await.unwrap();
        drop(response.into_body().collect().await.unwrap());
        assert_eq!(ledger.flush(SOON).await.waiting, 0);
        assert_eq!(rows::all(&url(folder.path())).await.unwrap().len(), rows, "{body}");
    }
}
