//! The connections to the file that is there now.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{
    error::{self, from_sqlx},
    file::{self, Beside},
    migrations,
};
use crate::store::Error;

/// How long one connection waits for another's lock, and how long two may meet while the file is made.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections to a ledger's file, opened when they are needed and let go when the file is no longer there.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) path: PathBuf,
    pub(super) create: bool,
    state: Mutex<State>,
    /// Something failed that may be the fault of what is open: it is opened anew.
    distrusted: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    open: Option<Arc<Open>>,
    /// What belongs to the file that was opened last.
    beside: Option<Beside>,
    /// A file that takes the place of one that we migrated is migrated too, but none is made in its place.
    migrated: bool,
}

/// The connections to one file.
#[derive(Debug)]
pub(super) struct Open {
    file: file::Identity,
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
}

impl Connections {
    pub(super) fn new(path: PathBuf, create: bool) -> Self {
        Self { path, create, state: Mutex::default(), distrusted: AtomicBool::new(false) }
    }

    pub(super) fn missing(&self) -> Error {
        Error::Unavailable(format!(
            "There is no ledger at {}; name another one with --ledger, or make it with `spanledger migrate up`",
            self.path.display()
        ))
    }

    /// What an error of SQLite means. One that is not a matter of the rows or of somebody's lock leaves us in doubt about what
    /// is open: a file that was opened while it could only be read stays so, and a failed `fsync` is not to be trusted.
    pub(super) fn failed(&self, error: &sqlx::Error) -> Error {
        let meaning = from_sqlx(&self.path, error);
        if meaning.is_transient() && !error::is_busy(error) && !matches!(error, sqlx::Error::PoolTimedOut) {
            self.distrusted.store(true, Relaxed);
        }
        meaning
    }

    /// The connections to the file that is there now.
    pub(super) async fn get(&self) -> Result<Arc<Open>, Error> {
        let mut state = self.state.lock().await;
        let state = &mut *state;
        let there = file::identity(&self.path);
        let distrusted = self.distrusted.swap(false, Relaxed);
        if let Some(open) = &state.open {
            if there.as_ref() == Some(&open.file) && !distrusted {
                state.beside.iter_mut().for_each(|beside| beside.note(&self.path));
                return Ok(Arc::clone(open));
            }
            self.let_go(state).await;
        }
        match (&there, &state.beside) {
            (None, _) if state.migrated => return Err(self.gone()),
            (None, _) if !self.create => return Err(self.missing()),
            (Some(there), Some(beside)) => beside.clear_away(&self.path, *there).map_err(|error| {
                let ledger = self.path.display();
                Error::Unavailable(format!(
                    "What the ledger {ledger} had before it was replaced cannot be removed: {error}"
                ))
            })?,
            _ => {}
        }
        let open = Arc::new(self.connect().await?);
        state.beside = Some(Beside::new(&self.path, open.file));
        if state.migrated {
            self.up(&open).await?;
        }
        state.open = Some(Arc::clone(&open));
        Ok(open)
    }

    /// It was here, and rows wait for it: begun anew, it would take what belongs into the one that may be put back.
    fn gone(&self) -> Error {
        Error::Unavailable(format!(
            "The ledger {} is gone; put it back, or begin a new one with `spanledger migrate up`",
            self.path.display()
        ))
    }

    /// Whether the path still leads to what is open: a file that was taken away meanwhile may have swallowed a commit.
    pub(super) fn is_there(&self, open: &Open) -> bool {
        file::identity(&self.path).as_ref() == Some(&open.file)
    }

    /// Migrates, now and whatever file takes the place of this one.
    pub(super) async fn migrate(&self) -> Result<(), Error> {
        let open = self.get().await?;
        self.up(&open).await?;
        self.state.lock().await.migrated = true;
        Ok(())
    }

    /// From now on the schema may be another one.
    pub(super) async fn reverted(&self) {
        self.state.lock().await.migrated = false;
    }

    pub(super) async fn close(&self) {
        self.let_go(&mut *self.state.lock().await).await;
    }

    /// Closes what is open. What is still in the WAL goes into its file first, wherever that was moved to: SQLite itself does
    /// not when it closes a file that was moved. A reader that is still at work closes when it is done.
    async fn let_go(&self, state: &mut State) {
        let Some(open) = state.open.take() else { return };
        let closing = async {
            if open.writer.size() > 0 {
                let _ = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&open.writer).await;
            }
            open.readers.close().await;
            open.writer.close().await;
        };
        let _ = tokio::time::timeout(PATIENCE, closing).await;
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
        // A connection that writes turns the file to WAL. Who only looks at a file that is somebody else's leaves it as it is.
        let first = if self.create { &writer } else { &readers };
        first_connection(first).await.map_err(|error| self.failed(&error))?;
        let file = file::identity(&self.path).ok_or_else(|| self.missing())?;
        Ok(Open { file, writer, readers })
    }

    async fn up(&self, open: &Open) -> Result<(), Error> {
        let mut writer = open.writer.acquire().await.map_err(|error| self.failed(&error))?;
        migrations::up(&self.path, &mut writer).await
    }
}

/// Opens the file; a connection that writes makes it and turns it to WAL. SQLite does not wait by itself for another process
/// that does so at the same time.
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
