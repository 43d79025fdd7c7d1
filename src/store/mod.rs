//! Where calls live: one file per database.

use std::{fmt, future::Future, pin::Pin};

use serde_json::Value;

use crate::call::Record;

/// What a [`Store`] returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A database that keeps calls. Every write is idempotent.
pub trait Store: fmt::Debug + Send + Sync {
    /// Brings the schema up to date; nothing happens if it is.
    fn migrate(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Inserts a batch in one transaction: all of it, or an error and none. Versions of one row are ordered by (source,
    /// ended at, content hash): the greater wins in any order of arrival, an equal one is a no-op.
    fn insert<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<Inserted, Error>>;

    /// Answers one of our own static queries. `parameters` are bound in order, never spliced.
    fn query<'a>(&'a self, sql: &'static str, parameters: &'a [Value]) -> BoxFuture<'a, Result<Table, Error>>;

    /// Closes all connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// What an insert did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Records that changed something.
    pub written: usize,
    /// Records that the store had already.
    pub known: usize,
}

/// Column names and rows of values: all that a renderer sees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows; each has one value per column. `Null` is unknown.
    pub rows: Vec<Vec<Value>>,
}

/// Why a store could not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The store is away, locked, full or busy: the same again may work later.
    Unavailable(String),
    /// The store refuses these records: the same again will fail again.
    Refused(String),
    /// The schema is not one that this program can work with.
    Schema(String),
}

impl Error {
    /// Whether trying again can help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unavailable(sentence) | Self::Refused(sentence) | Self::Schema(sentence)) = self;
        f.write_str(sentence)
    }
}

impl std::error::Error for Error {}
