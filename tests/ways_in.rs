//! Every way in, with every scenario: the caller sees what it would see without us, and the ledger gets one row that says
//! what happened. No tracer provider is installed here.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::HashMap, time::Duration};

use opentelemetry::{
    Context,
    trace::{FutureExt as _, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use serde_json::{Value, json};
use spanledger::{CallContext, CallHandle, Ledger};
use support::{Api, Counts, Pace, Row, Scenario, Servers, Steps, rows, scenario, server};
use ways::{Reads, Seen, Way};

mod support;
mod ways;

const SOON: Duration = Duration::from_secs(20);

/// A ledger of its own, and the servers that it knows.
struct Bench {
    servers: Servers,
    ledger: Ledger,
    url: String,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new(pace: Pace) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let servers = Servers::start(pace).await.unwrap();
        let ledger = Ledger::builder(&url).hosts(servers.hosts()).open().unwrap();
        Self { servers, ledger, url, _folder: folder }
    }

    /// One call, its name as the task. It is over when its handle has the row's id.
    async fn call(&self, way: Way, server: &str, scenario: &Scenario, reads: &Reads) -> Seen {
        let (seen, calls) =
            CallContext::new(scenario.name).scope_calls(way.call(Some(&self.ledger), server, scenario, reads)).await;
        assert_eq!(calls.len(), 1, "{way:?}, {}: one handle", scenario.name);
        let written = async {
            while calls[0].row_id().is_none() {
                tokio::task::yield_now().await;
            }
        };
        let written = tokio::time::timeout(SOON, written).await;
        assert!(written.is_ok(), "{way:?}, {}: no row", scenario.name);
        seen
    }

    /// All rows by task; each task has one.
    async fn rows(&self) -> HashMap<String, Row> {
        assert_eq!(self.ledger.flush(SOON).await.waiting, 0, "everything is stored");
        let rows = rows::all(&self.url).await.unwrap();
        let count = rows.len();
        let by_task: HashMap<String, Row> = rows.into_iter().map(|row| (row.text("task").to_owned(), row)).collect();
        assert_eq!(by_task.len(), count, "one row per call");
        by_task
    }
}

fn assert_row(way: Way, row: &Row, scenario: &Scenario, counts: Counts, ending: &str) {
    let what = format!("{way:?}, {}: {row:?}", scenario.name);
    let is = |column: &str, expected: Value| assert_eq!(*row.get(column), expected, "{column} of {what}");
    let refused = scenario.status >= 400;
    assert_eq!(row.counts_told(counts), counts, "{what}");
    let missing = counts.input.is_none() || counts.output.is_none() && scenario.operation != "embeddings";
    let was_answered = !refused && (!scenario.streamed || row.get("time_to_first_chunk_ms").is_number());
    assert_eq!(row.is_estimated(), missing && was_answered, "{what}");
    is("provider", json!(scenario.api.provider()));
    is("operation", json!(scenario.operation));
    is("request_model", json!(scenario.model));
    is("ending", json!(ending));
    is("status", json!(if refused { "error" } else { "success" }));
    is("http_status", json!(scenario.status));
    assert_eq!(row.get("error_message").is_string(), refused, "{what}");
    assert_eq!(*row.get("streamed") == json!(true), scenario.streamed && !refused, "{what}");
    if ending == "complete" {
        let reasons = scenario.finish_reasons;
        is("finish_reasons", if reasons.is_empty() { Value::Null } else { json!(reasons) });
        assert_eq!(row.get("cost_usd").is_string(), scenario.priced && row.counts() != Counts::UNKNOWN, "{what}");
    }
    assert!(row.get("duration_ms").as_f64().is_some_and(|duration| duration > 0.0), "{what}");
}

async fn whole_answers(way: Way) {
    let bench = Bench::new(Pace::AtOnce).await;
    let scenarios: Vec<_> = scenario::all().filter(|scenario| way.speaks(scenario)).collect();
    for scenario in &scenarios {
        let server = bench.servers.url(scenario.api);
        let unwatched = way.call(None, &server, scenario, &Reads::All).await;
        let watched = bench.call(way, &server, scenario, &Reads::All).await;
        assert_eq!(watched, unwatched, "{way:?}, {}", scenario.name);
    }
    let rows = bench.rows().await;
    assert_eq!(rows.len(), scenarios.len());
    for scenario in scenarios {
        assert_row(way, &rows[scenario.name], scenario, scenario.counts, "complete");
    }
}

async fn abandoned_streams(way: Way) {
    let steps = Steps::new();
    let bench = Bench::new(Pace::LockStep(steps.clone())).await;
    let streams: Vec<_> = scenario::all()
        .filter(|scenario| way.speaks(scenario) && scenario.streamed && scenario.status == 200)
        .collect();
    for scenario in &streams {
        let (server, reads) = (bench.servers.url(scenario.api), Reads::Chunks(3, steps.clone()));
        let unwatched = way.call(None, &server, scenario, &reads).await;
        let watched = bench.call(way, &server, scenario, &reads).await;
        assert_eq!(watched, unwatched, "{way:?}, {}", scenario.name);
    }
    let rows = bench.rows().await;
    assert_eq!(rows.len(), streams.len());
    for scenario in streams {
        assert_row(way, &rows[scenario.name], scenario, scenario.abandoned, "cancelled");
    }
}

async fn nobody_listens(way: Way) {
    let bench = Bench::new(Pace::AtOnce).await;
    let nobody = server::nobody().await.unwrap();
    let scenario = &Api::OpenAi.scenarios()[0];
    let unwatched = way.call(None, &nobody, scenario, &Reads::All).await;
    let watched = bench.call(way, &nobody, scenario, &Reads::All).await;
    assert!(watched.is_err(), "{way:?}: {watched:?}");
    assert_eq!(watched, unwatched, "{way:?}");
    let rows = bench.rows().await;
    let row = &rows[scenario.name];
    assert_eq!((row.text("ending"), row.text("status")), ("failed", "error"), "{way:?}: {row:?}");
    assert_eq!((row.get("http_status"), row.counts()), (&Value::Null, Counts::UNKNOWN), "{way:?}: {row:?}");
    assert_eq!(row.get("cost_usd"), &Value::Null, "{way:?}: {row:?}");
    assert!(!row.text("error_message").is_empty(), "{way:?}: {row:?}");
}

macro_rules! each_way {
    ($($name:ident = $way:ident,)*) => {$(
        mod $name {
            use super::Way;

            #[tokio::test]
            async fn whole_answers() {
                super::whole_answers(Way::$way).await;
            }

            #[tokio::test]
            async fn abandoned_streams() {
                super::abandoned_streams(Way::$way).await;
            }

            #[tokio::test]
            async fn nobody_listens() {
                super::nobody_listens(Way::$way).await;
            }
        }
    )*};
}

each_way! {
    reqwest_middleware = ReqwestMiddleware,
    tower_over_hyper = TowerOverHyper,
    reqwest_as_tower = ReqwestAsTower,
    async_openai = AsyncOpenAi,
}

#[tokio::test]
async fn calls_under_one_incoming_trace_header_have_ids_of_their_own() {
    let bench = Bench::new(Pace::AtOnce).await;
    let trace_id = TraceId::from(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    let caller = SpanContext::new(trace_id, SpanId::from(7), TraceFlags::SAMPLED, true, TraceState::default());
    let incoming = Context::new().with_remote_span_context(caller);
    for way in Way::ALL {
        for _ in 0..2 {
            let scenario = &Api::OpenAi.scenarios()[0];
            let server = bench.servers.url(scenario.api);
            way.call(Some(&bench.ledger), &server, scenario, &Reads::All).with_context(incoming.clone()).await.unwrap();
        }
    }
    assert_eq!(bench.ledger.flush(SOON).await.waiting, 0);
    let rows = rows::all(&bench.url).await.unwrap();
    let spans: std::collections::HashSet<&str> = rows.iter().map(|row| row.text("span_id")).collect();
    assert_eq!((rows.len(), spans.len()), (8, 8), "eight calls, eight ids");
    for row in &rows {
        assert_eq!(row.text("trace_id"), trace_id.to_string());
        assert_eq!(row.text("parent_span_id"), SpanId::from(7).to_string());
    }
}

#[tokio::test]
async fn what_is_no_ai_call_is_no_row() {
    let bench = Bench::new(Pace::AtOnce).await;
    let http = ::reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(bench.ledger.reqwest_middleware())
        .build();
    let response = http.get(bench.servers.url(Api::OpenAi)).send().await.unwrap();
    let call = CallHandle::from_response(&response);
    call.accepted();
    assert!(!call.is_recorded());
    assert!(bench.rows().await.is_empty());
}
