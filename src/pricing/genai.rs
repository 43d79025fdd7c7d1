//! The prices of [genai-prices](https://github.com/pydantic/genai-prices).
//!
//! Its README says how it finds a model: by rules that know aliases and snapshots, and by the first provider whose name or
//! models look like it where no provider is named. We always name the provider, and only one that [`Listed`] knows: for
//! others there is no price, rather than that of a namesake.
//!
//! genai-prices lists what has a price and leaves out what costs nothing, and it charges nothing for a unit without a rate.
//! Where a count of ours came out at nothing, [`Query::has_rate`] asks whether there was a rate.
//!
//! Asking takes its time, and every call asks: [`Listed`] remembers models, and [`Bill`] comes from rates that were learnt.
//! Neither changes a price; `remembered.rs` compares them with what genai-prices says when it is asked plainly.

use std::borrow::Cow;

use genai_prices::{Calculator, Error, ErrorKind, PriceCalculation, Usage, UsageKey};
use serde_json::Value;

use crate::{
    call::{self, Call, Cost, Name, PricingStatus, Timestamp, UsageSource, Usd},
    pricing::{BATCH, DESCRIPTIVE, by_name, has_output, listed::Listed, needs_a_rate, rates::Bill},
};

/// The version of the crate that the prices are from; it does not say so itself. Cargo.toml asks for exactly this one.
pub(super) const VERSION: &str = "0.2.1";
/// The last day on which a price of that version changes and that had come when the version was taken.
pub(super) const DATE: &str = "2026-10-20";

/// What a call costs if the model is called `model`; `None` if there is no price for it.
pub(super) fn price(call: &Call, model: &str) -> Option<Cost> {
    let listed = Listed::remembered(&call.provider, model)?;
    price_listed(call, &listed)
}

/// What a call costs if its model is this one.
pub(super) fn price_listed(call: &Call, listed: &Listed) -> Option<Cost> {
    let query = Query { listed, started_at: call.started_at, context: context(call) };
    let (price, contradiction, tier_has_rates) = match query.bill(&call.usage) {
        Some(price) => (price, false, true),
        None => {
            let (price, contradiction) = query.calculate_what_fits(&call.usage)?;
            let tier_has_rates = query.context.is_empty() || query.differs_from_standard(&call.usage, &price);
            (price, contradiction, tier_has_rates)
        }
    };
    let note = if tier_has_rates { "" } else { " at standard rates" };
    let version = [VERSION, " ", price.provider.as_ref(), "/", price.model.as_ref(), note].concat();
    let cost =
        Cost { price_source: Some(Name::Borrowed("genai-prices")), price_version: Some(version), ..Cost::default() };

    let gap = query.gap(call, &price);
    let Some(total) = Usd::from_f64(price.total).filter(|_| gap != Gap::Everything) else {
        return Some(Cost { status: Some(PricingStatus::Unpriced), ..cost });
    };
    let part = |dollars: f64, tokens: Option<u64>| {
        Usd::from_f64(dollars).filter(|amount| tokens.is_some() || *amount > Usd::ZERO)
    };
    let cut_off = call.usage.source == UsageSource::Partial && total > Usd::ZERO;
    let incomplete = gap == Gap::Something || contradiction || cut_off || !tier_has_rates;
    Some(Cost {
        total: Some(total),
        input: part(price.input, call.usage.input_tokens),
        output: part(price.output, call.usage.output_tokens),
        status: Some(if incomplete { PricingStatus::Partial } else { by_name(call, &price.model) }),
        ..cost
    })
}

/// US dollars, and whose.
struct Price<'a> {
    input: f64,
    output: f64,
    total: f64,
    provider: Cow<'a, str>,
    model: Cow<'a, str>,
}

impl From<PriceCalculation> for Price<'_> {
    fn from(price: PriceCalculation) -> Self {
        let PriceCalculation { input_price: input, output_price: output, total_price: total, .. } = price;
        Self { input, output, total, provider: price.provider_id.into(), model: price.model_id.into() }
    }
}

/// What of the usage has no price.
#[derive(Debug, PartialEq, Eq)]
enum Gap {
    Nothing,
    Something,
    Everything,
}

/// A model in a context.
struct Query<'a> {
    listed: &'a Listed,
    started_at: Timestamp,
    context: Vec<(&'a str, &'a str)>,
}

impl<'a> Query<'a> {
    fn calculate(&self, usage: &Usage) -> Result<PriceCalculation, Error> {
        let mut request = self.listed.request(usage).with_timestamp(self.started_at);
        request.price_context.extend_from_slice(&self.context);
        Calculator::bundled().calculate(&request)
    }

    /// The price of the usage by rates that are known already.
    fn bill(&self, usage: &call::Usage) -> Option<Price<'a>> {
        let known = self.listed.known.as_ref()?;
        if !self.context.is_empty() || !is_plain(usage) {
            return None;
        }
        let Bill { input, output, total } = self.listed.rates.bill(self.listed, usage, self.started_at)?;
        let (provider, model) = (Cow::from(&known.provider_id), Cow::from(known.model_id.as_deref()?));
        Some(Price { input, output, total, provider, model })
    }

    /// The price of the usage; where its parts contradict each other (`true`), of as much of it as does not.
    fn calculate_what_fits(&self, usage: &call::Usage) -> Option<(Price<'a>, bool)> {
        for (detail, contradiction) in [(Detail::Units, false), (Detail::Caches, true), (Detail::Totals, true)] {
            match self.calculate(&units(usage, detail)) {
                Ok(price) => return Some((price.into(), contradiction)),
                Err(error) if error.kind() == ErrorKind::InvalidUsage => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Whether the tier or the batch interface changed the price. Where it did not, it has no rates.
    fn differs_from_standard(&self, usage: &call::Usage, price: &Price<'_>) -> bool {
        let standard = Query { context: Vec::new(), ..*self };
        let standard = standard.calculate_what_fits(usage);
        price.total == 0.0 || standard.is_none_or(|(standard, _)| standard.total != price.total)
    }

    fn gap(&self, call: &Call, price: &Price<'_>) -> Gap {
        let usage = &call.usage;
        let used = |tokens: Option<u64>| tokens.is_some_and(|tokens| tokens > 0);
        let (mut charged, mut uncharged) = (0, 0);
        let mut count = |has_rate: bool| *if has_rate { &mut charged } else { &mut uncharged } += 1;
        if used(usage.input_tokens) {
            count(price.input > 0.0 || self.has_rate(UsageKey::INPUT_TOKENS));
        }
        if used(usage.output_tokens) {
            count(price.output > 0.0 || self.has_rate(UsageKey::OUTPUT_TOKENS));
        }
        for (unit, _) in usage.details.iter().filter(|(unit, amount)| needs_a_rate(unit, **amount)) {
            count(self.has_rate(UsageKey::from(unit.as_ref())));
        }
        let heard = |unit: &UsageKey| usage.details.get(unit.as_str()).is_some_and(|tokens| *tokens > 0.0);
        for (unit, sum) in Self::sound(call).filter(|(unit, _)| heard(unit)) {
            count(self.differs_from(unit, sum));
        }
        let counted = usage.input_tokens.is_some()
            || usage.output_tokens.is_some()
            || usage.details.keys().any(|unit| !DESCRIPTIVE.contains(&unit.as_ref()));
        let missing = || {
            usage.input_tokens.is_none() && self.has_rate(UsageKey::INPUT_TOKENS)
                || usage.output_tokens.is_none() && has_output(call) && self.has_rate(UsageKey::OUTPUT_TOKENS)
        };
        match (charged, uncharged) {
            _ if !counted => Gap::Everything,
            (0, 1..) if self.is_free() => Gap::Nothing,
            (0, 1..) => Gap::Everything,
            (_, 1..) => Gap::Something,
            _ if missing() => Gap::Something,
            _ => Gap::Nothing,
        }
    }

    /// The units that never have the rate of the sum that they are part of: OpenAI does not sell sound at the price of text.
    fn sound(call: &Call) -> impl Iterator<Item = (UsageKey, UsageKey)> + use<> {
        let is_openai = matches!(call.provider.as_ref(), "openai" | "azure.ai.openai" | "azure.ai.inference");
        let units = [
            (UsageKey::INPUT_AUDIO_TOKENS, UsageKey::INPUT_TOKENS),
            (UsageKey::OUTPUT_AUDIO_TOKENS, UsageKey::OUTPUT_TOKENS),
        ];
        units.into_iter().filter(move |_| is_openai)
    }

    /// Whether a part of a sum has another rate than the sum.
    fn differs_from(&self, part: UsageKey, sum: UsageKey) -> bool {
        let price = |usage: Usage| self.calculate(&usage).map(|price| price.total_price).ok();
        price(Usage::from([(sum.clone(), 1e6), (part, 1e6)])) != price(Usage::from([(sum, 1e6)]))
    }

    /// Whether this unit costs something.
    fn has_rate(&self, unit: UsageKey) -> bool {
        let fee = self.calculate(&Usage::new()).map_or(0.0, |price| price.total_price);
        match self.calculate(&Usage::from([(unit, 1e6)])) {
            Ok(price) => price.total_price > fee,
            // It is part of a unit that has a rate.
            Err(error) => error.kind() == ErrorKind::InvalidUsage,
        }
    }

    /// Whether the model is listed without any rate.
    fn is_free(&self) -> bool {
        const SUMS: [UsageKey; 12] = [
            UsageKey::INPUT_TOKENS,
            UsageKey::OUTPUT_TOKENS,
            UsageKey::AUDIO_SECONDS,
            UsageKey::INPUT_CHARACTERS,
            UsageKey::INPUT_DOCUMENT_PAGES,
            UsageKey::INPUT_PIXELS,
            UsageKey::INPUT_TEXT_MESSAGES,
            UsageKey::CODE_EXECUTIONS,
            UsageKey::RERANK_SEARCHES,
            UsageKey::SOCIAL_SEARCHES,
            UsageKey::STORAGE_SEARCHES,
            UsageKey::WEB_SEARCHES,
        ];
        self.calculate(&SUMS.into_iter().map(|unit| (unit, 1e6)).collect()).is_ok_and(|price| price.total_price == 0.0)
    }
}

/// What selects rates other than the standard ones. Most calls have none of it.
fn context(call: &Call) -> Vec<(&str, &str)> {
    let mut context = Vec::new();
    let mut batch = call.extra.get(BATCH) == Some(&Value::Bool(true));
    let tier = call.response.service_tier.as_deref().unwrap_or_default();
    let is = |word: &str| tier.eq_ignore_ascii_case(word);
    // Vertex AI and Groq have words of their own; `auto` is a wish, not a tier.
    match ["flex", "priority", "fast"].into_iter().find(|name| is(name)) {
        Some(name) => context.push(("service_tier", name)),
        None if is("on_demand_flex") => context.push(("service_tier", "flex")),
        None if is("on_demand_priority") => context.push(("service_tier", "priority")),
        None if is("batch") => batch = true,
        None if ["", "auto", "default", "on_demand", "standard"].into_iter().any(is) => {}
        None => context.push(("service_tier", tier)),
    }
    if batch {
        context.push(("processing", "batch"));
    }
    context
}

/// How much of a usage is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    Totals,
    Caches,
    Units,
}

/// Whether nothing but input, output and their parts in [`call::Usage`] itself was used.
///
/// Most of what is reported is zero, and each number takes its time. A part that was not used says nothing, unless something
/// that it shares with another part was.
fn is_plain(usage: &call::Usage) -> bool {
    const SUMS: [UsageKey; 2] = [UsageKey::INPUT_TOKENS, UsageKey::OUTPUT_TOKENS];
    usage.details.iter().all(|(unit, amount)| *amount == 0.0 && SUMS.iter().all(|sum| unit != sum.as_str()))
}

/// Our counts under their names. Where there is nothing else, zeros are not told.
fn units(usage: &call::Usage, detail: Detail) -> Usage {
    let mut units = Usage::new();
    let mut tell = |unit: UsageKey, tokens: Option<u64>| {
        if let Some(tokens) = tokens {
            units.insert(unit, tokens as f64);
        }
    };
    tell(UsageKey::INPUT_TOKENS, usage.input_tokens);
    tell(UsageKey::OUTPUT_TOKENS, usage.output_tokens);
    let plain = detail == Detail::Units && is_plain(usage);
    if detail >= Detail::Caches {
        let used = |tokens: Option<u64>| tokens.filter(|tokens| *tokens > 0 || !plain);
        tell(UsageKey::CACHE_READ_TOKENS, used(usage.cache_read_tokens));
        tell(UsageKey::CACHE_WRITE_TOKENS, used(usage.cache_write_tokens));
        tell(UsageKey::OUTPUT_REASONING_TOKENS, used(usage.reasoning_tokens));
    }
    if detail == Detail::Units && !plain {
        for (unit, amount) in usage.details.iter().filter(|(unit, _)| !DESCRIPTIVE.contains(&unit.as_ref())) {
            if !units.contains_key(unit) {
                units.insert(unit.as_ref(), *amount);
            }
        }
        let seconds = [UsageKey::INPUT_AUDIO_SECONDS, UsageKey::OUTPUT_AUDIO_SECONDS];
        let seconds = seconds.into_iter().filter_map(|unit| units.get(unit)).reduce(|a, b| a + b);
        if let Some(seconds) = seconds.filter(|_| !units.contains_key(UsageKey::AUDIO_SECONDS)) {
            units.insert(UsageKey::AUDIO_SECONDS, seconds);
        }
    }
    units
}
