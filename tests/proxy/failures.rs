//! Clients that go away, providers that are not there, and a proxy that is stopped.

use std::{convert::Infallible, future::pending, io, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response, routing::post};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::{
    Bench, SOON, client, server, speaking_http_2,
    support::{Pace, Steps, scenario, server::nobody},
};

/// Tells when it is dropped.
struct Dropped(mpsc::UnboundedSender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

const QUESTION: &str = r#"{"model": "gpt-4o", "messages": [], "stream": true}"#;

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_takes_the_providers_call_with_it() {
    let (dropped, mut gone) = mpsc::unbounded_channel();
    let app = Router::new().fallback(post(async move || {
        let stream = futures_util::stream::unfold((Dropped(dropped), 0), |(guard, number)| async move {
            if number == 2 {
                pending::<()>().await;
            }
            Some((Ok::<_, Infallible>(Bytes::from("data: {\"choices\": []}\n\n")), (guard, number + 1)))
        });
        Response::builder().header("content-type", "text/event-stream").body(Body::from_stream(stream)).unwrap()
    }));
    let upstream = server(app).await;
    let bench = Bench::before(&upstream.url()).await;
    let request = client().post(format!("{}/v1/chat/completions", bench.url)).body(QUESTION);
    let mut response = request.send().await.unwrap();
    response.chunk().await.unwrap().unwrap();
    drop(response);
    tokio::time::timeout(SOON, gone.recv()).await.expect("the provider goes on").unwrap();
    let row = bench.row().await;
    assert_eq!((row.text("ending"), row.text("status"), row.text("request_model")), ("cancelled", "success", "gpt-4o"));
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_head_does_so_too() {
    let (dropped, mut gone) = mpsc::unbounded_channel();
    let (begun, mut began) = mpsc::unbounded_channel();
    let app = Router::new().fallback(post(async move || {
        let _guard = Dropped(dropped);
        begun.send(()).unwrap();
        pending::<()>().await;
    }));
    let upstream = server(app).await;
    let bench = Bench::before(&upstream.url()).await;
    let call = tokio::spawn(client().post(format!("{}/v1/chat/completions", bench.url)).body(QUESTION).send());
    tokio::time::timeout(SOON, began.recv()).await.expect("it never began").unwrap();
    call.abort();
    tokio::time::timeout(SOON, gone.recv()).await.expect("the provider goes on").unwrap();
    let row = bench.row().await;
    assert_eq!((row.text("ending"), row.get("http_status")), ("cancelled", &Value::Null));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_a_502_in_words_and_a_failed_row() {
    let upstream = nobody().await.unwrap();
    let bench = Bench::before(&upstream).await;
    let response = client().post(format!("{}/v1/messages", bench.url)).body(QUESTION).send().await.unwrap();
    assert_eq!(response.status(), 502);
    let row_id = response.headers()["spanledger-row-id"].to_str().unwrap().to_owned();
    let said: Value = response.json().await.unwrap();
    let host = upstream.strip_prefix("http://").unwrap();
    let words = said["error"]["message"].as_str().unwrap();
    assert!(words.starts_with(&format!("spanledger proxy: {host} could not be reached: ")), "{words}");
    assert_eq!((&said["type"], &said["error"]["type"]), (&json!("error"), &json!("proxy_error")));
    let row = bench.row().await;
    assert_eq!((row.text("ending"), row.text("status"), row.text("id")), ("failed", "error", row_id.as_str()));
    assert_eq!(row.text("error_type"), "connect", "a word, whatever type the client's errors have");
}

#[tokio::test]
async fn a_provider_that_breaks_in_the_middle_is_a_broken_body_and_a_failed_row() {
    let break_it = Arc::new(Notify::new());
    let told = Arc::clone(&break_it);
    let app = Router::new().fallback(post(async move || {
        let first = futures_util::stream::iter([Ok(Bytes::from("data: {\"choices\": []}\n\n"))]);
        let then = futures_util::stream::once(async move {
            told.notified().await;
            Err(io::Error::other("broken"))
        });
        Response::new(Body::from_stream(first.chain(then)))
    }));
    let upstream = server(app).await;
    let bench = Bench::before(&upstream.url()).await;
    let request = client().post(format!("{}/v1/chat/completions", bench.url)).body(QUESTION);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.chunk().await.unwrap().unwrap();
    break_it.notify_one();
    assert!(response.bytes().await.is_err(), "a cut answer must not look whole");
    let row = bench.row().await;
    assert_eq!((row.text("ending"), row.get("http_status"), row.text("error_type")), ("failed", &json!(200), "body"));
}

#[tokio::test]
async fn what_asks_for_a_tunnel_is_told_what_this_is() {
    let bench = Bench::before("http://127.0.0.1:9").await;
    let through = reqwest::Client::builder().proxy(reqwest::Proxy::all(&bench.url).unwrap()).build().unwrap();
    assert!(through.get("https://api.example/v1").send().await.is_err());
    let refused = through.post("http://intranet.example/v1/chat/completions").body(QUESTION).send().await.unwrap();
    assert_eq!(refused.status(), 400, "what is meant for another host does not reach the provider");
    assert!(refused.text().await.unwrap().contains("use its address as the base URL"));
    bench.rows(0).await;
}

#[tokio::test]
async fn a_web_socket_is_refused_in_words() {
    let bench = Bench::before(&nobody().await.unwrap()).await;
    let request = client().get(format!("{}/v1/realtime?model=gpt-realtime", bench.url));
    let response = request.header("connection", "Upgrade").header("upgrade", "websocket").send().await.unwrap();
    assert_eq!(response.status(), 501);
    let said: Value = response.json().await.unwrap();
    let words = said["error"]["message"].as_str().unwrap();
    assert!(words.contains("a WebSocket cannot pass") && words.contains("use ws://127.0.0.1:"), "{words}");
    bench.rows(0).await;
}

#[tokio::test]
async fn a_stopped_proxy_lets_calls_end_and_cuts_off_those_that_do_not() {
    let scenario = scenario::named("openai chat, long stream").unwrap();
    for (ends_in_time, client) in
        [(true, client()), (false, client()), (true, speaking_http_2()), (false, speaking_http_2())]
    {
        let steps = Steps::new();
        let upstream = server(scenario.api.app(Pace::LockStep(steps.clone()))).await;
        let patience = if ends_in_time { SOON } else { Duration::from_millis(50) };
        let mut bench = Bench::with(&upstream.url(), patience, |ledger| ledger).await;
        let request = client.post(format!("{}{}", bench.url, scenario.path)).json(&scenario.body());
        let mut response = request.send().await.unwrap();
        steps.allow(1);
        response.chunk().await.unwrap().unwrap();
        let (stop, _) = tokio::sync::oneshot::channel();
        std::mem::replace(&mut bench.stop, stop).send(()).unwrap();
        if ends_in_time {
            steps.allow(1000);
        }
        assert_eq!(response.bytes().await.is_ok(), ends_in_time);
        tokio::time::timeout(SOON, bench.served.join_next()).await.expect("it never stops").unwrap().unwrap();
        assert!(client.get(&bench.url).send().await.unwrap_err().is_connect(), "nobody listens any more");
        let expected = if ends_in_time { "complete" } else { "cancelled" };
        assert_eq!(bench.row().await.text("ending"), expected);
    }
}
