//! What was asked and answered into its table, all of a batch in one statement.

use std::borrow::Cow;

use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::{
    call::Content,
    store::{clean, moment::sql_text},
};

/// How many rows changed.
pub(super) async fn insert(connection: &mut SqliteConnection, contents: &[&Content]) -> sqlx::Result<u64> {
    if contents.is_empty() {
        return Ok(0);
    }
    let rows: Value = contents.iter().map(|content| row(content)).collect();
    let insert = sqlx::query(include_str!("contents.sql")).bind(rows.to_string());
    Ok(insert.execute(connection).await?.rows_affected())
}

fn row(content: &Content) -> Value {
    let text = |value: &Value| {
        let value = clean::json(Cow::Borrowed(value)).to_string();
        clean::json_text(&value).into_owned()
    };
    json!([
        content.row_id.text(),
        sql_text(content.started_at),
        content.prompt.as_deref().map(clean::text),
        content.request.as_ref().map(text),
        content.response.as_ref().map(text),
    ])
}
