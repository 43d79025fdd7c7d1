//! Writing without HTTP: what applications tell the ledger of themselves.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod promises;
mod scores;
mod spans;
mod teams;

use std::time::Duration;

use serde_json::Value;
use spanledger::{Ledger, ledger::Builder};
use sqlx::{Connection, Row, SqliteConnection, TypeInfo, ValueRef, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

/// A ledger of one's own, opened as a program without a runtime does it.
struct Desk {
    ledger: Ledger,
    folder: TempDir,
}

impl Desk {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open_blocking(url(&folder)).unwrap();
        Self { ledger, folder }
    }

    /// With choices of its own.
    fn of(choose: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = choose(Ledger::builder(url(&folder))).open().unwrap();
        Self { ledger, folder }
    }

    /// Asks as any SQLite client does, once all is stored: booleans are numbers, JSON and times are text.
    fn ask(&self, sql: &'static str) -> Vec<Vec<Value>> {
        assert_eq!(self.ledger.flush_blocking(SOON).waiting, 0, "everything is stored: {:?}", self.ledger.health());
        ask(&self.folder, sql)
    }
}

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("usage.db").display())
}

fn ask(folder: &TempDir, sql: &'static str) -> Vec<Vec<Value>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("usage.db"));
    let rows = runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query(sql).fetch_all(&mut connection).await.unwrap()
    });
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

/// Rows of values, for comparison with an answer.
macro_rules! rows {
    ($($row:tt),* $(,)?) => {
        serde_json::from_value::<Vec<Vec<serde_json::Value>>>(serde_json::json!([$($row),*])).unwrap()
    };
}
use rows;
