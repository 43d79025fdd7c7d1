use opentelemetry::trace::{SpanId, TraceId};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{
    call::{Call, PricingStatus, Record, UsageSource},
    pricing::BATCH as BATCH_ATTRIBUTE,
    provider::dialects,
    span::names,
    store::sqlite::Sqlite,
};

/// 2026-10-20T12:00:00Z: tiers and batches have rates of their own by then.
const NOON: i64 = 1_792_497_600_000_000;

async fn ledger() -> (TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
    store.migrate().await.unwrap();
    (folder, store)
}

/// Gives calls ids, a time and their price, and stores them.
async fn stored(store: &Sqlite, prices: &PriceBook, calls: Vec<Call>) -> Vec<Call> {
    let numbered = calls.into_iter().zip(1u64..).map(|(mut call, number)| {
        call.identity.trace_id = TraceId::from_bytes(u128::from(number).to_be_bytes());
        call.identity.span_id = SpanId::from_bytes(number.to_be_bytes());
        call.started_at = Timestamp::from_micros(NOON + i64::try_from(number).unwrap());
        call.ended_at = call.started_at;
        if call.cost.price_source.as_deref() != Some("caller") {
            call.cost =
                if call.cost.status == Some(PricingStatus::ProviderReported) { call.cost } else { Cost::default() };
            call.cost = prices.price(&call);
        }
        call
    });
    let calls: Vec<_> = numbered.collect();
    let records: Vec<_> = calls.iter().map(|call| Record::Call(Box::new(call.clone()))).collect();
    store.insert(&records).await.unwrap();
    calls
}

async fn run(store: &Sqlite, prices: &PriceBook, selection: Selection, apply: bool) -> Batch {
    let mut sum = Batch::default();
    let mut reprice = Reprice::new(store, prices, selection, apply);
    while let Some(batch) = reprice.step().await.unwrap() {
        sum.seen += batch.seen;
        sum.stated += batch.stated;
        sum.without_file += batch.without_file;
        sum.missed += batch.missed;
        sum.cut += batch.cut;
        sum.changes.extend(batch.changes);
    }
    sum
}

fn call(provider: &'static str, model: &str, tokens: [u64; 2]) -> Call {
    let mut call = Call { provider: provider.into(), operation: "chat".into(), ..Call::default() };
    call.request.model = Some(model.to_owned());
    [call.usage.input_tokens, call.usage.output_tokens] = tokens.map(Some);
    call.usage.source = UsageSource::Provider;
    call
}

fn file(rate: &str) -> PriceBook {
    let toml = format!("[[price]]\nmodel = \"*\"\ninput = \"{rate}\"\noutput = \"1\"\nper_call = \"0.001\"\n");
    PriceBook::bundled().with_file(&toml, "prices.toml").unwrap()
}

/// In every way in which pricing looks at a call.
fn variations(call: &Call) -> Vec<Call> {
    let mut variations = vec![call.clone()];
    let mut vary = |change: &dyn Fn(&mut Call)| {
        let mut call = call.clone();
        change(&mut call);
        variations.push(call);
    };
    vary(&|call| drop(call.extra.insert(BATCH_ATTRIBUTE.into(), json!(true))));
    vary(&|call| drop(call.extra.insert(names::GEMINI_TRAFFIC_TYPE.into(), json!("PROVISIONED_THROUGHPUT"))));
    vary(&|call| drop(call.extra.insert(names::ANTHROPIC_SPEED.into(), json!("fast"))));
    vary(&|call| {
        call.extra.insert(names::ANTHROPIC_ADVISOR_INPUT.into(), json!(1000));
        call.extra.insert(names::ANTHROPIC_ADVISOR_OUTPUT.into(), json!(100));
        call.extra.insert(names::ANTHROPIC_ADVISOR_MODEL.into(), json!("claude-opus-4-5"));
    });
    vary(&|call| call.billable = Some(false));
    vary(&|call| call.usage.source = UsageSource::Partial);
    vary(&|call| call.outcome.http_status = Some(429));
    vary(&|call| call.usage.input_tokens = Some(5_000_000_000_000));
    for (asked, served) in
        [(Some("flex"), None), (None, Some("flex")), (Some("auto"), Some("priority")), (Some("flex"), Some("flex"))]
    {
        vary(&|call| {
            call.request.service_tier = asked.map(str::to_owned);
            call.response.service_tier = served.map(str::to_owned);
        });
    }
    variations
}

#[tokio::test]
async fn a_stored_row_has_the_price_of_the_call_that_it_came_from() {
    let (_folder, store) = ledger().await;
    let calls: Vec<Call> = dialects::calls().iter().flat_map(variations).collect();
    assert!(calls.len() > 500, "{}", calls.len());
    for book in [PriceBook::bundled(), file("0.15")] {
        let calls = stored(&store, &book, calls.clone()).await;
        let all = Query::new(include_str!("rows.sql")).bind("").bind("").bind(END).and("ORDER BY started_at, id");
        let rows = row::rows(store.query(&all).await.unwrap());
        assert_eq!(rows.len(), calls.len());
        for (row, call) in rows.iter().zip(&calls).filter(|(row, _)| row.is_ours()) {
            assert_eq!(row.cost, call.cost, "what was stored of {call:?}");
            assert_eq!(book.price(&row.call), call.cost, "{call:?}\nread back as {:?}", row.call);
        }
        let nothing = run(&store, &book, Selection::default(), true).await;
        assert_eq!(nothing.changes, [], "the same book changes nothing");
        store.change(&[Query::new("DELETE FROM usage_log")]).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_run_shows_is_what_it_changes_and_a_second_one_changes_nothing() {
    let (_folder, store) = ledger().await;
    let calls = vec![call("openai", "gpt-4o", [1_000_000, 0]), call("ollama", "llama3.1", [1000, 10])];
    stored(&store, &PriceBook::bundled(), calls).await;
    let costs = || async {
        let sql =
            "SELECT cost_picousd AS cost_usd, pricing_status, price_source, price_version, updated_at > created_at
                   FROM usage_log ORDER BY started_at";
        store.query(&Query::new(sql)).await.unwrap().rows
    };
    let before = costs().await;
    let shown = run(&store, &file("0.15"), Selection::default(), false).await;
    assert_eq!(costs().await, before, "a dry run writes nothing");
    let written = run(&store, &file("0.15"), Selection::default(), true).await;
    assert_eq!(written.changes, shown.changes);
    let after = costs().await;
    assert_eq!(after[0], [json!("0.151"), json!("alias"), json!("file:prices.toml"), json!("1 */*"), json!(1)]);
    assert_eq!(after[1], [json!("0.00116"), json!("alias"), json!("file:prices.toml"), json!("1 */*"), json!(1)]);
    let again = run(&store, &file("0.15"), Selection::default(), true).await;
    assert_eq!((again.seen, again.changes.len()), (2, 0));
    assert_eq!(costs().await, after);
}

#[tokio::test]
async fn a_cost_that_somebody_stated_is_never_touched() {
    let (_folder, store) = ledger().await;
    let mut reported = call("openrouter", "openai/gpt-4o", [1000, 10]);
    reported.cost.total = Some(Usd::from_pico(7));
    reported.cost.status = Some(PricingStatus::ProviderReported);
    let mut stated = call("openai", "gpt-4o", [1000, 10]);
    stated.cost = Cost {
        total: Some(Usd::from_pico(9)),
        status: Some(PricingStatus::Exact),
        price_source: Some("caller".into()),
        ..Cost::default()
    };
    stored(&store, &PriceBook::bundled(), vec![reported, stated]).await;
    let batch = run(&store, &file("99"), Selection::default(), true).await;
    assert_eq!((batch.seen, batch.stated, batch.changes.len()), (2, 2, 0));
}

#[tokio::test]
async fn what_cannot_be_read_back_whole_keeps_its_price() {
    let (_folder, store) = ledger().await;
    let mut long = call("openai", "gpt-4o", [1000, 10]);
    // A tier or a batch may have stood among what was left out.
    long.extra = (0..40).map(|number| (format!("note.{number}"), json!("x".repeat(60_000)))).collect();
    stored(&store, &PriceBook::bundled(), vec![long]).await;
    let batch = run(&store, &file("99"), Selection::default(), true).await;
    assert_eq!((batch.seen, batch.cut, batch.changes.len()), (1, 1, 0));
}

#[tokio::test]
async fn a_price_of_a_file_is_kept_until_a_file_is_named() {
    let (_folder, store) = ledger().await;
    stored(&store, &file("0.15"), vec![call("openai", "gpt-4o", [1000, 10])]).await;
    let batch = run(&store, &PriceBook::bundled(), Selection::default(), true).await;
    assert_eq!((batch.without_file, batch.changes.len()), (1, 0));
    let empty = PriceBook::bundled().with_file("", "prices.toml").unwrap();
    let batch = run(&store, &empty, Selection::default(), true).await;
    assert_eq!(batch.changes.len(), 1, "a file without the entry takes the price away");
}

#[tokio::test]
async fn a_replay_undoes_nothing_and_a_greater_version_brings_its_own_price() {
    let (_folder, store) = ledger().await;
    let calls = stored(&store, &PriceBook::bundled(), vec![call("openai", "gpt-4o", [1_000_000, 0])]).await;
    run(&store, &file("0.15"), Selection::default(), true).await;
    let cost = || async {
        store.query(&Query::new("SELECT cost_picousd AS cost_usd FROM usage_log")).await.unwrap().rows[0][0].clone()
    };
    let replayed = store.insert(&[Record::Call(Box::new(calls[0].clone()))]).await.unwrap();
    assert_eq!((replayed.written, cost().await), (0, json!("0.151")));
    let mut later = calls[0].clone();
    later.ended_at = later.ended_at.after(std::time::Duration::from_secs(1));
    store.insert(&[Record::Call(Box::new(later))]).await.unwrap();
    assert_eq!(cost().await, json!("2.5"), "priced when it was made");
}

#[tokio::test]
async fn a_row_that_changed_since_it_was_read_is_left_for_the_next_run() {
    let (_folder, store) = ledger().await;
    let calls = stored(&store, &PriceBook::bundled(), vec![call("openai", "gpt-4o", [1_000_000, 0])]).await;
    let shown = run(&store, &file("0.15"), Selection::default(), false).await;
    let mut later = calls[0].clone();
    later.ended_at = later.ended_at.after(std::time::Duration::from_secs(1));
    store.insert(&[Record::Call(Box::new(later))]).await.unwrap();
    let late: Vec<Query> = shown.changes.iter().map(|change| change.query("2026-11-01 00:00:00.000000")).collect();
    assert_eq!(store.change(&late).await.unwrap(), 0);
    assert_eq!(run(&store, &file("0.15"), Selection::default(), true).await.changes.len(), 1);
}

#[tokio::test]
async fn only_the_rows_of_the_selection_are_looked_at() {
    let (_folder, store) = ledger().await;
    let calls = vec![
        call("openai", "gpt-4o", [1, 1]),
        call("openai", "gpt-4o-mini", [1, 1]),
        call("azure.ai.openai", "gpt-4o", [1, 1]),
    ];
    stored(&store, &PriceBook::bundled(), calls).await;
    let seen = |change: &dyn Fn(&mut Selection)| {
        let mut selection = Selection::default();
        change(&mut selection);
        let (store, book) = (&store, PriceBook::bundled());
        async move { run(store, &book, selection, false).await.seen }
    };
    let at = |micros| Some(Timestamp::from_micros(NOON + micros));
    assert_eq!(seen(&|_| ()).await, 3);
    assert_eq!(seen(&|of| of.provider = Some("openai".into())).await, 2);
    assert_eq!(seen(&|of| of.model = Some("gpt-4o".into())).await, 2);
    assert_eq!(seen(&|of| of.model = Some("azure.ai.openai:gpt-4o".into())).await, 1);
    assert_eq!(seen(&|of| (of.since, of.until) = (at(2), at(3))).await, 1);
}

#[tokio::test]
async fn a_run_over_many_batches_looks_at_every_row_once() {
    let (_folder, store) = ledger().await;
    let calls = (0..u64::from(BATCH) * 2 + 7).map(|number| call("openai", "gpt-4o", [number, 1]));
    let calls = stored(&store, &PriceBook::bundled(), calls.collect()).await;
    let batch = run(&store, &file("0.15"), Selection::default(), true).await;
    assert_eq!((batch.seen, batch.changes.len()), (calls.len() as u64, calls.len()));
    assert_eq!(run(&store, &file("0.15"), Selection::default(), true).await.changes.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever was stopped after some batches is completed by the next run.
    #[test]
    fn a_run_that_was_interrupted_is_completed_by_the_next(batches in 0usize..4, rates in proptest::collection::vec(0u32..3, 1..4)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (_folder, store) = ledger().await;
            let calls = (0..u64::from(BATCH) + 3).map(|number| call("openai", "gpt-4o", [number, 1]));
            stored(&store, &PriceBook::bundled(), calls.collect()).await;
            for rate in &rates {
                let book = file(&rate.to_string());
                let mut reprice = Reprice::new(&store, &book, Selection::default(), true);
                for _ in 0..batches {
                    reprice.step().await.unwrap();
                }
            }
            let book = file("0.5");
            run(&store, &book, Selection::default(), true).await;
            assert_eq!(run(&store, &book, Selection::default(), true).await.changes, []);
        });
    }
}
