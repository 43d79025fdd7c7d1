//! Counts what can be counted exactly: allocations and instructions per call, bytes per call in flight.
//!
//! No socket is used: beneath the middleware that is measured lies one that answers at once, so that of two variants
//! only their own code differs. Allocations are counted by the allocator (`stats_alloc`); instructions by valgrind, where
//! it is installed, in children of this program: those of many calls less those of few.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking, and prints its table")]

#[expect(dead_code, reason = "the other program counts spans and rows, and has a client without middleware")]
mod support;

use std::{
    alloc::System,
    env, fs,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reqwest::{Body, Request, Response};
use reqwest_middleware::{Middleware, Next};
use spanledger::PriceBook;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use support::{
    variants::{Client, Setup, Variant},
    wire,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const URL: &str = "http://127.0.0.1:4/v1/chat/completions";
const IN_FLIGHT: usize = 5_000;

const COLUMNS: [&str; 7] = [
    "allocations, JSON",
    "allocations, 200 chunks",
    "bytes in flight, no head yet",
    "bytes in flight, in a stream",
    "instructions, JSON",
    "of threads behind",
    "instructions per chunk",
];

/// Answers instead of a server.
struct Stub {
    answer: Bytes,
    events: Vec<Bytes>,
}

/// How a call is answered.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Json,
    Stream,
    /// The first events of a stream, and then nothing for ever.
    Open,
    /// No head, ever.
    Silent,
}

impl Stub {
    fn new() -> Arc<Self> {
        let events = wire::events().into_iter().map(Bytes::from).collect();
        Arc::new(Self { answer: wire::answer().into(), events })
    }

    fn chunks(&self, count: usize) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
        stream::iter(self.events[..count].iter().cloned().map(Ok).collect::<Vec<_>>())
    }
}

#[async_trait::async_trait]
impl Middleware for Stub {
    async fn handle(
        &self,
        _: Request,
        extensions: &mut http::Extensions,
        _: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let body = match extensions.get::<Kind>() {
            Some(Kind::Json) | None => Body::from(self.answer.clone()),
            Some(Kind::Stream) => Body::wrap_stream(self.chunks(self.events.len())),
            Some(Kind::Open) => Body::wrap_stream(self.chunks(3).chain(stream::pending())),
            Some(Kind::Silent) => std::future::pending().await,
        };
        Ok(http::Response::builder().header("content-type", "application/json").body(body).unwrap().into())
    }
}

async fn call(client: &Client, kind: Kind) -> Response {
    let Client::Layered(client) = client else { unreachable!("the stub is a middleware") };
    let body = if matches!(kind, Kind::Json) { wire::ASKED } else { wire::ASKED_STREAM };
    client.post(URL).header("content-type", "application/json").body(body).with_extension(kind).send().await.unwrap()
}

async fn calls(client: &Client, kind: Kind, count: usize) {
    for _ in 0..count {
        let mut response = call(client, kind).await;
        while response.chunk().await.unwrap().is_some() {}
    }
}

/// Allocations per call. Threads of ours allocate too: they are given time to rest, and what they do is not counted twice.
async fn allocations(client: &Client, kind: Kind) -> f64 {
    const COUNT: usize = 100;
    let fewest = stream::iter(0..9).then(|_| async {
        std::thread::sleep(Duration::from_millis(60));
        let region = Region::new(ALLOCATOR);
        calls(client, kind, COUNT).await;
        let change = region.change();
        change.allocations + change.reallocations
    });
    fewest.collect::<Vec<_>>().await.into_iter().min().unwrap_or_default() as f64 / COUNT as f64
}

/// Bytes per call in flight.
async fn bytes(client: &Client, kind: Kind) -> f64 {
    let region = Region::new(ALLOCATOR);
    let mut held = Vec::with_capacity(IN_FLIGHT);
    let mut waiting = Vec::with_capacity(IN_FLIGHT);
    for _ in 0..IN_FLIGHT {
        if matches!(kind, Kind::Silent) {
            let mut future = Box::pin(call(client, kind));
            assert!(futures_util::poll!(&mut future).is_pending());
            waiting.push(future);
        } else {
            let mut response = call(client, kind).await;
            for _ in 0..3 {
                response.chunk().await.unwrap();
            }
            held.push(response);
        }
    }
    let change = region.change();
    (change.bytes_allocated as f64 - change.bytes_deallocated as f64) / IN_FLIGHT as f64
}

/// Instructions per call, by valgrind: those of the calling thread, and those of the threads behind.
fn instructions(variant: usize, kind: &str) -> Option<(f64, f64)> {
    const FEW: u32 = 1_000;
    const MANY: u32 = 2_000;
    let totals = |count: u32| {
        let folder = tempfile::tempdir().ok()?;
        let out = folder.path().join("callgrind");
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--separate-threads=yes"]);
        command.arg(format!("--callgrind-out-file={}", out.display())).arg(env::current_exe().ok()?);
        command.args(["--calls", &variant.to_string(), kind, &count.to_string()]).output().ok()?;
        let of_thread = |number: u32| {
            let text = fs::read_to_string(format!("{}-{number:02}", out.display())).ok()?;
            text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse::<f64>().ok())
        };
        let others: f64 = (2..99).map_while(of_thread).sum();
        Some((of_thread(1)?, others))
    };
    let (few, many) = (totals(FEW)?, totals(MANY)?);
    let per_call = |few: f64, many: f64| (many - few) / f64::from(MANY - FEW);
    Some((per_call(few.0, many.0), per_call(few.1, many.1)))
}

/// Makes calls and nothing else: for valgrind, and for profilers.
async fn only_calls(arguments: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    // Here and not by whichever thread comes first: instructions are counted by thread.
    PriceBook::bundled().warm();
    let setup = Setup::new(folder.path());
    let variant = Variant::ALL[arguments[0].parse::<usize>().unwrap()];
    let kind = if arguments[1] == "json" { Kind::Json } else { Kind::Stream };
    let client = setup.client(variant, Some(Stub::new()));
    setup.enter(variant);
    calls(&client, kind, arguments[2].parse().unwrap()).await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--calls") {
        return only_calls(&arguments[1..]).await;
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("run me by `cargo bench --bench counts`");
        return;
    }
    let began = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let stub = Stub::new();
    println!("| added to a client whose calls are answered at once | {} |", COLUMNS.join(" | "));
    println!("| --- |{}", " --- |".repeat(COLUMNS.len()));
    let mut base: Option<Vec<Option<f64>>> = None;
    for (index, variant) in Variant::ALL.into_iter().enumerate().skip(1) {
        setup.enter(variant);
        let client = setup.client(variant, Some(Arc::clone(&stub) as _));
        calls(&client, Kind::Json, 2_000).await;
        calls(&client, Kind::Stream, 200).await;
        setup.flush();
        let json = instructions(index, "json");
        let stream = instructions(index, "stream");
        let counted = vec![
            Some(allocations(&client, Kind::Json).await),
            Some(allocations(&client, Kind::Stream).await),
            Some(bytes(&client, Kind::Silent).await),
            Some(bytes(&client, Kind::Open).await),
            json.map(|json| json.0),
            json.map(|json| json.1),
            stream.zip(json).map(|(stream, json)| (stream.0 - json.0) / wire::CHUNKS as f64),
        ];
        let base = base.get_or_insert_with(|| counted.clone());
        let cells: Vec<String> = counted
            .iter()
            .zip(base)
            .map(|(counted, base)| {
                counted.zip(*base).map_or("?".to_owned(), |(counted, base)| format!("{:.0}", counted - base))
            })
            .collect();
        println!("| {} | {} |", variant.name(), cells.join(" | "));
    }
    println!("\n{IN_FLIGHT} calls in flight; it took {:.0} s", began.elapsed().as_secs_f64());
}
