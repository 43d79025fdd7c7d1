//! What a ledger no longer keeps, found and deleted in small transactions.
//!
//! A [`Sweep`] is one kind of rows that go. [`Sweep::found`] only looks; [`Sweep::step`] deletes the next two thousand in a
//! transaction of its own, so that who writes beside it waits for no more than that. A sweep that was interrupted is
//! completed by another one.
//!
//! # How old a row is
//!
//! Clocks say anything. A row is old once its call began before the limit *and* the row arrived before it: a call dated 1970
//! is kept as long as others, counted from its arrival, and so is what was imported late. A call dated in the future (more
//! than a day ahead of now) would never be old by its own date: it goes once it arrived before the limit.
//!
//! # What goes with it
//!
//! With a call its content and its scores go, and the hours that it was counted in are summed anew: triggers of the schema
//! see to both. Where a call goes and the wrapper around it stays for the next time, the wrapper counts until then.

use serde_json::Value;

use super::{Error, Query, Store, sql_text};
use crate::call::Timestamp;

mod model;
#[cfg(test)]
mod tests;

pub use model::{Belongings, Model, belongings, delete_model, models};

/// How far ahead of our clock a call may be dated.
const AHEAD: i64 = 24 * 3_600_000_000;

/// One kind of rows that go.
#[derive(Debug)]
pub struct Sweep {
    /// What goes, in words: `calls`.
    pub what: &'static str,
    /// Its rows, as `key`, `place` (what they are walked in the order of, by an index) and `at`. `?1` is not its own.
    rows: &'static str,
    /// What deletes the rows whose key is in the query that follows.
    delete: &'static str,
    /// `?2` and further.
    parameters: Vec<Value>,
    /// How far the walk is.
    place: String,
}

/// What a [`Sweep`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// How many rows go.
    pub rows: u64,
    /// The oldest of them, as [`sql_text`].
    pub oldest: Option<String>,
    /// The newest of them.
    pub newest: Option<String>,
}

const CALLS: &str = "DELETE FROM usage_log WHERE id IN (";
const CONTENT: &str = "DELETE FROM ai_call_content WHERE call_id IN (";
const SCORES: &str = "DELETE FROM ai_call_score WHERE created_at < ?2 AND call_id IN (";

impl Sweep {
    /// Calls that are older than this, in two sweeps: those of a time that can be, and those dated in the future.
    #[must_use]
    pub fn calls(before: Timestamp) -> [Self; 2] {
        [
            Self::new("calls", include_str!("calls.sql"), CALLS, vec![sql_text(before).into()]),
            Self::new("calls dated in the future", include_str!("calls_ahead.sql"), CALLS, ahead(before)),
        ]
    }

    /// What was said in calls that are older than this; the calls stay.
    #[must_use]
    pub fn content(before: Timestamp) -> [Self; 2] {
        [
            Self::new("content", include_str!("content.sql"), CONTENT, vec![sql_text(before).into()]),
            Self::new("content dated in the future", include_str!("content_ahead.sql"), CONTENT, ahead(before)),
        ]
    }

    /// Scores and other facts that arrived before this, and whose call is not there.
    #[must_use]
    pub fn lost_scores(before: Timestamp) -> Self {
        Self::new("scores without a call", include_str!("scores.sql"), SCORES, vec![sql_text(before).into()])
    }

    /// The calls of a model, by the id of the model.
    #[must_use]
    pub fn of_model(id: &str) -> Self {
        Self::new("calls", include_str!("calls_of_model.sql"), CALLS, vec![id.into()])
    }

    fn new(what: &'static str, rows: &'static str, delete: &'static str, parameters: Vec<Value>) -> Self {
        Self { what, rows, delete, parameters, place: String::new() }
    }

    /// What would go.
    ///
    /// # Errors
    /// As the store's.
    pub async fn found(&self, store: &dyn Store) -> Result<Found, Error> {
        let query = Query::new("SELECT count(*), min(at), max(at) FROM (").and(self.rows).and(") WHERE place >= ?1");
        let table = store.query(&self.bound(query)).await?;
        let row = table.rows.first();
        let text = |at: usize| row.and_then(|row| row.get(at)?.as_str()).map(str::to_owned);
        let rows = row.and_then(|row| row.first()?.as_u64()).unwrap_or(0);
        Ok(Found { rows, oldest: text(1), newest: text(2) })
    }

    /// Deletes the next rows and tells how many they were; `None`: there are no more.
    ///
    /// # Errors
    /// As the store's. What the steps before this one deleted stays deleted.
    pub async fn step(&mut self, store: &dyn Store) -> Result<Option<u64>, Error> {
        let end = Query::new("SELECT max(place) FROM (SELECT place FROM (").and(self.rows).and(NEXT).and(")");
        let end = store.query(&self.bound(end)).await?;
        let Some(end) = end.rows.first().and_then(|row| row.first()?.as_str()) else { return Ok(None) };
        let delete = Query::new(self.delete).and("SELECT key FROM (").and(self.rows).and(NEXT).and(")");
        let deleted = store.change(&[self.bound(delete)]).await?;
        let moved = self.place != end;
        end.clone_into(&mut self.place);
        // Where neither is so, somebody else deletes them.
        Ok((deleted > 0 || moved).then_some(deleted))
    }

    fn bound(&self, query: Query) -> Query {
        let query = query.bind(self.place.as_str());
        self.parameters.iter().fold(query, |query, value| query.bind(value.clone()))
    }
}

/// The end of what walks: so many rows are one transaction.
const NEXT: &str = ") WHERE place >= ?1 ORDER BY place LIMIT 2000";

fn ahead(before: Timestamp) -> Vec<Value> {
    let tomorrow = Timestamp::from_micros(Timestamp::now().micros().saturating_add(AHEAD));
    vec![sql_text(before).into(), sql_text(tomorrow).into()]
}
