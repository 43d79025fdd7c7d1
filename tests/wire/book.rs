//! A ledger in a folder of its own, and what it holds.

use std::{path::Path, time::Duration};

use serde_json::Value;
use spanledger::{
    Hosts, Ledger,
    ledger::Builder,
    store::{self, Query},
};
use tempfile::TempDir;

use crate::support::{Row, rows};

const SOON: Duration = Duration::from_secs(20);

/// A ledger in a folder of its own.
pub struct Book {
    pub ledger: Ledger,
    url: String,
    folder: TempDir,
}

impl Book {
    pub fn open(hosts: Hosts) -> Self {
        Self::built(|ledger| ledger.hosts(hosts))
    }

    /// With choices of the test's own.
    pub fn built(choose: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let ledger = choose(Ledger::builder(&url)).open().unwrap();
        Self { ledger, url, folder }
    }

    /// Where the database and the spool are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a query answers, once everything is stored.
    pub async fn ask(&self, sql: &'static str) -> Vec<Vec<Value>> {
        assert_eq!(self.ledger.flush(SOON).await.waiting, 0, "everything is stored");
        let store = store::open(&self.url, false).unwrap();
        let table = store.query(&Query::new(sql)).await.unwrap();
        store.close().await;
        table.rows
    }

    /// All rows of what was recorded until now.
    pub async fn rows(&self) -> Vec<Row> {
        assert_eq!(self.ledger.flush(SOON).await.waiting, 0, "everything is stored");
        rows::all(&self.url).await.unwrap()
    }
}
