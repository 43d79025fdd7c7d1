//! What `Ledger::record` promises: one row for each call, whatever is told and from wherever.

use std::{collections::HashSet, thread, time::Duration};

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::{Value, json};
use spanledger::{
    Call, CallContext, Confidence, Ledger, PriceBook,
    call::{Configuration, Ending, Source, Timestamp},
    spool::Options,
};

use super::{Desk, SOON, ask, rows, url};

fn call() -> Call {
    Call::new("llama.cpp", "chat").model("llama3.1").tokens(150, 80)
}

#[test]
fn each_call_without_ids_is_a_row_of_its_own() {
    let desk = Desk::open();
    let told: HashSet<_> = (0..100).map(|_| desk.ledger.record(call()).unwrap()).collect();
    assert_eq!(told.len(), 100);
    assert_eq!(
        desk.ask("SELECT count(*), count(DISTINCT trace_id), sum(billable) FROM usage_log"),
        rows![[100, 100, 100]]
    );
}

#[test]
fn the_same_ids_and_start_are_one_row() {
    let desk = Desk::open();
    let again =
        || call().ids(TraceId::from(7), SpanId::from(8)).started_at(Timestamp::from_micros(1_790_000_000_000_000));
    let told: HashSet<_> = (0..3).map(|_| desk.ledger.record(again().duration(Duration::from_secs(1)))).collect();
    assert_eq!(told.len(), 1);
    let sql = "SELECT trace_id, span_id, started_at, duration_ms FROM usage_log";
    assert_eq!(
        desk.ask(sql),
        rows![["00000000000000000000000000000007", "0000000000000008", "2026-09-21 14:13:20.000000", 1000.0]]
    );
}

#[test]
fn the_id_that_comes_back_is_that_of_the_row() {
    let desk = Desk::open();
    let id = desk.ledger.record(call()).unwrap().to_string();
    assert_eq!(desk.ask("SELECT id FROM usage_log"), rows![[id]]);
}

#[test]
fn threads_and_runtimes_make_no_difference() {
    let desk = Desk::open();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25).for_each(|_| assert!(desk.ledger.record(call()).is_some())));
        }
    });
    for runtime in [
        tokio::runtime::Builder::new_current_thread().build().unwrap(),
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap(),
    ] {
        runtime.block_on(async { desk.ledger.record(call()) }).unwrap();
    }
    assert_eq!(desk.ask("SELECT count(*) FROM usage_log"), rows![[102]]);
}

#[test]
fn what_nobody_said_is_unknown_and_not_zero() {
    let desk = Desk::open();
    desk.ledger.record(Call::new("mine", "chat"));
    let sql = "SELECT duration_ms, input_tokens, output_tokens, total_tokens, cost_picousd, streamed, usage_source,
                      pricing_status, confidence_score, action, http_status, status, ending, dialect FROM usage_log";
    let unknown = Value::Null;
    assert_eq!(
        desk.ask(sql),
        rows![[
            unknown,
            unknown,
            unknown,
            unknown,
            unknown,
            unknown,
            "none",
            "unpriced",
            unknown,
            unknown,
            unknown,
            "success",
            "complete",
            "spanledger"
        ]]
    );
}

#[test]
fn a_call_without_a_cost_is_priced_by_the_ledgers_prices() {
    let folder = tempfile::tempdir().unwrap();
    let own = "[[price]]\nmodel = \"clip\"\nper_call = \"0.001\"\n";
    let file = folder.path().join("prices.toml");
    std::fs::write(&file, own).unwrap();
    let prices = PriceBook::bundled().with_path(&file).unwrap();
    let ledger = Ledger::builder(url(&folder)).prices(prices).open().unwrap();
    ledger.record(Call::new("local", "embeddings").model("clip").unit("images", 1.0));
    ledger.record(Call::new("openai", "chat").model("gpt-4o").tokens(1_000_000, 0));
    assert_eq!(ledger.shutdown_blocking(SOON).waiting, 0);
    let sql = "SELECT cost_picousd, pricing_status FROM usage_log ORDER BY cost_picousd";
    assert_eq!(ask(&folder, sql), rows![[1_000_000_000, "exact"], [2_500_000_000_000_i64, "exact"]]);
}

#[test]
fn numbers_that_cannot_be_become_unknown_and_cost_no_row() {
    let desk = Desk::open();
    let odd = call()
        .tokens(10, 5)
        .cache_tokens(11, None)
        .reasoning_tokens(6)
        .unit("seconds", f64::NAN)
        .temperature(f64::INFINITY)
        .confidence(Confidence::new(1.7))
        .started_at(Timestamp::from_micros(i64::MAX))
        .ended_at(Timestamp::from_micros(1));
    desk.ledger.record(odd).unwrap();
    let sql = "SELECT input_tokens, output_tokens, cache_read_tokens, reasoning_tokens, usage_details, temperature,
                      confidence_score, started_at = ended_at FROM usage_log";
    assert_eq!(desk.ask(sql), rows![[10, 5, null, null, null, null, null, 1]]);
}

#[test]
fn token_counts_that_nobody_gave_are_estimated_from_the_text_and_marked() {
    let desk = Desk::open();
    let asked = ["Which wood is it?"; 10].join(" ");
    let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": asked}]);
    let silent = || Call::new("mine", "chat").model("m");
    desk.ledger.record_with_content(silent().response_id("1"), asked.as_str(), "It is oak.");
    desk.ledger.record_with_content(silent().response_id("2"), messages, json!({"content": "It is oak."}));
    desk.ledger.record_with_content(silent().response_id("3").tokens(0, None), asked.as_str(), "It is oak.");
    desk.ledger.record_with_content(silent().response_id("4").error("timeout", "late"), asked.as_str(), Value::Null);
    let mut embedding = silent().response_id("5");
    embedding.operation = "embeddings".into();
    desk.ledger.record_with_content(embedding, asked.as_str(), Value::Null);
    let exact = |text: &str| spanledger::estimate::tokens(text);
    let rows = desk.ask("SELECT input_tokens, output_tokens, usage_source FROM usage_log ORDER BY response_id");
    let (input, output) = (exact(&asked), exact("It is oak."));
    assert_eq!(rows[0], [json!(input), json!(output), json!("estimated")]);
    assert!(rows[1][0].as_u64().unwrap() > input && rows[1][1] == json!(output), "{rows:?}");
    assert_eq!(rows[2], [json!(0), json!(output), json!("estimated")], "a number that was given stays, a zero too");
    assert_eq!(rows[3], [Value::Null, Value::Null, json!("none")], "who knows what a failed call used");
    assert_eq!(rows[4], [json!(input), Value::Null, json!("estimated")]);
    assert_eq!(desk.ask("SELECT count(*) FROM ai_call_content"), rows![[0]], "an estimate keeps nothing of the text");
}

#[test]
fn an_error_is_an_error_however_it_is_told() {
    let desk = Desk::open();
    let mut words = call();
    words.outcome.error_message = Some("out of memory".to_owned());
    let mut broken = call();
    broken.outcome.ending = Ending::Failed;
    for told in [call().error("timeout", "after 30 s"), call().http_status(429), words, broken] {
        desk.ledger.record(told).unwrap();
    }
    let sql = "SELECT status, error_type, error_message FROM usage_log ORDER BY error_type, error_message";
    assert_eq!(
        desk.ask(sql),
        rows![
            ["error", "429", "429"],
            ["error", "_OTHER", "_OTHER"],
            ["error", "_OTHER", "out of memory"],
            ["error", "timeout", "after 30 s"],
        ]
    );
}

#[test]
fn whatever_the_caller_claims_it_is_recorded_as_our_own() {
    let desk = Desk::open();
    let mut claimed = call().attribute("gen_ai.usage.input_tokens", 9).attribute("spanledger.source", "foreign");
    claimed.source = Source::Foreign;
    claimed = claimed.attribute("my.shop.region", "north").attribute("gen_ai.input.messages", "canary");
    desk.ledger.record(claimed).unwrap();
    let sql = "SELECT source_rank, input_tokens, extra FROM usage_log";
    assert_eq!(desk.ask(sql), rows![[2, 150, r#"{"my.shop.region":"north"}"#]]);
}

#[tokio::test]
async fn the_scope_around_it_adds_to_its_context() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(url(&folder)).await.unwrap();
    let context = CallContext::new("from the scope").job("job-1").tag("shop", 1);
    let recorded = async { ledger.record(call().context(CallContext::new("own"))) };
    assert!(context.scope(recorded).await.is_some());
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    let rows = tokio::task::spawn_blocking(move || ask(&folder, "SELECT task, job_id, tags FROM usage_log")).await;
    assert_eq!(rows.unwrap(), rows![["own", "job-1", r#"{"shop":1}"#]]);
}

#[test]
fn a_spool_that_takes_nothing_costs_the_row_and_is_counted_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut full = Options::default();
    full.max_bytes = 0;
    let ledger = Ledger::builder(url(&folder)).spool_options(full).open().unwrap();
    assert_eq!(ledger.record(call()), None);
    let id = ledger.configuration(Configuration::new("c", json!({})));
    assert_eq!(id.len(), 36, "the id follows from the content alone");
    assert_eq!(ledger.health().refused, 2);
}

#[test]
fn a_configuration_has_one_id_and_its_later_name() {
    let desk = Desk::open();
    let first = desk.ledger.configuration(Configuration::new("draft", json!({"a": 1, "b": {"c": [1.5], "d": null}})));
    let second = desk.ledger.configuration(Configuration::new("final", json!({"b": {"d": null, "c": [1.5]}, "a": 1})));
    let other = desk.ledger.configuration(Configuration::new("other", json!({"a": 2})));
    assert_eq!(first, second);
    assert_ne!(first, other);
    let sql = "SELECT id, name, model_config FROM ai_configuration ORDER BY name";
    assert_eq!(
        desk.ask(sql),
        rows![[first, "final", r#"{"a":1,"b":{"c":[1.5],"d":null}}"#], [other, "other", r#"{"a":2}"#]]
    );
}
