//! What the front page of this module promises, promise by promise.

use std::collections::BTreeMap;

use genai_prices::{PriceRequest, UsageKey};
use proptest::prelude::*;
use serde_json::json;

use super::{
    user::{date, file},
    *,
};
use crate::call::{Timestamp, Usage, UsageSource, Usd};

const EXAMPLE: &str = include_str!("example.toml");

fn at(date: &str) -> Timestamp {
    date::parse(date).unwrap()
}

fn usd(amount: &str) -> Option<Usd> {
    Some(amount.parse().unwrap())
}

/// An answered call of 2026-11-01.
fn call(provider: &'static str, model: &str, input: u64, output: u64) -> Call {
    Call {
        provider: provider.into(),
        operation: "chat".into(),
        started_at: at("2026-11-01"),
        response: crate::call::Response { model: Some(model.into()), ..Default::default() },
        usage: Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            source: UsageSource::Provider,
            ..Usage::default()
        },
        ..Call::default()
    }
}

fn with_units(mut call: Call, units: &[(&'static str, f64)]) -> Call {
    call.usage.details.extend(units.iter().map(|(unit, amount)| (Name::Borrowed(*unit), *amount)));
    call
}

fn without_tokens(call: Call) -> Call {
    Call { usage: Usage::default(), ..call }
}

fn bundled(call: &Call) -> Cost {
    PriceBook::bundled().price(call)
}

fn by_file(toml: &str, call: &Call) -> Cost {
    PriceBook::bundled().with_file(toml, "mine.toml").unwrap().price(call)
}

fn status(cost: &Cost) -> PricingStatus {
    cost.status.unwrap()
}

#[test]
fn a_listed_model_is_priced_with_its_source() {
    let cost = bundled(&call("openai", "gpt-4o", 1_000, 100));
    assert_eq!((cost.total, cost.input, cost.output), (usd("0.0035"), usd("0.0025"), usd("0.001")));
    assert_eq!(status(&cost), PricingStatus::Exact);
    assert_eq!(cost.price_source.as_deref(), Some("genai-prices"));
    assert_eq!(cost.price_version.as_deref(), Some("0.2.1 openai/gpt-4o"));
}

#[test]
fn the_version_in_each_row_is_the_one_that_is_compiled_in() {
    let lock = include_str!("../../Cargo.lock");
    assert!(
        lock.contains("name = \"genai-prices\"\nversion = \"0.2.1\"\n"),
        "set VERSION and DATE in genai.rs and this test"
    );
}

#[test]
fn an_unknown_model_is_null_and_never_zero() {
    for model in ["my-own-model", "", "llama3.1:8b"] {
        let cost = bundled(&call("openai", model, 1_000, 100));
        assert_eq!(cost, Cost { status: Some(PricingStatus::Unpriced), ..Cost::default() }, "{model}");
    }
    assert_eq!(bundled(&Call::default()).status, Some(PricingStatus::Unpriced));
}

#[test]
fn a_self_hosted_model_is_not_priced_at_somebody_elses_rates() {
    for provider in ["ollama", "vllm", "my-openai-gateway", "litellm", "LiteLLM", "localhost", "amazon", ""] {
        for model in ["gpt-4o", "llama-3.3-70b-versatile", "openai/gpt-4o", "claude-sonnet-4-5"] {
            assert_eq!(bundled(&call(provider, model, 1_000, 100)).total, None, "{provider} {model}");
        }
    }
    assert_eq!(bundled(&call("openai", "gpt-oss-120b", 1_000, 100)).total, None, "OpenAI does not serve it");
}

#[test]
fn each_provider_of_ours_has_its_list() {
    for (provider, model) in [
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("aws.bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("azure.ai.inference", "gpt-4o"),
        ("azure.ai.openai", "gpt-4o-2024-08-06"),
        ("cerebras", "llama3.1-8b"),
        ("cohere", "command-r7b-12-2024"),
        ("deepseek", "deepseek-v4-flash"),
        ("fireworks_ai", "accounts/fireworks/models/gpt-oss-120b"),
        ("gcp.gemini", "models/gemini-2.5-pro"),
        ("gcp.gen_ai", "gemini-2.5-pro"),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro"),
        ("gcp.vertex_ai", "claude-sonnet-4@20250514"),
        ("github_copilot", "claude-sonnet-4.6"),
        ("groq", "llama-3.3-70b-versatile"),
        ("hugging_face", "openai/gpt-oss-120b:groq"),
        ("mistral_ai", "mistral-large-latest"),
        ("moonshot_ai", "kimi-k2-0711-preview"),
        ("novita", "meta-llama/llama-3.1-8b-instruct"),
        ("openai", "gpt-5-2025-08-07"),
        ("openrouter", "openai/gpt-4o-mini"),
        ("perplexity", "sonar"),
        ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("voyage_ai", "voyage-3-lite"),
        ("x_ai", "grok-4"),
        ("z_ai", "glm-4.7"),
    ] {
        let cost = bundled(&call(provider, model, 1_000, 0));
        assert!(cost.total > Some(Usd::ZERO), "{provider} {model}: {cost:?}");
    }
    assert_eq!(bundled(&call("hugging_face", "openai/gpt-oss-120b", 1_000, 100)).total, None, "who serves it?");
}

#[test]
fn zero_is_a_price() {
    let free = "[[price]]\nprovider = 'ollama'\nmodel = '*'\ninput = '0'\noutput = '0'";
    let cost = by_file(free, &call("ollama", "llama3", 1_000, 100));
    assert_eq!((cost.total, cost.input, cost.output), (usd("0"), usd("0"), usd("0")));
    let uncounted = by_file(free, &without_tokens(call("ollama", "llama3", 0, 0)));
    assert_eq!((uncounted.total, status(&uncounted)), (usd("0"), PricingStatus::Alias), "no count can change it");
    let listed_as_free = bundled(&call("openrouter", "qwen/qwq-32b:free", 1_000, 100));
    assert_eq!((listed_as_free.total, status(&listed_as_free)), (usd("0"), PricingStatus::Exact));
}

#[test]
fn nothing_counted_is_nothing_known_but_zero_counted_is_zero() {
    let uncounted = bundled(&without_tokens(call("openai", "gpt-4o", 0, 0)));
    assert_eq!((uncounted.total, status(&uncounted)), (None, PricingStatus::Unpriced));
    assert_eq!(uncounted.price_version.as_deref(), Some("0.2.1 openai/gpt-4o"), "the entry that waits for the counts");
    let nothing = bundled(&call("openai", "gpt-4o", 0, 0));
    assert_eq!((nothing.total, status(&nothing)), (usd("0"), PricingStatus::Exact));
}

#[test]
fn what_no_provider_bills_is_neither_priced_nor_unpriced() {
    let counting = Call { billable: Some(false), ..call("openai", "gpt-4o", 1_000, 0) };
    assert_eq!(bundled(&counting), Cost::default());
    let mut refused = without_tokens(call("openai", "gpt-4o", 0, 0));
    refused.outcome.http_status = Some(429);
    assert_eq!(bundled(&refused), Cost::default());
    refused.usage.input_tokens = Some(1_000);
    assert_eq!(bundled(&refused).total, usd("0.0025"), "a provider that counts also bills");
    let mut broken = without_tokens(call("openai", "gpt-4o", 0, 0));
    broken.outcome.error_type = Some("timeout".into());
    assert_eq!(status(&bundled(&broken)), PricingStatus::Unpriced, "it may have been billed");
    let per_call = "[[price]]\nmodel = '*'\nper_call = '0.01'";
    assert_eq!(status(&by_file(per_call, &broken)), PricingStatus::Unpriced);
}

#[test]
fn the_providers_own_figure_beats_every_list() {
    let mut stated = call("openrouter", "openai/gpt-4o-mini", 1_000, 100);
    stated.cost = Cost { total: usd("0.123"), status: Some(PricingStatus::ProviderReported), ..Cost::default() };
    let cost = by_file("[[price]]\nmodel = '*'\ninput = '1'\noutput = '1'", &stated);
    assert_eq!(cost, Cost { price_source: Some("provider".into()), ..stated.cost.clone() });
}

#[test]
fn the_users_file_beats_the_bundled_prices() {
    let cost = by_file("[[price]]\nmodel = 'GPT-4o'\ninput = '1'\noutput = '2'", &call("openai", "gpt-4o", 1_000, 100));
    assert_eq!((cost.total, status(&cost)), (usd("0.0012"), PricingStatus::Exact));
    assert_eq!(cost.price_source.as_deref(), Some("file:mine.toml"));
    assert_eq!(cost.price_version.as_deref(), Some("1 */GPT-4o"));
}

#[test]
fn a_snapshot_or_an_alias_says_so() {
    for (provider, model) in [("openai", "gpt-4o-2024-08-06"), ("anthropic", "claude-sonnet-4-5-20250929")] {
        assert_eq!(status(&bundled(&call(provider, model, 1, 1))), PricingStatus::Alias, "{model}");
    }
    for (provider, model) in [("gcp.gemini", "models/gemini-2.5-pro"), ("openai", "GPT-4o")] {
        assert_eq!(status(&bundled(&call(provider, model, 1, 1))), PricingStatus::Exact, "{model}");
    }
    let pattern = by_file("[[price]]\nmodel = 'gpt*'\ninput = '1'\noutput = '1'", &call("openai", "gpt-4o", 1, 1));
    assert_eq!(status(&pattern), PricingStatus::Alias);
}

#[test]
fn the_model_that_answered_is_priced_else_the_one_asked_for() {
    let mut call = call("openai", "gpt-4o-mini-2024-07-18", 1_000_000, 0);
    call.request.model = Some("gpt-4o".into());
    assert_eq!(bundled(&call).total, usd("0.15"));
    call.response.model = Some("ft:unheard-of".into());
    let cost = bundled(&call);
    assert_eq!((cost.total, status(&cost)), (usd("2.5"), PricingStatus::Alias));
    call.response.model = None;
    assert_eq!(status(&bundled(&call)), PricingStatus::Exact);
}

#[test]
fn a_call_is_priced_at_its_date() {
    let mut call = call("openai", "o3", 1_000_000, 0);
    for (date, total) in [("2025-06-09T23:59:59Z", "10"), ("2025-06-10", "2"), ("2026-11-01", "2")] {
        call.started_at = at(date);
        assert_eq!(bundled(&call).total, usd(total), "{date}");
    }
}

#[test]
fn validity_ends_before_its_end_and_the_first_entry_wins() {
    let file = r#"
        [[price]]
        model = "m"
        valid_from = "2026-01-01"
        valid_until = 2026-07-01
        input = "1"
        [[price]]
        model = "m"
        valid_from = "2026-06-01T00:00:00+02:00"
        input = "2"
        [[price]]
        model = "m"
        input = "3"
    "#;
    let mut call = call("ollama", "m", 1_000_000, 0);
    for (date, total, version) in [
        ("2025-12-31T23:59:59Z", "3", "3 */m"),
        ("2026-01-01", "1", "1 */m from 2026-01-01"),
        ("2026-06-30T23:59:59.999999Z", "1", "1 */m from 2026-01-01"),
        ("2026-07-01", "2", "2 */m from 2026-06-01T00:00:00+02:00"),
    ] {
        call.started_at = at(date);
        let cost = by_file(file, &call);
        assert_eq!((cost.total, cost.price_version.as_deref()), (usd(total), Some(version)), "{date}");
    }
}

#[test]
fn the_tier_served_beats_the_tier_asked_for() {
    let mut call = call("openai", "o3", 1_000_000, 0);
    call.request.service_tier = Some("priority".into());
    for (served, total) in [(Some("default"), "2"), (Some("auto"), "2"), (None, "2"), (Some("flex"), "1")] {
        call.response.service_tier = served.map(str::to_owned);
        let cost = bundled(&call);
        assert_eq!((cost.total, status(&cost)), (usd(total), PricingStatus::Exact), "{served:?}");
    }
}

#[test]
fn a_batch_has_the_rates_of_the_batch_interface() {
    let mut call = call("anthropic", "claude-sonnet-4-5", 100_000, 0);
    call.extra.insert(BATCH.into(), json!(true));
    assert_eq!(bundled(&call).total, usd("0.15"));
    call.extra.insert(BATCH.into(), json!(false));
    assert_eq!(bundled(&call).total, usd("0.3"));
    call.response.service_tier = Some("batch".into());
    assert_eq!(bundled(&call).total, usd("0.15"));
}

#[test]
fn a_tier_without_rates_is_partial_at_the_standard_ones() {
    let mut call = call("openai", "o3", 1_000_000, 0);
    call.response.service_tier = Some("priority".into());
    call.started_at = at("2026-10-01");
    let cost = bundled(&call);
    assert_eq!((cost.total, status(&cost)), (usd("2"), PricingStatus::Partial));
    assert_eq!(cost.price_version.as_deref(), Some("0.2.1 openai/o3 at standard rates"));
}

/// The counts, and the right costs, of three bug reports: litellm 9812, 11789 and 14849.
#[test]
fn cached_tokens_are_charged_once() {
    let mut write = call("anthropic", "claude-3-7-sonnet-20250219", 3 + 12_304, 550);
    (write.usage.cache_write_tokens, write.usage.cache_read_tokens) = (Some(12_304), Some(0));
    assert_eq!(bundled(&write).total, usd("0.054399"));
    let mut read = call("anthropic", "claude-3-5-haiku-20241022", 2_459, 23);
    read.usage.cache_read_tokens = Some(2_455);
    assert_eq!(bundled(&read).total, usd("0.0002916"));
    let mut gemini = call("gcp.gemini", "gemini-2.5-pro", 262_960, 1_744);
    gemini.usage.cache_read_tokens = Some(257_955);
    let rates = "[[price]]\nmodel = '*'\ninput = '1.25'\ncache_read = '0.625'\noutput = '10'";
    assert_eq!(by_file(rates, &gemini).total, usd("0.184918125"));
    assert_eq!(bundled(&gemini).total, usd("0.10316125"), "above 200,000 tokens, at today's rate of the cache");
}

#[test]
fn cache_writes_of_an_hour_have_their_own_rate() {
    let mut call = call("anthropic", "claude-sonnet-4-5", 100_000, 0);
    call.usage.cache_write_tokens = Some(30_000);
    let call = with_units(call, &[("cache_write_1h_tokens", 10_000.0), ("cache_write_5m_tokens", 20_000.0)]);
    assert_eq!(bundled(&call).total, usd("0.345"), "70,000 × 3 + 20,000 × 3.75 + 10,000 × 6");
    let cost = by_file(EXAMPLE, &call);
    assert_eq!(
        (cost.total, status(&cost)),
        (usd("0.276"), PricingStatus::Alias),
        "70,000 × 2.4 + 20,000 × 3 + 10,000 × 4.8"
    );
}

#[test]
fn a_part_without_a_rate_costs_what_its_whole_costs() {
    let mut call = call("ollama", "m", 1_000, 1_000);
    (call.usage.cache_read_tokens, call.usage.reasoning_tokens) = (Some(900), Some(900));
    let cost = by_file("[[price]]\nmodel = '*'\ninput = '1'\noutput = '2'", &call);
    assert_eq!((cost.total, status(&cost)), (usd("0.003"), PricingStatus::Alias));
    let cost = by_file("[[price]]\nmodel = '*'\ninput = '1'\noutput = '2'\nreasoning = '4'", &call);
    assert_eq!((cost.input, cost.output), (usd("0.001"), usd("0.0038")));
}

#[test]
fn sound_of_openai_without_a_rate_of_its_own_leaves_the_cost_partial() {
    let heard = |model: &str| with_units(call("openai", model, 1000, 100), &[("input_audio_tokens", 100.0)]);
    assert_eq!(status(&bundled(&heard("gpt-4o-audio-preview"))), PricingStatus::Partial);
    let whole = bundled(&heard("gpt-realtime"));
    assert!(matches!(status(&whole), PricingStatus::Exact | PricingStatus::Alias), "{whole:?}");
    let silent = with_units(call("openai", "gpt-4o-audio-preview", 1000, 100), &[("input_audio_tokens", 0.0)]);
    assert_ne!(status(&bundled(&silent)), PricingStatus::Partial);
}

#[test]
fn cached_audio_has_the_rate_of_the_cache() {
    let mut call = call("ollama", "m", 1_000, 0);
    call.usage.cache_read_tokens = Some(400);
    let call = with_units(call, &[("input_audio_tokens", 500.0), ("cache_audio_read_tokens", 300.0)]);
    let rates = "[[price]]\nmodel = '*'\ninput = '1'\noutput = '1'\ncache_read = '0.1'\ninput_audio = '10'";
    assert_eq!(by_file(rates, &call).total, usd("0.00244"), "400 × 1 + 400 × 0.1 + 200 × 10");
}

#[test]
fn a_missing_count_or_a_unit_without_a_rate_is_partial() {
    let mut cut = call("openai", "gpt-4o", 1_000, 0);
    cut.usage.output_tokens = None;
    let cost = bundled(&cut);
    assert_eq!((cost.total, cost.output, status(&cost)), (usd("0.0025"), None, PricingStatus::Partial));
    let placeholder = Usage { output_tokens: Some(1), source: UsageSource::Partial, ..cut.usage.clone() };
    assert_eq!(status(&bundled(&Call { usage: placeholder, ..cut.clone() })), PricingStatus::Partial);

    let searched = with_units(call("deepseek", "deepseek-v4-flash", 1_000, 0), &[("web_searches", 1.0)]);
    assert_eq!(status(&bundled(&searched)), PricingStatus::Partial, "DeepSeek has no price of a search");
    let searched = with_units(call("openai", "gpt-4o", 1_000, 0), &[("web_searches", 1.0)]);
    let cost = bundled(&searched);
    assert_eq!((cost.total, cost.input, status(&cost)), (usd("0.0125"), usd("0.0025"), PricingStatus::Exact));
    let unheard_of = with_units(call("openai", "gpt-4o", 1_000, 0), &[("moon_landings", 1.0)]);
    assert_eq!(status(&bundled(&unheard_of)), PricingStatus::Partial);

    let tokens = "[[price]]\nmodel = '*'\ninput = '1'";
    assert_eq!(status(&by_file(tokens, &searched)), PricingStatus::Partial, "no rate of a search");
    assert_eq!(status(&by_file(tokens, &call("openai", "gpt-4o", 1, 1))), PricingStatus::Partial, "no rate of output");
    let both = "[[price]]\nmodel = '*'\ninput = '1'\noutput = '1'";
    assert_eq!(status(&by_file(both, &cut)), PricingStatus::Partial, "no count of output");
}

#[test]
fn what_says_nothing_of_the_price_is_no_gap() {
    let mut embedding = call("openai", "text-embedding-3-small", 1_000, 0);
    embedding.operation = "embeddings".into();
    embedding.usage.output_tokens = None;
    let cost = bundled(&embedding);
    assert_eq!((cost.total, cost.output, status(&cost)), (usd("0.00002"), None, PricingStatus::Exact));
    let image =
        with_units(call("openai", "gpt-image-1", 100, 1_000), &[("images", 1.0), ("output_image_tokens", 900.0)]);
    assert_eq!(status(&bundled(&image)), PricingStatus::Exact, "its tokens are the price");
    let only_images = with_units(without_tokens(call("openai", "gpt-image-1", 0, 0)), &[("images", 1.0)]);
    assert_eq!((bundled(&only_images).total, status(&bundled(&only_images))), (None, PricingStatus::Unpriced));
    let guesses = with_units(call("openai", "gpt-4o", 10, 10), &[("accepted_prediction_tokens", 3.0)]);
    assert_eq!(status(&bundled(&guesses)), PricingStatus::Exact, "tokens are part of the totals");
}

#[test]
fn contradicting_parts_leave_the_price_of_the_totals() {
    let overlap = call("gcp.gemini", "gemini-2.5-flash", 1_000_000, 0);
    let mut overlap = with_units(overlap, &[("input_audio_tokens", 600_000.0)]);
    overlap.usage.cache_read_tokens = Some(500_000);
    let cost = bundled(&overlap);
    assert_eq!(
        (cost.total, status(&cost)),
        (usd("0.165"), PricingStatus::Partial),
        "how much of the audio was cached?"
    );
    overlap.usage.cache_read_tokens = Some(2_000_000);
    assert_eq!((bundled(&overlap).total, status(&bundled(&overlap))), (usd("0.3"), PricingStatus::Partial));
    let file = "[[price]]\nmodel = '*'\ninput = '1'\noutput = '1'\ncache_read = '0.1'";
    assert_eq!((by_file(file, &overlap).total, status(&by_file(file, &overlap))), (usd("1"), PricingStatus::Partial));
}

#[test]
fn speech_is_priced_by_the_second_and_by_the_letter() {
    let speech = |model, units: &[_]| bundled(&with_units(without_tokens(call("openai", model, 0, 0)), units));
    for units in [[("audio_seconds", 60.0)], [("input_audio_seconds", 60.0)]] {
        let cost = speech("whisper-1", &units);
        assert_eq!((cost.total, status(&cost)), (usd("0.006"), PricingStatus::Exact), "{units:?}");
    }
    assert_eq!(speech("tts-1", &[("input_characters", 1_000.0)]).total, usd("0.015"));
    let cost = speech("whisper-1", &[("input_characters", 1_000.0)]);
    assert_eq!((cost.total, status(&cost)), (None, PricingStatus::Unpriced), "nothing of it has a rate");
}

#[test]
fn a_fee_per_request_is_part_of_the_total() {
    let cost = bundled(&call("perplexity", "sonar", 1_000, 1_000));
    assert_eq!((cost.total, cost.input, cost.output), (usd("0.014"), usd("0.001"), usd("0.001")));
}

#[test]
fn clip_is_priced_per_image_or_at_zero() {
    let mut clip = without_tokens(call("local", "CLIP-ViT-L-14", 0, 0));
    clip.operation = "embeddings".into();
    let counted = with_units(clip.clone(), &[("images", 3.0)]);
    let cost = by_file(EXAMPLE, &counted);
    assert_eq!((cost.total, cost.input, status(&cost)), (usd("0.0006"), None, PricingStatus::Alias));
    let cost = by_file(EXAMPLE, &clip);
    assert_eq!((cost.total, status(&cost)), (None, PricingStatus::Unpriced), "how many images?");
    let cost = by_file("[[price]]\nmodel = 'clip*'\nper_image = '0'", &clip);
    assert_eq!((cost.total, status(&cost)), (usd("0"), PricingStatus::Alias));
    let with_tokens = Usage { input_tokens: Some(77), ..counted.usage.clone() };
    let cost = by_file(EXAMPLE, &Call { usage: with_tokens, ..counted });
    assert_eq!((cost.total, status(&cost)), (usd("0.0006"), PricingStatus::Alias), "its tokens are not the price");
}

#[test]
fn calls_and_seconds_add_up() {
    let made = |units: &[_]| by_file(EXAMPLE, &with_units(without_tokens(call("replicate", "o/m", 0, 0)), units));
    assert_eq!(made(&[("seconds", 2.5)]).total, usd("0.0118125"));
    assert_eq!(made(&[("audio_seconds", 2.0)]).total, usd("0.01145"));
    assert_eq!((made(&[]).total, status(&made(&[]))), (usd("0.01"), PricingStatus::Partial), "how many seconds?");
    let searched = with_units(call("anthropic", "claude-sonnet-4-5", 0, 0), &[("web_searches", 3.0)]);
    assert_eq!(by_file(EXAMPLE, &searched).total, usd("0.024"));
}

#[test]
fn decimals_are_exact_and_rounded_once() {
    let price = |rate: &str, tokens| {
        by_file(
            &format!("[[price]]\nmodel = '*'\ninput = '{rate}'\noutput = '{rate}'"),
            &call("x", "m", tokens, tokens),
        )
    };
    let cost = price("0.1", 3);
    assert_eq!((cost.input, cost.total), (usd("0.0000003"), usd("0.0000006")));
    let cost = price("0.0000005", 1);
    assert_eq!(
        (cost.input, cost.output, cost.total),
        (usd("1e-12"), usd("1e-12"), usd("1e-12")),
        "0.5 + 0.5 pico-dollars"
    );
    assert_eq!(price("0.000000499999", 1).input, usd("0"));
    assert_eq!(price("4000000", 1_000_000).total, usd("8000000"));
    let cost = price("4000000", u64::MAX);
    assert_eq!(
        (cost.total, cost.input, status(&cost)),
        (None, None, PricingStatus::Unpriced),
        "more than one amount holds"
    );
}

#[test]
fn the_example_in_the_manual_is_a_valid_file() {
    assert_eq!(file::parse(EXAMPLE, "example.toml").unwrap().len(), 4);
    let mut call = call("ollama", "llama3.1:8b", 1_000_000, 0);
    call.started_at = at("2026-02-01");
    assert_eq!(by_file(EXAMPLE, &call).total, usd("0.15"));
}

#[test]
fn a_mistake_in_a_price_file_is_a_sentence() {
    let mistakes: BTreeMap<&str, &str> = [
        ("[[price]]\nmodel = 'm'\n\ninput = 0.15", "mine.toml, line 4 (price 1): `input` is a number, which loses digits; write it as a text: input = \"0.15\""),
        ("[[price]]\nmodel = 'm'\nper_call = 1", "mine.toml, line 3 (price 1): `per_call` is a number, which loses digits; write it as a text: per_call = \"1\""),
        ("[[price]]\nmodel = 'm'\ninput = 'cheap'", "mine.toml, line 3 (price 1): `input`: \"cheap\" is not an amount of US dollars (write a decimal such as \"0.15\")"),
        ("[[price]]\nmodel = 'm'\ninput = '-1'", "mine.toml, line 3 (price 1): `input` is negative; a rate is zero or more"),
        ("[[price]]\nmodel = 'm'\ninput = ['1']", "mine.toml, line 3 (price 1): `input` is no amount of money; write input = \"0.15\""),
        ("[[price]]\nmodel = 'm'\ninput = '1'\n[[price]]\ninput = '1'", "mine.toml, line 4 (price 2): a price needs a `model`; write model = \"*\" for any"),
        ("[[price]]\nmodel = 'm'", "mine.toml, line 1 (price 1): a price needs a rate; write input = \"0\" and output = \"0\" if it is free"),
        ("[[price]]\nmodel = 7\ninput = '1'", "mine.toml, line 2 (price 1): `model` must be a text, such as model = \"*\""),
        ("[[price]]\nmodel = 'm'\ninput = '1'\nvalid_from = '2026-02-30'", "mine.toml, line 4 (price 1): `valid_from` is no date: there is no such day"),
        ("[[price]]\nmodel = 'm'\ninput = '1'\nvalid_from = 2026-02-01T00:00:00", "mine.toml, line 4 (price 1): `valid_from` is no date: a date and time needs its zone: end it with Z for UTC"),
        ("[[price]]\nmodel = 'm'\ninput = '1'\nvalid_from = '2026-02-01'\nvalid_until = '2026-02-01'", "mine.toml, line 5 (price 1): `valid_until` must be later than `valid_from`"),
        ("[[price]]\nmodel = 'm'\ninput = '1'\nper_unit = '1'", "mine.toml, line 4 (price 1): write per_unit = { web_searches = \"0.01\" }"),
        ("[[price]]\nmodel = 'm'\nper_unit = { images = '1' }", "mine.toml, line 3 (price 1): `images` is no key of per_unit: write per_image"),
        ("[[price]]\nmodel = 'm'\nper_unit = { input_tokens = '1' }", "mine.toml, line 3 (price 1): `input_tokens` is no key of per_unit: tokens have keys of their own, such as `input` and `cache_read`"),
        ("[price]\nmodel = 'm'", "mine.toml, line 1: `price` has no meaning here; begin each price with a line [[price]]"),
        ("\n[[prices]]\nmodel = 'm'", "mine.toml, line 2: `prices` has no meaning here; begin each price with a line [[price]]"),
        ("price = [1]", "mine.toml, line 1 (price 1): begin each price with a line [[price]]"),
    ]
    .into();
    for (text, sentence) in mistakes {
        assert_eq!(PriceBook::bundled().with_file(text, "mine.toml").unwrap_err().to_string(), sentence);
    }
    let unknown =
        PriceBook::bundled().with_file("[[price]]\nmodel = 'm'\ninputs = '1'", "mine.toml").unwrap_err().to_string();
    assert!(
        unknown
            .starts_with("mine.toml, line 3 (price 1): `inputs` is no key of a price; the keys are provider, model,"),
        "{unknown}"
    );
    let broken = PriceBook::bundled().with_file("[[price]]\nmodel = ", "mine.toml").unwrap_err().to_string();
    assert!(broken.starts_with("mine.toml, line 2: no valid TOML: "), "{broken}");
    let absent = PriceBook::bundled().with_path("no/such/prices.toml").unwrap_err().to_string();
    assert!(absent.starts_with("the price file no/such/prices.toml cannot be read: "), "{absent}");
}

#[test]
fn files_are_asked_in_the_order_in_which_they_were_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first.toml");
    std::fs::write(&path, "[[price]]\nmodel = 'm'\ninput = '1'").unwrap();
    let book = PriceBook::bundled().with_path(&path).unwrap();
    let book = book.with_file("[[price]]\nmodel = '*'\ninput = '2'", "second.toml").unwrap();
    book.warm();
    assert_eq!(book.price(&call("x", "m", 1, 0)).price_source.as_deref(), Some("file:first.toml"));
    assert_eq!(book.price(&call("x", "n", 1, 0)).price_source.as_deref(), Some("file:second.toml"));
}

const MODELS: [(&str, &str, &str); 9] = [
    ("openai", "openai", "gpt-4o"),
    ("openai", "openai", "o3-2025-04-16"),
    ("anthropic", "anthropic", "claude-sonnet-4-5"),
    ("gcp.gemini", "google", "gemini-2.5-pro"),
    ("gcp.vertex_ai", "google", "claude-opus-4-1@20250805"),
    ("azure.ai.openai", "azure", "gpt-5"),
    ("mistral_ai", "mistral", "mistral-large-latest"),
    ("perplexity", "perplexity", "sonar-pro"),
    ("x_ai", "x-ai", "grok-4"),
];

proptest! {
    #[test]
    fn the_cost_equals_what_genai_prices_computes(
        (provider, id, model) in proptest::sample::select(&MODELS[..]),
        (input, read, write) in (0..400_000_u64, 0..=100_u64, 0..=100_u64),
        (output, reasoning) in (0..100_000_u64, 0..=100_u64),
        days in 19_800..20_900_i64,
        tier in proptest::option::of(proptest::sample::select(&["default", "flex", "priority"][..])),
        batch in proptest::bool::ANY,
    ) {
        let mut call = call(provider, model, input, output);
        let (read, write) = (input / 2 * read / 100, input / 2 * write / 100);
        let reasoning = output * reasoning / 100;
        call.started_at = Timestamp::from_micros(days * 86_400_000_000);
        call.usage.cache_read_tokens = Some(read);
        call.usage.cache_write_tokens = Some(write);
        call.usage.reasoning_tokens = Some(reasoning);
        call.response.service_tier = tier.map(str::to_owned);
        call.extra.insert(BATCH.into(), batch.into());

        let units = genai_prices::Usage::from([
            (UsageKey::INPUT_TOKENS, input as f64),
            (UsageKey::CACHE_READ_TOKENS, read as f64),
            (UsageKey::CACHE_WRITE_TOKENS, write as f64),
            (UsageKey::OUTPUT_TOKENS, output as f64),
            (UsageKey::OUTPUT_REASONING_TOKENS, reasoning as f64),
        ]);
        let mut request = PriceRequest::new(model, &units).with_provider_id(id).with_timestamp(call.started_at);
        request.price_context.extend(tier.map(|tier| ("service_tier", tier)));
        request.price_context.extend(batch.then_some(("processing", "batch")));
        let theirs = genai_prices::calculate(&request).unwrap();
        let ours = bundled(&call);
        prop_assert_eq!(ours.total, Usd::from_f64(theirs.total_price));
        prop_assert_eq!(ours.input, Usd::from_f64(theirs.input_price));
        prop_assert_eq!(ours.output, Usd::from_f64(theirs.output_price));
    }

    #[test]
    fn no_usage_makes_pricing_panic_or_go_negative(
        counts in proptest::array::uniform5(proptest::option::of(proptest::num::u64::ANY)),
        details in proptest::collection::btree_map("(input|output|cache)_(audio|image|write_1h)_(tokens|seconds)|images|seconds", proptest::num::f64::ANY, 0..4),
        (provider, _, model) in proptest::sample::select(&MODELS[..]),
    ) {
        let [input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens] = counts;
        let details = details.into_iter().map(|(unit, amount)| (Name::Owned(unit), amount)).collect();
        let usage = Usage { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, details, ..Usage::default() };
        let call = Call { usage, ..call(provider, model, 0, 0) };
        let mine = "[[price]]\nmodel = '*'\ninput = '1'\noutput = '2'\ncache_read = '0.1'\ncache_write_1h = '3'\ninput_audio = '7'\nper_image = '1'\nper_second = '1'";
        for cost in [bundled(&call), by_file(mine, &call)] {
            prop_assert!(cost.total.is_none_or(|total| total >= Usd::ZERO), "{:?}", cost);
            prop_assert_eq!(cost.total.is_none(), cost.status == Some(PricingStatus::Unpriced));
        }
    }
}
