//! The rates of one entry of a price file, and the arithmetic over them: whole numbers, nothing rounded.

use crate::{
    call::{Call, Usage, Usd},
    pricing::{DESCRIPTIVE, has_output, needs_a_rate},
};

/// An amount in 1e-18 USD: what one token costs at a rate of one pico-dollar per million.
type Atto = i128;
const ATTO_PER_PICO: Atto = 1_000_000;

/// What an entry charges.
#[derive(Clone, Debug, Default)]
pub(super) struct Tariff {
    pub(super) input: Side,
    pub(super) output: Side,
    pub(super) per_call: Option<Usd>,
    /// Per one of a unit of [`Usage::details`].
    pub(super) per_unit: Vec<(String, Usd)>,
}

/// Rates per million tokens of one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) rate: Option<Usd>,
    /// The rates of parts that have their own, in the order of [`PARTS`].
    pub(super) parts: Vec<(&'static Part, Usd)>,
}

/// A kind of tokens that can have its own rate.
#[derive(Debug)]
pub(super) struct Part {
    /// The key in a price file.
    pub(super) key: &'static str,
    /// Whether it is part of the output.
    pub(super) output: bool,
    pub(super) unit: &'static str,
    /// What of it has another rate, wherever the entry has that rate: (its key, how much it is).
    without: &'static [(&'static str, &'static str)],
}

const fn part(key: &'static str, unit: &'static str, without: &'static [(&'static str, &'static str)]) -> Part {
    Part { key, unit, without, output: false }
}

/// Every kind of tokens that can have its own rate. Cached audio has the rate of the cache.
pub(super) const PARTS: [Part; 9] = [
    part("cache_read", "cache_read_tokens", &[]),
    part("cache_write", "cache_write_tokens", &[("cache_write_1h", "cache_write_1h_tokens")]),
    part("cache_write_1h", "cache_write_1h_tokens", &[]),
    part("input_audio", "input_audio_tokens", &[("cache_read", "cache_audio_read_tokens")]),
    part("input_image", "input_image_tokens", &[("cache_read", "cache_image_read_tokens")]),
    part("input_video", "input_video_tokens", &[("cache_read", "cache_video_read_tokens")]),
    Part { output: true, ..part("output_audio", "output_audio_tokens", &[]) },
    Part { output: true, ..part("output_image", "output_image_tokens", &[]) },
    Part { output: true, ..part("reasoning", "output_reasoning_tokens", &[]) },
];

/// What a call costs at a tariff. `None`: not known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Bill {
    pub(super) total: Option<Usd>,
    pub(super) input: Option<Usd>,
    pub(super) output: Option<Usd>,
    /// Something that was used has no rate, or a count is missing.
    pub(super) gap: bool,
}

impl Tariff {
    /// Whether it says anything at all.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_token_rates() && self.per_call.is_none() && self.per_unit.is_empty()
    }

    /// Whether every rate is zero, so that no count can change the price.
    pub(super) fn is_zero(&self) -> bool {
        let units = self.per_unit.iter().all(|(_, rate)| *rate == Usd::ZERO);
        self.input.is_zero() && self.output.is_zero() && self.per_call.is_none_or(|rate| rate == Usd::ZERO) && units
    }

    fn has_token_rates(&self) -> bool {
        self.input.is_priced() || self.output.is_priced()
    }

    /// What a call costs.
    pub(super) fn bill(&self, call: &Call) -> Bill {
        let usage = &call.usage;
        let (input, input_gap) = self.input.charge(usage.input_tokens, usage, true);
        let (output, output_gap) = self.output.charge(usage.output_tokens, usage, has_output(call));
        let (rest, rest_gap) = self.charge_rest(call);
        let unpriced_side = self.has_token_rates()
            && (!self.input.is_priced() && usage.input_tokens > Some(0)
                || !self.output.is_priced() && usage.output_tokens > Some(0));
        let total = [input, output, rest].into_iter().flatten().reduce(Atto::saturating_add).and_then(round);
        let known = |amount: Option<Atto>| total.and(amount).and_then(round);
        let gap = input_gap || output_gap || rest_gap || unpriced_side;
        Bill { total, input: known(input), output: known(output), gap }
    }

    /// What is neither input nor output tokens.
    fn charge_rest(&self, call: &Call) -> (Option<Atto>, bool) {
        let usage = &call.usage;
        let unanswered = call.outcome.is_error() && usage.is_empty();
        let mut sum = match self.per_call {
            Some(rate) if rate > Usd::ZERO && unanswered => None,
            rate => rate.map(|rate| Atto::from(rate.pico()) * ATTO_PER_PICO),
        };
        let mut gap = false;
        for (unit, rate) in &self.per_unit {
            match millionths(usage, unit) {
                Some(count) => sum = Some(sum.unwrap_or(0).saturating_add(times(count, *rate))),
                None if *rate == Usd::ZERO => sum = sum.or(Some(0)),
                None => gap |= DESCRIPTIVE.contains(&unit.as_str()) && !self.has_token_rates(),
            }
        }
        let charged = |unit: &str| {
            self.per_unit.iter().any(|(key, _)| key == unit || key == "seconds" && unit.ends_with("audio_seconds"))
        };
        gap |= usage.details.iter().any(|(unit, amount)| needs_a_rate(unit, *amount) && !charged(unit));
        (sum, gap)
    }
}

impl Side {
    fn is_priced(&self) -> bool {
        self.rate.is_some() || !self.parts.is_empty()
    }

    fn is_zero(&self) -> bool {
        self.rate.into_iter().chain(self.parts.iter().map(|(_, rate)| *rate)).all(|rate| rate == Usd::ZERO)
    }

    fn has(&self, key: &str) -> bool {
        self.parts.iter().any(|(part, _)| part.key == key)
    }

    /// The amount, and whether it has a gap. `expected`: a missing count is one.
    fn charge(&self, count: Option<u64>, usage: &Usage, expected: bool) -> (Option<Atto>, bool) {
        if !self.is_priced() {
            return (None, false);
        }
        let Some(count) = count.map(Atto::from) else {
            let free = self.rate == Some(Usd::ZERO) && self.is_zero();
            return (free.then_some(0), expected && !free);
        };
        let (mut amount, mut plain): (Atto, Atto) = (0, count);
        for (part, rate) in &self.parts {
            let elsewhere: Atto =
                part.without.iter().filter(|(key, _)| self.has(key)).map(|(_, unit)| tokens(usage, unit)).sum();
            let own = (tokens(usage, part.unit) - elsewhere).max(0);
            amount = amount.saturating_add(times(own, *rate));
            plain -= own;
        }
        match self.rate {
            // More parts than there is of the whole: the whole is what the bill is made from.
            rate if plain < 0 => (rate.map(|rate| times(count, rate)), true),
            Some(rate) => (Some(amount.saturating_add(times(plain, rate))), false),
            None => (Some(amount), plain > 0),
        }
    }
}

/// How many tokens of a kind there are; what nobody counted was not there, as far as anyone knows.
fn tokens(usage: &Usage, unit: &str) -> Atto {
    let count = match unit {
        "cache_read_tokens" => usage.cache_read_tokens,
        "cache_write_tokens" => usage.cache_write_tokens,
        "output_reasoning_tokens" => usage.reasoning_tokens,
        _ => None,
    };
    count.map(Atto::from).or_else(|| Some(millionths(usage, unit)? / 1_000_000)).unwrap_or(0)
}

/// How much of a unit there is, in millionths.
fn millionths(usage: &Usage, unit: &str) -> Option<Atto> {
    let of = |unit: &str| usage.details.get(unit).copied();
    let amount = of(unit).or_else(|| match unit {
        "seconds" => of("audio_seconds").or_else(|| {
            [of("input_audio_seconds"), of("output_audio_seconds")].into_iter().flatten().reduce(|a, b| a + b)
        }),
        _ => None,
    })?;
    // What is too large is cut off at the end of the type; its price fits no amount and is unknown.
    (amount >= 0.0).then_some((amount * 1e6).round() as Atto)
}

fn times(count: Atto, rate: Usd) -> Atto {
    count.saturating_mul(rate.pico().into())
}

/// To the nearest pico-dollar, half away from zero (no amount is negative). `None`: too large for one amount.
fn round(amount: Atto) -> Option<Usd> {
    i64::try_from(amount.checked_add(ATTO_PER_PICO / 2)? / ATTO_PER_PICO).ok().map(Usd::from_pico)
}
