//! Rows by their ids, or by what these begin with.

use anyhow::bail;
use serde_json::Value;

use crate::{
    call::RowId,
    store::{Query, Store, Table},
};

/// An id, or the beginning of one, as it is stored.
pub(super) fn digits(id: &str) -> anyhow::Result<String> {
    let id = id.trim().to_ascii_lowercase();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        bail!("An id is made of the digits 0 to 9, the letters a to f, and dashes");
    }
    Ok(id)
}

/// The texts of a table's first column.
pub(super) fn ids(table: &Table) -> String {
    let ids = table.rows.iter().filter_map(|row| row.first().and_then(Value::as_str));
    ids.collect::<Vec<_>>().join(", ")
}

/// The row that an id names, whole or by its beginning. A whole one needs no row yet.
pub(super) async fn find(store: &dyn Store, id: &str) -> anyhow::Result<RowId> {
    let digits = digits(id)?;
    if let Ok(whole) = digits.parse() {
        return Ok(whole);
    }
    let query = Query::new("SELECT id FROM usage_log WHERE id >= ? AND id < ? ORDER BY id LIMIT 5");
    let table = store.query(&query.bind(digits.clone()).bind(format!("{digits}~"))).await?;
    match table.rows.as_slice() {
        [] => bail!("The ledger has no call {id}"),
        [row] => Ok(row.first().and_then(Value::as_str).unwrap_or_default().parse()?),
        _ => bail!("Several calls begin with {id}: {}", ids(&table)),
    }
}

/// Whether the row is there.
pub(super) async fn exists(store: &dyn Store, id: RowId) -> anyhow::Result<bool> {
    let query = Query::new("SELECT 1 FROM usage_log WHERE id = ?").bind(id.to_string());
    Ok(!store.query(&query).await?.rows.is_empty())
}
