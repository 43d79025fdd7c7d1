//! Stores over the real one that misbehave, and a drain into them that takes the folder before a ledger's own does.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use spanledger::{
    call::{Record, Source},
    span::read,
    spool::{Drain, Options, Spool},
    store::{BoxFuture, Error, Inserted, Migration, Query, Store, Table, sqlite::Sqlite},
};

use crate::world::eventually;

/// SQLite behind a slow or a bad connection.
#[derive(Debug)]
pub(crate) struct Behind {
    store: Sqlite,
    /// How long each batch takes beyond what it takes.
    pub(crate) slow: Duration,
    /// So many more batches are committed before the answer is lost.
    pub(crate) lose_answer: AtomicU64,
    /// Batches that were committed.
    pub(crate) batches: AtomicU64,
}

impl Behind {
    pub(crate) fn new(database: &Path) -> Self {
        let store = Sqlite::open(database, true).unwrap();
        Self { store, slow: Duration::ZERO, lose_answer: AtomicU64::new(0), batches: AtomicU64::new(0) }
    }

    /// Drains a folder into this. Returns once it has the folder.
    pub(crate) async fn drain(self: &Arc<Self>, spool: &Path) -> Drain {
        let spool = Arc::new(Spool::open(spool, Options::default()).unwrap());
        let decode = |line: &[u8]| read::line(line, Source::Capture).map(|line| line.records);
        let drain = Drain::start(&spool, Arc::clone(self) as Arc<dyn Store>, decode).unwrap();
        eventually("it drains", || drain.health().draining).await;
        drain
    }
}

impl Store for Behind {
    fn insert<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<Inserted, Error>> {
        Box::pin(async move {
            tokio::time::sleep(self.slow).await;
            let inserted = self.store.insert(records).await?;
            self.batches.fetch_add(1, SeqCst);
            match self.lose_answer.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
                Ok(_) => Err(Error::Unavailable("the connection was cut".to_owned())),
                Err(_) => Ok(inserted),
            }
        })
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.store.migrate()
    }

    fn revert(&self, version: i64) -> BoxFuture<'_, Result<(), Error>> {
        self.store.revert(version)
    }

    fn migrations(&self) -> BoxFuture<'_, Result<Vec<Migration>, Error>> {
        self.store.migrations()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Table, Error>> {
        self.store.query(query)
    }

    fn change<'a>(&'a self, changes: &'a [Query]) -> BoxFuture<'a, Result<u64, Error>> {
        self.store.change(changes)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.store.close()
    }
}
