//! The reverse proxy: the client sees what the provider says, the provider what the client says, and the ledger both.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

mod context;
mod encrypted;
mod exchange;
mod failures;
mod program;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;
mod way_out;

use std::{future::pending, time::Duration};

use axum::Router;
use spanledger::{Ledger, ledger::Builder, proxy};
use support::{Row, Server, rows};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

/// Long enough for a machine under load, and never waited for when all is well.
const SOON: Duration = Duration::from_secs(20);

/// A proxy in front of a server, with a ledger of its own.
struct Bench {
    /// The proxy: `http://127.0.0.1:PORT`.
    url: String,
    ledger: Ledger,
    ledger_url: String,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    served: JoinSet<()>,
}

impl Bench {
    async fn before(upstream: &str) -> Self {
        Self::with(upstream, SOON, |ledger| ledger).await
    }

    async fn with(upstream: &str, patience: Duration, choose: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger_url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let ledger = choose(Ledger::builder(&ledger_url)).open().unwrap();
        let app = proxy::app(&ledger, upstream.parse().unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            if stopped.await.is_err() {
                pending().await
            }
        };
        let mut served = JoinSet::new();
        served.spawn(proxy::serve(listener, app, stopped, patience));
        Self { url, ledger, ledger_url, folder, stop, served }
    }

    /// The rows, when there are so many.
    async fn rows(&self, count: usize) -> Vec<Row> {
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            assert_eq!(self.ledger.flush(SOON).await.waiting, 0, "everything is stored");
            let rows = rows::all(&self.ledger_url).await.unwrap();
            assert!(rows.len() <= count, "{rows:?}");
            if rows.len() == count {
                return rows;
            }
            assert!(tokio::time::Instant::now() < deadline, "{} of {count} rows", rows.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn row(&self) -> Row {
        self.rows(1).await.remove(0)
    }
}

async fn server(app: Router) -> Server {
    Server::start(app).await.unwrap()
}

/// Clients that neither decode, nor follow, nor ask the environment for another proxy.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The same, but they begin with HTTP/2, in clear.
fn speaking_http_2() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()
}
