//! Canaries in every credential, prompt and answer, through every way in: none is found in the spool, the database, its WAL,
//! the logs, the spans that leave, `Debug` texts and panics.
#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

use std::{
    collections::BTreeMap,
    fs, io, panic,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use scenes::{ASKED, CANARY, KEY, SCENES, USERINFO};
use spanledger::{CallContext, Hosts, proxy};
use tower::ServiceExt as _;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};
use wire::{Ask, Book, Http, Piece, Retry, Script, Setup, WAYS};

mod debug;
mod scenes;
#[path = "../support/mod.rs"]
mod support;
#[path = "../wire/mod.rs"]
mod wire;

const SOON: Duration = Duration::from_secs(20);

/// What must be found wherever rows are: it shows that the search would find a canary too.
const WITNESS: &str = "witness-51f0c2";

/// The places where a canary was found.
fn hits(text: &[u8]) -> Vec<String> {
    let as_numbers = CANARY.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let as_hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    // The beginning of `canary-` in base64, at each of the three offsets.
    [CANARY, &as_numbers, &as_hex, "Y2FuYXJ5", "NhbmFyeS", "jYW5hcnkt"]
        .into_iter()
        .flat_map(|needle| {
            let found = text.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle.as_bytes());
            let around = |at: usize| &text[at.saturating_sub(60)..(at + 60).min(text.len())];
            found.map(|(at, _)| String::from_utf8_lossy(around(at)).into_owned()).collect::<Vec<_>>()
        })
        .collect()
}

fn holds(text: &[u8], needle: &str) -> bool {
    text.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// All files of a folder and its folders.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push((entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()));
        }
    }
    all
}

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_canary_is_found_anywhere() {
    let (logs, panics) = (Kept::default(), Kept::default());
    // hyper and h2 log headers at this level; what we and our store log is ours.
    let filter = EnvFilter::new("off,spanledger=trace,sqlx=trace,opentelemetry=trace");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(logs.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let kept = panics.clone();
    panic::set_hook(Box::new(move |panic| {
        kept.0.lock().unwrap().extend(format!("{panic}\n").into_bytes());
    }));
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    opentelemetry::global::set_tracer_provider(provider);

    let script = Script::start().await;
    let hosts = Hosts::default().name(script.host(), "openai").name("127.0.0.1:9", "openai");
    let book = Book::open(hosts);
    let mut texts = format!("{:?} {:?} {:?}", book.ledger, book.ledger.tower_layer(), book.ledger.reqwest_middleware());
    let mut calls = 0;
    for way in WAYS {
        for http in Http::ALL {
            for scene in &SCENES {
                script.play((scene.replies)());
                let shown = call(&book, way, http, &script.host(), &script, scene.reads).await;
                assert_eq!(hits(shown.as_bytes()), [""; 0], "{}, {}", scene.name, way.name);
                texts += &shown;
                calls += 1;
            }
            texts += &call(&book, way, http, "127.0.0.1:9", &script, 0).await;
            calls += 1;
        }
    }
    for way in WAYS {
        script.play((SCENES[0].replies)());
        caller_panics(&book, way, &script).await;
        calls += 1;
    }
    for scene in &SCENES {
        script.play((scene.replies)());
        through_the_proxy(&book, &script, scene.reads).await;
        calls += 1;
    }
    let rows = book.rows().await;
    assert_eq!(rows.len(), calls, "every call has its row");
    let refused = rows.iter().filter(|row| row.text("error_message").contains("[key]")).count();
    assert_eq!(refused, 4 * (WAYS.len() * Http::ALL.len() + 1), "refusals are told, without the keys");

    let mut places: BTreeMap<String, Vec<u8>> = files(book.folder()).into_iter().collect();
    let has = |places: &BTreeMap<String, Vec<u8>>, part: &str| {
        places.iter().any(|(name, bytes)| name.contains(part) && holds(bytes, WITNESS))
    };
    assert!(has(&places, ".jsonl"), "the spool is searched: {:?}", places.keys());
    assert!(has(&places, "usage.db"), "the database is searched: {:?}", places.keys());
    assert!(places.contains_key("usage.db-wal"), "the WAL is searched: {:?}", places.keys());
    places.insert("spans".to_owned(), format!("{:?}", exporter.get_finished_spans().unwrap()).into_bytes());
    assert!(has(&places, "spans"), "the spans are searched");
    tracing::trace!(target: "spanledger", "{WITNESS}");
    places.insert("logs".to_owned(), logs.0.lock().unwrap().clone());
    assert!(has(&places, "logs"), "the logs are searched");
    texts += &format!("{rows:?} {:?}", book.ledger.health());
    places.insert("Debug texts".to_owned(), texts.into_bytes());
    assert!(has(&places, "Debug"), "the Debug texts are searched");
    drop(panic::take_hook());
    places.insert("panics".to_owned(), panics.0.lock().unwrap().clone());
    assert!(has(&places, "panics"), "the panics are searched");

    println!("{calls} calls through {} ways in and the proxy", WAYS.len());
    let mut found = Vec::new();
    for (place, bytes) in &places {
        let hits = hits(bytes);
        println!("{place:40} {:>9} bytes, {} hits", bytes.len(), hits.len());
        found.extend(hits.into_iter().map(|hit| format!("{place}: {hit}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Makes a call with a canary in every place, and gives the `Debug` texts of what it leaves in the caller's hands.
async fn call(book: &Book, way: &wire::Way, http: Http, host: &str, script: &Script, reads: usize) -> String {
    let url = format!("http://{USERINFO}@{host}/v1/chat/completions?key={KEY}");
    let ask = Ask { url, headers: scenes::headers(), body: ASKED.into() };
    let setup = Setup { http, ledger: Some(&book.ledger), retry: Retry::Nowhere };
    let context = CallContext::new(WITNESS).user("witness");
    let text = format!("{context:?}");
    let exchange = context.scope_calls(async {
        let Ok(mut answer) = (way.send)(&setup, &ask).await else { return };
        for _ in 0..reads {
            script.allow();
            if matches!(answer.next().await, Ok(Piece::End(_)) | Err(_)) {
                break;
            }
        }
    });
    let ((), calls) = tokio::time::timeout(SOON, exchange).await.unwrap();
    assert_eq!(calls.len(), 1, "{} is watched", way.name);
    format!("{text} {calls:?}\n")
}

/// The caller panics with an answer in its hands.
async fn caller_panics(book: &Book, way: &wire::Way, script: &Script) {
    let url = format!("http://{USERINFO}@{}/v1/chat/completions?key={KEY}", script.host());
    let ask = Ask { url, headers: scenes::headers(), body: ASKED.into() };
    let setup = Setup { http: Http::One, ledger: Some(&book.ledger), retry: Retry::Nowhere };
    let exchange = CallContext::new(WITNESS).scope(async {
        let answer = (way.send)(&setup, &ask).await;
        script.allow();
        assert!(answer.is_err(), "{WITNESS} panics");
    });
    let unwound = panic::AssertUnwindSafe(tokio::time::timeout(SOON, exchange)).catch_unwind().await;
    assert!(unwound.is_err(), "{}", way.name);
}

/// The same call by a client in another language.
async fn through_the_proxy(book: &Book, script: &Script, reads: usize) {
    let proxy = proxy::app(&book.ledger, format!("http://{}", script.host()).parse().unwrap()).unwrap();
    let mut request =
        http::Request::post(format!("/v1/chat/completions?key={KEY}")).body(Full::new(Bytes::from(ASKED))).unwrap();
    *request.headers_mut() = scenes::headers();
    request.headers_mut().insert("spanledger-task", http::HeaderValue::from_static(WITNESS));
    let exchange = async {
        let mut body = proxy.oneshot(request).await.unwrap().into_body();
        for _ in 0..reads {
            script.allow();
            if !matches!(body.frame().await, Some(Ok(_))) {
                break;
            }
        }
    };
    tokio::time::timeout(SOON, exchange).await.unwrap();
}
