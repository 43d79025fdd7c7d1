//! Who the users are, beside their ids: filled by import, joined to show and to search, never required.

use serde_json::Value;

use super::{Error, Query, Store, Table, clean, sql_text};
use crate::call::Timestamp;

/// A user. `None`: the source does not say, and what is known stays. `Some(None)`: it says that there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// `usage_log.user_id`.
    pub id: String,
    /// What people call them.
    pub name: Option<Option<String>>,
    /// Their address.
    pub email: Option<Option<String>>,
    /// A page about them.
    pub link: Option<Option<String>>,
}

impl User {
    /// A user of whom only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }
}

/// Stores users in one transaction, new ones and what changed of others. How many those were.
///
/// # Errors
/// As the store's.
pub async fn upsert(store: &dyn Store, users: &[User]) -> Result<u64, Error> {
    let now = sql_text(Timestamp::now());
    let changes = users.iter().map(|user| {
        let told = [&user.name, &user.email, &user.link];
        let text = |told: &Option<Option<String>>| {
            let text = told.as_ref().and_then(Option::as_deref);
            text.map_or(Value::Null, |text| clean::text(text).into())
        };
        let query = Query::new(include_str!("upsert.sql")).bind(clean::text(&user.id));
        let query = told.iter().fold(query, |query, told| query.bind(text(told))).bind(now.as_str());
        told.iter().fold(query, |query, told| query.bind(told.is_some()))
    });
    store.change(&changes.collect::<Vec<_>>()).await
}

/// The users that are known: id, name, e-mail address, link, calls, and the last of these.
///
/// # Errors
/// As the store's.
pub async fn list(store: &dyn Store) -> Result<Table, Error> {
    store.query(&Query::new(include_str!("list.sql"))).await
}
