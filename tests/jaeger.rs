//! A call is in Jaeger, through a real OpenTelemetry Collector, nested under the application's own spans.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

use std::{process::Command, time::Duration};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use serde_json::{Value, json};
use services::{Service, answers, eventually, free_address, path};
use spanledger::{CallContext, CallHandle, Confidence, Hosts, Ledger, store::Query};
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

#[path = "support/services.rs"]
mod services;

struct Pipeline {
    _jaeger: Service,
    _collector: Service,
    ui: String,
    grpc: String,
}

/// A collector in front of a Jaeger, with the configurations that users get.
async fn pipeline(folder: &std::path::Path) -> Pipeline {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let [otlp_grpc, otlp_http, ui, query, jaeger_health, grpc, http, health] = [(); 8].map(|()| free_address());
    let jaeger = Service::start(
        Command::new(path("jaeger"))
            .args(["--config".as_ref(), root.join("otel-collector/jaeger.yaml").as_os_str()])
            .envs([("JAEGER_OTLP_GRPC", &otlp_grpc), ("JAEGER_OTLP_HTTP", &otlp_http), ("JAEGER_UI", &ui)])
            .envs([("JAEGER_QUERY_GRPC", &query), ("JAEGER_HEALTH", &jaeger_health)]),
        &folder.join("jaeger.log"),
    );
    let collector = Service::start(
        Command::new(path("otelcol"))
            .args(["--config".as_ref(), root.join("otel-collector/config.yaml").as_os_str()])
            .envs([("OTELCOL_GRPC", &grpc), ("OTELCOL_HTTP", &http), ("OTELCOL_HEALTH", &health)])
            .env("JAEGER_OTLP_HTTP", &otlp_http)
            .env("OTELCOL_QUEUE", folder.join("queue")),
        &folder.join("collector.log"),
    );
    answers(&format!("http://{jaeger_health}/status")).await;
    answers(&format!("http://{health}/")).await;
    Pipeline { _jaeger: jaeger, _collector: collector, ui, grpc }
}

/// An OpenAI that always says the same.
async fn openai() -> String {
    let answer = axum::Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Oak."}}],
        "usage": {
            "prompt_tokens": 1200, "completion_tokens": 30, "total_tokens": 1230,
            "prompt_tokens_details": {"cached_tokens": 1024}, "completion_tokens_details": {"reasoning_tokens": 20},
        },
    }));
    let router = axum::Router::new().route("/v1/chat/completions", axum::routing::post(async move || answer.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(tokio::task::spawn(async move { axum::serve(listener, router).await }));
    address
}

#[tracing::instrument(skip_all)]
async fn classify(http: &reqwest_middleware::ClientWithMiddleware, url: &str) {
    let context = CallContext::new("material_classification").user("42").job("job-7").tag("image_id", 17);
    let body = json!({"model": "gpt-4o-mini", "temperature": 0.5, "messages": [{"role": "user", "content": "Wood?"}]});
    let response = http.post(url).with_extension(context).json(&body).send().await.unwrap();
    let call = CallHandle::from_response(&response);
    assert!(response.text().await.unwrap().contains("Oak"));
    call.confidence(Confidence::new(0.87)).accepted();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_one_span_in_jaeger_under_the_applications_span_and_names_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path()).await;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(format!("http://{}", pipeline.grpc))
        .build()
        .unwrap();
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("materials").build())
        .with_batch_exporter(exporter)
        .build();
    opentelemetry::global::set_tracer_provider(provider.clone());
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("application"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let server = openai().await;
    let database = folder.path().join("usage.db");
    let url = format!("sqlite://{}", database.display());
    let ledger = Ledger::builder(&url).hosts(Hosts::default().name(&server, "openai")).open().unwrap();
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build();
    let job = tracing::info_span!("job");
    classify(&http, &format!("http://{server}/v1/chat/completions")).instrument(job).await;
    assert_eq!(ledger.shutdown(Duration::from_secs(20)).await.waiting, 0);
    provider.force_flush().unwrap();

    let store = spanledger::store::open(&url, false).unwrap();
    let table = store
        .query(&Query::new("SELECT id, trace_id, span_id, parent_span_id, cost_usd FROM usage_log"))
        .await
        .unwrap();
    assert_eq!(table.rows.len(), 1, "one call, one row");
    let row: Vec<String> = table.rows[0][..4].iter().map(|cell| cell.as_str().unwrap().to_owned()).collect();

    let trace = format!("http://{}/api/v3/traces/{}", pipeline.ui, row[1]);
    let spans = eventually("three spans of the trace", async || {
        let answer: Value = reqwest::get(&trace).await.ok()?.json().await.ok()?;
        Some(spans(&answer)).filter(|spans| spans.len() == 3)
    })
    .await;
    let find =
        |name: &str| spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{name}: {spans:#?}"));
    let (job, classify, call) = (find("job"), find("classify"), find("chat gpt-4o-mini"));
    assert_eq!(classify["parentSpanId"], job["spanId"]);
    assert_eq!(call["parentSpanId"], classify["spanId"]);
    assert_eq!(call["spanId"], row[2].as_str());
    assert_eq!(call["parentSpanId"], row[3].as_str());
    assert_eq!(call["kind"], 3, "client");

    // What Jaeger's GenAI view reads, with the types that it expects.
    let expected = json!({
        "gen_ai.operation.name": {"stringValue": "chat"},
        "gen_ai.provider.name": {"stringValue": "openai"},
        "gen_ai.request.model": {"stringValue": "gpt-4o-mini"},
        "gen_ai.response.model": {"stringValue": "gpt-4o-mini-2024-07-18"},
        "gen_ai.usage.input_tokens": {"intValue": "1200"},
        "gen_ai.usage.output_tokens": {"intValue": "30"},
        "gen_ai.usage.cache_read.input_tokens": {"intValue": "1024"},
        "gen_ai.usage.reasoning.output_tokens": {"intValue": "20"},
        "gen_ai.request.temperature": {"doubleValue": 0.5},
        "http.response.status_code": {"intValue": "200"},
        "spanledger.confidence.score": {"doubleValue": 0.87},
        "spanledger.action": {"stringValue": "use_ai_result"},
        "spanledger.tag.image_id": {"intValue": "17"},
        "spanledger.row.id": {"stringValue": row[0]},
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&attribute(call, name), value, "{name}");
    }
    let cost = attribute(call, "gen_ai.usage.cost")["doubleValue"].as_f64().unwrap();
    assert!((cost - table.rows[0][4].as_f64().unwrap()).abs() < 1e-12, "the span's cost is the row's");
    let events = call["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["name"] == "gen_ai.evaluation.result"), "{events:?}");
}

fn spans(answer: &Value) -> Vec<Value> {
    let resources = answer.pointer("/result/resourceSpans").and_then(Value::as_array);
    let scopes = resources.into_iter().flatten().filter_map(|resource| resource["scopeSpans"].as_array()).flatten();
    scopes.filter_map(|scope| scope["spans"].as_array()).flatten().cloned().collect()
}

fn attribute(span: &Value, name: &str) -> Value {
    let attributes = span["attributes"].as_array().into_iter().flatten();
    let found: Vec<_> = attributes.filter(|attribute| attribute["key"] == name).collect();
    assert!(found.len() <= 1, "{name} comes {} times", found.len());
    found.first().map(|attribute| attribute["value"].clone()).unwrap_or_default()
}
