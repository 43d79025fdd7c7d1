//! The bundled prices against a second, independent reading of the providers' pages: the crate `llm-prices`.
//!
//! Where the two disagree, one of them is wrong, old or silent. Compared at 02:00 UTC, when DeepSeek is at its peak rates,
//! the only ones that `llm-prices` has. The snapshot lists what is known to differ, so that an update of
//! either crate shows what it changed.

use std::fmt::Write as _;

use llm_prices::Price;
use serde_json::json;

use super::{user::date, *};
use crate::call::Usage;

/// Enough tokens for every rate to show, below every threshold.
const TOKENS: u64 = 10_000;

fn price(of: &Price, model: &str, usage: Usage, batch: bool) -> Cost {
    let mut call = Call {
        provider: if of.provider == "google" { "gcp.gemini" } else { of.provider }.into(),
        operation: "chat".into(),
        started_at: date::parse(&format!("{}T02:00:00Z", of.checked)).unwrap(),
        usage,
        ..Call::default()
    };
    call.response.model = Some(model.into());
    call.extra.insert(BATCH.into(), json!(batch));
    PriceBook::bundled().price(&call)
}

/// What is compared: its name, the usage that shows it, whether in a batch, and the other's rate per million tokens.
fn rates(of: &Price) -> Vec<(String, Usage, bool, f64)> {
    let input = |tokens| Usage { input_tokens: Some(tokens), output_tokens: Some(0), ..Usage::default() };
    let output = |tokens, input| Usage { output_tokens: Some(tokens), input_tokens: Some(input), ..Usage::default() };
    let mut rates = Vec::new();
    let mut add = |name: &str, usage, batch, rate: Option<f64>| {
        rates.extend(rate.map(|rate| (name.to_owned(), usage, batch, rate)));
    };
    add("input", input(TOKENS), false, of.input);
    add("output", output(TOKENS, 0), false, of.output);
    add("cache_read", Usage { cache_read_tokens: Some(TOKENS), ..input(TOKENS) }, false, of.cache_read);
    for kind in ["5m", "1h"] {
        let mut usage = Usage { cache_write_tokens: Some(TOKENS), ..input(TOKENS) };
        usage.details.insert(format!("cache_write_{kind}_tokens").into(), TOKENS as f64);
        add(&format!("cache_write {kind}"), usage, false, of.cache_write(kind));
    }
    add("batch input", input(TOKENS), true, of.batch_input);
    add("batch output", output(TOKENS, 0), true, of.batch_output);
    if let Some(long) = of.long_context {
        add("long input", input(long.threshold_tokens + 1), false, long.input);
        add("long output", output(TOKENS, long.threshold_tokens + 1), false, long.output);
    }
    rates
}

#[test]
fn disagreements_with_llm_prices_are_known() {
    let (mut models, mut compared, mut report) = (0, 0, String::new());
    for of in llm_prices::all() {
        for model in std::iter::once(&of.model).chain(of.aliases) {
            models += 1;
            for (name, usage, batch, theirs) in rates(of) {
                let for_output = name.ends_with("output");
                let tokens = if for_output { usage.output_tokens } else { usage.input_tokens }.unwrap() as f64;
                let cost = price(of, model, usage, batch);
                let ours = if for_output { cost.output } else { cost.input };
                let Some(ours) = ours else {
                    writeln!(report, "{}/{model}: not known to genai-prices", of.provider).unwrap();
                    break;
                };
                let ours = ours.to_f64() * 1e6 / tokens;
                compared += 1;
                if (ours - theirs).abs() > 1e-6 {
                    let note =
                        cost.status.filter(|status| *status == PricingStatus::Partial).map_or("", |_| " (partial)");
                    writeln!(
                        report,
                        "{}/{model}: {name}: genai-prices {ours:.4}{note}, llm-prices {theirs}",
                        of.provider
                    )
                    .unwrap();
                }
            }
        }
    }
    writeln!(report, "{models} models, {compared} rates compared, USD per million tokens").unwrap();
    println!("{report}");
    insta::assert_snapshot!(report);
}
