//! The rates of a model in genai-prices, which keeps them to itself: found by asking what round usages cost.

use genai_prices::{Calculator, Usage, UsageKey};

use super::{
    Rate,
    units::{UNITS, Unit},
};
use crate::{
    call::{Timestamp, Usd},
    pricing::listed::Listed,
};

const HALF_HOUR: i64 = 30 * 60 * 1_000_000;
const DAY: i64 = 48 * HALF_HOUR;
/// The longest prompt that is asked for.
const LONGEST: u64 = 1 << 22;
/// The first day that is asked for when looking for changes: 2023-01-01.
const FIRST_DAY: i64 = 19_358;
/// How many days behind the asked one are looked at: announced prices.
const AHEAD: i64 = 400;

/// What selects other rates than the standard ones, and what it is called.
const CONTEXTS: [(&str, &[(&str, &str)]); 4] = [
    ("batch", &[("processing", "batch")]),
    ("tier flex", &[("service_tier", "flex")]),
    ("tier priority", &[("service_tier", "priority")]),
    ("tier fast", &[("service_tier", "fast")]),
];

/// A model at a moment, in a context, at a length of the prompt.
#[derive(Clone, Copy, Debug)]
struct Point<'a> {
    listed: &'a Listed,
    time: Timestamp,
    context: &'a [(&'a str, &'a str)],
    length: u64,
}

impl Listed {
    /// Under which provider and which name it is listed at that time.
    pub(super) fn entry(&self, time: Timestamp) -> Option<(String, String)> {
        let nothing = Usage::new();
        let price = Calculator::bundled().calculate(&self.request(&nothing).with_timestamp(time)).ok()?;
        Some((price.provider_id, price.model_id))
    }
}

/// What each unit costs, and whether that is a rate of its own: a part without one has that of its whole.
type Card = Vec<(Unit, Usd, bool)>;

impl Point<'_> {
    fn total(&self, usage: &Usage) -> Option<f64> {
        let mut request = self.listed.request(usage).with_timestamp(self.time);
        request.price_context.extend_from_slice(self.context);
        Calculator::bundled().calculate(&request).ok().map(|price| price.total_price)
    }

    /// What a million of a unit, or one of it, costs beside what was there before.
    fn rate(&self, unit: Unit) -> Option<Usd> {
        let tokens = self.length as f64;
        let before = if unit.is_output() { Usage::from([(UsageKey::INPUT_TOKENS, tokens)]) } else { Usage::new() };
        let mut usage = before.clone();
        let count = if unit.per() == 1_000_000 { tokens } else { f64::from(unit.per()) };
        for name in unit.parts_of.iter().chain([&unit.name]) {
            usage.insert(*name, count);
        }
        let without = if unit.name == "requests" { 0.0 } else { self.total(&before)? };
        let dollars = (self.total(&usage)? - without) / count * f64::from(unit.per());
        // What is left of rounding in floats is far below a millionth of a cent.
        Usd::from_f64((dollars * 1e9).round() / 1e9)
    }

    /// What every unit costs that costs something.
    fn card(&self) -> Card {
        let mut card = Card::new();
        for unit in UNITS {
            let Some(rate) = self.rate(unit) else { continue };
            let as_its_whole =
                |(whole, usd, _): &(Unit, Usd, bool)| unit.parts_of.contains(&whole.name) && *usd == rate;
            let own = !card.iter().any(as_its_whole) && (rate > Usd::ZERO || !unit.parts_of.is_empty());
            card.push((unit, rate, own));
        }
        card
    }

    /// Enough of the card to see whether it is another one.
    fn summary(&self) -> [Option<Usd>; 3] {
        [UNITS[0], UNITS[1], UNITS[12]].map(|unit| self.rate(unit))
    }

    /// The lengths of prompts from which other rates hold, in order.
    fn lengths(&self) -> Vec<u64> {
        let at = |length| Self { length, ..*self }.summary();
        let (mut lengths, mut low) = (Vec::new(), 1);
        while low < LONGEST {
            let here = at(low);
            let Some(mut high) = (0..23).map(|power| 1u64 << power).find(|high| *high > low && at(*high) != here)
            else {
                break;
            };
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if at(middle) == here { low = middle } else { high = middle }
            }
            lengths.push(high);
            low = high;
        }
        lengths
    }

    /// Of which half hours of its day the rates hold, where they do not hold all day: `16:30–00:30 UTC`.
    fn hours(&self) -> Vec<(String, Timestamp)> {
        let midnight = self.time.micros().div_euclid(DAY) * DAY;
        let at = |slot: i64| Self { time: Timestamp::from_micros(midnight + slot * HALF_HOUR), ..*self }.summary();
        let summaries: Vec<_> = (0..48).map(at).collect();
        let begins: Vec<i64> =
            (0..48).filter(|slot| summaries[slot_at(*slot)] != summaries[slot_at((*slot + 47) % 48)]).collect();
        let time = |slot: i64| format!("{:02}:{:02}", slot % 48 / 2, slot % 2 * 30);
        let ends = begins.iter().cycle().skip(1);
        let window = |(begin, end): (&i64, &i64)| {
            let name = format!("{}–{} UTC", time(*begin), time(*end));
            (name, Timestamp::from_micros(midnight + begin * HALF_HOUR))
        };
        begins.iter().zip(ends).map(window).collect()
    }

    /// The days on which other rates began.
    fn days(&self) -> Vec<Timestamp> {
        let time_of_day = self.time.micros().rem_euclid(DAY);
        let last = self.time.micros().div_euclid(DAY) + AHEAD;
        let (mut days, mut before) = (Vec::new(), None);
        for day in FIRST_DAY..=last {
            let summary = Self { time: Timestamp::from_micros(day * DAY + time_of_day), ..*self }.summary();
            if before.replace(summary).is_some_and(|before| before != summary) {
                days.push(Timestamp::from_micros(day * DAY));
            }
        }
        days
    }
}

fn slot_at(slot: i64) -> usize {
    usize::try_from(slot).unwrap_or_default()
}

/// The rates of a model at a moment: the standard ones, then those that differ from them in some case.
pub(super) fn rates(listed: &Listed, time: Timestamp) -> Vec<Rate> {
    let standard = Point { listed, time, context: &[], length: 1 };
    let card = standard.card();
    let windows = standard.hours();
    let mut rates = if windows.is_empty() { own(&card, "") } else { Vec::new() };
    for (name, begin) in &windows {
        rates.extend(own(&Point { time: *begin, ..standard }.card(), name));
    }
    for length in standard.lengths() {
        let when = format!("more than {} input tokens", length - 1);
        rates.extend(other(&card, &Point { length, ..standard }.card(), &when));
    }
    for (name, context) in CONTEXTS {
        rates.extend(other(&card, &Point { context, ..standard }.card(), name));
    }
    rates
}

/// The standard rates alone.
#[cfg(test)]
pub(super) fn standard(listed: &Listed, time: Timestamp) -> Vec<Rate> {
    own(&Point { listed, time, context: &[], length: 1 }.card(), "")
}

/// The rates that are no part's of a whole.
fn own(card: &Card, when: &str) -> Vec<Rate> {
    card.iter().filter(|(_, _, own)| *own).map(|(unit, usd, _)| rate(*unit, *usd, when)).collect()
}

/// What a card has otherwise than the standard one, of what is charged apart in one of them.
fn other(standard: &Card, card: &Card, when: &str) -> Vec<Rate> {
    let differs = |(unit, usd, own): &&(Unit, Usd, bool)| {
        let was = standard.iter().find(|(same, ..)| same.name == unit.name);
        was.is_none_or(|(_, was, apart)| was != usd && (*own || *apart))
    };
    card.iter().filter(differs).map(|(unit, usd, _)| rate(*unit, *usd, when)).collect()
}

fn rate(unit: Unit, usd: Usd, when: &str) -> Rate {
    Rate { unit: unit.name.to_owned(), usd, per: unit.per(), when: when.to_owned() }
}

/// The days on which the rates of a model changed.
pub(super) fn changes(listed: &Listed, time: Timestamp) -> Vec<Timestamp> {
    Point { listed, time, context: &[], length: 1 }.days()
}

/// Input, cache reads and output per million tokens: what a rate of somebody's own is compared with.
pub(in crate::pricing) fn usual(listed: &Listed, time: Timestamp) -> [(&'static str, Option<Usd>); 3] {
    let [input, cache_read, output] = Point { listed, time, context: &[], length: 1 }.summary();
    [("input", input), ("cache_read", cache_read), ("output", output)]
}
