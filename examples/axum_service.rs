//! An axum service whose handler asks a model: who asks comes from the request, the call nests under the handler's
//! `#[tracing::instrument]` span, and nothing is lost when the service stops.
//!
//! `cargo run --example axum_service` needs no key and no network: a loopback server answers, and the example asks its own
//! service twice. With `OTEL_EXPORTER_OTLP_ENDPOINT` (gRPC, as `http://localhost:4317`) the traces go there.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::{error::Error, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest_middleware::ClientWithMiddleware;
use serde_json::{Value, json};
use spanledger::CallContext;
use support::{Api, Stage};
use tokio::{net::TcpListener, sync::oneshot};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

#[path = "../tests/support/mod.rs"]
mod support;

#[derive(Clone, Debug)]
struct Service {
    http: ClientWithMiddleware,
    models: String,
}

fn app(service: Service) -> Router {
    Router::new().route("/ask", post(ask)).with_state(service)
}

#[tracing::instrument(skip_all)]
async fn ask(
    State(service): State<Service>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("anonymous");
    let context = CallContext::new("chat").user(header("x-user")).conversation(header("x-conversation"));
    // Every AI call in this scope has that context, however deep in your code it is made.
    context.scope(answer(&service, &asked["question"])).await.map(Json).map_err(|_| StatusCode::BAD_GATEWAY)
}

#[tracing::instrument(skip_all)]
async fn answer(service: &Service, question: &Value) -> reqwest_middleware::Result<Value> {
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]});
    let request = service.http.post(format!("{}/v1/chat/completions", service.models)).json(&body);
    let answer: Value = request.send().await?.json().await?;
    Ok(json!({"answer": answer["choices"][0]["message"]["content"]}))
}

/// The usual OpenTelemetry set-up. The ledger needs none of it: without, there are rows and no spans.
fn tracer_provider() -> Result<SdkTracerProvider, Box<dyn Error>> {
    let mut provider = SdkTracerProvider::builder();
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        provider = provider.with_batch_exporter(opentelemetry_otlp::SpanExporter::builder().with_tonic().build()?);
    }
    let provider = provider.build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("axum_service"));
    tracing_subscriber::registry().with(layer).init();
    opentelemetry::global::set_tracer_provider(provider.clone());
    Ok(provider)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tracer_provider = tracer_provider()?;
    let stage = Stage::open().await?;
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(stage.ledger.reqwest_middleware()) // the one line
        .build();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/ask", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let service = app(Service { http, models: stage.url(Api::OpenAi) });
    // A service of yours stops at `tokio::signal::ctrl_c()`; this one when its two questions are answered.
    let serve = axum::serve(listener, service).with_graceful_shutdown(async { drop(stopped.await) });
    let (served, asked) = tokio::join!(serve, visit(&url, stop));
    served?;
    asked?;

    // In this order: the ledger ends the spans that are still open, then the tracer provider sends them.
    let left = stage.ledger.shutdown(Duration::from_secs(5)).await;
    println!("stopped; {} rows are not stored yet", left.waiting);
    tracer_provider.shutdown()?;
    stage.close().await
}

/// Two users.
async fn visit(url: &str, stop: oneshot::Sender<()>) -> Result<(), Box<dyn Error>> {
    let client = reqwest::Client::new();
    for user in ["anna", "ben"] {
        let question = json!({"question": "Which finish suits this floor?"});
        let request = client.post(url).header("x-user", user).header("x-conversation", "c-1").json(&question);
        println!("{user}: {}", request.send().await?.text().await?);
    }
    drop(stop);
    Ok(())
}
