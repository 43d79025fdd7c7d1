//! With OpenTelemetry and `tracing` set up in this way and that: spans where they belong, and one row per call whatever the
//! set-up. The tracer provider is global, so these tests take turns.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use opentelemetry::{
    Context, KeyValue, Value as OtelValue, global,
    trace::{FutureExt as _, TraceContextExt as _, Tracer as _, TracerProvider as _},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{InMemorySpanExporter, Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor},
};
use reqwest_middleware::ClientWithMiddleware;
use serde_json::{Value, json};
use spanledger::{AiCallMiddleware, CallContext, CallHandle, Ledger, RequestBody, call::Score, store::Query};
use support::{Api, Pace, Row, Scenario, Servers, rows, scenario};
use tokio::sync::{Mutex, MutexGuard};
use tower::ServiceExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _};

mod support;

const SOON: Duration = Duration::from_secs(20);

static TURN: Mutex<()> = Mutex::const_new(());

/// A ledger, the servers, a global tracer provider, and the turn.
struct Bench {
    servers: Servers,
    ledger: Ledger,
    url: String,
    provider: SdkTracerProvider,
    spans: InMemorySpanExporter,
    _folder: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Bench {
    async fn new(sampler: Sampler, with_span_exporter: bool) -> Self {
        let turn = TURN.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let servers = Servers::start(Pace::AtOnce).await.unwrap();
        let ledger = Ledger::builder(&url).hosts(servers.hosts()).open().unwrap();
        let spans = InMemorySpanExporter::default();
        let mut provider = SdkTracerProvider::builder().with_sampler(sampler).with_simple_exporter(spans.clone());
        if with_span_exporter {
            provider = provider.with_simple_exporter(ledger.span_exporter());
        }
        let provider = provider.build();
        global::set_tracer_provider(provider.clone());
        Self { servers, ledger, url, provider, spans, _folder: folder, _turn: turn }
    }

    fn http(&self) -> ClientWithMiddleware {
        client(self.ledger.reqwest_middleware())
    }

    /// One call, read to its end.
    async fn call(&self, http: &ClientWithMiddleware, scenario: &Scenario) {
        ask(http, &self.servers.url(scenario.api), scenario).await;
    }

    async fn rows(&self) -> Vec<Row> {
        assert_eq!(self.ledger.flush(SOON).await.waiting, 0, "everything is stored");
        rows::all(&self.url).await.unwrap()
    }

    fn spans(&self) -> Vec<SpanData> {
        self.provider.force_flush().unwrap();
        self.spans.get_finished_spans().unwrap()
    }
}

fn client(middleware: AiCallMiddleware) -> ClientWithMiddleware {
    reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(middleware).build()
}

async fn ask(http: &ClientWithMiddleware, server: &str, scenario: &Scenario) {
    let request = http.post(format!("{server}{}", scenario.path)).json(&scenario.body());
    request.send().await.unwrap().bytes().await.unwrap();
}

fn attribute<'a>(span: &'a SpanData, name: &str) -> Option<&'a OtelValue> {
    span.attributes.iter().rfind(|attribute| attribute.key.as_str() == name).map(|attribute| &attribute.value)
}

#[tracing::instrument(skip_all)]
async fn answer_a_question(http: &ClientWithMiddleware, server: &str, scenario: &Scenario) {
    ask(http, server, scenario).await;
}

#[tokio::test]
async fn calls_nest_under_instrumented_functions() {
    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    let layer = tracing_opentelemetry::layer().with_tracer(bench.provider.tracer("application"));
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let http = bench.http();
    let scenarios =
        ["openai chat", "openai chat, stream", "anthropic messages, stream"].map(|name| scenario::named(name).unwrap());
    for scenario in scenarios {
        answer_a_question(&http, &bench.servers.url(scenario.api), scenario).await;
    }
    drop(guard);

    let rows = bench.rows().await;
    let spans = bench.spans();
    assert_eq!((rows.len(), spans.len()), (3, 6), "a row per call; a span per call and per function");
    for row in rows {
        let call = spans.iter().find(|span| span.span_context.span_id().to_string() == row.text("span_id")).unwrap();
        let parent = spans.iter().find(|span| span.span_context.span_id() == call.parent_span_id).unwrap();
        assert_eq!(parent.name, "answer_a_question");
        assert_eq!(parent.span_context.trace_id(), call.span_context.trace_id());
        assert_eq!(row.text("trace_id"), call.span_context.trace_id().to_string());
        assert_eq!(row.text("parent_span_id"), parent.span_context.span_id().to_string());
        assert_eq!(call.name, format!("chat {}", row.text("request_model")));
        assert_eq!(attribute(call, "spanledger.row.id").map(ToString::to_string).as_deref(), Some(row.text("id")));
        let input = attribute(call, "gen_ai.usage.input_tokens");
        assert!(matches!(input, Some(OtelValue::I64(24))), "integers stay integers: {input:?}");
    }
}

#[tokio::test]
async fn what_is_learnt_later_is_on_the_span_and_in_the_row() {
    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    let scenario = scenario::named("openai chat").unwrap();
    let request =
        bench.http().post(format!("{}{}", bench.servers.url(Api::OpenAi), scenario.path)).json(&scenario.body());
    let response = request.with_extension(CallContext::new("task").user(42)).send().await.unwrap();
    let call = CallHandle::from_response(&response);
    response.bytes().await.unwrap();
    call.confidence(spanledger::Confidence::new(0.25)).fell_back("below 0.70");
    assert!(bench.spans().is_empty(), "the span waits for the handle");
    drop(call);

    let (rows, spans) = (bench.rows().await, bench.spans());
    assert_eq!((rows.len(), spans.len()), (1, 1));
    assert_eq!((rows[0].text("task"), rows[0].text("user_id")), ("task", "42"));
    assert_eq!((rows[0].text("action"), rows[0].text("fallback_reason")), ("fallback_to_rules", "below 0.70"));
    assert_eq!(rows[0].get("confidence_score").as_f64(), Some(0.25));
    assert_eq!(attribute(&spans[0], "spanledger.confidence.score"), Some(&OtelValue::F64(0.25)));
}

#[tokio::test]
async fn a_flush_ends_the_spans_that_handles_keep_open_of_its_own_ledger_alone() {
    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    let scenario = scenario::named("openai chat").unwrap();
    let url = format!("{}{}", bench.servers.url(Api::OpenAi), scenario.path);
    let response = bench.http().post(url).json(&scenario.body()).send().await.unwrap();
    let call = CallHandle::from_response(&response);
    response.bytes().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let other = Ledger::open(format!("sqlite://{}", folder.path().join("usage.db").display())).await.unwrap();
    assert_eq!(other.flush(SOON).await.waiting, 0);
    assert_eq!(bench.spans().len(), 0, "another ledger's span is none of its business");
    assert_eq!(bench.ledger.flush(SOON).await.waiting, 0);
    assert_eq!(bench.spans().len(), 1, "its own is ended");
    drop(call);
    assert_eq!(bench.spans().len(), 1, "and ends once");
}

#[tokio::test]
async fn a_sampler_that_keeps_nothing_costs_no_row() {
    let bench = Bench::new(Sampler::AlwaysOff, true).await;
    let scenario = scenario::named("openai chat").unwrap();
    for _ in 0..5 {
        bench.call(&bench.http(), scenario).await;
    }
    let rows = bench.rows().await;
    let spans: HashSet<&str> = rows.iter().map(|row| row.text("span_id")).collect();
    assert_eq!((rows.len(), spans.len(), bench.spans().len()), (5, 5, 0));
}

#[tokio::test]
async fn a_sampler_of_one_per_cent_costs_no_row() {
    let bench = Bench::new(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(0.01))), true).await;
    let (http, scenario) = (bench.http(), scenario::named("anthropic messages, stream").unwrap());
    for _ in 0..60 {
        bench.call(&http, scenario).await;
    }
    let rows = bench.rows().await;
    let spans: HashSet<&str> = rows.iter().map(|row| row.text("span_id")).collect();
    assert_eq!((rows.len(), spans.len()), (60, 60));
    assert!(bench.spans().len() < 30, "the sampler is at work");
}

#[tokio::test]
async fn the_span_exporter_adds_no_row_to_one_that_is_there() {
    let bench = Bench::new(Sampler::AlwaysOn, true).await;
    let http = bench.http();
    for api in Api::ALL {
        bench.call(&http, &api.scenarios()[0]).await;
    }
    assert_eq!((bench.rows().await.len(), bench.spans().len()), (4, 4));
}

#[tokio::test]
async fn the_span_exporter_makes_rows_of_calls_that_only_have_a_span() {
    let bench = Bench::new(Sampler::AlwaysOn, true).await;
    let scenario = scenario::named("openai chat, cached and reasoning").unwrap();
    bench.call(&client(AiCallMiddleware::new()), scenario).await;
    let rows = bench.rows().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].counts(), scenario.counts);
    assert_eq!(rows[0].text("request_model"), scenario.model);
    assert_eq!(rows[0].text("span_id"), bench.spans()[0].span_context.span_id().to_string());
}

/// Runs something inside a span of another library.
async fn inside<T>(name: &'static str, attributes: Vec<KeyValue>, work: impl Future<Output = T>) -> T {
    let span =
        global::tracer("framework").span_builder(name).with_attributes(attributes).start(&global::tracer("framework"));
    let context = Context::current_with_span(span);
    let done = work.with_context(context.clone()).await;
    context.span().end();
    done
}

#[tokio::test]
async fn calls_inside_spans_of_a_framework_count_once_with_tools_between_them() {
    let bench = Bench::new(Sampler::AlwaysOn, true).await;
    let scenario = scenario::named("openai chat").unwrap();
    let http = bench.http();
    let of = |operation: &'static str| vec![KeyValue::new("gen_ai.operation.name", operation)];
    let used = |operation| [of(operation), vec![KeyValue::new("gen_ai.usage.input_tokens", 1000)]].concat();
    inside("agent", used("invoke_agent"), async {
        inside("tool", of("execute_tool"), async {
            inside("step", Vec::new(), bench.call(&http, scenario)).await;
            inside("other", Vec::new(), inside("chat", used("chat"), std::future::ready(()))).await;
        })
        .await;
    })
    .await;
    inside("lonely", used("chat"), std::future::ready(())).await;
    let rows = bench.rows().await;
    let counted: Vec<_> = rows.iter().map(|row| (row.text("operation"), row.get("billable").as_bool())).collect();
    let of = |operation: &str, billable| counted.iter().filter(|row| **row == (operation, Some(billable))).count();
    assert_eq!(rows.len(), 4, "the tool and the steps are no calls: {counted:?}");
    assert_eq!((of("invoke_agent", false), of("chat", true)), (1, 3), "{counted:?}");
}

#[tokio::test]
async fn the_span_of_what_was_no_call_after_all_becomes_no_row_through_the_span_exporter() {
    let bench = Bench::new(Sampler::AlwaysOn, true).await;
    let router = axum::Router::new().route("/api/chat", axum::routing::post(async || "ok"));
    let server = support::server::Server::start(router).await.unwrap();
    let hyper: Client<_, RequestBody<Full<Bytes>>> = Client::builder(TokioExecutor::new()).build_http();
    let request = http::Request::post(format!("{}/api/chat", server.url())).header("content-type", "application/json");
    let request = request.body(Full::from(r#"{"room": 7, "text": "hello"}"#)).unwrap();
    drop(tower::Layer::layer(&bench.ledger.tower_layer(), hyper).oneshot(request).await.unwrap());
    assert_eq!(bench.spans().len(), 1, "it had begun before its body was known");
    assert!(bench.rows().await.is_empty());
}

#[tokio::test]
async fn a_log_filter_of_off_costs_neither_row_nor_span() {
    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    let layer = tracing_opentelemetry::layer().with_tracer(bench.provider.tracer("application"));
    let guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(layer.with_filter(EnvFilter::new("off"))));
    let scenario = scenario::named("openai chat").unwrap();
    answer_a_question(&bench.http(), &bench.servers.url(Api::OpenAi), scenario).await;
    drop(guard);
    assert_eq!((bench.rows().await.len(), bench.spans().len()), (1, 1), "the call's; the function's is filtered out");
}

#[tokio::test]
async fn what_is_learnt_again_is_on_the_span_once() {
    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    let scenario = scenario::named("openai chat").unwrap();
    let request =
        bench.http().post(format!("{}{}", bench.servers.url(Api::OpenAi), scenario.path)).json(&scenario.body());
    let response = request.send().await.unwrap();
    let call = CallHandle::from_response(&response);
    call.confidence(spanledger::Confidence::new(0.9)).accepted();
    response.bytes().await.unwrap();
    call.confidence(spanledger::Confidence::new(0.8)).confidence(spanledger::Confidence::new(0.25)).fell_back("low");
    drop(call);

    let (rows, spans) = (bench.rows().await, bench.spans());
    assert_eq!(rows[0].get("confidence_score").as_f64(), Some(0.25));
    let names: Vec<&str> = spans[0].attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "no attribute twice: {names:?}");
    assert_eq!(attribute(&spans[0], "spanledger.confidence.score"), Some(&OtelValue::F64(0.25)));
    assert_eq!(attribute(&spans[0], "spanledger.action"), Some(&OtelValue::from("fallback_to_rules")));
    assert_eq!(spans[0].events.len(), 1, "one result of an evaluation");
}

#[tokio::test]
async fn a_score_said_before_or_after_the_bodys_end_is_an_event_of_the_span_and_a_row() {
    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    let scenario = scenario::named("openai chat").unwrap();
    let request =
        bench.http().post(format!("{}{}", bench.servers.url(Api::OpenAi), scenario.path)).json(&scenario.body());
    let response = request.send().await.unwrap();
    let call = CallHandle::from_response(&response);
    call.score(Score::new("relevance", 0.5)).score(Score::new("", 1.0));
    response.bytes().await.unwrap();
    call.score(Score::labelled("accuracy", "pass").explanation("right"));
    drop(call);
    assert_eq!(bench.rows().await.len(), 1);
    let spans = bench.spans();
    let events: Vec<_> = spans[0].events.iter().map(|event| event.name.as_ref()).collect();
    assert_eq!(events, ["gen_ai.evaluation.result"; 2]);
    assert_eq!(spans[0].events[1].attributes[1], KeyValue::new("gen_ai.evaluation.score.label", "pass"));
    let store = spanledger::store::open(&bench.url, false).unwrap();
    let scores =
        Query::new("SELECT name, score, label, detail FROM ai_call_score JOIN usage_log ON id = call_id ORDER BY name");
    let expected = [
        [json!("accuracy"), Value::Null, json!("pass"), json!("\"right\"")],
        [json!("relevance"), json!(0.5), Value::Null, Value::Null],
    ];
    assert_eq!(store.query(&scores).await.unwrap().rows, expected);
    store.close().await;
}

#[tokio::test]
async fn a_layer_beneath_async_openai_lies_under_its_call() {
    use async_openai::{Client, config::OpenAIConfig, error::OpenAIError, middleware::HttpRequestFactory};
    use tower::{Layer as _, Service as _, service_fn};

    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    let scenario = scenario::named("openai chat").unwrap();
    let beneath = bench.ledger.tower_layer().layer(reqwest::Client::new());
    let service = service_fn(move |factory: HttpRequestFactory| {
        let mut beneath = beneath.clone();
        async move { beneath.call(factory.build().await?).await.map_err(OpenAIError::Reqwest) }
    });
    let config = OpenAIConfig::new().with_api_base(format!("{}/v1", bench.servers.url(Api::OpenAi)));
    let client =
        Client::with_config(config.with_api_key("none")).with_http_service(bench.ledger.tower_layer().layer(service));
    client.chat().create(serde_json::from_value(scenario.body()).unwrap()).await.unwrap();
    drop(client);

    let rows = bench.rows().await;
    let (upper, lower): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.text("ai_parent_span_id").is_empty());
    assert_eq!((upper.len(), lower.len()), (1, 1));
    assert_eq!(lower[0].text("ai_parent_span_id"), upper[0].text("span_id"));
    assert_eq!(lower[0].text("parent_span_id"), upper[0].text("span_id"));
    assert_eq!((upper[0].get("billable"), lower[0].get("billable")), (&false.into(), &true.into()), "one is paid");
}

/// A span processor that panics.
#[derive(Debug)]
enum Panics {
    AtTheStart,
    AtTheEnd,
}

impl SpanProcessor for Panics {
    fn on_start(&self, _: &mut Span, _: &Context) {
        assert!(!matches!(self, Self::AtTheStart), "at the start");
    }

    fn on_end(&self, _: SpanData) {
        assert!(!matches!(self, Self::AtTheEnd), "at the end");
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[tokio::test]
async fn a_span_processor_that_panics_costs_neither_row_nor_answer() {
    let bench = Bench::new(Sampler::AlwaysOn, false).await;
    for panics in [Panics::AtTheStart, Panics::AtTheEnd] {
        global::set_tracer_provider(SdkTracerProvider::builder().with_span_processor(panics).build());
        bench.call(&bench.http(), scenario::named("openai chat").unwrap()).await;
    }
    assert_eq!(bench.rows().await.len(), 2);
}
