//! Rows of values into a table, many to a statement: each statement is a round trip to the driver's thread, so one with
//! many rows is worth many times one with a single row. While that thread works, the next rows are bound.

use std::{future::poll_fn, pin::pin, task::Poll};

use sqlx::{SqliteConnection, error::BoxDynError};

use super::values::Values;

/// How many rows a statement takes: the largest that still fits is used. Few sizes, so that all stay prepared; with the
/// widest table 100 rows are 6,000 of SQLite's 32,766 variables, and 500 are no faster (measured).
const SIZES: [usize; 4] = [100, 20, 5, 1];

/// The texts of one upsert, one for each of the [`SIZES`].
///
/// Parameters are plain `?`: the driver asks for the name of each, and SQLite looks through all `?1`, `?2`, … for it, which
/// made a batch thirty times slower.
#[derive(Debug)]
pub(super) struct Upsert([String; SIZES.len()]);

impl Upsert {
    /// Into a table, given the columns that are bound: those of a row, and at last the hash of its content. The time of
    /// arrival is bound behind them, twice. `tail` says what happens to a row that is there already.
    pub(super) fn new(table: &str, columns: &[&str], tail: &str) -> Self {
        let head = format!("INSERT INTO {table} ({}, created_at, updated_at) VALUES ", columns.join(", "));
        let row = format!("({}?, ?)", "?, ".repeat(columns.len()));
        Self(SIZES.map(|size| format!("{head}{} {tail}", vec![row.as_str(); size].join(", "))))
    }

    /// Runs it over all rows, each bound by `bind`. How many of them changed something.
    pub(super) async fn run<R>(
        &'static self,
        connection: &mut SqliteConnection,
        now: &str,
        mut rows: &[R],
        bind: impl Fn(&R, &mut Values) -> Result<(), BoxDynError>,
    ) -> sqlx::Result<u64> {
        let mut values = Values::new(now);
        let mut next = || {
            let (size, sql) = SIZES.iter().zip(&self.0).find(|(size, _)| **size <= rows.len())?;
            let (chunk, rest) = rows.split_at_checked(*size)?;
            rows = rest;
            Some(values.of(chunk, &bind).map(|arguments| (sql, arguments)))
        };
        let (mut written, mut bound) = (0, next());
        while let Some(chunk) = bound {
            let (sql, arguments) = chunk.map_err(sqlx::Error::Encode)?;
            let execute = sqlx::query_with(sql.as_str(), arguments).execute(&mut *connection);
            let (done, following) = meanwhile(execute, &mut next).await;
            written += done?.rows_affected();
            bound = following;
        }
        Ok(written)
    }
}

/// Begins something, does something else while it is under way, and waits for it.
async fn meanwhile<T, U>(something: impl Future<Output = T>, other: impl FnOnce() -> U) -> (T, U) {
    let mut something = pin!(something);
    let begun = poll_fn(|context| Poll::Ready(something.as_mut().poll(context))).await;
    let other = other();
    match begun {
        Poll::Ready(done) => (done, other),
        Poll::Pending => (something.await, other),
    }
}
