//! Where calls live: one file or folder per database.
//!
//! The drain is the only writer. A [`Store`] takes its batches, keeps every promise of idempotence (a replay changes
//! nothing, the greater version of a row stands in any order of arrival), and answers our own queries. What is the same in
//! all databases is here: [`columns`] says what a call is as a row, [`row_id`] which row it is, `clean` what may be stored.
//!
//! # Adding a database
//!
//! `store/<name>` with its `impl Store`, its migrations in `migrations/<name>/` with the same numbers and columns, and one
//! line in `DATABASES`.

use std::{fmt, future::Future, path::PathBuf, pin::Pin};

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;

use crate::call::{Call, Record, RowId, Timestamp};

#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "stores clean what they store"))]
mod clean;
pub mod columns;
mod configuration;
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "stores keep facts"))]
mod facts;
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "stores keep models"))]
mod model;
mod moment;
pub mod reprice;
pub mod retention;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod users;

pub use columns::row_json;
pub use configuration::configuration_id;
pub use model::split_model;
pub(crate) use moment::{FIRST_MOMENT, LAST as LAST_MOMENT};
pub use moment::{from_sql_text, rfc3339, sql_text};

/// What a [`Store`] returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A database that keeps calls. Every write is idempotent.
pub trait Store: fmt::Debug + Send + Sync {
    /// Brings the schema up to date; nothing happens if it is.
    fn migrate(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Takes the schema back to a version; 0 is an empty database. What later versions hold is deleted.
    fn revert(&self, version: i64) -> BoxFuture<'_, Result<(), Error>>;

    /// The schema's history, oldest first. It can be asked of any schema, an unknown one too.
    fn migrations(&self) -> BoxFuture<'_, Result<Vec<Migration>, Error>>;

    /// Inserts a batch in one transaction: all of it, or an error and none. Versions of one row are ordered by (source,
    /// ended at, content hash): the greater wins in any order of arrival, an equal one is a no-op.
    fn insert<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<Inserted, Error>>;

    /// Answers one of our own queries.
    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Table, Error>>;

    /// Makes changes of our own in one transaction: all of them, or an error and none. How many rows they changed, those that
    /// triggers changed not counted.
    fn change<'a>(&'a self, changes: &'a [Query]) -> BoxFuture<'a, Result<u64, Error>>;

    /// Gives room that deleted rows have left back to the file system, where the database does not do so by itself. How many
    /// bytes that were.
    fn compact(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async {
            Err(Error::Refused("This database gives room back by itself; leave --vacuum out".to_owned()))
        })
    }

    /// Recomputes sums by hours, of hours that began before a moment and whose rows have changed: for about 50 ms, in one
    /// transaction, the oldest first. Whether some are left. Until then reports read the rows of these hours.
    ///
    /// A database that keeps no sums has nothing to do.
    fn roll_up(&self, before: Timestamp) -> BoxFuture<'_, Result<bool, Error>> {
        let _ = before;
        Box::pin(async { Ok(false) })
    }

    /// Looks through the whole database for damage, and tells what it finds in sentences. A store that looks after itself
    /// finds none.
    fn examine(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Closes all connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}

type Opened = Result<Box<dyn Store>, Error>;

/// A database that a ledger can be in: the scheme of its URLs, and how to open one.
struct Database {
    scheme: &'static str,
    open: fn(&str, bool) -> Opened,
}

const DATABASES: &[Database] = &[
    #[cfg(feature = "sqlite")]
    Database { scheme: "sqlite", open: sqlite::open },
];

/// Opens the ledger that a URL names: `sqlite://usage.db`. With `create` a ledger that is not there comes to be, as soon as
/// it is migrated; without, it is an error, and nothing is created. Nothing is connected to before it is used.
///
/// # Errors
/// [`Error::Refused`] for a URL that names no ledger, [`Error::Unavailable`] for a ledger that is not there.
pub fn open(url: &str, create: bool) -> Result<Box<dyn Store>, Error> {
    let Some((scheme, _)) = url.split_once(':').filter(|(scheme, _)| scheme.len() > 1) else {
        return Err(Error::Refused("A ledger is named by a URL, such as sqlite://usage.db".to_owned()));
    };
    match DATABASES.iter().find(|database| database.scheme == scheme) {
        Some(database) => (database.open)(url, create),
        None if matches!(scheme, "postgres" | "postgresql" | "clickhouse") => Err(Error::Refused(format!(
            "Ledgers in {scheme} are not in this version; name one such as sqlite://usage.db"
        ))),
        None => Err(Error::Refused("This is no URL of a ledger; name one such as sqlite://usage.db".to_owned())),
    }
}

/// Ours for ever: another one would give every row a new id.
const NAMESPACE: uuid::Uuid = uuid::Uuid::from_u128(0x2f1c_7a5e_94d3_4b0a_8c66_51e0_37b9_d8f4);

/// The row of a call: a UUID (version 5) hashed from its key, which is trace id, span id and start.
#[must_use]
pub fn row_id(call: &Call) -> RowId {
    row_id_of((call.identity.trace_id, call.identity.span_id), call.started_at)
}

/// The row of a call of which only its key is known.
pub(crate) fn row_id_of((trace_id, span_id): (TraceId, SpanId), started_at: Timestamp) -> RowId {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&trace_id.to_bytes());
    key[16..24].copy_from_slice(&span_id.to_bytes());
    key[24..].copy_from_slice(&moment::storable(started_at).micros().to_be_bytes());
    RowId(uuid::Uuid::new_v5(&NAMESPACE, &key).into_bytes())
}

/// The database file that a URL names, where it names one: the spool lies beside it.
#[must_use]
pub fn local_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// Where a ledger's spool lies: `<file>.spool` beside a database file, for a database server where `SPANLEDGER_SPOOL` says.
///
/// # Errors
/// [`Error::Refused`] for a server, where the variable says nothing.
pub fn spool_folder(url: &str) -> Result<PathBuf, Error> {
    if let Some(file) = local_file(url) {
        let mut folder = file.into_os_string();
        folder.push(".spool");
        return Ok(folder.into());
    }
    let told = std::env::var_os("SPANLEDGER_SPOOL").filter(|folder| !folder.is_empty());
    told.map(PathBuf::from).ok_or_else(|| {
        Error::Refused(
            "SPANLEDGER_SPOOL must name the folder of the spool: a database server has none beside it".to_owned(),
        )
    })
}

/// What an insert did, in rows: one for each call, each fact learnt later (a confidence, an action, data), each score and each
/// configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Rows that were new, or greater versions of what was there.
    pub written: usize,
    /// Rows that the store had already, or had a greater version of.
    pub known: usize,
}

/// A query, or a change, put together from texts of this program. They are `'static`: no value can be spliced in, values are bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    sql: std::borrow::Cow<'static, str>,
    parameters: Vec<Value>,
}

impl Query {
    /// A query's first, and often only, text. Its parameters are `?1`, `?2`, … or `?`.
    #[must_use]
    pub const fn new(sql: &'static str) -> Self {
        Self { sql: std::borrow::Cow::Borrowed(sql), parameters: Vec::new() }
    }

    /// Adds a text behind what is there, with a space between.
    #[must_use]
    pub fn and(mut self, sql: &'static str) -> Self {
        self.sql.to_mut().extend([" ", sql]);
        self
    }

    /// Binds the next parameter. Moments are bound as [`sql_text`].
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// The text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values, in the order of the parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Value] {
        &self.parameters
    }
}

/// Column names and rows of values: all that a renderer sees.
///
/// A result column that has the name of one of [`columns::COLUMNS`] is given as JSON has it: moments as RFC 3339, money as a
/// decimal string, booleans as booleans, JSON as itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows; each has one value per column. `Null` is unknown.
    pub rows: Vec<Vec<Value>>,
}

/// One step of a schema's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// What it is about.
    pub name: String,
    /// When it was applied; `None`: it was not.
    pub applied_at: Option<String>,
    /// How it stands.
    pub state: MigrationState,
}

crate::call::words! {
    /// How a step of a schema's history stands.
    MigrationState {
        /// Applied.
        Applied = "applied",
        /// Known, and not applied yet.
        Pending = "pending",
        /// Applied by a newer program: this one does not know it.
        Newer = "newer",
        /// Applied, but with another text than the one that this program knows.
        Changed = "changed",
    }
}

/// Whether this program can work with a schema.
///
/// # Errors
/// [`Error::Schema`] with a sentence on what to do.
pub fn check_schema(migrations: &[Migration]) -> Result<(), Error> {
    let of = |state| migrations.iter().find(move |migration| migration.state == state).map(|found| found.version);
    if let Some(version) = of(MigrationState::Newer) {
        return Err(Error::Schema(format!(
            "The ledger has schema {version}, which a newer spanledger made; use that version or a later one"
        )));
    }
    if let Some(version) = of(MigrationState::Changed) {
        return Err(Error::Schema(format!(
            "Migration {version} of the ledger was applied with another text than this program has (its checksum differs); \
             use the version of spanledger that made the ledger"
        )));
    }
    if let Some(version) = of(MigrationState::Pending) {
        return Err(Error::Schema(format!(
            "The ledger has no schema {version} yet; `spanledger migrate up` brings it up to date"
        )));
    }
    Ok(())
}

/// Why a store could not do what it was asked. The sentences never hold values of rows.
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
