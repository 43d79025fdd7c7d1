//! The usual OpenTelemetry set-up, if there is somewhere to send spans to. The ledger needs none of it.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Where spans go, and how many did not get there.
pub(crate) struct Telemetry {
    provider: SdkTracerProvider,
    endpoint: String,
    lost: Arc<AtomicUsize>,
}

/// Sends spans where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
pub(crate) fn set_up() -> Result<Option<Telemetry>, Box<dyn Error>> {
    let Some(endpoint) = env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(None);
    };
    println!("Spans go to {endpoint} over gRPC, as service \"quickstart\".");
    if endpoint.trim_end_matches('/').ends_with(":4318") {
        println!("(Port 4318 usually speaks HTTP; if nothing arrives there, name port 4317.)");
    }
    println!();
    let lost = Arc::<AtomicUsize>::default();
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("quickstart").build())
        .with_batch_exporter(Counted { exporter, lost: Arc::clone(&lost) })
        .build();
    global::set_tracer_provider(provider.clone());
    // So that calls nest under `#[tracing::instrument]` functions.
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("quickstart"));
    tracing_subscriber::registry().with(layer).init();
    Ok(Some(Telemetry { provider, endpoint, lost }))
}

/// Sends what is left, and tells how that went.
pub(crate) async fn shut_down(telemetry: Option<Telemetry>) {
    let Some(Telemetry { provider, endpoint, lost }) = telemetry else { return };
    let ended = tokio::task::spawn_blocking(move || provider.shutdown()).await;
    match lost.load(Ordering::Relaxed) {
        0 if matches!(ended, Ok(Ok(()))) => {
            println!("\nThe spans are sent: look for service \"quickstart\" in Jaeger.")
        }
        0 => println!("\nThe tracer provider did not shut down in time: some spans may be lost. No row is."),
        lost => println!("\n{endpoint} did not take {lost} spans. No row is lost by that."),
    }
}

/// An exporter that knows what it lost: the SDK's batches only log it.
#[derive(Debug)]
struct Counted<E> {
    exporter: E,
    lost: Arc<AtomicUsize>,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        if result.is_err() {
            self.lost.fetch_add(spans, Ordering::Relaxed);
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
