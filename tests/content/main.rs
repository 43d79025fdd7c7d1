//! What is asked and answered is kept where somebody asked for it, as they asked for it, and nowhere else.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers are tests")]

use std::{fs, path::Path, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use spanledger::{CallContext, ContentCapture, Hosts, content::Part, proxy};
use tower::ServiceExt as _;
use wire::{Ask, Book, Http, Piece, Reply, Retry, Script, Setup, Step, WAYS, Way};

mod kept;
mod protocols;
#[path = "../recorded/mod.rs"]
mod recorded;
mod redaction;
#[expect(dead_code, reason = "nobody asks what was asked")]
#[path = "../replay/server.rs"]
mod replay;
mod spans;
#[path = "../support/mod.rs"]
mod support;
#[path = "../wire/mod.rs"]
mod wire;

const SOON: Duration = Duration::from_secs(20);
const KEY: &str = "canary-key-51f0c2-51f0c2";

/// A ledger that keeps content as this says, before a server that answers by a script.
async fn open(capture: Option<ContentCapture>) -> (Book, Script) {
    let script = Script::start().await;
    let hosts = Hosts::default().name(script.host(), "openai");
    (Book::built(|ledger| ledger.hosts(hosts).capture_content(capture)), script)
}

/// Makes a call and reads so many pieces of its answer.
async fn call(book: &Book, script: &Script, way: &Way, path: &str, body: &Value, reads: usize) {
    let url = format!("http://{}{path}", script.host());
    let headers = [("authorization", format!("Bearer {KEY}")), ("content-type", "application/json".to_owned())];
    let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let ask = Ask { url, headers, body: body.to_string().into() };
    let setup = Setup { http: Http::One, ledger: Some(&book.ledger), retry: Retry::Nowhere };
    let exchange = CallContext::new("said").scope(async {
        let mut answer = (way.send)(&setup, &ask).await.map_err(|_| way.name).unwrap();
        for _ in 0..reads {
            script.allow();
            if matches!(answer.next().await, Ok(Piece::End(_)) | Err(_)) {
                break;
            }
        }
    });
    tokio::time::timeout(SOON, exchange).await.unwrap();
}

/// An answer in one piece.
fn document(said: &Value) -> Vec<Reply> {
    reply("application/json", vec![Step::Data(said.to_string())])
}

/// An answer in pieces of SSE.
fn stream(events: &[Value]) -> Vec<Reply> {
    let events = events.iter().map(|event| match event["type"].as_str() {
        Some(name) => Step::Data(format!("event: {name}\ndata: {event}\n\n")),
        None => Step::Data(format!("data: {event}\n\n")),
    });
    reply("text/event-stream", events.collect())
}

fn reply(content_type: &str, steps: Vec<Step>) -> Vec<Reply> {
    vec![Reply { status: 200, headers: vec![("content-type", content_type.to_owned())], steps, ..Reply::default() }]
}

/// What is kept: prompt, request and response of each call, in the order of the calls.
async fn kept(book: &Book) -> Vec<[Value; 3]> {
    let rows = book.ask("SELECT prompt, request, response FROM ai_call_content JOIN usage_log ON id = call_id ORDER BY usage_log.started_at").await;
    let parsed = |value: &Value| value.as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    rows.iter().map(|row| [row[0].clone(), parsed(&row[1]), parsed(&row[2])]).collect()
}

/// Everything in a folder and its folders.
fn files(folder: &Path) -> Vec<u8> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { fs::read(&path).unwrap() }).collect()
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

fn asked(prompt: &str) -> Value {
    json!({"model": "gpt-4o-mini", "user": "canary-user", "tools": [{"name": "canary-tool"}], "messages": [
        {"role": "system", "content": "be kind"}, {"role": "user", "content": prompt},
    ]})
}

fn said(answer: &str) -> Value {
    json!({"id": "c1", "object": "chat.completion", "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}})
}

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn every_way_in_keeps_what_was_asked_and_answered_and_the_views_show_it() {
    let (book, script) = open(Some(ContentCapture::new())).await;
    for way in WAYS {
        script.play(document(&said("hello")));
        call(&book, &script, way, CHAT, &asked("hi"), 9).await;
    }
    let messages = asked("hi")["messages"].clone();
    let kept = kept(&book).await;
    assert_eq!(kept, vec![["hi".into(), messages.clone(), said("hello")]; WAYS.len()]);
    for row in book.ask("SELECT prompt, response ->> '$.choices[0].message.content' FROM ai_call").await {
        assert_eq!(row, ["hi", "hello"]);
    }
    for row in book.ask("SELECT request_data ->> '$[1].content', response_data ->> '$.id' FROM ai_call_logs").await {
        assert_eq!(row, ["hi", "c1"]);
    }
    let everything = files(book.folder());
    assert!(holds(&everything, "hello"), "the search finds what is there");
    for never in [KEY, "canary-user", "canary-tool"] {
        assert!(!holds(&everything, never), "{never}");
    }
    let extra = book.ask("SELECT count(*) FROM usage_log WHERE extra LIKE '%hello%' OR extra LIKE '%\"hi\"%'").await;
    assert_eq!(extra, [[0]], "the row itself holds none of it");
}

#[tokio::test]
async fn long_requests_are_kept_as_far_as_they_can_be_held_and_the_row_says_where_they_cannot() {
    let marks = "SELECT coalesce(extra ->> '$.\"spanledger.content.shortened\"', 0) FROM usage_log";
    for (way, bytes, held) in [(0, 200_000, true), (0, 300_000, false), (1, 60_000, true), (1, 70_000, false)] {
        let (book, script) = open(Some(ContentCapture::new())).await;
        script.play(document(&said("hello")));
        call(&book, &script, &WAYS[way], CHAT, &asked(&"x".repeat(bytes)), 9).await;
        let kept = kept(&book).await.remove(0)[0].as_str().unwrap().len();
        assert_eq!(kept > 10_000, held, "{} keeps {kept} of {bytes}", WAYS[way].name);
        assert_eq!(book.ask(marks).await, [[json!(i64::from(!held))]], "{} of {bytes}", WAYS[way].name);
    }
}

#[tokio::test]
async fn the_proxy_keeps_it_too() {
    let (book, script) = open(Some(ContentCapture::new())).await;
    script.play(document(&said("hello")));
    let proxy = proxy::app(&book.ledger, format!("http://{}", script.host()).parse().unwrap()).unwrap();
    let request = http::Request::post(CHAT).header("content-type", "application/json");
    let body = Full::new(Bytes::from(asked("hi").to_string()));
    let answer = proxy.oneshot(request.body(body).unwrap()).await.unwrap();
    script.allow();
    script.allow();
    let whole = axum::body::to_bytes(axum::body::Body::new(answer.into_body()), usize::MAX);
    let answer = tokio::time::timeout(SOON, whole).await.unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), said("hello"));
    assert_eq!(kept(&book).await, [["hi".into(), asked("hi")["messages"].clone(), said("hello")]]);
}

#[tokio::test]
async fn without_asking_nothing_is_kept() {
    let (book, script) = open(None).await;
    script.play(document(&said("canary-answer")));
    call(&book, &script, &WAYS[0], CHAT, &asked("canary-prompt"), 9).await;
    assert_eq!(book.rows().await.len(), 1);
    assert_eq!(kept(&book).await, [[Value::Null, Value::Null, Value::Null]; 0]);
    assert!(!holds(&files(book.folder()), "canary"));
}

#[tokio::test]
async fn the_beginning_of_an_abandoned_stream_is_kept() {
    let (book, script) = open(Some(ContentCapture::new())).await;
    let chunk = |text: &str| json!({"id": "c1", "choices": [{"index": 0, "delta": {"content": text}}]});
    for way in WAYS {
        script.play(stream(&[chunk("Hel"), chunk("lo"), chunk(" there")]));
        let mut body = asked("hi");
        body["stream"] = true.into();
        call(&book, &script, way, CHAT, &body, 2).await;
    }
    let kept = kept(&book).await;
    assert_eq!(kept.len(), WAYS.len());
    for [_, _, response] in kept {
        let said = response["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
        assert!(["Hel", "Hello"].contains(&said.as_str()), "{said}");
    }
}

#[tokio::test]
async fn long_messages_and_answers_are_capped_as_valid_json_and_say_so() {
    let (book, script) = open(Some(ContentCapture::new().limit(2000))).await;
    script.play(document(&said(&"ä".repeat(5000))));
    call(&book, &script, &WAYS[0], CHAT, &asked(&"x".repeat(5000)), 9).await;
    script.play(document(&said(&"y".repeat(500_000))));
    call(&book, &script, &WAYS[0], CHAT, &asked(&"x".repeat(500_000)), 9).await;
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "0123456789"}}]});
    script.play(stream(&vec![chunk; 1000]));
    let mut body = asked("stream");
    body["stream"] = true.into();
    call(&book, &script, &WAYS[0], CHAT, &body, 2000).await;
    let kept = kept(&book).await;
    for [prompt, request, response] in &kept {
        let bytes = [prompt, request, response].map(|part| part.to_string().len());
        assert!(bytes.iter().all(|bytes| *bytes <= 2000), "{bytes:?}");
    }
    let [prompt, request, response] = &kept[0];
    assert!(prompt.as_str().unwrap().ends_with("more bytes)"), "{prompt}");
    assert_eq!(request[1]["content"], format!("{}… (4000 more bytes)", "x".repeat(1000)));
    let answer = response["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(answer.starts_with("ää") && answer.ends_with("… (9000 more bytes)"), "{answer}");
    assert!(kept[2][2]["spanledger.cut_bytes"].as_u64() > Some(8000), "{}", kept[2][2]);
}

#[tokio::test]
async fn content_that_comes_twice_or_before_its_call_is_kept_once() {
    use spanledger::{
        call::{Content, Record, Timestamp},
        store::{self, Query},
    };
    let folder = tempfile::tempdir().unwrap();
    let store = store::open(&format!("sqlite://{}", folder.path().join("usage.db").display()), true).unwrap();
    store.migrate().await.unwrap();
    let mut call = spanledger::Call::default();
    call.identity.trace_id = 7_u128.into();
    call.identity.span_id = 8_u64.into();
    (call.provider, call.operation) = ("openai".into(), "chat".into());
    let content = |answer: &str| {
        Record::Content(Box::new(Content {
            row_id: store::row_id(&call),
            started_at: Timestamp::from_micros(7),
            prompt: Some("hi\0".to_owned()),
            request: Some(json!([{"role": "user", "content": "hi\0"}])),
            response: Some(json!(answer)),
        }))
    };
    // Of two that differ the greater stands, whichever comes first.
    for batch in
        [vec![content("b"), content("a")], vec![content("b")], vec![content("a"), Record::Call(Box::new(call.clone()))]]
    {
        store.insert(&batch).await.unwrap();
    }
    let kept = store.query(&Query::new("SELECT prompt, response FROM ai_call")).await.unwrap().rows;
    assert_eq!(kept, [[json!("hi"), json!("\"b\"")]]);
    assert_eq!(store.insert(&[content("b")]).await.unwrap().written, 0, "a replay changes nothing");
}
