//! Our queries' parameters and answers.

use serde_json::{Number, Value};
use sqlx::{
    Arguments, AssertSqlSafe, Column as _, Executor, Row, SqlSafeStr, SqliteConnection, Statement, TypeInfo, ValueRef,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    call::Usd,
    store::{Query, Table, columns, columns::Kind, from_sql_text},
};

pub(super) async fn run(connection: &mut SqliteConnection, query: &Query) -> sqlx::Result<Table> {
    let arguments = arguments(query)?;
    // Safe: `Query` takes only texts of this program.
    let statement = connection.prepare(AssertSqlSafe(query.sql()).into_sql_str()).await?;
    let columns: Vec<String> = statement.columns().iter().map(|column| column.name().to_owned()).collect();
    let kinds: Vec<_> = columns.iter().map(|name| columns::kind(name)).collect();
    let rows = statement.query_with(arguments).fetch_all(connection).await?;
    let rows = rows.iter().map(|row| kinds.iter().enumerate().map(|(at, kind)| decode(row, at, *kind)).collect());
    Ok(Table { rows: rows.collect::<sqlx::Result<_>>()?, columns })
}

/// Runs a statement that changes something. How many rows it changed.
pub(super) async fn execute(connection: &mut SqliteConnection, change: &Query) -> sqlx::Result<u64> {
    let arguments = arguments(change)?;
    // Safe: `Query` takes only texts of this program.
    let sql = AssertSqlSafe(change.sql()).into_sql_str();
    Ok(sqlx::query_with(sql, arguments).execute(connection).await?.rows_affected())
}

fn arguments(query: &Query) -> sqlx::Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for value in query.parameters() {
        bind(&mut arguments, value).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn bind(arguments: &mut SqliteArguments, value: &Value) -> Result<(), sqlx::error::BoxDynError> {
    match value {
        Value::Null => arguments.add(None::<i64>),
        Value::Bool(flag) => arguments.add(i64::from(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => arguments.add(whole),
            None => arguments.add(number.as_f64()),
        },
        Value::String(text) => arguments.add(text.as_str()),
        json => arguments.add(json.to_string()),
    }
}

fn decode(row: &SqliteRow, at: usize, kind: Option<Kind>) -> sqlx::Result<Value> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" | "INT" | "BIGINT" | "BOOLEAN" => integer(row.try_get_unchecked(at)?, kind),
        "REAL" => Number::from_f64(row.try_get_unchecked(at)?).map_or(Value::Null, Value::Number),
        "BLOB" => Value::String("(binary)".to_owned()),
        _ => text(row.try_get_unchecked(at)?, kind),
    })
}

fn integer(number: i64, kind: Option<Kind>) -> Value {
    match kind {
        Some(Kind::Bool) => Value::Bool(number != 0),
        Some(Kind::Money) => Usd::from_pico(number).to_string().into(),
        _ => number.into(),
    }
}

fn text(text: String, kind: Option<Kind>) -> Value {
    match kind {
        Some(Kind::Moment) => from_sql_text(&text).unwrap_or(text).into(),
        Some(Kind::Json) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        _ => text.into(),
    }
}
