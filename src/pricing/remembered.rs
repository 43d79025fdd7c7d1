//! What is remembered of models and their rates changes no price.

use std::{collections::BTreeSet, sync::LazyLock};

use genai_prices::Calculator;
use proptest::prelude::*;

use super::{
    BATCH, genai,
    listed::{self, Listed},
    rates::{PATIENCE, Rates, SLOT},
};
use crate::call::{Call, Cost, Name, Response, Timestamp, Usage, UsageSource, Usd};

/// Every provider and model that genai-prices lists.
static ALL: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lists = Calculator::bundled().providers();
    lists.flat_map(|list| list.models().map(move |model| (list.id(), model.id()))).collect()
});

fn call(provider: &'static str, model: &str, usage: Usage) -> Call {
    let response = Response { model: Some(model.to_owned()), ..Response::default() };
    let started_at = Timestamp::from_micros(1_793_500_000_000_000);
    Call { provider: provider.into(), operation: "chat".into(), started_at, response, usage, ..Call::default() }
}

fn tokens(input: u64, output: u64) -> Usage {
    let (input_tokens, output_tokens) = (Some(input), Some(output));
    Usage { input_tokens, output_tokens, source: UsageSource::Provider, ..Usage::default() }
}

/// The price without anything that makes it quick: by genai-prices, by its rules, with every zero told.
fn by_rules(call: &Call) -> Option<Cost> {
    let mut call = call.clone();
    call.usage.details.insert("unheard_of_tokens".into(), 1.0);
    let mut listed = Listed::find(&call.provider, call.response.model.as_deref()?)?;
    listed.known = None;
    genai::price_listed(&call, &listed)
}

fn quickly(call: &Call) -> Option<Cost> {
    genai::price(call, call.response.model.as_deref()?)
}

#[test]
fn each_model_is_known_by_its_id_where_answers_can_be_extracted() {
    let mut by_rules_only = BTreeSet::new();
    for (provider, model) in ALL.iter() {
        let call = call(provider, model, tokens(1_234, 567));
        assert_eq!(quickly(&call), by_rules(&call), "{provider} {model}");
        if Listed::find(provider, model).is_some_and(|listed| listed.known.is_none()) {
            by_rules_only.insert(*provider);
        }
    }
    let without_extractors = ["avian", "cursor", "elevenlabs", "novita", "together", "voyageai"];
    assert_eq!(by_rules_only, BTreeSet::from(without_extractors));
}

#[test]
fn nearly_every_model_has_rates_that_can_be_learnt_and_come_to_the_same_price() {
    let parts = Usage {
        cache_read_tokens: Some(700),
        cache_write_tokens: Some(1_300),
        reasoning_tokens: Some(41),
        ..tokens(10_001, 503)
    };
    let (mut known, mut learnt, mut long) = (0, 0, 0);
    for (provider, model) in ALL.iter() {
        let Some(listed) = Listed::find(provider, model).filter(|listed| listed.known.is_some()) else { continue };
        known += 1;
        let mut call = call(provider, model, parts.clone());
        let Some(rates) = Rates::of(&listed, call.started_at) else { continue };
        learnt += 1;
        long += usize::from(rates.longest > 100_000);
        for usage in [parts.clone(), tokens(1, 0), tokens(rates.longest, 9_999)] {
            call.usage = usage;
            let cost = by_rules(&call).unwrap();
            let total = cost.total.unwrap_or(Usd::ZERO);
            let Some(bill) = rates.bill(&call.usage) else {
                assert!(total > Usd::from_f64(10.0).unwrap(), "{provider} {model}: {cost:?}");
                continue;
            };
            assert_eq!(Usd::from_f64(bill.total), Some(total), "{provider} {model} {:?}", call.usage);
            assert_eq!(Usd::from_f64(bill.input), Some(cost.input.unwrap_or_default()), "{provider} {model}");
            assert_eq!(Usd::from_f64(bill.output), Some(cost.output.unwrap_or_default()), "{provider} {model}");
        }
    }
    assert!(learnt * 100 > known * 95, "{learnt} of {known}");
    assert!(long * 100 > learnt * 95, "{long} of {learnt}");
}

#[test]
fn what_is_remembered_is_bounded_and_stays_right() {
    let price = |model: &str| quickly(&call("openai", model, tokens(1_000_000, 0)));
    let first = price("gpt-4o");
    assert!(first.is_some());
    for round in 0..3 {
        for number in 0..100 {
            assert_eq!(price(&format!("no-model-{number}")), None);
            assert_eq!(price("gpt-4o"), first, "{round} {number}");
        }
        for (_, model) in ALL.iter().filter(|(provider, _)| *provider == "openai") {
            // Not OpenAI's own: its weights are open.
            let Some(cost) = price(model).filter(|_| !model.contains("gpt-oss")) else { continue };
            let version = cost.price_version.unwrap();
            assert!(version.ends_with(&format!("openai/{model}")), "{round} {model}: {version}");
        }
    }
    assert_eq!(price(&"x".repeat(100_000)), None);
    let (number, longest) = listed::remembered();
    assert_eq!(number, listed::MOST);
    assert!(longest <= listed::LONGEST, "{longest}");
}

#[test]
fn the_name_of_one_provider_is_not_that_of_another() {
    let price = |provider| quickly(&call(provider, "gpt-4o-mini", tokens(1_000, 1_000)));
    for _ in 0..2 * PATIENCE {
        assert_eq!(price("openai").unwrap().price_version.unwrap(), "0.2.1 openai/gpt-4o-mini");
        assert_eq!(price("azure.ai.openai").unwrap().price_version.unwrap(), "0.2.1 azure/gpt-4o-mini");
        assert_eq!(price("ollama"), None);
    }
}

#[test]
fn learnt_rates_end_where_a_times_or_a_lengths_other_rates_begin() {
    // From 01:00 to 04:00 and from 06:00 to 10:00 UTC DeepSeek's prices are doubled.
    let at = |time: &str, input| {
        let mut call = call("deepseek", "deepseek-v4-flash", tokens(input, 100));
        call.started_at = super::user::date::parse(&format!("2026-11-20T{time}Z")).unwrap();
        call
    };
    let mut costs = BTreeSet::new();
    for time in ["00:59:59", "01:00:00", "03:59:59", "04:00:00", "05:59:59", "06:00:00", "09:59:59", "10:00:00"] {
        for _ in 0..PATIENCE + 2 {
            let call = at(time, 1_000);
            assert_eq!(quickly(&call), by_rules(&call), "{time}");
            costs.insert(quickly(&call).unwrap().total);
        }
    }
    assert_eq!(costs.len(), 2);
    for input in (0..2 * PATIENCE).map(u64::from).chain([200_000, 200_001, 272_000, 272_001, 2_000_000]) {
        for (provider, model) in [("gcp.gemini", "gemini-2.5-pro"), ("openai", "gpt-5.4"), ("x_ai", "grok-4")] {
            let call = call(provider, model, tokens(input, 100));
            assert_eq!(quickly(&call), by_rules(&call), "{model} {input}");
        }
    }
}

#[test]
fn what_depends_on_the_time_of_day_changes_on_the_half_hour() {
    const HOUR: i64 = 2 * SLOT;
    let usage = genai_prices::Usage::from([("input_tokens", 1e6), ("output_tokens", 1e6)]);
    let mut changes = BTreeSet::new();
    for day in ["2025-03-01", "2026-11-20"] {
        let midnight = super::user::date::parse(day).unwrap().micros();
        for (provider, model) in ALL.iter() {
            let Some(listed) = Listed::find(provider, model).filter(|listed| listed.known.is_some()) else { continue };
            let price = |after: i64| {
                let request = listed.request(&usage).with_timestamp(Timestamp::from_micros(midnight + after));
                Calculator::bundled().calculate(&request).unwrap().total_price
            };
            if (0..12).all(|hours| price(2 * hours * HOUR) == price(0)) {
                continue;
            }
            for after in (0..48).map(|slot| slot * SLOT) {
                for later in [1, SLOT / 2, SLOT - 1] {
                    assert_eq!(price(after), price(after + later), "{provider} {model}");
                }
                if price(after) != price(after + SLOT) {
                    changes.insert((after + SLOT) % HOUR);
                }
            }
        }
    }
    assert_eq!(changes, BTreeSet::from([0, SLOT]), "on the hour, and on the half hour");
}

/// Usages such as they are reported, most of their numbers zero, and such as nobody reports.
fn usages() -> impl Strategy<Value = Usage> {
    let count = prop_oneof![Just(0), 0..2_000_u64, 0..1_000_000_u64];
    let units = "(input|output|cache)_(audio|image|text|video)_(tokens|seconds|read_tokens|tool_tokens)\
                 |cache_write_(1h|5m)_tokens|(input|output|cache_read|cache_write|output_reasoning|input_tool)_tokens\
                 |(web|storage|rerank)_searches|images|seconds|audio_seconds|input_characters";
    let amount = prop_oneof![4 => Just(0.0), 1 => 0.0..1_000.0_f64, 1 => (0..1_000_u64).prop_map(|count| count as f64)];
    let counts = proptest::array::uniform5(proptest::option::weighted(0.8, count));
    let details =
        prop_oneof![Just(std::collections::BTreeMap::new()), proptest::collection::btree_map(units, amount, 0..4)];
    (counts, details, proptest::bool::weighted(0.2)).prop_map(|(counts, details, partial)| {
        let [input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens] = counts;
        let source = if partial { UsageSource::Partial } else { UsageSource::Provider };
        let details = details.into_iter().map(|(unit, amount)| (Name::Owned(unit), amount)).collect();
        // Nothing but a unit that nobody has heard of is something, and `by_rules` adds one.
        let input_tokens = if output_tokens.is_none() { input_tokens.or(Some(7)) } else { input_tokens };
        Usage { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, details, source }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_remembered_changes_no_price(
        (provider, model) in (0..ALL.len()).prop_map(|at| ALL[at]),
        spelling in 0..4,
        slot in 1_680_000_000_000_000 / SLOT..1_830_000_000_000_000 / SLOT,
        calls in proptest::collection::vec((usages(), 0..SLOT), 4),
        tier in proptest::option::weighted(0.3, proptest::sample::select(&["default", "flex", "priority", "fast", "scale"][..])),
        batch in proptest::bool::weighted(0.2),
    ) {
        let model = match spelling {
            0 => model.to_uppercase(),
            1 => format!("{model}-2025-01-01"),
            _ => model.to_owned(),
        };
        let mut learn = call(provider, &model, tokens(1, 1));
        learn.started_at = Timestamp::from_micros(slot * SLOT);
        for _ in 0..PATIENCE {
            quickly(&learn);
        }
        for (usage, later) in calls {
            let mut call = Call { usage, ..learn.clone() };
            call.started_at = Timestamp::from_micros(slot * SLOT + later);
            call.response.service_tier = tier.map(str::to_owned);
            call.extra.insert(BATCH.into(), batch.into());
            prop_assert_eq!(quickly(&call), by_rules(&call), "{:?}", call);
        }
    }
}
