//! Rows in SQLite, embedded.
//!
//! One connection writes, a few read beside it (WAL). A commit is on the disk (`synchronous=FULL`) before the drain forgets
//! a line. A file that was replaced while open is noticed before the next use: what is open then is let go, and the file that is
//! there now is opened and migrated. One that is gone is waited for, and never begun anew behind its owner's back: what is in
//! the spool belongs into the one that may be put back.

use std::path::PathBuf;

use sqlx::Transaction;

use super::{BoxFuture, Error, Inserted, Migration, Query, Store, Table, local_file, sql_text};
use crate::call::{Record, Timestamp};

mod compact;
mod configurations;
mod connections;
mod contents;
mod error;
mod file;
mod insert;
mod migrations;
mod query;
mod roll_up;
mod upsert;
mod values;

use connections::{Connections, Open};

/// A ledger in a SQLite file.
#[derive(Debug)]
pub struct Sqlite(Connections);

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
        let connections = Connections::new(path.into(), create);
        if create || connections.path.exists() { Ok(Self(connections)) } else { Err(connections.missing()) }
    }

    fn failed(&self, error: &sqlx::Error) -> Error {
        self.0.failed(error)
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
            super::check_schema(&migrations::history(&self.0.path, &mut transaction).await?)?;
        }
        Ok(transaction)
    }

    async fn insert_batch(&self, records: &[Record]) -> Result<Inserted, Error> {
        let open = self.0.get().await?;
        let mut transaction = self.begin(&open).await?;
        let inserted = insert::batch(&mut transaction, records).await.map_err(|error| self.failed(&error))?;
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        if self.0.is_there(&open) {
            return Ok(inserted);
        }
        let ledger = self.0.path.display();
        Err(Error::Unavailable(format!(
            "The ledger {ledger} was taken away while rows were stored; they are stored again"
        )))
    }

    async fn roll_up_some(&self, before: Timestamp) -> Result<bool, Error> {
        let (open, before) = (self.0.get().await?, sql_text(before));
        let mut reader = open.readers.acquire().await.map_err(|error| self.failed(&error))?;
        if roll_up::next(&mut reader, &before).await.map_err(|error| self.failed(&error))?.is_none() {
            return Ok(false);
        }
        drop(reader);
        let mut transaction = self.begin(&open).await?;
        let left = roll_up::some(&mut transaction, &before).await.map_err(|error| self.failed(&error))?;
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        Ok(left)
    }

    async fn change_all(&self, changes: &[Query]) -> Result<u64, Error> {
        let open = self.0.get().await?;
        let mut transaction = self.begin(&open).await?;
        let mut changed = 0;
        for change in changes {
            changed += query::execute(&mut transaction, change).await.map_err(|error| self.failed(&error))?;
        }
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        Ok(changed)
    }
}

impl Store for Sqlite {
    fn migrate(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.0.migrate())
    }

    fn revert(&self, version: i64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let open = self.0.get().await?;
            self.0.reverted().await;
            let mut writer = open.writer.acquire().await.map_err(|error| self.failed(&error))?;
            migrations::down(&self.0.path, &mut writer, version).await
        })
    }

    fn migrations(&self) -> BoxFuture<'_, Result<Vec<Migration>, Error>> {
        Box::pin(async move {
            let open = self.0.get().await?;
            let mut reader = open.readers.acquire().await.map_err(|error| self.failed(&error))?;
            migrations::history(&self.0.path, &mut reader).await
        })
    }

    fn insert<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<Inserted, Error>> {
        Box::pin(self.insert_batch(records))
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Table, Error>> {
        Box::pin(async move {
            let open = self.0.get().await?;
            let mut reader = open.readers.acquire().await.map_err(|error| self.failed(&error))?;
            query::run(&mut reader, query).await.map_err(|error| self.failed(&error))
        })
    }

    fn change<'a>(&'a self, changes: &'a [Query]) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(self.change_all(changes))
    }

    fn compact(&self) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(async move {
            let open = self.0.get().await?;
            let mut writer = open.writer.acquire().await.map_err(|error| self.failed(&error))?;
            compact::compact(&mut writer).await.map_err(|error| self.failed(&error))
        })
    }

    fn roll_up(&self, before: Timestamp) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.roll_up_some(before))
    }

    fn examine(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let table = self.query(&Query::new("PRAGMA quick_check")).await?;
            let told = table.rows.iter().filter_map(|row| row.first()?.as_str());
            Ok(told.filter(|line| *line != "ok").map(str::to_owned).collect())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.close())
    }
}
