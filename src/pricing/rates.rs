//! The standard rates of a model: learnt by asking genai-prices what round usages cost, and used for plain ones.
//!
//! genai-prices keeps its rates to itself and takes thousands of steps for a price. But nearly every rate is a whole number
//! of pico-dollars per token, so that a price in whole numbers is the one that genai-prices comes to after rounding, as long
//! as it is not so large that floats lose the last digit. What is not like that is asked as ever: counts of other units,
//! tiers and batches, unusual rates, large amounts, prompts of a length at which other rates begin.
//!
//! Rates hold for half an hour: they begin at midnight (UTC) or at such times of day as 16:30. Learning them takes as long as
//! some prices do, so it is done only where a thread prices one model again and again.

use std::cell::Cell;

use genai_prices::{Calculator, Usage, UsageKey};

use super::listed::Listed;
use crate::call::{self, Timestamp};

/// How long rates hold, in microseconds.
pub(super) const SLOT: i64 = 30 * 60 * 1_000_000;
/// So many calls are priced before the rates are learnt, which takes about as long.
pub(super) const PATIENCE: u32 = 8;
/// Up to how many input tokens the rates of short prompts hold: the first of these at which they do.
const LENGTHS: [u64; 4] = [1 << 20, 1 << 18, 1 << 16, 1 << 14];
/// The most output tokens.
const LONGEST_OUTPUT: u64 = 1 << 24;
/// No price of more is computed here, in pico-dollars: floats have some sixteen digits, and this has fourteen.
const LARGEST: u64 = 10_000_000_000_000;
/// No rate of more, so that no product is too large.
const HIGHEST: f64 = 1e11;

/// What a thread knows of the rates of one model.
#[derive(Debug, Default)]
pub(super) struct Standing(Cell<State>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// The half hour.
    slot: i64,
    /// How many calls of it were asked for.
    asked: u32,
    rates: Option<Rates>,
}

/// In pico-dollars per token, and per call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rates {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    call: u64,
    /// Up to how many input tokens.
    pub(super) longest: u64,
}

/// A price in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bill {
    pub(super) input: f64,
    pub(super) output: f64,
    pub(super) total: f64,
}

impl Standing {
    /// What these tokens cost at the standard rates of that time; `None`: ask genai-prices. The usage holds nothing else.
    pub(super) fn bill(&self, listed: &Listed, usage: &call::Usage, time: Timestamp) -> Option<Bill> {
        let slot = time.micros().div_euclid(SLOT);
        let mut state = self.0.get();
        if state.slot != slot {
            state = State { slot, ..State::default() };
        }
        if state.asked <= PATIENCE {
            state.asked += 1;
            if state.asked == PATIENCE {
                state.rates = Rates::of(listed, time);
            }
            self.0.set(state);
        }
        state.rates?.bill(usage)
    }
}

impl Rates {
    /// Asks for what they are at that time.
    pub(super) fn of(listed: &Listed, time: Timestamp) -> Option<Self> {
        let price = |usage: &Usage| Calculator::bundled().calculate(&listed.request(usage).with_timestamp(time)).ok();
        let call = whole(price(&Usage::new())?.total_price * 1e12)?;
        let at = |tokens: u64| {
            let count = tokens as f64;
            let rate = |price: f64| whole(price * 1e12 / count);
            let price = |units: &[UsageKey]| price(&units.iter().map(|unit| (unit.clone(), count)).collect());
            let plain = price(&[UsageKey::INPUT_TOKENS, UsageKey::OUTPUT_TOKENS])?;
            let parts = price(&[
                UsageKey::INPUT_TOKENS,
                UsageKey::CACHE_READ_TOKENS,
                UsageKey::OUTPUT_TOKENS,
                UsageKey::OUTPUT_REASONING_TOKENS,
            ])?;
            let written = price(&[UsageKey::INPUT_TOKENS, UsageKey::CACHE_WRITE_TOKENS])?;
            Some(Self {
                input: rate(plain.input_price)?,
                cache_read: rate(parts.input_price)?,
                cache_write: rate(written.input_price)?,
                output: rate(plain.output_price)?,
                reasoning: rate(parts.output_price)?,
                call,
                longest: 0,
            })
        };
        let short = at(1)?;
        let longest = LENGTHS.into_iter().find(|length| at(*length) == Some(short))?;
        Some(Self { longest, ..short })
    }

    /// What these tokens cost.
    pub(super) fn bill(&self, usage: &call::Usage) -> Option<Bill> {
        let input = usage.input_tokens.filter(|tokens| (1..=self.longest).contains(tokens))?;
        let output = usage.output_tokens.unwrap_or(0);
        let (read, written) = (usage.cache_read_tokens.unwrap_or(0), usage.cache_write_tokens.unwrap_or(0));
        let reasoning = usage.reasoning_tokens.unwrap_or(0);
        // What contradicts itself is for genai-prices to judge.
        let rest = input.checked_sub(read)?.checked_sub(written)?;
        let said = output.checked_sub(reasoning)?;
        if output > LONGEST_OUTPUT {
            return None;
        }
        let input = self.input * rest + self.cache_read * read + self.cache_write * written;
        let output = self.output * said + self.reasoning * reasoning;
        let total = input + output + self.call;
        let dollars = |pico: u64| pico as f64 / 1e12;
        (total <= LARGEST).then(|| Bill { input: dollars(input), output: dollars(output), total: dollars(total) })
    }
}

/// The whole number that this is, but for what a float loses.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
fn whole(number: f64) -> Option<u64> {
    let round = number.round();
    ((number - round).abs() <= round * 4e-15 && (0.0..=HIGHEST).contains(&round)).then_some(round as u64)
}
