//! Whatever is in a ledger, groups add up to the whole, and percentiles and buckets are those of the definition.

use std::{collections::BTreeMap, time::Duration};

use proptest::{collection::vec, option, prelude::*, sample::select};
use spanledger::{
    CallContext, Confidence,
    call::{Call, Usd},
    report::REPORTS,
    store::Table,
};

use super::{Made, call, column, failed, pico, spent, took, with};

/// Reports whose rows are parts of the whole: each call is in one of them.
const PARTS: &[&str] = &[
    "spend_by_model",
    "spend_by_provider",
    "spend_by_task",
    "spend_by_user",
    "spend_by_user_and_task",
    "spend_by_job",
    "spend_by_conversation",
    "spend_by_configuration",
    "spend_by_service",
    "spend_by_variant",
    "spend_by_hour",
    "spend_by_day",
    "spend_by_month",
];

fn any_call() -> impl Strategy<Value = Call> {
    let id = || option::of(select(&["1", "2", "3"][..]));
    let cost = option::of(prop_oneof![0..2_000_000_i64, Just(i64::MAX), Just(i64::MAX - 1)]);
    (
        (0..4_000_000_i64, select(&["a", "b", "c"][..]), select(&["x", "y"][..])),
        (id(), id(), id(), id(), id()),
        (0..1000_u64, option::of(0..1000_u64), cost, 0..50_u64, option::of(0..50_u64)),
        (any::<bool>(), option::of((0..=100_u32).prop_map(|percent| f64::from(percent) / 100.0))),
    )
        .prop_map(|((second, model, provider), ids, usage, (fails, confidence))| {
            let (user, job, conversation, configuration, variant) = ids;
            let (input, output, cost, duration, first_chunk) = usage;
            let mut made = spent(call(0, second), model, (input, 0), None);
            made.provider = provider.into();
            made.usage.output_tokens = output;
            made.cost.total = cost.map(Usd::from_pico);
            let mut made = took(made, duration);
            made.time_to_first_chunk = first_chunk.map(Duration::from_millis);
            made.trust.confidence = confidence.map(Confidence::new);
            let mut context = CallContext::default();
            context.user_id = user.map(str::to_owned);
            context.job_id = job.map(str::to_owned);
            context.conversation_id = conversation.map(str::to_owned);
            context.configuration_id = configuration.map(str::to_owned);
            context.variant = variant.map(str::to_owned);
            let made = with(made, context);
            if fails { failed(made, "500", "no") } else { made }
        })
}

fn numbered(calls: Vec<Call>) -> Vec<Call> {
    let number = |(number, mut made): (u64, Call)| {
        made.identity = call(number, 0).identity;
        made
    };
    (1..).zip(calls).map(number).collect()
}

/// Calls, errors, tokens, unpriced, cost.
fn sums(table: &Table) -> (Vec<i64>, Option<i128>) {
    let sum = |name| column(table, name).into_iter().filter_map(serde_json::Value::as_i64).sum();
    let counts = ["calls", "errors", "input_tokens", "output_tokens", "unpriced"].map(sum).into();
    let costs = column(table, "cost_usd").into_iter().filter_map(pico);
    (counts, costs.reduce(|sum, cost| sum + cost))
}

/// The smallest value that at least so many percent of all are not above.
fn percentile(sorted: &[u64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    sorted.get(rank.checked_sub(1)?).map(|value| *value as f64)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn groups_add_up_to_the_whole(calls in vec(any_call(), 1..60)) {
        let calls = numbered(calls);
        let known: i128 = calls.iter().filter_map(|call| call.cost.total).map(|cost| i128::from(cost.pico())).sum();
        let priced = calls.iter().any(|call| call.cost.total.is_some());
        let count = i64::try_from(calls.len()).unwrap();
        runtime().block_on(async {
            let ledger = Made::of(calls).await;
            let whole = sums(&ledger.named("summary").await);
            assert_eq!(whole.1, priced.then_some(known));
            assert_eq!(whole.0[0], count);
            for name in PARTS {
                assert_eq!(sums(&ledger.named(name).await), whole, "{name}");
            }
        });
    }

    #[test]
    fn percentiles_are_by_nearest_rank_over_the_calls_that_know(calls in vec(any_call(), 1..120)) {
        let calls = numbered(calls);
        let mut known: BTreeMap<(String, String), [Vec<u64>; 2]> = BTreeMap::new();
        for call in &calls {
            let key = (call.provider.to_string(), call.request.model.clone().unwrap());
            let [durations, chunks] = known.entry(key).or_default();
            durations.extend(call.duration.map(|time| u64::try_from(time.as_millis()).unwrap()));
            chunks.extend(call.time_to_first_chunk.map(|time| u64::try_from(time.as_millis()).unwrap()));
        }
        let table = runtime().block_on(async { Made::of(calls).await.named("latency_by_model").await });
        prop_assert_eq!(table.rows.len(), known.len());
        for (at, row) in table.rows.iter().enumerate() {
            let text = |name| column(&table, name)[at].as_str().unwrap().to_owned();
            let times = known.get_mut(&(text("provider"), text("model"))).unwrap();
            for (times, prefix) in times.iter_mut().zip(["", "first_chunk_"]) {
                times.sort_unstable();
                for percent in [50, 90, 95, 99] {
                    let told = column(&table, &format!("{prefix}p{percent}_ms"))[at].as_f64();
                    prop_assert_eq!(told, percentile(times, percent), "{}p{} of {:?}", prefix, percent, row);
                }
            }
        }
    }

    #[test]
    fn every_confidence_is_in_one_of_ten_buckets(percents in vec(0..=100_u32, 0..80)) {
        let mut expected = [0; 10];
        for percent in &percents {
            expected[usize::try_from(*percent / 10).unwrap().min(9)] += 1;
        }
        let calls = percents.iter().map(|percent| {
            let mut made = spent(call(0, 60), "m", (1, 1), None);
            made.trust.confidence = Some(Confidence::new(f64::from(*percent) / 100.0));
            made
        });
        let table = runtime().block_on(async { Made::of(numbered(calls.collect())).await.named("confidence_histogram").await });
        prop_assert_eq!(column(&table, "count"), expected);
    }
}

#[test]
fn every_report_that_spends_by_something_is_held_to_add_up() {
    // A call with two tags counts under each, and one without any under none.
    let of_tags = ["spend_by_tag", "spend_by_tag_and_model"];
    let spends = REPORTS.iter().map(|report| report.name).filter(|name| name.starts_with("spend_by_"));
    let held: Vec<_> = spends.filter(|name| !of_tags.contains(name)).collect();
    let mut parts = PARTS.to_vec();
    parts.sort_by_key(|name| held.iter().position(|held| held == name));
    assert_eq!(parts, held);
}
