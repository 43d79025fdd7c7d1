//! New prices for stored calls: each is read back from its row, priced at the date on which it was made, and changed where
//! the price is another one now.
//!
//! - A cost that the provider or the caller stated is never touched, nor one whose source is neither genai-prices nor a price
//!   file. A row that a price file priced waits for a book that has a file: without it, its discounts would be lost.
//! - Only what differs is written: an amount, or what is known of it. A second run changes nothing. `price_source` and
//!   `price_version` of a changed row say what priced it; those of a row whose price held stay.
//! - A batch is one transaction. A run that was interrupted is completed by running it again.
//! - A row keeps its content hash. So a replay of its spool line is an equal version and undoes nothing. A *greater* version
//!   of the row (a later end, a better source) brings the price of its own time, as ever; run it again after an import.
//! - A row that changes between being read and being written is left for the next run.

use serde_json::Value;

use super::{Error, Query, Store, sql_text};
use crate::{
    PriceBook,
    call::{Cost, Timestamp, Usd},
};

mod row;
#[cfg(test)]
mod tests;

pub use row::PricedRow;

/// So many rows are read at once; those of them that change are one transaction.
const BATCH: u32 = 500;
/// Behind every moment that can be stored.
const END: &str = "9999-12-31 23:59:59.999999";

/// Which rows are looked at.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Selection {
    /// Calls that began at this moment or later.
    pub since: Option<Timestamp>,
    /// Calls that began before this moment.
    pub until: Option<Timestamp>,
    /// Calls to this provider.
    pub provider: Option<String>,
    /// Calls of this model: the one that was asked for or that answered, its alias, or its identifier.
    pub model: Option<String>,
}

/// A walk over the rows of a ledger.
#[derive(Debug)]
pub struct Reprice<'a> {
    store: &'a dyn Store,
    prices: &'a PriceBook,
    selection: Selection,
    apply: bool,
    /// The start and the id of the last row that was read.
    behind: (String, String),
    done: bool,
}

/// What one step of a [`Reprice`] did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Batch {
    /// How many rows were looked at.
    pub seen: u64,
    /// How many of them have a cost that somebody else stated.
    pub stated: u64,
    /// How many were priced by a file, and the book has none.
    pub without_file: u64,
    /// How many cannot be read back, because what they used was too long to be stored.
    pub cut: u64,
    /// How many changed in the meantime, and were left alone.
    pub missed: u64,
    /// What changes.
    pub changes: Vec<Change>,
}

/// A row and its new cost.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The row as it was.
    pub row: PricedRow,
    /// What the call costs now.
    pub cost: Cost,
}

impl<'a> Reprice<'a> {
    /// Will price these rows by this book; only with `apply` is anything written.
    #[must_use]
    pub fn new(store: &'a dyn Store, prices: &'a PriceBook, selection: Selection, apply: bool) -> Self {
        let first = selection.since.unwrap_or(Timestamp::from_micros(i64::MIN));
        Self { store, prices, selection, apply, behind: (sql_text(first), String::new()), done: false }
    }

    /// Prices the next rows. `None`: there are no more.
    ///
    /// # Errors
    /// What the store says; nothing of this batch is written then.
    pub async fn step(&mut self) -> Result<Option<Batch>, Error> {
        if self.done {
            return Ok(None);
        }
        let rows = row::rows(self.store.query(&self.query()).await?);
        self.done = rows.len() < BATCH as usize;
        if let Some(last) = rows.last() {
            self.behind = (sql_text(last.call.started_at), last.id.clone());
        }
        let mut batch = Batch::default();
        for row in rows {
            batch.take(row, self.prices);
        }
        if self.apply && !batch.changes.is_empty() {
            let now = sql_text(Timestamp::now());
            let changes: Vec<Query> = batch.changes.iter().map(|change| change.query(&now)).collect();
            let written = self.store.change(&changes).await?;
            batch.missed = (changes.len() as u64).saturating_sub(written);
        }
        Ok(Some(batch))
    }

    fn query(&self) -> Query {
        let (started_at, id) = &self.behind;
        let until = self.selection.until.map_or_else(|| END.to_owned(), sql_text);
        let mut query =
            Query::new(include_str!("rows.sql")).bind(started_at.as_str()).bind(id.as_str()).bind(until.as_str());
        if let Some(provider) = &self.selection.provider {
            query = query.and("AND provider = ?").bind(provider.as_str());
        }
        if let Some(model) = &self.selection.model {
            query =
                query.and("AND (request_model = ? OR response_model = ? OR model_alias = ? OR model_identifier = ?)");
            query = (0..4).fold(query, |query, _| query.bind(model.as_str()));
        }
        query.and("ORDER BY started_at, id LIMIT ?").bind(BATCH)
    }
}

impl Batch {
    fn take(&mut self, row: PricedRow, prices: &PriceBook) {
        self.seen += 1;
        if !row.is_ours() {
            self.stated += 1;
        } else if row.price_file().is_some() && !prices.has_file() {
            self.without_file += 1;
        } else if row.cut {
            self.cut += 1;
        } else {
            let cost = prices.price(&row.call);
            if differs(&row.cost, &cost) {
                self.changes.push(Change { row, cost });
            }
        }
    }
}

/// Whether one says something else than the other. The same amounts from a newer list are the same price.
fn differs(before: &Cost, now: &Cost) -> bool {
    (before.total, before.input, before.output, before.status) != (now.total, now.input, now.output, now.status)
}

impl Change {
    fn query(&self, now: &str) -> Query {
        let Self { row, cost } = self;
        let pico = |amount: Option<Usd>| amount.map_or(Value::Null, |amount| amount.pico().into());
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        Query::new(include_str!("change.sql"))
            .bind(pico(cost.total))
            .bind(pico(cost.input))
            .bind(pico(cost.output))
            .bind(text(cost.status.map(|status| status.as_str())))
            .bind(text(cost.price_source.as_deref()))
            .bind(text(cost.price_version.as_deref()))
            .bind(now)
            .bind(row.id.as_str())
            .bind(row.content_hash)
    }
}
