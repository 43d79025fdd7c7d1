//! Rows in SQLite, embedded.
//!
//! One connection writes, a few read beside it (WAL). A commit is on the disk (`synchronous=FULL`) before the drain forgets
//! a line. A file that was deleted or replaced while open is noticed before the next use: what is open then is let go, and
//! the file that is there now is opened, or made and migrated.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{BoxFuture, Error, Inserted, Migration, Query, Store, Table, local_file};
use crate::call::Record;

mod configurations;
mod error;
mod file;
mod insert;
mod migrations;
mod query;
mod upsert;
mod values;

use error::from_sqlx;

/// How long one connection waits for another's lock, and how long two may meet while the file is made.
const PATIENCE: Duration = Duration::from_secs(5);

/// A ledger in a SQLite file.
pub struct Sqlite {
    path: PathBuf,
    create: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Arc<Open>>,
    /// A file that takes the place of one that we migrated is migrated too.
    migrated: bool,
}

/// The connections to one file.
struct Open {
    file: file::Identity,
    writer: SqlitePool,
    readers: SqlitePool,
}

/// Opens `sqlite://path` or `sqlite:path`.
pub(super) fn open(url: &str, create: bool) -> Result<Box<dyn Store>, Error> {
    let refused = |sentence: &str| Error::Refused(format!("{sentence}; name one such as sqlite://usage.db"));
    let path = local_file(url).ok_or_else(|| refused("This URL names no file"))?;
    if url.contains('?') {
        return Err(refused("A ledger's URL has no options behind a `?`"));
    }
    if path.as_os_str() == ":memory:" {
        return Err(refused("A ledger needs a file"));
    }
    Ok(Box::new(Sqlite::open(path, create)?))
}

impl Sqlite {
    /// A ledger in a file. Nothing is opened or made before it is used.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where no file is and none may be made.
    pub fn open(path: impl Into<PathBuf>, create: bool) -> Result<Self, Error> {
        let store = Self { path: path.into(), create, state: Mutex::default() };
        if create || store.path.exists() { Ok(store) } else { Err(store.missing()) }
    }

    fn missing(&self) -> Error {
        Error::Unavailable(format!(
            "There is no ledger at {}; name another one with --ledger, or make it with `spanledger migrate up`",
            self.path.display()
        ))
    }

    fn failed(&self, error: &sqlx::Error) -> Error {
        from_sqlx(&self.path, error)
    }

    /// The connections to the file that is there now.
    async fn connections(&self) -> Result<Arc<Open>, Error> {
        let mut state = self.state.lock().await;
        let there = file::identity(&self.path);
        if let Some(open) = &state.open {
            if there.as_ref() == Some(&open.file) {
                return Ok(Arc::clone(open));
            }
            // Not awaited: a reader may still be at work. The connections close when the last of them is done.
            state.open = None;
        }
        if there.is_none() && !self.create {
            return Err(self.missing());
        }
        let open = Arc::new(self.connect().await?);
        if state.migrated {
            self.up(&open).await?;
        }
        state.open = Some(Arc::clone(&open));
        Ok(open)
    }

    async fn connect(&self) -> Result<Open, Error> {
        let base = SqliteConnectOptions::new().filename(&self.path).busy_timeout(PATIENCE).disable_statement_logging();
        // Ids are random, so a batch touches pages all over its indexes: they should stay in memory (64 MiB) and gather in
        // the WAL (32 MiB) instead of going to the file a thousand at a time. Two and a half times faster, measured. So
        // should what SQLite keeps to be able to take a statement back (`temp_store`), instead of going to a temporary file.
        let writer = base
            .clone()
            .create_if_missing(self.create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-65536")
            .pragma("wal_autocheckpoint", "8000")
            .pragma("journal_size_limit", "67108864");
        let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE * 2).max_lifetime(None);
        let writer = pool().max_connections(1).idle_timeout(None).connect_lazy_with(writer);
        let readers = pool().max_connections(4).connect_lazy_with(base.pragma("query_only", "ON"));
        first_connection(&writer).await.map_err(|error| self.failed(&error))?;
        let file = file::identity(&self.path).ok_or_else(|| self.missing())?;
        Ok(Open { file, writer, readers })
    }

    async fn up(&self, open: &Open) -> Result<(), Error> {
        let mut writer = open.writer.acquire().await.map_err(|error| self.failed(&error))?;
        migrations::up(&self.path, &mut writer).await
    }

    /// Begins to write, if the schema is ours.
    async fn begin(&self, open: &Open) -> Result<Transaction<'static, sqlx::Sqlite>, Error> {
        let failed = |error: sqlx::Error| self.failed(&error);
        let mut transaction = open.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let version: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM spanledger_migrations")
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        if version != Some(migrations::LATEST) {
            super::check_schema(&migrations::history(&self.path, &mut transaction).await?)?;
        }
        Ok(transaction)
    }

    async fn insert_batch(&self, records: &[Record]) -> Result<Inserted, Error> {
        let open = self.connections().await?;
        let mut transaction = self.begin(&open).await?;
        let inserted = insert::batch(&mut transaction, records).await.map_err(|error| self.failed(&error))?;
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        Ok(inserted)
    }

    async fn change_all(&self, changes: &[Query]) -> Result<u64, Error> {
        let open = self.connections().await?;
        let mut transaction = self.begin(&open).await?;
        let mut changed = 0;
        for change in changes {
            changed += query::execute(&mut transaction, change).await.map_err(|error| self.failed(&error))?;
        }
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        Ok(changed)
    }
}

/// Makes the file and turns it to WAL. SQLite does not wait by itself for another process that does so at the same time.
async fn first_connection(pool: &SqlitePool) -> sqlx::Result<()> {
    let start = tokio::time::Instant::now();
    loop {
        match pool.acquire().await {
            Err(error) if error::is_busy(&error) && start.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result.map(drop),
        }
    }
}

impl Store for Sqlite {
    fn migrate(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let open = self.connections().await?;
            self.up(&open).await?;
            self.state.lock().await.migrated = true;
            Ok(())
        })
    }

    fn revert(&self, version: i64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let open = self.connections().await?;
            self.state.lock().await.migrated = false;
            let mut writer = open.writer.acquire().await.map_err(|error| self.failed(&error))?;
            migrations::down(&self.path, &mut writer, version).await
        })
    }

    fn migrations(&self) -> BoxFuture<'_, Result<Vec<Migration>, Error>> {
        Box::pin(async move {
            let open = self.connections().await?;
            let mut reader = open.readers.acquire().await.map_err(|error| self.failed(&error))?;
            migrations::history(&self.path, &mut reader).await
        })
    }

    fn insert<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<Inserted, Error>> {
        Box::pin(self.insert_batch(records))
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Table, Error>> {
        Box::pin(async move {
            let open = self.connections().await?;
            let mut reader = open.readers.acquire().await.map_err(|error| self.failed(&error))?;
            query::run(&mut reader, query).await.map_err(|error| self.failed(&error))
        })
    }

    fn change<'a>(&'a self, changes: &'a [Query]) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(self.change_all(changes))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(open) = self.state.lock().await.open.take() {
                open.readers.close().await;
                open.writer.close().await;
            }
        })
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).field("create", &self.create).finish_non_exhaustive()
    }
}
