//! Configurations into their table: few, so all of a batch in one statement.

use std::borrow::Cow;

use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::{
    call::Configured,
    store::{clean, configuration::canonical, moment::sql_text},
};

/// How many rows changed.
pub(super) async fn insert(connection: &mut SqliteConnection, configurations: &[&Configured]) -> sqlx::Result<u64> {
    if configurations.is_empty() {
        return Ok(0);
    }
    let rows: Value = configurations.iter().map(|configured| row(configured)).collect();
    let insert = sqlx::query(include_str!("configurations.sql")).bind(rows.to_string());
    Ok(insert.execute(connection).await?.rows_affected())
}

fn row(configured: &Configured) -> Value {
    let Configured { id, recorded_at, configuration } = configured;
    let content = canonical(&clean::json(Cow::Borrowed(&configuration.content))).to_string();
    json!([clean::text(id), clean::text(&configuration.name), clean::json_text(&content), sql_text(*recorded_at)])
}
