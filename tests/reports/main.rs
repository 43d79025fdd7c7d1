//! Reports: known calls and known answers, sums that add up, and ledgers at the edge of what reports can meet.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod answers;
mod edges;
mod known;
mod sums;

use std::time::Duration;

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;
use spanledger::{
    CallContext,
    call::{Call, PricingStatus, Record, Timestamp, UsageSource, Usd},
    report::{Format, Report, Scope},
    store::{Query, Store, Table, sqlite::Sqlite},
};
use tempfile::TempDir;

/// A ledger, made for a test.
struct Made {
    store: Sqlite,
    _folder: TempDir,
}

impl Made {
    async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        Self { store, _folder: folder }
    }

    async fn of(calls: impl IntoIterator<Item = Call>) -> Self {
        let made = Self::empty().await;
        let records: Vec<_> = calls.into_iter().map(|call| Record::Call(Box::new(call))).collect();
        made.store.insert(&records).await.unwrap();
        made
    }

    /// A report's answer about everything.
    async fn report(&self, report: &Report) -> Table {
        report.run(&self.store, &Scope::default()).await.unwrap()
    }

    /// The same, by name.
    async fn named(&self, name: &str) -> Table {
        self.report(Report::find(name).unwrap()).await
    }

    async fn change(&self, sql: &'static str) {
        self.store.change(&[Query::new(sql)]).await.unwrap();
    }
}

/// A table as people read it.
fn text(table: &Table) -> String {
    let mut out = Vec::new();
    Format::Table.write(table, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A column's values.
fn column<'a>(table: &'a Table, name: &str) -> Vec<&'a Value> {
    let at = table.columns.iter().position(|column| column == name).unwrap();
    table.rows.iter().map(|row| &row[at]).collect()
}

/// A decimal of dollars in pico-dollars, however large.
fn pico(amount: &Value) -> Option<i128> {
    let text = amount.as_str()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<12}").parse().ok()
}

/// A call, by its number: it begins so many seconds after 2026-03-01T00:00:00Z and takes a second.
fn call(number: u64, second: i64) -> Call {
    const MARCH: i64 = 1_772_323_200_000_000;
    let mut call = Call::new("openai", "chat");
    call.identity.trace_id = TraceId::from_bytes(u128::from(number).to_be_bytes());
    call.identity.span_id = SpanId::from_bytes(number.to_be_bytes());
    call.started_at = Timestamp::from_micros(MARCH + second * 1_000_000);
    took(call, 1000)
}

fn took(mut call: Call, milliseconds: u64) -> Call {
    call.duration = Some(Duration::from_millis(milliseconds));
    call.ended_at = call.started_at.after(Duration::from_millis(milliseconds));
    call
}

/// A call that used so many tokens and cost so much; `None`: nobody knows a price.
fn spent(mut call: Call, model: &str, tokens: (u64, u64), cost: Option<&str>) -> Call {
    call.request.model = Some(model.to_owned());
    call.usage.input_tokens = Some(tokens.0);
    call.usage.output_tokens = Some(tokens.1);
    call.usage.source = UsageSource::Provider;
    call.cost.total = cost.map(|cost| cost.parse::<Usd>().unwrap());
    call.cost.status = Some(if cost.is_some() { PricingStatus::Exact } else { PricingStatus::Unpriced });
    call
}

fn failed(mut call: Call, error_type: &str, message: &str) -> Call {
    call.outcome.error_type = Some(error_type.to_owned());
    call.outcome.error_message = Some(message.to_owned());
    call
}

fn with(mut call: Call, context: CallContext) -> Call {
    call.context = context;
    call
}
