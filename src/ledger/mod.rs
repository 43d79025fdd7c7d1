//! The ledger: the handle that applications hold.
//!
//! [`Ledger::open`] names a database. What it hands out, [`reqwest_middleware`](Ledger::reqwest_middleware) and
//! [`tower_layer`](Ledger::tower_layer), are the capture layers with the ledger attached: where the body of an answer ends,
//! the call is appended to the spool first and given to its span second. A row is therefore written whether a sampler kept
//! the span, whether a tracer provider is installed at all, and whatever `RUST_LOG` says.
//!
//! The spool is a folder beside the database file (`usage.db.spool/`), or where the builder says. A thread of the ledger's
//! own drains it into the store, with its own runtime: nothing here needs or blocks the application's.
//!
//! What never crosses HTTP is told: [`record`](Ledger::record) takes a call, [`score`](Ledger::score) how one was judged,
//! [`configuration`](Ledger::configuration) what calls run under.
//!
//! - [`ready`](Ledger::ready) waits until the schema is up to date. Calls need not wait: the spool takes them before.
//! - [`flush`](Ledger::flush) waits until what was recorded is stored; it returns how many lines are not stored yet.
//! - [`shutdown`](Ledger::shutdown) flushes and ends the thread. What is still in the spool waits for the next open.
//! - Dropping the last `Ledger` signals the thread and does not wait for it.
//!
//! Each has a blocking twin for programs without a runtime. None of them hangs, on any runtime.

mod builder;
mod exporter;
mod record;
mod redaction;
mod under;

#[cfg(feature = "proxy")]
mod proxy;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "tower")]
mod tower;
mod usage;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

pub use builder::Builder;
pub use exporter::LedgerSpanExporter;

use opentelemetry::trace::{SpanId, TraceId};
use redaction::Redaction;

use crate::{
    PriceBook, Recorder,
    call::{Call, Later, Record, RowId, Score, Scored, Source, Timestamp},
    capture::{keeper, recorder::Sink},
    confidence::Trust,
    content::{Captured, Dropped},
    span::{line, read},
    spool::{Drain, Spool},
    store,
};
pub use crate::{
    spool::{Flushed, Health},
    store::Error,
};

/// A ledger: the rows of all AI calls, in a database of yours. Cheap to clone.
///
/// ```no_run
/// # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use spanledger::Ledger;
///
/// let ledger = Ledger::open("sqlite://usage.db").await?;
/// let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build();
/// // … calls …
/// let left = ledger.shutdown(Duration::from_secs(5)).await;
/// assert_eq!(left.waiting, 0);
/// # drop(http); Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Inner>,
    recorder: Recorder,
}

#[derive(Debug)]
struct Inner {
    spool: Arc<Spool>,
    drain: Drain,
    service: Service,
    redaction: Redaction,
    reader: usage::Reader,
}

/// Which service makes the calls: what the builder says, else the environment, else the tracer provider's resource.
#[derive(Debug, Default)]
struct Service {
    told: (Option<String>, Option<String>),
    learnt: OnceLock<(Option<String>, Option<String>)>,
}

impl Ledger {
    /// Opens a ledger: `sqlite://usage.db`, `sqlite:///var/lib/app/usage.db`. The database is created and migrated by the
    /// ledger's own thread, retried until it works.
    ///
    /// # Errors
    ///
    /// Only for a URL that names no database, and for a spool folder that cannot be used.
    #[expect(clippy::unused_async, reason = "a network store may need it, and callers should not have to change")]
    pub async fn open(url: impl AsRef<str>) -> Result<Self, Error> {
        Self::builder(url).open()
    }

    /// As [`open`](Self::open), without a runtime.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_blocking(url: impl AsRef<str>) -> Result<Self, Error> {
        Self::builder(url).open()
    }

    /// A ledger with choices of your own: prices, named hosts, service name, spool.
    pub fn builder(url: impl AsRef<str>) -> Builder {
        Builder::new(url.as_ref())
    }

    /// An exporter that records the AI spans of other libraries; see [`LedgerSpanExporter`].
    #[must_use]
    pub fn span_exporter(&self) -> LedgerSpanExporter {
        LedgerSpanExporter::new(Arc::clone(&self.inner))
    }

    /// Waits until the schema is up to date; `false`: not within this time, and [`health`](Self::health) says why. Calls are
    /// recorded all the same.
    pub async fn ready(&self, timeout: Duration) -> bool {
        self.inner.drain.ready(timeout).await
    }

    /// As [`ready`](Self::ready), without a runtime.
    #[must_use]
    pub fn ready_blocking(&self, timeout: Duration) -> bool {
        self.inner.drain.ready_blocking(timeout)
    }

    /// Waits until all that was recorded so far is stored, and tells how many lines are not.
    ///
    /// Spans of this ledger's calls that handles keep open are ended first, so that a tracer provider can be shut down after
    /// it.
    pub async fn flush(&self, timeout: Duration) -> Flushed {
        keeper::end_those_of(&self.recorder);
        self.inner.drain.flush(timeout).await
    }

    /// As [`flush`](Self::flush), without a runtime.
    pub fn flush_blocking(&self, timeout: Duration) -> Flushed {
        keeper::end_those_of(&self.recorder);
        self.inner.drain.flush_blocking(timeout)
    }

    /// Flushes and ends the ledger's thread. What is not stored waits in the spool for the next open, and so does what is
    /// recorded after this.
    pub async fn shutdown(&self, timeout: Duration) -> Flushed {
        keeper::end_those_of(&self.recorder);
        self.inner.drain.shutdown(timeout).await
    }

    /// As [`shutdown`](Self::shutdown), without a runtime.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Flushed {
        keeper::end_those_of(&self.recorder);
        self.inner.drain.shutdown_blocking(timeout)
    }

    /// How the ledger is: what waits, what was refused or set aside, and the store's last error.
    #[must_use]
    pub fn health(&self) -> Health {
        Health { redactions_failed: self.inner.redaction.failures(), ..self.inner.drain.health() }
    }
}

impl Inner {
    /// Appends one line. `false`: it was refused, and counted.
    fn append(&self, line: Vec<u8>) -> bool {
        self.spool.append(line).is_ok()
    }

    fn learn_resource(&self, service_name: Option<String>, environment: Option<String>) {
        // The first provider's resource counts.
        let _ = self.service.learnt.set((service_name, environment));
    }

    /// The service's name and environment.
    fn service(&self) -> (Option<String>, Option<String>) {
        let Service { told, learnt } = &self.service;
        let learnt = learnt.get();
        (told.0.clone().or_else(|| learnt?.0.clone()), told.1.clone().or_else(|| learnt?.1.clone()))
    }
}

/// What the capture layers write to.
impl Sink for Inner {
    fn row_id(&self, ids: (TraceId, SpanId), started_at: Timestamp) -> Option<RowId> {
        Some(store::row_id_of(ids, started_at))
    }

    fn call(&self, call: &mut Call) -> Option<RowId> {
        (call.service_name, call.environment) = self.service();
        let row_id = store::row_id(call);
        self.append(line::call(call)).then_some(row_id)
    }

    fn content(&self, row_id: RowId, captured: Captured, call: &Call) {
        if captured.dropped == Some(Dropped::Failed) {
            self.redaction.failed();
        }
        if let Some(content) = captured.record(row_id, call) {
            // What is refused is counted by the spool.
            let _ = self.append(line::content(&content));
        }
    }

    fn later(&self, row_id: RowId, trust: Trust) {
        // What is refused is counted by the spool.
        let _ = self.append(line::later(&Later { row_id, recorded_at: Timestamp::now(), trust }));
    }

    fn score(&self, row_id: RowId, score: Score) -> bool {
        let scored = Scored { row_id, recorded_at: Timestamp::now(), score };
        scored.score.check().is_ok() && self.append(line::score(&scored))
    }
}

/// Reads a spool line; a call that nobody priced (a span of another library) gets its price here.
pub(crate) fn decode(line: &[u8], prices: &PriceBook) -> Result<Vec<Record>, String> {
    let mut read = read::line(line, Source::Capture)?;
    for record in &mut read.records {
        if let Record::Call(call) = record
            && call.cost.status.is_none()
        {
            call.cost = prices.price(call);
        }
    }
    match read.rejected.first() {
        Some(reason) if read.records.is_empty() => Err(reason.clone()),
        _ => Ok(read.records),
    }
}
