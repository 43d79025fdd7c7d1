//! Rows of values into a table, many to a statement: each statement is a round trip to the driver's thread, so one with
//! many rows is worth many times one with a single row.

use sqlx::{Arguments, SqliteConnection, sqlite::SqliteArguments};

use crate::store::{
    clean::{self, Hash},
    columns::Cell,
    moment::sql_text,
};

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
    /// Into a table, given the columns that are bound; the time of arrival is bound behind them, twice. `tail` says what
    /// happens to a row that is there already.
    pub(super) fn new(table: &str, columns: &[&str], tail: &str) -> Self {
        let head = format!("INSERT INTO {table} ({}, created_at, updated_at) VALUES ", columns.join(", "));
        let row = format!("({}?, ?)", "?, ".repeat(columns.len()));
        Self(SIZES.map(|size| format!("{head}{} {tail}", vec![row.as_str(); size].join(", "))))
    }

    /// Runs it over all rows. How many of them changed something.
    pub(super) async fn run(
        &'static self,
        connection: &mut SqliteConnection,
        now: &str,
        mut rows: &[Vec<Cell<'_>>],
    ) -> sqlx::Result<u64> {
        let mut written = 0;
        for (size, sql) in SIZES.iter().zip(&self.0) {
            while let Some((chunk, rest)) = rows.split_at_checked(*size) {
                let mut arguments = SqliteArguments::default();
                for row in chunk {
                    row.iter().try_for_each(|cell| bind(&mut arguments, cell)).map_err(sqlx::Error::Encode)?;
                    arguments.add(now).map_err(sqlx::Error::Encode)?;
                    arguments.add(now).map_err(sqlx::Error::Encode)?;
                }
                written += sqlx::query_with(sql.as_str(), arguments).execute(&mut *connection).await?.rows_affected();
                rows = rest;
            }
        }
        Ok(written)
    }
}

fn bind(arguments: &mut SqliteArguments, cell: &Cell<'_>) -> Result<(), sqlx::error::BoxDynError> {
    match cell {
        Cell::Null => arguments.add(None::<i64>),
        Cell::Text(text) => arguments.add(&**text),
        Cell::Integer(number) => arguments.add(*number),
        Cell::Real(number) => arguments.add(*number),
        Cell::Bool(flag) => arguments.add(i64::from(*flag)),
        Cell::Moment(moment) => arguments.add(sql_text(*moment)),
        Cell::Money(amount) => arguments.add(amount.pico()),
        Cell::Json(value) => arguments.add(clean::json_text(value)),
    }
}

/// A hash of a row's content: it orders versions that nothing else orders.
pub(super) fn hash(row: &[Cell<'_>]) -> i64 {
    let mut hash = Hash::new();
    for cell in row {
        match cell {
            Cell::Null => hash.field(&[0]),
            Cell::Text(text) => hash.field(text.as_bytes()),
            Cell::Integer(number) => hash.field(&number.to_be_bytes()),
            Cell::Real(number) => hash.field(&number.to_bits().to_be_bytes()),
            Cell::Bool(flag) => hash.field(&[u8::from(*flag)]),
            Cell::Moment(moment) => hash.field(&moment.micros().to_be_bytes()),
            Cell::Money(amount) => hash.field(&amount.pico().to_be_bytes()),
            Cell::Json(value) => hash.field(value.to_string().as_bytes()),
        }
    }
    hash.finish()
}
