//! The loopback servers themselves: what the other tests and the examples stand on.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::HashSet;

use axum::{body::Body, http::Request};
use bytes::Bytes;
use support::{Pace, Scenario, Server, Steps, scenario};
use tower::ServiceExt as _;

mod support;

async fn answer(scenario: &Scenario) -> (u16, Bytes) {
    let request = Request::post(scenario.path).body(Body::from(scenario.body().to_string())).unwrap();
    let response = scenario.api.app(Pace::AtOnce).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap())
}

#[tokio::test]
async fn a_scenario_gets_its_status_and_the_same_bytes_each_time() {
    let mut names = HashSet::new();
    for scenario in scenario::all() {
        assert!(names.insert(scenario.name), "two scenarios are called {}", scenario.name);
        let first = answer(scenario).await;
        assert_eq!(first.0, scenario.status, "{}", scenario.name);
        assert!(!first.1.is_empty(), "{}", scenario.name);
        assert_eq!(first, answer(scenario).await, "{}", scenario.name);
    }
}

#[tokio::test]
async fn a_stream_in_lock_step_waits_for_each_step() {
    let steps = Steps::new();
    let scenario = scenario::named("openai chat, long stream").unwrap();
    let server = Server::start(scenario.api.app(Pace::LockStep(steps.clone()))).await.unwrap();
    let request = reqwest::Client::new().post(format!("{}{}", server.url(), scenario.path)).json(&scenario.body());
    let mut response = request.send().await.unwrap();
    for _ in 0..3 {
        steps.allow(1);
        let chunk = response.chunk().await.unwrap().unwrap();
        assert_eq!(chunk.iter().filter(|byte| **byte == b'\n').count(), 2, "one event: {chunk:?}");
    }
    let next = response.chunk();
    assert!(futures_util::FutureExt::now_or_never(next).is_none(), "nothing comes that was not allowed");
}

#[tokio::test]
async fn a_server_that_was_dropped_answers_no_more() {
    let server = Server::start(scenario::all().next().unwrap().api.app(Pace::AtOnce)).await.unwrap();
    let url = server.url();
    drop(server);
    tokio::task::yield_now().await;
    assert!(reqwest::get(url).await.unwrap_err().is_connect());
}
