//! How calls are recorded: prices, named hosts, dialect, and where the rows go.

use std::{fmt, sync::Arc, time::Duration};

use opentelemetry::trace::{SpanId, TraceId};

use crate::{
    call::{Call, RowId, Score, Timestamp},
    confidence::Trust,
    content::{Captured, ContentCapture},
    estimate,
    model::Models,
    pricing::PriceBook,
    provider::Hosts,
    span::Dialect,
};

/// How the calls that pass a layer are recorded.
///
/// [`Recorder::new`] emits spans only; a ledger hands out recorders that write rows too.
#[derive(Clone, Debug)]
pub struct Recorder {
    pub(crate) hosts: Hosts,
    pub(crate) prices: PriceBook,
    pub(crate) models: Models,
    pub(crate) estimates: bool,
    pub(crate) dialect: Dialect,
    pub(crate) send_trace_headers: bool,
    pub(crate) baggage: bool,
    pub(crate) handle_timeout: Duration,
    pub(crate) spans: bool,
    pub(crate) content: Option<Arc<ContentCapture>>,
    pub(crate) sink: Option<Arc<dyn Sink>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorder {
    /// Spans by the global tracer provider, bundled prices, known hosts, the dialect of `OTEL_SEMCONV_STABILITY_OPT_IN`, and
    /// content only where [`content::VARIABLE`](crate::content::VARIABLE) asks for it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hosts: Hosts::default(),
            prices: PriceBook::bundled(),
            models: Models::default(),
            estimates: true,
            dialect: Dialect::from_env(),
            send_trace_headers: false,
            baggage: false,
            handle_timeout: Duration::from_secs(60),
            spans: true,
            content: ContentCapture::from_env().map(Arc::new),
            sink: None,
        }
    }

    /// Names hosts of your own: a gateway, a local server.
    #[must_use]
    pub fn with_hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Prices by this book.
    #[must_use]
    pub fn with_prices(mut self, prices: PriceBook) -> Self {
        self.prices = prices;
        self
    }

    /// Knows these aliases of models and names of machines.
    #[must_use]
    pub fn with_models(mut self, models: Models) -> Self {
        self.models = models;
        self
    }

    /// Whether tokens that a provider does not report are estimated from the text; see [`estimate`]. On by
    /// default.
    #[must_use]
    pub const fn with_estimates(mut self, estimate: bool) -> Self {
        self.estimates = estimate;
        self
    }

    /// Emits spans in this dialect of the semantic conventions.
    #[must_use]
    pub const fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sends the trace's headers (by the global propagator) to the provider too. Off by default: they are no business of an
    /// AI provider, unless it is your own gateway.
    #[must_use]
    pub const fn with_trace_headers(mut self, send: bool) -> Self {
        self.send_trace_headers = send;
        self
    }

    /// Reads OpenTelemetry's baggage too: what neither the request nor the scope says of who asks, the baggage of the current
    /// OpenTelemetry context does. Off by default: baggage comes from outside with a request, and users feed bills.
    ///
    /// Its keys are the names of the span's attributes: `spanledger.task`, `user.id`, `gen_ai.conversation.id`,
    /// `spanledger.job.id`, `spanledger.configuration.id`, `spanledger.variant`, and `spanledger.tag.NAME` for a tag.
    #[must_use]
    pub const fn with_baggage(mut self, read: bool) -> Self {
        self.baggage = read;
        self
    }

    /// How long a [`CallHandle`](super::CallHandle) may keep a span open after the body's end; 60 seconds by default.
    #[must_use]
    pub const fn with_handle_timeout(mut self, timeout: Duration) -> Self {
        self.handle_timeout = timeout;
        self
    }

    /// Keeps what is asked and answered, as this says; `None`: nothing, whatever the environment asks for. See
    /// [`content`](crate::content).
    #[must_use]
    pub fn with_content(mut self, capture: impl Into<Option<ContentCapture>>) -> Self {
        self.content = capture.into().map(Arc::new);
        self
    }

    /// What is captured of content, if there is a place where it goes.
    pub(super) fn captures(&self) -> Option<&ContentCapture> {
        let goes_somewhere =
            |capture: &&ContentCapture| (capture.to_spans && self.spans) || (capture.to_ledger && self.sink.is_some());
        self.content.as_deref().filter(goes_somewhere)
    }

    /// Loads the bundled prices on a thread of its own (about 40 ms), so that the first call does not wait for them.
    pub(crate) fn warm(&self) {
        let (prices, estimates) = (self.prices.clone(), self.estimates);
        // If there is no thread to be had, the first call loads them.
        let _ = std::thread::Builder::new().name("spanledger-prices".to_owned()).spawn(move || {
            prices.warm();
            if estimates {
                estimate::warm();
            }
        });
    }

    /// What was learnt of a call after its row was written.
    pub(super) fn later(&self, row_id: RowId, trust: Trust) {
        if let Some(sink) = &self.sink {
            sink.later(row_id, trust);
        }
    }

    /// How a call was judged.
    pub(super) fn score(&self, row_id: RowId, score: Score) {
        if let Some(sink) = &self.sink {
            sink.score(row_id, score);
        }
    }
}

/// Where finished calls go: the ledger's spool, or whoever inspects one exchange.
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    /// The id that the row of a call will have, where there are rows; known as soon as the call began.
    fn row_id(&self, ids: (TraceId, SpanId), started_at: Timestamp) -> Option<RowId>;

    /// Takes a finished call. The id of its row, if it could be taken.
    fn call(&self, call: &mut Call) -> Option<RowId>;

    /// Takes what was learnt of one later.
    fn later(&self, row_id: RowId, trust: Trust);

    /// Takes what was asked and answered in a call that was taken.
    fn content(&self, row_id: RowId, captured: Captured, call: &Call) {
        let _ = (row_id, captured, call);
    }

    /// Takes how one was judged. Whether it could be taken.
    fn score(&self, row_id: RowId, score: Score) -> bool;
}
