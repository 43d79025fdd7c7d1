//! The models that were used.

use super::{Scope, money};
use crate::store::{Error, Store, Table};

/// The models that were used in a scope: identifier, alias, provider, calls, tokens, cost, first and last use; and the names
/// under which a price list may know them, `called` and `answered`.
///
/// # Errors
/// What the store says.
pub async fn models(store: &dyn Store, scope: &Scope) -> Result<Table, Error> {
    let query = scope.query(store, include_str!("models.sql"), None).await?;
    Ok(money::whole(store.query(&query).await?))
}
