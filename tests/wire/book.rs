//! A ledger in a folder of its own, and what it holds.

use std::{path::Path, time::Duration};

use spanledger::{Hosts, Ledger};
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
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let ledger = Ledger::builder(&url).hosts(hosts).open().unwrap();
        Self { ledger, url, folder }
    }

    /// Where the database and the spool are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All rows of what was recorded until now.
    pub async fn rows(&self) -> Vec<Row> {
        assert_eq!(self.ledger.flush(SOON).await.waiting, 0, "everything is stored");
        rows::all(&self.url).await.unwrap()
    }
}
