//! What is on the bill and not in the usage: Anthropic's compactions, advisors and fallbacks, kept as attributes of the call.

use serde_json::Value;

use crate::{
    call::{Call, Cost, PricingStatus, Usage},
    span::names,
};

/// Input, of it read from and written to a cache, output, and whose tokens they are if not the call's own model's.
const KINDS: [[&str; 5]; 3] = [
    [
        names::ANTHROPIC_COMPACTION_INPUT,
        names::ANTHROPIC_COMPACTION_CACHE_READ,
        names::ANTHROPIC_COMPACTION_CACHE_WRITE,
        names::ANTHROPIC_COMPACTION_OUTPUT,
        names::ANTHROPIC_COMPACTION_MODEL,
    ],
    [
        names::ANTHROPIC_ADVISOR_INPUT,
        names::ANTHROPIC_ADVISOR_CACHE_READ,
        names::ANTHROPIC_ADVISOR_CACHE_WRITE,
        names::ANTHROPIC_ADVISOR_OUTPUT,
        names::ANTHROPIC_ADVISOR_MODEL,
    ],
    [
        names::ANTHROPIC_FALLBACK_INPUT,
        names::ANTHROPIC_FALLBACK_CACHE_READ,
        names::ANTHROPIC_FALLBACK_CACHE_WRITE,
        names::ANTHROPIC_FALLBACK_OUTPUT,
        names::ANTHROPIC_FALLBACK_MODEL,
    ],
];

/// Rates that no list has: a call with one of these cost more than is known.
const DEARER: [&str; 2] = [names::ANTHROPIC_SPEED, names::ANTHROPIC_INFERENCE_GEO];

/// A call for each kind that was used: as this one, with that kind's model and tokens.
pub(super) fn calls(call: &Call) -> impl Iterator<Item = Call> {
    // Most calls have none.
    let any = call.extra.keys().any(|name| name.starts_with(names::ANTHROPIC_USAGE_PREFIX));
    let kinds = if any { &KINDS[..] } else { &[] };
    kinds.iter().filter_map(move |[input, read, write, output, model]| {
        let count = |name: &str| call.extra.get(name).and_then(Value::as_u64);
        let usage = Usage {
            input_tokens: count(input),
            cache_read_tokens: count(read),
            cache_write_tokens: count(write),
            output_tokens: count(output),
            source: call.usage.source,
            ..Usage::default()
        };
        let mut beside = Call {
            started_at: call.started_at,
            provider: call.provider.clone(),
            operation: call.operation.clone(),
            ..Call::default()
        };
        beside.request.model.clone_from(&call.request.model);
        beside.response.model = match call.extra.get(*model).and_then(Value::as_str) {
            Some(named) => {
                beside.request.model = None;
                Some(named.to_owned())
            }
            None => call.response.model.clone(),
        };
        beside.response.service_tier.clone_from(&call.response.service_tier);
        if let Some(batch) = call.extra.get(super::BATCH) {
            beside.extra.insert(super::BATCH.to_owned(), batch.clone());
        }
        (!usage.is_empty()).then_some(Call { usage, ..beside })
    })
}

/// Both together; what of the second is not known makes the whole `partial`. A call that is not priced itself stays so.
pub(super) fn sum(own: Cost, beside: &Cost) -> Cost {
    let Some(total) = own.total else { return own };
    let add = |a: Option<_>, b: Option<_>| match (a, b) {
        (Some(a), Some(b)) => crate::call::Usd::checked_add(a, b),
        (one, other) => one.or(other),
    };
    let known = matches!(beside.status, Some(PricingStatus::Exact | PricingStatus::Alias));
    Cost {
        total: add(Some(total), beside.total),
        input: add(own.input, beside.input),
        output: add(own.output, beside.output),
        status: if known { own.status } else { Some(PricingStatus::Partial) },
        ..own
    }
}

/// `partial`, where it was served faster, or in one country only.
pub(super) fn with_rates_unknown(call: &Call, cost: Cost) -> Cost {
    let dearer = DEARER.iter().any(|name| call.extra.contains_key(*name));
    let known = matches!(cost.status, Some(PricingStatus::Exact | PricingStatus::Alias));
    let listed = cost.price_source.as_deref() == Some("genai-prices");
    if dearer && known && listed { Cost { status: Some(PricingStatus::Partial), ..cost } } else { cost }
}
