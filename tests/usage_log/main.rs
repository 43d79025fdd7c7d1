//! The views that five teams query, asked as each of them asks: plain SQLite, their SQL, known data, known answers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

mod ai_call;
mod ai_call_logs;
mod ai_usage_log;
mod model_usage;
mod rules;

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;
use spanledger::{
    call::{Call, Later, Record, RowId, Timestamp, Usd},
    confidence::Trust,
    store::{self, Store, sqlite::Sqlite},
};
use sqlx::{Column, Connection, Row, SqliteConnection, TypeInfo, ValueRef, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// 2026-03-01T12:00:00Z.
const NOON: i64 = 1_772_366_400_000_000;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A ledger with known calls, and a connection as a team has it.
struct Known {
    store: Sqlite,
    connection: SqliteConnection,
    calls: u64,
    _folder: TempDir,
}

impl Known {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("usage.db");
        let store = Sqlite::open(&file, true).unwrap();
        store.migrate().await.unwrap();
        let options = SqliteConnectOptions::new().filename(file).foreign_keys(true);
        let connection = SqliteConnection::connect_with(&options).await.unwrap();
        Self { store, connection, calls: 0, _folder: folder }
    }

    /// Records a call: seconds after noon, how long it took, the model, tokens in and out, and whatever else.
    async fn call(&mut self, at: i64, model: &str, tokens: (u64, u64), fill: impl FnOnce(&mut Call)) -> RowId {
        self.calls += 1;
        let mut call = Call::default();
        call.identity.trace_id = TraceId::from_bytes(u128::from(self.calls).to_be_bytes());
        call.identity.span_id = SpanId::from_bytes(self.calls.to_be_bytes());
        call.started_at = Timestamp::from_micros(NOON + at * SECOND);
        call.ended_at = Timestamp::from_micros(NOON + (at + 1) * SECOND);
        call.duration = Some(std::time::Duration::from_secs(1));
        call.provider = "openai".into();
        call.operation = "chat".into();
        call.request.model = Some(model.to_owned());
        call.usage.input_tokens = Some(tokens.0);
        call.usage.output_tokens = Some(tokens.1);
        fill(&mut call);
        let id = store::row_id(&call);
        self.store.insert(&[Record::Call(Box::new(call))]).await.unwrap();
        id
    }

    async fn learn(&self, row_id: RowId, trust: Trust) {
        let recorded_at = Timestamp::from_micros(NOON + DAY);
        self.store.insert(&[Record::Later(Box::new(Later { row_id, recorded_at, trust }))]).await.unwrap();
    }

    /// Asks as any SQLite client does: booleans are numbers, JSON and times are text.
    async fn ask(&mut self, sql: &'static str) -> Vec<Vec<Value>> {
        let rows =
            sqlx::query(sql).fetch_all(&mut self.connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let value = |row: &sqlx::sqlite::SqliteRow, at: usize| {
            let raw = row.try_get_raw(at).unwrap();
            match raw.type_info().name() {
                _ if raw.is_null() => Value::Null,
                "INTEGER" | "BOOLEAN" => row.get_unchecked::<i64, _>(at).into(),
                "REAL" => row.get_unchecked::<f64, _>(at).into(),
                _ => row.get_unchecked::<String, _>(at).into(),
            }
        };
        rows.iter().map(|row| (0..row.len()).map(|at| value(row, at)).collect()).collect()
    }

    /// The columns of a view, in order.
    async fn columns(&mut self, sql: &'static str) -> Vec<String> {
        self.call(0, "any", (1, 1), |_| ()).await;
        let row = sqlx::query(sql).fetch_one(&mut self.connection).await.unwrap();
        row.columns().iter().map(|column| column.name().to_owned()).collect()
    }
}

fn failed(call: &mut Call, message: &str) {
    call.outcome.http_status = Some(500);
    call.outcome.error_type = Some("500".to_owned());
    call.outcome.error_message = Some(message.to_owned());
}

fn costs(call: &mut Call, amount: &str) {
    call.cost.total = Some(amount.parse::<Usd>().unwrap());
}

/// Rows of values, for comparison with an answer.
macro_rules! rows {
    ($($row:tt),* $(,)?) => {
        serde_json::from_value::<Vec<Vec<serde_json::Value>>>(serde_json::json!([$($row),*])).unwrap()
    };
}
use rows;
