//! Money that can be audited: what people read of prices, of what changes them, and of a provider's own figures.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{path::Path, process::Command};

use opentelemetry::trace::{SpanId, TraceId};
use spanledger::{
    PriceBook,
    call::{Call, Record, Timestamp, UsageSource},
    store::{Store, sqlite::Sqlite},
};
use tempfile::TempDir;

mod prices;
mod reconcile;
#[path = "../recorded/mod.rs"]
mod recorded;
mod reprice;

/// 2026-11-02T12:00:00Z.
const NOON: i64 = 1_793_620_800_000_000;
const HOUR: i64 = 3_600_000_000;

/// A priced call, so many hours after noon of the second of November.
fn call(hours: i64, provider: &'static str, model: &str, tokens: [u64; 2]) -> Call {
    let mut call = Call::default();
    call.started_at = Timestamp::from_micros(NOON + hours * HOUR);
    call.ended_at = call.started_at;
    call.provider = provider.into();
    call.operation = "chat".into();
    call.request.model = Some(model.to_owned());
    call.outcome.http_status = Some(200);
    [call.usage.input_tokens, call.usage.output_tokens] = tokens.map(Some);
    call.usage.source = UsageSource::Provider;
    call.cost = PriceBook::bundled().price(&call);
    call
}

/// A ledger with these calls, each with ids of its own.
fn ledger_with(calls: Vec<Call>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<_> = calls.into_iter().zip(1u64..).map(|(call, number)| record(call, number)).collect();
    blocking(async {
        let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        store.insert(&records).await.unwrap();
        store.close().await;
    });
    folder
}

fn record(mut call: Call, number: u64) -> Record {
    call.identity.trace_id = TraceId::from_bytes(u128::from(number).to_be_bytes());
    call.identity.span_id = SpanId::from_bytes(number.to_be_bytes());
    Record::Call(Box::new(call))
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What a person sees: the exit code, standard output, standard error.
fn seen(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    command.current_dir(folder).env_remove("SPANLEDGER_LEDGER").env_remove("SPANLEDGER_PRICES").args(arguments);
    let output = command.output().unwrap();
    format!(
        "$ spanledger {}\n[{}]\n{}--- stderr\n{}",
        arguments.join(" "),
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap().replace(&folder.display().to_string(), "DIR"),
    )
}
