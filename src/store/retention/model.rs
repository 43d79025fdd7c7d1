//! A model with all that belongs to it.

use serde_json::Value;

use crate::store::{Error, Query, Store};

/// A row of `ai_model`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// Its id, which `usage_log.model_id` names.
    pub id: String,
    /// Its name: `gpt-4o`.
    pub name: String,
    /// Its version: `2024-08-06`; empty where it has none.
    pub version: String,
}

/// What goes with a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Belongings {
    /// Its calls.
    pub calls: u64,
    /// Of so many of them what was said.
    pub content: u64,
    /// What was learnt of them later.
    pub scores: u64,
    /// What those that count cost, as far as that is known, in pico-dollars (1e-12 USD).
    pub cost_pico: i128,
}

/// The models that `NAME` or `NAME@VERSION` means: one, if it says enough.
///
/// # Errors
/// As the store's.
pub async fn models(store: &dyn Store, name: &str) -> Result<Vec<Model>, Error> {
    let (before, behind) = name.rsplit_once('@').map_or((Value::Null, Value::Null), |(a, b)| (a.into(), b.into()));
    let query = Query::new(include_str!("models.sql")).bind(name).bind(before).bind(behind);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows = store.query(&query).await?.rows;
    let model = |row: &Vec<Value>| Model { id: text(row.first()), name: text(row.get(1)), version: text(row.get(2)) };
    Ok(rows.iter().map(model).collect())
}

/// What goes with a model.
///
/// # Errors
/// As the store's.
pub async fn belongings(store: &dyn Store, id: &str) -> Result<Belongings, Error> {
    let table = store.query(&Query::new(include_str!("model.sql")).bind(id)).await?;
    let number = |at: usize| table.rows.first().and_then(|row| row.get(at)?.as_i64()).unwrap_or(0);
    let count = |at: usize| u64::try_from(number(at)).unwrap_or(0);
    let cost_pico = i128::from(number(3)) * 1_000_000 + i128::from(number(4));
    Ok(Belongings { calls: count(0), content: count(1), scores: count(2), cost_pico })
}

/// Deletes a model, and with it what calls it has by now. ([`Sweep::of_model`](super::Sweep::of_model) deletes them before
/// in batches.)
///
/// # Errors
/// As the store's.
pub async fn delete_model(store: &dyn Store, id: &str) -> Result<(), Error> {
    store.change(&[Query::new("DELETE FROM ai_model WHERE id = ?1").bind(id)]).await.map(drop)
}
