//! What is compared: the same client without anything, with other middleware, and with ours.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::trace::{TracerProvider as _, noop::NoopTracerProvider};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter},
};
use reqwest_middleware::{ClientBuilder, Middleware};
use reqwest_tracing::TracingMiddleware;
use spanledger::{AiCallMiddleware, Hosts, Ledger, Recorder, store};
use tracing_subscriber::{filter::LevelFilter, prelude::*};

/// One of the things that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Plain,
    Empty,
    ReqwestTracing,
    Spans,
    Ledger,
    LedgerAndSpans,
}

impl Variant {
    pub(crate) const ALL: [Self; 6] =
        [Self::Plain, Self::Empty, Self::ReqwestTracing, Self::Spans, Self::Ledger, Self::LedgerAndSpans];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain reqwest",
            Self::Empty => "reqwest-middleware, empty",
            Self::ReqwestTracing => "reqwest-tracing + batch",
            Self::Spans => "spanledger, spans only",
            Self::Ledger => "spanledger, ledger only",
            Self::LedgerAndSpans => "spanledger, ledger + spans",
        }
    }

    /// Whether its calls become spans, and whether they become rows.
    pub(crate) const fn makes(self) -> (bool, bool) {
        match self {
            Self::Plain | Self::Empty => (false, false),
            Self::ReqwestTracing | Self::Spans => (true, false),
            Self::Ledger => (false, true),
            Self::LedgerAndSpans => (true, true),
        }
    }
}

/// Everything that the variants need, set up once: one tracer provider and one ledger.
pub(crate) struct Setup {
    provider: SdkTracerProvider,
    exported: Arc<AtomicU64>,
    ledger: Ledger,
    url: String,
}

impl Setup {
    pub(crate) fn new(folder: &Path) -> Self {
        let exported = Arc::<AtomicU64>::default();
        // A queue that loses nothing between two flushes: what is compared is the work, and its count is asserted.
        let batches = BatchConfigBuilder::default().with_max_queue_size(1 << 17).build();
        let counter = Counter(Arc::clone(&exported));
        let processor = BatchSpanProcessor::builder(counter).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("reqwest-tracing"));
        tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO)).init();

        let url = format!("sqlite://{}", folder.join("usage.db").display());
        let ledger = Ledger::builder(&url).recorder(recorder()).open().unwrap();
        assert!(ledger.ready_blocking(Duration::from_secs(30)), "{:?}", ledger.health());
        Self { provider, exported, ledger, url }
    }

    /// The client of a variant, with `last` beneath everything.
    pub(crate) fn client(&self, variant: Variant, last: Option<Arc<dyn Middleware>>) -> Client {
        let reqwest = reqwest::Client::builder().no_proxy().build().unwrap();
        let builder = ClientBuilder::new(reqwest.clone());
        let builder = match variant {
            Variant::Plain if last.is_none() => return Client::Plain(reqwest),
            Variant::Plain | Variant::Empty => builder,
            Variant::ReqwestTracing => builder.with(TracingMiddleware::default()),
            Variant::Spans => builder.with(AiCallMiddleware::from(recorder())),
            Variant::Ledger | Variant::LedgerAndSpans => builder.with(self.ledger.reqwest_middleware()),
        };
        Client::Layered(last.into_iter().fold(builder, ClientBuilder::with_arc).build())
    }

    /// Installs the tracer provider where the variant is to have one.
    pub(crate) fn enter(&self, variant: Variant) {
        match variant {
            Variant::Spans | Variant::LedgerAndSpans => {
                opentelemetry::global::set_tracer_provider(self.provider.clone());
            }
            _ => opentelemetry::global::set_tracer_provider(NoopTracerProvider::new()),
        }
    }

    /// Waits until everything is exported and stored.
    pub(crate) fn flush(&self) {
        self.provider.force_flush().unwrap();
        let left = self.ledger.flush_blocking(Duration::from_secs(120));
        assert_eq!(left.waiting, 0, "{:?}", self.ledger.health());
    }

    /// How many spans were exported and how many rows are in the database.
    pub(crate) async fn counts(&self) -> (u64, u64) {
        let store = store::open(&self.url, false).unwrap();
        let table = store.query(&store::Query::new("SELECT count(*) FROM usage_log")).await.unwrap();
        (self.exported.load(Relaxed), table.rows[0][0].as_u64().unwrap())
    }
}

/// The server is called `openai`, so that its calls are priced.
fn recorder() -> Recorder {
    Recorder::new().with_hosts(Hosts::default().name("127.0.0.1", "openai"))
}

/// An exporter that only counts.
#[derive(Debug)]
struct Counter(Arc<AtomicU64>);

impl SpanExporter for Counter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.fetch_add(batch.len() as u64, Relaxed);
        Ok(())
    }
}

/// A client that posts JSON.
#[derive(Clone)]
pub(crate) enum Client {
    Plain(reqwest::Client),
    Layered(reqwest_middleware::ClientWithMiddleware),
}

impl Client {
    pub(crate) async fn post(&self, url: &str, body: &'static str) -> reqwest::Response {
        const JSON: (&str, &str) = ("content-type", "application/json");
        match self {
            Self::Plain(client) => client.post(url).header(JSON.0, JSON.1).body(body).send().await.unwrap(),
            Self::Layered(client) => client.post(url).header(JSON.0, JSON.1).body(body).send().await.unwrap(),
        }
    }
}
