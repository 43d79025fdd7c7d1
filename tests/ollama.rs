//! A real model server: what the rows count is what the server said, on each protocol and each way in.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

use std::time::Duration;

use async_openai::{config::OpenAIConfig, middleware::ReqwestService};
use futures_util::StreamExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use noise::ollama;
use serde_json::{Value, json};
use spanledger::{CallContext, Hosts, Ledger, RequestBody, store::Query};
use tower::{Layer as _, ServiceExt as _};

#[path = "support/noise.rs"]
mod noise;
#[path = "support/services.rs"]
mod services;

/// One question on each protocol that Ollama speaks: path, body, and where its answer states input and output tokens.
fn questions() -> Vec<(&'static str, Value, [&'static str; 2])> {
    let messages = json!([{"role": "user", "content": "Tell me about wood."}]);
    let chat = ["/usage/prompt_tokens", "/usage/completion_tokens"];
    let native = ["/prompt_eval_count", "/eval_count"];
    let exclusive = ["/usage/input_tokens", "/usage/output_tokens"];
    vec![
        ("/api/chat", json!({"model": "noise", "messages": messages, "stream": false}), native),
        ("/api/chat", json!({"model": "noise", "messages": messages}), native),
        ("/api/generate", json!({"model": "noise", "prompt": "Wood is", "stream": false}), native),
        ("/api/generate", json!({"model": "noise", "prompt": "Wood is"}), native),
        ("/api/embed", json!({"model": "noise", "input": ["wood", "stone"]}), ["/prompt_eval_count", "/none"]),
        ("/v1/chat/completions", json!({"model": "noise", "messages": messages}), chat),
        (
            "/v1/chat/completions",
            json!({"model": "noise", "messages": messages, "stream": true, "stream_options": {"include_usage": true}}),
            chat,
        ),
        ("/v1/completions", json!({"model": "noise", "prompt": "Wood is"}), chat),
        ("/v1/embeddings", json!({"model": "noise", "input": "wood"}), ["/usage/prompt_tokens", "/none"]),
        ("/v1/responses", json!({"model": "noise", "input": "Wood?"}), exclusive),
        ("/v1/messages", json!({"model": "noise", "messages": messages, "max_tokens": 24}), exclusive),
        ("/v1/messages", json!({"model": "noise", "messages": messages, "max_tokens": 24, "stream": true}), exclusive),
    ]
}

/// What an answer states at a place: the last document of a stream that has it counts.
fn stated(answer: &[u8], pointer: &str) -> Option<u64> {
    let text = String::from_utf8_lossy(answer);
    let documents =
        text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:").unwrap_or(line)).ok());
    documents.filter_map(|document| document.pointer(pointer)?.as_u64()).next_back()
}

#[derive(Debug, Default)]
struct Expected {
    way: &'static str,
    #[expect(dead_code, reason = "shown when an assertion fails")]
    path: &'static str,
    input: Option<u64>,
    output: Option<u64>,
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_count_what_a_real_server_said_on_each_protocol_and_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let (_ollama, address) = ollama(folder.path()).await;
    let url = format!("sqlite://{}/usage.db", folder.path().display());
    let ledger = Ledger::builder(&url).hosts(Hosts::default().name(&address, "ollama")).open().unwrap();
    let mut expected = Vec::new();

    let middleware =
        reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build();
    let hyper: Client<_, RequestBody<Full<bytes::Bytes>>> = Client::builder(TokioExecutor::new()).build_http();
    let tower = ledger.tower_layer().layer(hyper);
    let service = ledger.tower_layer().layer(reqwest::Client::new());
    for (path, body, [input, output]) in questions() {
        let target = format!("http://{address}{path}");
        for way in ["reqwest-middleware", "tower", "reqwest as a service"] {
            let scope = CallContext::new(way);
            let answer = match way {
                "tower" => {
                    let request = http::Request::post(&target).header("content-type", "application/json");
                    let request = request.body(Full::from(body.to_string())).unwrap();
                    let response = scope.scope(tower.clone().oneshot(request)).await.unwrap();
                    response.into_body().collect().await.unwrap().to_bytes()
                }
                "reqwest-middleware" => {
                    let request = middleware.post(&target).with_extension(scope).json(&body);
                    request.send().await.unwrap().bytes().await.unwrap()
                }
                _ => {
                    let request = reqwest::Client::new().post(&target).json(&body).build().unwrap();
                    scope.scope(service.clone().oneshot(request)).await.unwrap().bytes().await.unwrap()
                }
            };
            expected.push(Expected { way, path, input: stated(&answer, input), output: stated(&answer, output) });
        }
    }
    expected.extend(through_async_openai(&ledger, &address).await);

    assert_eq!(ledger.shutdown(Duration::from_secs(20)).await.waiting, 0);
    let sql = "SELECT task, input_tokens, output_tokens, ending, status, provider, response_model, request_model \
               FROM usage_log ORDER BY started_at";
    let table = spanledger::store::open(&url, false).unwrap().query(&Query::new(sql)).await.unwrap();
    assert_eq!(table.rows.len(), expected.len(), "one row per call");
    for (row, expected) in table.rows.iter().zip(&expected) {
        assert_eq!(row[0], expected.way, "{expected:?}");
        assert_eq!(row[1].as_u64(), expected.input, "input tokens: {expected:?}");
        assert_eq!(row[2].as_u64(), expected.output, "output tokens: {expected:?}");
        assert_eq!(
            (&row[3], &row[4], &row[5]),
            (&json!("complete"), &json!("success"), &json!("ollama")),
            "{expected:?}"
        );
        assert_eq!(row[7], "noise", "{expected:?}");
        assert!(row[6] == "noise" || row[6].is_null(), "{expected:?}: {row:?}");
        assert!(expected.input.is_some_and(|count| count > 0), "the server counts: {expected:?}");
    }
}

/// async-openai's own client: its OpenAI paths, streamed and not.
async fn through_async_openai(ledger: &Ledger, address: &str) -> Vec<Expected> {
    use async_openai::types::chat::{ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequestArgs};
    const WAY: &str = "async-openai";
    let config = OpenAIConfig::new().with_api_base(format!("http://{address}/v1")).with_api_key("none");
    let service = ledger.tower_layer().layer(ReqwestService::new(reqwest::Client::new()));
    let client = async_openai::Client::with_config(config).with_http_service(service);
    let message = ChatCompletionRequestUserMessageArgs::default().content("Tell me about wood.").build().unwrap();
    let mut request = CreateChatCompletionRequestArgs::default();
    request.model("noise").messages([message.into()]);
    let path = "/v1/chat/completions";

    let whole = CallContext::new(WAY).scope(client.chat().create(request.build().unwrap())).await.unwrap();
    let usage = whole.usage.unwrap();
    let counts =
        |input: u32, output: u32| Expected { way: WAY, path, input: Some(input.into()), output: Some(output.into()) };
    let mut expected = vec![counts(usage.prompt_tokens, usage.completion_tokens)];

    let options: async_openai::types::chat::ChatCompletionStreamOptions =
        serde_json::from_value(json!({"include_usage": true})).unwrap();
    let streamed = request.stream_options(options).build().unwrap();
    let stream = CallContext::new(WAY).scope(client.chat().create_stream(streamed)).await.unwrap();
    let chunks: Vec<_> = stream.map(Result::unwrap).collect().await;
    let usage = chunks.into_iter().filter_map(|chunk| chunk.usage).next_back().unwrap();
    expected.push(counts(usage.prompt_tokens, usage.completion_tokens));
    expected
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_abandoned_half_way_is_one_cancelled_row() {
    let folder = tempfile::tempdir().unwrap();
    let (_ollama, address) = ollama(folder.path()).await;
    let url = format!("sqlite://{}/usage.db", folder.path().display());
    let ledger = Ledger::builder(&url).hosts(Hosts::default().name(&address, "ollama")).open().unwrap();
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build();
    let body = json!({
        "model": "noise", "stream": true, "max_tokens": 3000, "messages": [{"role": "user", "content": "Go on."}],
    });
    let mut response = http.post(format!("http://{address}/v1/chat/completions")).json(&body).send().await.unwrap();
    for _ in 0..3 {
        assert!(response.chunk().await.unwrap().is_some(), "the stream goes on");
    }
    drop(response);
    assert_eq!(ledger.shutdown(Duration::from_secs(20)).await.waiting, 0);
    let sql = "SELECT ending, status, streamed, output_tokens, usage_source, time_to_first_chunk_ms FROM usage_log";
    let table = spanledger::store::open(&url, false).unwrap().query(&Query::new(sql)).await.unwrap();
    assert_eq!(table.rows.len(), 1);
    let row = &table.rows[0];
    assert_eq!(row[..3], [json!("cancelled"), json!("success"), json!(true)]);
    assert!(row[3].as_u64() > Some(0) && row[4] == json!("estimated"), "nobody said how many tokens: {row:?}");
    assert!(row[5].as_f64().unwrap() > 0.0);
}
