//! Every recorded exchange once more, through a live loopback server and every way in: its answer comes in random chunks, the
//! caller gets the recorded bytes, and the row is what `inspect` says of the same exchange.
//!
//! The recordings are no part of this project (see `recorded`). The URL keeps its host, which resolves to this machine, so
//! that the provider is recognised as it is in production; only the port is another.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers are tests")]

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    time::Instant,
};

use serde_json::Value;
use spanledger::{
    Call, CallContext, Hosts, Recorder,
    call::{Ending, Timestamp},
    store::columns::COLUMNS,
};
use support::Row;
use wire::{Answer, Ask, Book, Http, Piece, Retry, Setup, WAYS, Way};

use crate::{
    chance::Chance,
    chunks::{Cuts, chunks},
    recorded::Recorded,
    server::Replay,
};

#[path = "../support/chance.rs"]
mod chance;
mod chunks;
#[path = "../recorded/mod.rs"]
mod recorded;
mod server;
#[path = "../support/mod.rs"]
mod support;
#[path = "../wire/mod.rs"]
mod wire;

/// Columns that are a live call's own: ids, times, and what the environment says of this process.
const OWN: [&str; 12] = [
    "id",
    "trace_id",
    "span_id",
    "service_name",
    "environment",
    "started_at",
    "ended_at",
    "duration_ms",
    "time_to_first_chunk_ms",
    "model_id",
    "created_at",
    "updated_at",
];

/// Ollama is recognised by its port where nobody names it, and so the one thing here that a name must stand for.
const OLLAMA: &str = ":11434/";

/// What was compared on one way in.
#[derive(Default)]
struct Tally {
    exchanges: usize,
    rows: usize,
    fields: usize,
    filled: usize,
    differences: usize,
    sent: Cuts,
    /// Pieces that the caller got.
    received: usize,
}

#[tokio::test]
async fn every_recorded_exchange_gives_the_same_bytes_and_the_same_row_through_every_way_in() {
    let Some(exchanges) = recorded::all() else {
        println!("{}", recorded::NONE);
        return;
    };
    let (began, seed) = (Instant::now(), Chance::seed());
    println!("SPANLEDGER_SEED={seed} makes the same chunks again");
    let mut chance = Chance::new(seed);
    let (replay, ollama) = (Replay::start().await, Replay::start().await);
    let port = |replay: &Replay| replay.server.host().rsplit_once(':').unwrap().1.to_owned();
    let named = ["localhost", "127.0.0.1"].map(|host| format!("{host}:{}", port(&ollama)));
    let book = Book::open(named.into_iter().fold(Hosts::default(), |hosts, host| hosts.name(host, "ollama")));

    let mut tallies: Vec<(String, Tally)> = Vec::new();
    let mut faults = Vec::new();
    for (way, http) in columns() {
        let mut tally = Tally::default();
        for exchange in &exchanges {
            let replay = if exchange.url.contains(OLLAMA) { &ollama } else { &replay };
            let (chunks, cuts) = chunks(&exchange.response_body, &mut chance);
            let setup = Setup { http, ledger: Some(&book.ledger), retry: Retry::Nowhere };
            replay.prepare(exchange, chunks);
            let task = task(exchange, way, http);
            let ask = ask(exchange, &port(replay));
            let answered = CallContext::new(&task).scope((way.send)(&setup, &ask)).await;
            let (received, pieces) = read(answered.unwrap_or_else(|failure| panic!("{task}: {failure:?}"))).await;
            if received != exchange.response_body {
                faults.push(format!("{task}: the caller got {} bytes that are not the recorded ones", received.len()));
            }
            let (target, sent) = replay.asked();
            if !exchange.url.ends_with(&target) || sent != exchange.request_body {
                faults.push(format!("{task}: the provider was asked at {target} with {} bytes", sent.len()));
            }
            tally.exchanges += 1;
            tally.sent.add(cuts);
            tally.received += pieces;
        }
        tallies.push((format!("{}, {http}", way.name), tally));
    }

    let mut rows: HashMap<String, Row> = HashMap::new();
    for row in book.rows().await {
        let twice = rows.insert(row.text("task").to_owned(), row);
        assert!(twice.is_none(), "one row for each exchange, not two: {twice:?}");
    }
    let recorder = Recorder::new();
    let mut strangers = BTreeSet::new();
    for ((way, http), (_, tally)) in columns().zip(&mut tallies) {
        for exchange in &exchanges {
            let task = task(exchange, way, http);
            let whole = vec![&exchange.response_body[..]];
            let inspect = async { exchange.inspect(&recorder, whole, Ending::Complete, Timestamp::now()) };
            match (CallContext::new(&task).scope(inspect).await, rows.remove(&task)) {
                (None, None) => {
                    strangers.insert(&*exchange.protocol);
                }
                (Some(call), Some(row)) => {
                    tally.rows += 1;
                    for difference in compare(&call, &row, tally) {
                        faults.push(format!("{task}: {difference}"));
                    }
                }
                (call, row) => faults.push(format!(
                    "{task}: inspect {} it for an AI call, and there is {} row",
                    if call.is_some() { "takes" } else { "does not take" },
                    if row.is_some() { "a" } else { "no" }
                )),
            }
        }
    }
    println!("{}in {:.0} s", table(&tallies), began.elapsed().as_secs_f64());
    println!("passed without a row, as no protocol of ours: {strangers:?}");
    faults.iter().for_each(|fault| println!("{fault}"));
    assert!(faults.is_empty(), "{} faults; SPANLEDGER_SEED={seed} makes the same chunks again", faults.len());
    assert!(rows.is_empty(), "rows of nobody: {:?}", rows.keys());
    for (way, tally) in &tallies {
        let Tally { sent, received, .. } = tally;
        assert!(tally.rows > 100 && tally.filled > 1_000, "{way}: enough is compared for this to mean something");
        assert!(sent.single > 0 && sent.characters > 0 && sent.line_ends > 0, "{way}: {sent:?}");
        assert!(*received > sent.chunks / 2, "{way}: chunks stay apart on their way: {received} of {sent:?}");
    }
}

fn columns() -> impl Iterator<Item = (&'static Way, Http)> {
    WAYS.iter().flat_map(|way| Http::ALL.map(|http| (way, http)))
}

fn task(exchange: &Recorded, way: &Way, http: Http) -> String {
    format!("{}, {}, {http}", exchange.name, way.name)
}

/// The recorded request, to the port of ours.
fn ask(exchange: &Recorded, port: &str) -> Ask {
    let (_, rest) = exchange.url.split_once("://").unwrap();
    let (authority, target) = rest.split_at(rest.find('/').unwrap());
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    Ask {
        url: format!("http://{host}:{port}{target}"),
        headers: exchange.request_headers.clone(),
        body: exchange.request_body.clone().into(),
    }
}

/// The whole body, and the number of pieces that it came in.
async fn read(mut answer: Answer) -> (Vec<u8>, usize) {
    let (mut received, mut pieces) = (Vec::new(), 0);
    loop {
        match answer.next().await.expect("nothing breaks") {
            Piece::Data(data, _) => {
                received.extend_from_slice(&data);
                pieces += 1;
            }
            Piece::Trailers(..) => {}
            Piece::End(_) => return (received, pieces),
        }
    }
}

/// Every column, but those of a live call's own.
fn compare(call: &Call, row: &Row, tally: &mut Tally) -> Vec<String> {
    let mut differences = Vec::new();
    for column in COLUMNS.iter().filter(|column| !OWN.contains(&column.name)) {
        let (mut inspected, mut live) = ((column.of)(call).into_json(), row.get(column.name).clone());
        if column.name == "extra" {
            [&mut inspected, &mut live].into_iter().filter_map(Value::as_object_mut).for_each(|extra| {
                extra.remove("server.port");
            });
        }
        tally.fields += 1;
        tally.filled += usize::from(!live.is_null());
        if inspected != live {
            tally.differences += 1;
            differences.push(format!("{} is {live}, inspect says {inspected}", column.name));
        }
    }
    differences
}

fn table(tallies: &[(String, Tally)]) -> String {
    let columns = ["exchanges", "rows", "fields", "filled", "differences", "chunks", "of 1 byte", "in a character"];
    let mut table = format!("{:28}", "way in");
    let columns = columns.into_iter().chain(["in CRLF", "received"]);
    columns.clone().for_each(|column| write!(table, "  {column}").unwrap());
    for (way, tally) in tallies {
        let Cuts { chunks, single, characters, line_ends } = tally.sent;
        let compared = [tally.exchanges, tally.rows, tally.fields, tally.filled, tally.differences];
        let cells = compared.into_iter().chain([chunks, single, characters, line_ends, tally.received]);
        write!(table, "\n{way:28}").unwrap();
        columns.clone().zip(cells).for_each(|(column, cell)| write!(table, "  {cell:>0$}", column.len()).unwrap());
    }
    table + "\n"
}
