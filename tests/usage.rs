//! What a ledger tells the application that writes it: usage, in total and by a column.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use opentelemetry::trace::{SpanId, TraceId};
use spanledger::{
    Call, CallContext, Ledger,
    call::{Record, Timestamp, Usd},
    report::{By, Filter, Part, Range, Report, Scope, Summary},
    store::{Store, Table, sqlite::Sqlite},
};
use tempfile::TempDir;

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200_000_000;
const HOUR: i64 = 3_600_000_000;

/// The call of a number: it begins so many hours into March, and takes a second for each.
fn call(number: u64) -> Call {
    let mut call = Call::new("openai", "chat").model(["gpt-4o", "o3"][usize::try_from(number % 2).unwrap()]);
    call.identity.trace_id = TraceId::from_bytes(u128::from(number).to_be_bytes());
    call.identity.span_id = SpanId::from_bytes(number.to_be_bytes());
    call.started_at = Timestamp::from_micros(MARCH + i64::try_from(number).unwrap() * HOUR);
    call.duration = Some(Duration::from_secs(number));
    call.ended_at = call.started_at.after(Duration::from_secs(number));
    call.tokens(100, number).context(CallContext::new("ocr").user(number % 3).job("j-1").tag("image", number))
}

fn costs(mut call: Call, pico: i64) -> Call {
    call.cost.total = Some(Usd::from_pico(pico));
    call
}

/// A ledger with these calls in its store.
async fn ledger(calls: impl IntoIterator<Item = Call>) -> (Ledger, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usage.db");
    let store = Sqlite::open(&file, true).unwrap();
    store.migrate().await.unwrap();
    let records: Vec<_> = calls.into_iter().map(|call| Record::Call(Box::new(call))).collect();
    store.insert(&records).await.unwrap();
    store.close().await;
    (Ledger::open(format!("sqlite://{}", file.display())).await.unwrap(), folder)
}

fn one_of(parts: &[Part], value: &str) -> Summary {
    parts.iter().find(|part| part.value.as_deref() == Some(value)).unwrap().usage.clone()
}

#[tokio::test]
async fn usage_tells_calls_tokens_cost_and_durations() {
    let mut failed = call(20);
    failed.outcome.error_type = Some("500".to_owned());
    failed.outcome.error_message = Some("no".to_owned());
    failed.usage = spanledger::call::Usage::default();
    let calls = (1..=18).map(|number| costs(call(number), 1_000_000)).chain([call(19), failed]);
    let (ledger, _folder) = ledger(calls).await;

    let usage = ledger.usage(Scope::default()).await.unwrap();
    assert_eq!((usage.calls, usage.successes, usage.errors, usage.unpriced, usage.waiting), (20, 19, 1, 1, 0));
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(1900), Some(190)));
    assert_eq!((usage.total_tokens, usage.cache_read_tokens), (Some(2090), None));
    assert_eq!(usage.cost.unwrap().to_string(), "0.000018");
    assert_eq!(usage.average_duration, Some(Duration::from_millis(10_500)));
    assert_eq!(usage.p95_duration, Some(Duration::from_secs(19)), "19 of 20 took at most this long");
    assert_eq!(usage.first_started_at, Some(call(1).started_at));
    assert_eq!(usage.last_started_at, Some(call(20).started_at));
}

#[tokio::test]
async fn usage_is_about_the_scope_that_is_asked_for() {
    let (ledger, _folder) = ledger((1..=20).map(call)).await;
    let calls = async |scope: Scope| ledger.usage(scope).await.unwrap().calls;
    assert_eq!(calls(Filter::default().task("ocr").into()).await, 20);
    assert_eq!(calls(Filter::default().user(1).model("gpt-4o").into()).await, 3);
    assert_eq!(calls(Filter::default().tag("image", 7).into()).await, 1);
    assert_eq!(calls(Filter::default().status("error").into()).await, 0);
    let range = Range { since: Some(call(3).started_at), until: Some(call(6).started_at) };
    assert_eq!(calls(range.into()).await, 3);
    assert_eq!(calls((range, Filter::default().user(0)).into()).await, 1);
    let nothing = ledger.usage(Filter::default().task("no such task")).await.unwrap();
    assert_eq!(nothing, Summary::default());
    assert_eq!(nothing.cost, None, "what nothing costs is not zero");
}

#[tokio::test]
async fn usage_by_a_column_is_what_the_report_of_that_column_says() {
    let calls = (1..=30).map(|number| if number % 4 == 0 { call(number) } else { costs(call(number), 1_000_001) });
    let (ledger, folder) = ledger(calls).await;
    let store = Sqlite::open(folder.path().join("usage.db"), false).unwrap();
    let whole = ledger.usage(Scope::default()).await.unwrap();
    let mut compared = 0;
    for by in By::ALL {
        let parts = ledger.usage_by(*by, Scope::default()).await.unwrap();
        assert_eq!(parts.iter().map(|part| part.usage.calls).sum::<u64>(), whole.calls, "{by}");
        assert_eq!(parts.iter().filter_map(|part| part.usage.cost).map(|cost| cost.pico()).sum::<i128>(), {
            whole.cost.unwrap().pico()
        });
        let Some(report) = Report::find(&format!("spend_by_{by}")) else { continue };
        let table = report.run(&store, &Scope::default()).await.unwrap();
        let mut told: Vec<_> = parts.iter().map(|part| row(part.value.as_deref(), &part.usage)).collect();
        let mut reported: Vec<_> = (0..table.rows.len()).map(|at| reported(&table, by.as_str(), at)).collect();
        told.sort_unstable();
        reported.sort_unstable();
        assert_eq!(told, reported, "{by}");
        compared += 1;
    }
    assert_eq!(compared, 12, "columns that have a report");
}

fn row(value: Option<&str>, usage: &Summary) -> String {
    let cost = usage.cost.map(|cost| cost.to_string());
    format!("{value:?} {} {} {:?} {cost:?} {}", usage.calls, usage.errors, usage.output_tokens, usage.unpriced)
}

fn reported(table: &Table, by: &str, at: usize) -> String {
    let value = |name: &str| &table.rows[at][table.columns.iter().position(|column| column == name).unwrap()];
    let by = table.columns.iter().find(|column| [by, &format!("{by}_id"), &format!("{by}_name")].contains(&&***column));
    let count = |name| value(name).as_u64().unwrap();
    let (part, output) = (value(by.unwrap()).as_str(), value("output_tokens").as_u64());
    let cost = value("cost_usd").as_str().map(str::to_owned);
    format!("{part:?} {} {} {output:?} {cost:?} {}", count("calls"), count("errors"), count("unpriced"))
}

#[tokio::test]
async fn days_are_those_of_the_zone() {
    let (ledger, _folder) = ledger((1..=40).map(call)).await;
    let mut scope = Scope::default();
    scope.zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let days = ledger.usage_by(By::Day, scope).await.unwrap();
    let days: Vec<_> = days.iter().map(|day| (day.value.as_deref().unwrap(), day.usage.calls)).collect();
    assert_eq!(days, [("2026-02-28", 4), ("2026-03-01", 24), ("2026-03-02", 12)]);
}

#[tokio::test]
async fn sums_beyond_nine_million_dollars_are_exact() {
    let (ledger, _folder) = ledger((1..=4).map(|number| costs(call(number), i64::MAX))).await;
    let cost = ledger.usage(Scope::default()).await.unwrap().cost.unwrap();
    assert_eq!(cost.pico(), 4 * i128::from(i64::MAX));
    assert_eq!(cost.to_string(), "36893488.147419103228");
    assert_eq!(cost.to_usd(), None);
    let models = ledger.usage_by(By::Model, Scope::default()).await.unwrap();
    assert_eq!(one_of(&models, "o3").cost.unwrap().pico(), 2 * i128::from(i64::MAX));
}

#[tokio::test]
async fn what_was_recorded_before_the_question_is_in_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(format!("sqlite://{}", folder.path().join("usage.db").display())).await.unwrap();
    for number in 1..=50 {
        ledger.record(call(number));
        let usage = ledger.usage(Scope::default()).await.unwrap();
        assert_eq!((usage.calls, usage.waiting), (number, 0));
    }
}

#[test]
fn a_program_without_a_runtime_is_answered_too() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open_blocking(format!("sqlite://{}", folder.path().join("usage.db").display())).unwrap();
    ledger.record(call(1));
    ledger.record(call(2));
    assert_eq!(ledger.usage_blocking(Scope::default()).unwrap().calls, 2);
    assert_eq!(ledger.usage_by_blocking(By::Model, Scope::default()).unwrap().len(), 2);
}

#[tokio::test]
async fn the_blocking_twin_may_be_called_inside_a_runtime() {
    let (ledger, _folder) = ledger([call(1)]).await;
    assert_eq!(ledger.usage_blocking(Scope::default()).unwrap().calls, 1);
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_is_an_error_and_calls_are_recorded_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usage.db");
    std::fs::write(&file, "this is no database, and never was one: it is a text of some length").unwrap();
    let ledger = Ledger::open(format!("sqlite://{}", file.display())).await.unwrap();
    ledger.record(call(1));
    let error = ledger.usage(Scope::default()).await.unwrap_err().to_string();
    assert!(!error.is_empty() && !error.contains("panicked"), "{error}");
    assert_eq!(ledger.health().waiting, 1);
}
