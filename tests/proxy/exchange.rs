//! Nothing changes on the way.

use std::convert::Infallible;

use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, Version};
use http_body_util::BodyExt as _;
use serde_json::json;
use spanledger::Hosts;
use tokio::sync::mpsc;

use crate::{
    Bench, SOON, client, server, speaking_http_2,
    support::{Api, Pace, Scenario, Steps, scenario},
};

type Seen = (StatusCode, HeaderMap, Bytes);

async fn ask(url: &str, scenario: &Scenario) -> Seen {
    let request = client().post(format!("{url}{}", scenario.path)).json(&scenario.body());
    let response = request.send().await.unwrap();
    let (status, mut headers) = (response.status(), response.headers().clone());
    // The server's clock may tick between two calls.
    headers.remove("date");
    (status, headers, response.bytes().await.unwrap())
}

#[tokio::test]
async fn the_client_sees_what_the_provider_says_and_the_row_says_it_too() {
    for api in Api::ALL {
        let upstream = server(api.app(Pace::AtOnce)).await;
        let named = Hosts::default().name(upstream.host(), api.provider());
        let bench = Bench::with(&upstream.url(), SOON, |ledger| ledger.hosts(named)).await;
        for (number, scenario) in api.scenarios().iter().enumerate() {
            let direct = ask(&upstream.url(), scenario).await;
            let (status, mut headers, body) = ask(&bench.url, scenario).await;
            let row_id = headers.remove("spanledger-row-id").expect("the head names the row");
            assert_eq!((status, headers, body), direct, "{}", scenario.name);

            let row = bench.rows(number + 1).await.pop().unwrap();
            assert_eq!(row.text("id"), row_id.to_str().unwrap(), "{}", scenario.name);
            assert_eq!(row.counts_told(scenario.counts), scenario.counts, "{}", scenario.name);
            assert_eq!((row.text("provider"), row.text("request_model")), (api.provider(), scenario.model));
            assert_eq!((row.text("ending"), row.get("http_status")), ("complete", &json!(scenario.status)));
        }
    }
}

#[tokio::test]
async fn a_client_may_begin_with_http_2_in_clear() {
    let api = Api::ALL[0];
    let upstream = server(api.app(Pace::AtOnce)).await;
    let bench = Bench::before(&upstream.url()).await;
    let client = speaking_http_2();
    for (number, scenario) in api.scenarios().iter().enumerate() {
        let (status, _, body) = ask(&upstream.url(), scenario).await;
        let request = client.post(format!("{}{}", bench.url, scenario.path)).json(&scenario.body());
        let response = request.send().await.unwrap();
        assert_eq!((response.version(), response.status()), (Version::HTTP_2, status), "{}", scenario.name);
        assert!(response.headers().contains_key("spanledger-row-id"));
        assert_eq!(response.bytes().await.unwrap(), body, "{}", scenario.name);
        let row = bench.rows(number + 1).await.pop().unwrap();
        assert_eq!(row.counts_told(scenario.counts), scenario.counts, "{}", scenario.name);
    }
}

#[tokio::test]
async fn a_chunk_reaches_the_client_before_the_next_one_is_sent() {
    let steps = Steps::new();
    let scenario = scenario::named("anthropic messages, long stream").unwrap();
    let upstream = server(scenario.api.app(Pace::LockStep(steps.clone()))).await;
    let bench = Bench::before(&upstream.url()).await;
    let request = client().post(format!("{}{}", bench.url, scenario.path)).json(&scenario.body());
    let mut response = request.send().await.unwrap();
    assert!(response.headers().contains_key("spanledger-row-id"), "the row's name comes before its end");
    let mut chunks = 0;
    loop {
        steps.allow(1);
        let Some(chunk) = tokio::time::timeout(SOON, response.chunk()).await.expect("it waits for the next").unwrap()
        else {
            break;
        };
        assert_eq!(chunk.windows(2).filter(|end| end == b"\n\n").count(), 1, "one event: {chunk:?}");
        chunks += 1;
    }
    assert!(chunks > 40, "{chunks}");
    assert_eq!(bench.row().await.counts(), scenario.counts);
}

#[tokio::test]
async fn a_request_is_passed_on_while_it_is_still_being_written() {
    let (seen, mut arrived) = mpsc::unbounded_channel();
    let app = Router::new().fallback(any(move |request: Request| async move {
        let mut body = request.into_body().into_data_stream();
        while let Some(chunk) = body.next().await {
            seen.send(chunk.unwrap()).unwrap();
        }
        "{}"
    }));
    let upstream = server(app).await;
    let bench = Bench::before(&upstream.url()).await;
    let (write, written) = mpsc::unbounded_channel::<Bytes>();
    let body = futures_util::stream::unfold(written, |mut written| async move {
        Some((Ok::<_, Infallible>(written.recv().await?), written))
    });
    let request = client().post(format!("{}/v1/chat/completions", bench.url)).body(reqwest::Body::wrap_stream(body));
    let answer = tokio::spawn(request.send());
    for piece in [r#"{"model": "gpt-4o", "#, r#""messages": "#, "[]}"] {
        write.send(Bytes::from(piece)).unwrap();
        let chunk = tokio::time::timeout(SOON, arrived.recv()).await.expect("it waits for the rest").unwrap();
        assert_eq!(chunk, piece);
    }
    drop(write);
    assert_eq!(answer.await.unwrap().unwrap().text().await.unwrap(), "{}");
    assert_eq!(bench.row().await.text("request_model"), "gpt-4o");
}

/// Answers with what it was asked.
fn mirror() -> Router {
    Router::new().fallback(any(async |request: Request| {
        let (parts, body) = request.into_parts();
        let headers: Vec<_> = parts
            .headers
            .iter()
            .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
            .collect();
        let body = body.collect().await.unwrap().to_bytes();
        let seen = json!({"method": parts.method.as_str(), "target": parts.uri.to_string(), "headers": headers,
            "body": body.len()});
        Response::builder()
            .header("connection", "close, x-only-here")
            .header("x-only-here", "1")
            .header("keep-alive", "timeout=5")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(Body::from(seen.to_string()))
            .unwrap()
    }))
}

#[tokio::test]
async fn headers_method_path_and_query_go_on_as_they_came() {
    let upstream = server(mirror()).await;
    let bench = Bench::before(&format!("{}/base/", upstream.url())).await;
    let request = client()
        .patch(format!("{}/v1/a%2Fb//c?d=%20&e", bench.url))
        .header("authorization", "Bearer canary")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .header("connection", "keep-alive, x-mine")
        .header("x-mine", "1")
        .header("te", "trailers")
        .header("upgrade", "websocket")
        .header("proxy-authorization", "Basic canary")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("spanledger-task", "ocr")
        .header("spanledger-unheard-of", "1")
        .body("12345");
    let response = request.send().await.unwrap();
    let headers = response.headers();
    assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    for gone in ["x-only-here", "keep-alive", "connection", "spanledger-row-id"] {
        assert!(!headers.contains_key(gone), "{gone} of {headers:?}");
    }
    let seen: serde_json::Value = response.json().await.unwrap();
    assert_eq!(seen["method"], "PATCH");
    assert_eq!(seen["target"], "/base/v1/a%2Fb//c?d=%20&e");
    assert_eq!(seen["body"], 5);
    let mut headers: Vec<(String, String)> = serde_json::from_value(seen["headers"].clone()).unwrap();
    headers.sort();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [
        pair("accept", "*/*"),
        pair("authorization", "Bearer canary"),
        pair("content-length", "5"),
        pair("host", &upstream.host()),
        pair("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        pair("x-twice", "1"),
        pair("x-twice", "2"),
    ];
    assert_eq!(headers, expected);
    bench.rows(0).await;
}

#[tokio::test]
async fn large_bodies_pass_in_both_directions() {
    const SIZE: usize = 40 << 20;
    let app = Router::new().fallback(any(async |request: Request| Response::new(request.into_body())));
    let upstream = server(app).await;
    let bench = Bench::before(&upstream.url()).await;
    let sent: Bytes = (0..SIZE).map(|index| (index * 7 % 251) as u8).collect::<Vec<_>>().into();
    let request = client().post(format!("{}/v1/chat/completions", bench.url)).body(sent.clone());
    let got = request.send().await.unwrap().bytes().await.unwrap();
    assert!(got == sent, "{} of {SIZE} bytes", got.len());
}

#[tokio::test]
async fn a_redirect_is_the_clients_business() {
    let moved = async || Response::builder().status(307).header("location", "/elsewhere").body(Body::empty()).unwrap();
    let upstream = server(Router::new().fallback(any(moved))).await;
    let bench = Bench::before(&upstream.url()).await;
    let response = client().post(format!("{}/v1/messages", bench.url)).body("{}").send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["location"]), (307, &"/elsewhere".parse().unwrap()));
}
