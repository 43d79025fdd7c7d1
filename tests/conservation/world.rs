//! A ledger in a folder of its own, and the server that its calls go to.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reqwest_middleware::ClientWithMiddleware;
use spanledger::{Hosts, Ledger, ledger::Builder};
use tempfile::TempDir;

use crate::{
    calls::{self, Made, SOON},
    oracle::{self, Fault},
    support::Server,
    told,
};

/// So many calls are under way at a time.
pub(crate) const AT_A_TIME: usize = 16;

/// A folder, a server, and what was made so far.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) server: Server,
    pub(crate) made: Vec<Made>,
    /// Lines that ledgers of this world have refused.
    pub(crate) refused: u64,
    pub(crate) database: PathBuf,
    pub(crate) spool: PathBuf,
}

impl World {
    pub(crate) async fn new() -> Self {
        told::listen();
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("usage.db");
        let spool = folder.path().join("usage.db.spool");
        Self { server: calls::server().await.unwrap(), made: Vec::new(), refused: 0, database, spool, folder }
    }

    pub(crate) fn builder(&self) -> Builder {
        builder(&self.database, &self.server.host()).spool(&self.spool)
    }

    /// A ledger, and the client whose calls it records.
    pub(crate) fn open(&self) -> (Ledger, ClientWithMiddleware) {
        let ledger = self.builder().open().unwrap();
        let http = client(&ledger);
        (ledger, http)
    }

    /// Makes so many calls, and remembers what their caller saw.
    pub(crate) async fn make(&mut self, http: &ClientWithMiddleware, count: u64) -> &[Made] {
        let first = self.made.len() as u64;
        let made = calls::make_all(http, &self.server.host(), first..first + count, AT_A_TIME).await;
        self.made.extend(made);
        &self.made[usize::try_from(first).unwrap()..]
    }

    /// After a fault: a fresh call goes through, all is stored, and the oracle is asked.
    pub(crate) async fn judge(&mut self, fault: &str, ledger: &Ledger, http: &ClientWithMiddleware) {
        self.judge_all_but(fault, ledger, http, &[]).await;
    }

    /// The same, where these lines are set aside.
    pub(crate) async fn judge_all_but(
        &mut self,
        fault: &str,
        ledger: &Ledger,
        http: &ClientWithMiddleware,
        set_aside: &[u64],
    ) {
        let fresh = self.make(http, 1).await;
        assert!(fresh[0].row.is_some(), "{fault}: a fresh call goes through");
        let flushed = ledger.flush(SOON).await;
        let health = ledger.health();
        assert_eq!(flushed.waiting, 0, "{fault}: {health:?}");
        assert_eq!((&health.store_error, &health.disk_error), (&None, &None), "{fault}: no error is left");
        self.refused += health.refused;
        self.ask(fault, set_aside);
    }

    /// Asks the oracle.
    pub(crate) fn ask(&self, name: &str, set_aside: &[u64]) {
        let fault = Fault { name, port: self.port(), refused: self.refused, set_aside, killed: false };
        oracle::judge(fault, &self.database, &self.made);
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.host().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// What an operator was told of this world's spool, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        told::of(&self.spool)
    }
}

pub(crate) fn url(database: &Path) -> String {
    format!("sqlite://{}", database.display())
}

/// Every ledger of these tests is named alike, whatever the environment says.
pub(crate) fn builder(database: &Path, host: &str) -> Builder {
    let hosts = Hosts::default().name(host, "openai");
    Ledger::builder(url(database)).hosts(hosts).service_name("generator").environment("test")
}

pub(crate) fn client(ledger: &Ledger) -> ClientWithMiddleware {
    reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build()
}

/// Keeps every drain from a folder while it is held, as another process that drains does.
pub(crate) struct Held(File);

impl Held {
    pub(crate) fn take(spool: &Path) -> Self {
        std::fs::create_dir_all(spool).unwrap();
        let file = File::options().append(true).create(true).open(spool.join("drain.lock")).unwrap();
        // A ledger that was shut down lets go of it a moment later.
        file.lock().unwrap();
        Self(file)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.unlock().unwrap();
    }
}

/// The segments in a spool, oldest first.
pub(crate) fn segments(spool: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(spool).unwrap().map(|entry| entry.unwrap().path());
    let is_segment =
        |path: &PathBuf| path.extension().is_some_and(|end| end == "jsonl") && !path.ends_with("set-aside.jsonl");
    let mut segments: Vec<_> = files.filter(is_segment).collect();
    segments.sort();
    segments
}

/// Waits until something is so; the machine may be busy, so the deadline is far away.
pub(crate) async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
