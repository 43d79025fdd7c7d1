use super::*;
use crate::{
    call::{PricingStatus, UsageSource},
    pricing::user::date,
};

fn at(day: &str) -> Timestamp {
    date::parse(day).unwrap()
}

/// What a usage costs by the standard rates that are shown: a part without a rate of its own has that of its whole.
fn by_rates(rates: &[Rate], call: &Call) -> i128 {
    let of = |unit: &str| rates.iter().find(|rate| rate.when.is_empty() && rate.unit == unit).map(|rate| rate.usd);
    let input = of("input_tokens").unwrap_or(Usd::ZERO);
    let output = of("output_tokens").unwrap_or(Usd::ZERO);
    let usage = &call.usage;
    let [all, read, written] =
        [usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens].map(Option::unwrap);
    let [said, thought] = [usage.output_tokens, usage.reasoning_tokens].map(Option::unwrap);
    let parts = [
        (all - read - written, input),
        (read, of("cache_read_tokens").unwrap_or(input)),
        (written, of("cache_write_tokens").unwrap_or(input)),
        (said - thought, output),
        (thought, of("output_reasoning_tokens").unwrap_or(output)),
    ];
    let tokens: i128 = parts.iter().map(|(tokens, rate)| i128::from(*tokens) * i128::from(rate.pico())).sum();
    tokens / 1_000_000 + of("requests").map_or(0, |fee| i128::from(fee.pico()))
}

#[test]
fn the_standard_rates_that_are_shown_are_those_that_calls_are_priced_at() {
    let mut compared = 0;
    for (list, model) in
        Calculator::bundled().providers().flat_map(|list| list.models().map(move |of| (list.id(), of.id())))
    {
        let mut call = Call { provider: list.to_owned().into(), operation: "chat".into(), ..Call::default() };
        call.started_at = at("2026-11-01T12:00Z");
        call.response.model = Some(model.to_owned());
        call.usage.input_tokens = Some(1000);
        call.usage.cache_read_tokens = Some(300);
        call.usage.cache_write_tokens = Some(200);
        call.usage.output_tokens = Some(500);
        call.usage.reasoning_tokens = Some(100);
        call.usage.source = UsageSource::Provider;
        let cost = PriceBook::bundled().price(&call);
        let (Some(total), Some(PricingStatus::Exact)) = (cost.total, cost.status) else { continue };
        let listed = Listed::find(list, model).unwrap();
        let shown = listed::standard(&listed, call.started_at);
        let difference = by_rates(&shown, &call) - i128::from(total.pico());
        assert!(difference.abs() <= 3, "{list}/{model}: {difference} pico-dollars\n{shown:#?}");
        compared += 1;
    }
    println!("{compared} models compared");
    assert!(compared > 1500, "{compared}");
}

#[test]
fn a_file_goes_first_and_every_price_that_was_looked_at_is_named() {
    let book = PriceBook::bundled().with_file(
        "[[price]]\nmodel = \"other\"\ninput = \"1\"
         [[price]]\nprovider = \"azure*\"\nmodel = \"gpt-4o\"\ninput = \"1\"
         [[price]]\nprovider = \"openai\"\nmodel = \"gpt-4o\"\nvalid_until = \"2026-07-01\"\ninput = \"2\"
         [[price]]\nmodel = \"gpt-*\"\ninput = \"3\"\ncache_read = \"0.5\"\nper_unit = { web_searches = \"0.01\" }
         [[price]]\nmodel = \"*\"\ninput = \"4\"",
        "prices.toml",
    );
    let explanation = book.unwrap().explain(Some("openai"), "gpt-4o", at("2026-11-01"));
    assert_eq!((explanation.source.as_str(), explanation.version.as_str()), ("file:prices.toml", "4 */gpt-*"));
    let rates: Vec<_> = explanation.rates.iter().map(|rate| format!("{} {}", rate.unit, rate.usd)).collect();
    assert_eq!(rates, ["input_tokens 3", "cache_read_tokens 0.5", "web_searches 0.01"]);
    assert_eq!(
        explanation.why,
        [
            "prices.toml price 2 (azure*/gpt-4o) is for this model, but of the provider azure*.",
            "prices.toml price 3 (openai/gpt-4o) is for this model, but valid only until 2026-07-01.",
            "prices.toml price 4 (*/gpt-*) fits its pattern.",
            "prices.toml price 5 (*/*) would fit too; the first that fits counts.",
            "1 other price of the file is for other models.",
            "genai-prices has it too, by its name, as openai/gpt-4o; a price file goes before it.",
        ]
    );
}

#[test]
fn a_price_that_changes_by_the_hour_or_the_day_is_shown_by_both() {
    let deepseek = PriceBook::bundled().explain(Some("deepseek"), "deepseek-chat", at("2025-06-01"));
    let mut when: Vec<_> = deepseek.rates.iter().map(|rate| rate.when.as_str()).collect();
    when.dedup();
    assert_eq!(when, ["00:30–16:30 UTC", "16:30–00:30 UTC"]);
    let o3 = |day| {
        let explanation = PriceBook::bundled().explain(Some("openai"), "o3", at(day));
        (explanation.rates[0].usd.to_string(), explanation.why.join(" "))
    };
    let (before, why) = o3("2025-06-09");
    assert!(why.contains("Its rates changed on 2025-06-10"), "{why}");
    assert_eq!((before.as_str(), o3("2025-06-10").0.as_str()), ("10", "2"));
}

#[test]
fn a_name_that_is_unknown_is_told_what_is_close_to_it() {
    let book = PriceBook::bundled().with_file("[[price]]\nmodel = \"my-model\"\ninput = \"1\"", "prices.toml").unwrap();
    assert_eq!(book.closest(Some("openai"), "gpt-4oo")[0], "openai:gpt-4o");
    assert_eq!(book.closest(None, "my-modle")[0], "*:my-model");
    assert_eq!(book.closest(None, "zzzzzz"), Vec::<String>::new());
    assert_eq!(book.explain(Some("openai"), "gpt-4oo", at("2026-11-01")).source, "");
    assert_eq!(book.explain(None, "text-embedding-3-small", at("2026-11-01")).provider, "openai");
}
