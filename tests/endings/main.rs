//! Every ending through every way in, over HTTP/1.1 and HTTP/2: the caller sees what it sees without us, and one span and one
//! row come out.
//!
//! The table that is printed has a line for each ending and a column for each way in.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers are tests")]

use std::{collections::HashMap, iter};

use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::Value;
use spanledger::{CallContext, Hosts};
use support::Row;
use wire::{Book, Http, Piece, Script, WAYS, Way};

use crate::{
    play::{Seen, play},
    table::{Caller, ENDINGS, Ending, Expected},
};

mod play;
#[path = "../support/mod.rs"]
mod support;
mod table;
#[path = "../wire/mod.rs"]
mod wire;

#[tokio::test]
async fn every_ending_through_every_way_in_is_one_span_and_one_row_and_changes_nothing() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    opentelemetry::global::set_tracer_provider(provider);
    let script = Script::start().await;
    let book = Book::open(Hosts::default().name(script.host(), "openai").name("127.0.0.1:9", "openai"));

    let mut faults: HashMap<String, String> = HashMap::new();
    for (ending, way, http) in cells().filter(|(ending, way, http)| (ending.cannot)(way, *http).is_none()) {
        let task = task(ending, way, http);
        let without = play(&script, ending, way, http, None).await;
        let playing = play(&script, ending, way, http, Some(&book.ledger));
        let (with, calls) = CallContext::new(&task).scope_calls(playing).await;
        if let Err(fault) = is_played(ending, way, &with).and_then(|()| compare(without, with)) {
            faults.insert(task.clone(), fault);
        }
        // Spans wait for the handles.
        drop(calls);
    }

    let mut rows: HashMap<String, Vec<Row>> = HashMap::new();
    for row in book.rows().await {
        rows.entry(row.text("task").to_owned()).or_default().push(row);
    }
    let spans = exporter.get_finished_spans().unwrap();
    let mut counts = Counts::default();
    let mut table: Vec<Vec<String>> = vec![iter::once(String::new()).chain(columns().map(column)).collect()];
    for ending in ENDINGS {
        let mut line = vec![ending.name.to_owned()];
        for (way, http) in columns() {
            let task = task(ending, way, http);
            if let Some(reason) = (ending.cannot)(way, http) {
                counts.none += 1;
                line.push(format!("n/a: {reason}"));
                continue;
            }
            let rows = rows.remove(&task).unwrap_or_default();
            counts.cells += 1;
            counts.rows += rows.len();
            if let Err(fault) = check(&rows, &spans, (ending.rows)(way)) {
                faults.entry(task.clone()).or_insert(fault);
            }
            line.push(if faults.contains_key(&task) { "FAULT".to_owned() } else { told(&rows) });
        }
        table.push(line);
    }
    println!("{}", aligned(&table));
    let Counts { cells, none, rows: written } = counts;
    println!("{cells} cells with {written} rows and {} spans, {none} n/a, {} faults", spans.len(), faults.len());
    for (task, fault) in &faults {
        println!("\n{task}: {fault}");
    }
    assert!(faults.is_empty(), "{} cells are not as they should be", faults.len());
    assert!(rows.is_empty(), "rows of nobody: {rows:?}");
    assert_eq!(spans.len(), written, "one span per row");
}

#[derive(Debug, Default)]
struct Counts {
    cells: usize,
    none: usize,
    rows: usize,
}

fn aligned(table: &[Vec<String>]) -> String {
    let width = |column: usize| table.iter().map(|line| line[column].len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    let mut text = String::new();
    for line in table {
        let line: String = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn columns() -> impl Iterator<Item = (&'static Way, Http)> {
    WAYS.iter().flat_map(|way| Http::ALL.map(|http| (way, http)))
}

fn cells() -> impl Iterator<Item = (&'static Ending, &'static Way, Http)> {
    ENDINGS.iter().flat_map(|ending| columns().map(move |(way, http)| (ending, way, http)))
}

fn column((way, http): (&Way, Http)) -> String {
    format!("{}, {http}", way.name)
}

fn task(ending: &Ending, way: &Way, http: Http) -> String {
    format!("{}, {}, {http}", ending.name, way.name)
}

/// What the ending's name says was seen.
fn is_played(ending: &Ending, way: &Way, seen: &Seen) -> Result<(), String> {
    let trailers = seen.pieces.iter().any(|piece| matches!(piece, Piece::Trailers(..)));
    let played = match ending.caller {
        Caller::Upgrades => seen.upgraded.as_deref() == Some("ping"),
        Caller::Panics(chunks) => seen.panicked && seen.pieces.len() == chunks,
        Caller::Reads(chunks) => !seen.panicked && seen.failure.is_none() && seen.pieces.len() == chunks,
        Caller::LeavesBeforeTheHead => seen.head.is_none() && seen.asked.len() == 1,
        Caller::CallsNobody => seen.failure.is_some(),
        Caller::ReadsAll => !seen.panicked && seen.head.is_some(),
    };
    // reqwest reads past trailers.
    let played = played && (trailers || way.over_reqwest || !ending.name.starts_with("trailers"));
    if played { Ok(()) } else { Err(format!("this is not what was to be played: {seen:#?}")) }
}

/// All is the same, but for one entry more in the extensions, and one link more in the cause of reqwest's error.
fn compare(mut without: Seen, mut with: Seen) -> Result<(), String> {
    if let (Some(without), Some(with)) = (&mut without.head, &mut with.head) {
        if without.recorded || !with.recorded {
            return Err("the response knows of its call, and only where somebody watches".to_owned());
        }
        (without.extensions, without.recorded) = (without.extensions + 1, true);
    }
    if let (Some(without), Some(with)) = (&without.failure, &mut with.failure)
        && with.is_like(without)
    {
        *with = without.clone();
    }
    if without == with { Ok(()) } else { Err(format!("without us {without:#?}\nwith us {with:#?}")) }
}

/// The rows are those that are expected, and each has its span.
fn check(rows: &[Row], spans: &[SpanData], expected: &[Expected]) -> Result<(), String> {
    let same = |row: &Row, expected: &Expected| {
        let error = expected.error_type.map_or(Value::Null, Value::from);
        row.text("ending") == expected.ending
            && row.get("http_status").as_u64() == expected.http_status
            && *row.get("error_type") == error
            && row.text("status") == if expected.error_type.is_some() { "error" } else { "success" }
            && row.get("output_tokens").as_u64() == expected.output_tokens
            && (row.text("usage_source") == "estimated") == expected.estimated
    };
    if rows.len() != expected.len() || !rows.iter().zip(expected).all(|(row, expected)| same(row, expected)) {
        return Err(format!("{expected:#?} is expected, the rows are {rows:#?}"));
    }
    for row in rows {
        let of_row = |span: &&SpanData| span.span_context.span_id().to_string() == row.text("span_id");
        let named = |span: &SpanData| {
            let mut ids = span.attributes.iter().filter(|attribute| attribute.key.as_str() == "spanledger.row.id");
            ids.next().is_some_and(|id| id.value.as_str() == row.text("id")) && ids.next().is_none()
        };
        let spans: Vec<&SpanData> = spans.iter().filter(of_row).collect();
        if spans.len() != 1 || !named(spans[0]) {
            return Err(format!("one span that names its row, not {spans:#?}"));
        }
    }
    Ok(())
}

/// `200 complete`, or `503 complete + 200 complete`.
fn told(rows: &[Row]) -> String {
    let one = |row: &Row| match row.get("http_status").as_u64() {
        Some(status) => format!("{status} {}", row.text("ending")),
        None => row.text("ending").to_owned(),
    };
    rows.iter().map(one).collect::<Vec<_>>().join(" + ")
}
