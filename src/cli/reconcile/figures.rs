//! What is compared: five exact numbers, each known or not.

use serde_json::Value;

use crate::report::money;

/// Something that both sides count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    Requests,
    /// All of the input, cached tokens included.
    Input,
    /// What of it was read from a cache.
    Cached,
    Output,
    /// In pico-dollars.
    Cost,
}

impl Measure {
    pub(super) const ALL: [Self; 5] = [Self::Requests, Self::Input, Self::Cached, Self::Output, Self::Cost];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Input => "input_tokens",
            Self::Cached => "cached_tokens",
            Self::Output => "output_tokens",
            Self::Cost => "cost_usd",
        }
    }

    /// A number as people read it.
    pub(super) fn shown(self, number: i128) -> Value {
        match (self, i64::try_from(number)) {
            (Self::Cost, _) => money::decimal(number).into(),
            (_, Ok(count)) => count.into(),
            (_, Err(_)) => number.to_string().into(),
        }
    }
}

/// A sum of each measure; `None`: nobody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures([Option<i128>; 5]);

impl Figures {
    pub(super) fn get(&self, measure: Measure) -> Option<i128> {
        self.0[measure as usize]
    }

    pub(super) fn add(&mut self, measure: Measure, number: Option<i128>) {
        if let Some(number) = number {
            let sum = &mut self.0[measure as usize];
            *sum = Some(sum.unwrap_or(0).saturating_add(number));
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for measure in Measure::ALL {
            self.add(measure, other.get(measure));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// Whether two numbers are the same but for so many hundredths of a percent of the larger one, or so much at least.
pub(super) fn agree(theirs: i128, ours: i128, tolerance: u32, slack: i128) -> bool {
    let difference = (theirs - ours).abs();
    let larger = theirs.abs().max(ours.abs());
    difference <= slack || difference.saturating_mul(10_000) <= larger.saturating_mul(tolerance.into())
}

/// How much more or less ours is than theirs, in percent with two digits; `None` of nothing.
pub(super) fn percent(theirs: i128, ours: i128) -> Option<f64> {
    let hundredths = (ours - theirs).checked_mul(10_000)?.checked_div(theirs.abs())?;
    Some(i32::try_from(hundredths).map_or(f64::MAX, f64::from) / 100.0).filter(|percent| *percent < 1e6)
}
