//! `spanledger doctor` and `Ledger::health`: how a ledger is, and what to do about it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;
use spanledger::{
    Ledger, PriceBook,
    call::{Call, Record, Timestamp, UsageSource},
    store::{MigrationState, Query, Store, sqlite::Sqlite},
};
use tempfile::TempDir;

fn doctor(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    program.current_dir(folder).env_remove("SPANLEDGER_LEDGER").env_remove("SPANLEDGER_SPOOL");
    program.arg("doctor").args(arguments).output().unwrap()
}

/// What a check says: `status: finding`.
fn said(folder: &Path, check: &str) -> String {
    let output = doctor(folder, &["--deep", "--format", "json"]);
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = findings.as_array().unwrap();
    let needs_attention = findings.iter().any(|finding| finding["status"] == "attention");
    assert_eq!(output.status.code(), Some(i32::from(needs_attention)), "the exit code says so too");
    assert!(output.stderr.is_empty());
    let found = findings.iter().rev().find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check}: {findings:#?}"));
    assert!(found["status"] == "ok" || !found["hint"].is_null(), "what to do about it: {found}");
    format!("{}: {}", found["status"].as_str().unwrap(), found["finding"].as_str().unwrap())
}

fn call(number: u8, age: Duration) -> Call {
    let mut call = Call::default();
    call.identity.trace_id = TraceId::from_bytes([number; 16]);
    call.identity.span_id = SpanId::from_bytes([number; 8]);
    call.started_at = Timestamp::from_micros(Timestamp::now().micros() - i64::try_from(age.as_micros()).unwrap());
    call.ended_at = call.started_at;
    call.provider = "openai".into();
    call.operation = "chat".into();
    call.request.model = Some("gpt-4o".to_owned());
    call.usage.input_tokens = Some(10);
    call.usage.source = UsageSource::Provider;
    call.cost.total = "0.5".parse().ok();
    call
}

fn ledger(calls: Vec<Call>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<_> = calls.into_iter().map(|call| Record::Call(Box::new(call))).collect();
    with_store(folder.path(), async |store| {
        store.migrate().await.unwrap();
        store.insert(&records).await.unwrap();
    });
    folder
}

fn with_store<T>(folder: &Path, work: impl AsyncFnOnce(&Sqlite) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(folder.join("usage.db"), true).unwrap();
        let result = work(&store).await;
        store.close().await;
        result
    })
}

#[test]
fn a_healthy_ledger_needs_no_attention() {
    let folder = ledger(vec![call(1, Duration::from_secs(600))]);
    let output = doctor(folder.path(), &["--deep", "--columns", "check,status"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(said(folder.path(), "newest call"), "ok: 10 minutes ago");
    assert_eq!(said(folder.path(), "integrity"), "ok: No damage found");
    assert_eq!(said(folder.path(), "unpriced"), "ok: 0 of 1 calls of 30 days have no price");
    assert!(said(folder.path(), "prices").contains(PriceBook::list().version));
}

#[test]
fn looking_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(said(folder.path(), "ledger").starts_with("attention: There is no ledger at usage.db"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_waits_and_is_drained_by_nobody_needs_a_drain() {
    let folder = ledger(vec![call(1, Duration::from_secs(1))]);
    let spool = folder.path().join("usage.db.spool");
    fs::create_dir(&spool).unwrap();
    let segment = spool.join("20260101T000000.000001Z-1-00000000.jsonl");
    fs::write(&segment, "{}\n{}\n").unwrap();
    let waiting = said(folder.path(), "waiting");
    assert!(waiting.starts_with("attention: 2 lines") && waiting.ends_with("and nobody drains them"), "{waiting}");
    assert_eq!(fs::read(&segment).unwrap(), b"{}\n{}\n", "it only looks");

    let lock = fs::File::create(spool.join("drain.lock")).unwrap();
    lock.try_lock().unwrap();
    assert!(said(folder.path(), "waiting").starts_with("ok: At most 2 lines"));
    drop(lock);
    fs::remove_file(segment).unwrap();
    assert_eq!(said(folder.path(), "waiting"), "ok: Nothing");
}

#[test]
fn what_was_set_aside_is_counted_by_reason() {
    let folder = ledger(vec![call(1, Duration::from_secs(1))]);
    let spool = folder.path().join("usage.db.spool");
    fs::create_dir(&spool).unwrap();
    let aside =
        |reason: &str| format!("{{\"reason\":\"{reason}\",\"at\":\"\",\"segment\":\"a\",\"offset\":1,\"length\":1}}\n");
    fs::write(spool.join("set-aside.jsonl"), [aside("torn"), aside("garbage"), aside("torn")].concat()).unwrap();
    assert_eq!(said(folder.path(), "set aside"), "attention: 3 lines (2: torn; 1: garbage)");
}

#[test]
fn a_schema_of_a_newer_program_is_named() {
    let folder = ledger(vec![]);
    with_store(folder.path(), async |store| {
        let newer = Query::new(
            "INSERT INTO spanledger_migrations (version, description, installed_on, success, checksum, execution_time)
             VALUES (99, 'later', '2026-01-01', 1, x'00', 0)",
        );
        store.change(&[newer]).await.unwrap();
    });
    assert!(said(folder.path(), "schema").starts_with("attention: version 99; this program knows "));
}

#[test]
fn clocks_that_cannot_be_right_are_named() {
    let mut ahead = call(1, Duration::ZERO);
    ahead.started_at = ahead.started_at.after(Duration::from_secs(7200 + 60));
    ahead.ended_at = ahead.started_at;
    let folder = ledger(vec![ahead]);
    assert_eq!(said(folder.path(), "clock"), "attention: The newest call is 2 hours in the future");
}

#[test]
fn what_cannot_be_summed_is_a_share_of_all() {
    let mut calls: Vec<_> = (1..=20).map(|number| call(number, Duration::from_secs(60))).collect();
    calls[0].cost.total = None;
    for call in &mut calls[..5] {
        call.request.stream = Some(true);
        call.usage = spanledger::call::Usage::default();
    }
    let folder = ledger(calls);
    assert_eq!(said(folder.path(), "unpriced"), "note: 1 of 20 calls of 30 days have no price");
    assert_eq!(said(folder.path(), "streams without usage"), "attention: 5 of 5 streams of 30 days tell no tokens");
}

#[test]
fn a_database_of_somebody_else_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usage.db");
    rusqlite::Connection::open(&file).unwrap().execute("CREATE TABLE theirs (a)", ()).unwrap();
    let before = fs::read(&file).unwrap();
    assert!(said(folder.path(), "schema").starts_with("attention: version none"));
    assert!(fs::read(&file).unwrap() == before, "not a byte is changed, its journal mode neither");
}

#[test]
fn damage_is_found_by_looking_deep() {
    let folder = ledger((1..=100).map(|number| call(number, Duration::from_secs(60))).collect());
    let file = folder.path().join("usage.db");
    let mut bytes = fs::read(&file).unwrap();
    let id = b"openai";
    let last = (0..bytes.len() - id.len()).rev().find(|at| bytes[*at..].starts_with(id)).unwrap();
    let page = last / 4096 * 4096;
    bytes[page..page + 4096].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let output = doctor(folder.path(), &["--deep"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("damaged") || told.contains("malformed"), "{told}");
}

#[test]
fn health_tells_the_schema_and_the_date_of_the_prices() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open_blocking(format!("sqlite://{}/usage.db", folder.path().display())).unwrap();
    assert!(ledger.ready_blocking(Duration::from_secs(30)));
    let health = ledger.health();
    let _ = ledger.shutdown_blocking(Duration::from_secs(30));
    let known = with_store(folder.path(), async |store| store.migrations().await.unwrap());
    assert!(known.iter().all(|step| step.state == MigrationState::Applied));
    assert_eq!(health.schema_version, known.iter().map(|step| step.version).max());
    assert_eq!(health.price_date, PriceBook::list().date);
}
