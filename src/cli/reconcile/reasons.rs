//! Why two figures differ, as far as the ledger can tell.

use super::{
    figures::{Figures, Measure, agree, percent},
    ours::Ours,
};

/// Both sides of one model on one day.
pub(super) struct Pair<'a> {
    pub(super) theirs: Option<&'a Figures>,
    pub(super) ours: Option<&'a Ours>,
    /// In hundredths of a percent.
    pub(super) tolerance: u32,
    /// What the rounding of costs can hide, in pico-dollars.
    pub(super) slack: i128,
}

impl Pair<'_> {
    pub(super) fn theirs(&self, measure: Measure) -> Option<i128> {
        self.theirs?.get(measure)
    }

    pub(super) fn ours(&self, measure: Measure) -> Option<i128> {
        self.ours?.figures.get(measure)
    }

    fn is_near(&self, theirs: i128, ours: i128) -> bool {
        agree(theirs, ours, self.tolerance, 0)
    }

    /// Whether a measure differs for no known reason; not where the export does not say.
    fn differs(&self, measure: Measure) -> bool {
        judge(self, measure).is_some_and(|(agrees, _)| !agrees)
    }
}

/// Whether a measure agrees, and what is to be said of it. `None`: there is nothing to compare.
pub(super) fn judge(pair: &Pair<'_>, measure: Measure) -> Option<(bool, Option<String>)> {
    let differs = |reason: String| Some((false, Some(reason)));
    let (Some(_), Some(ours)) = (pair.theirs, pair.ours) else {
        let (theirs, ours) = (pair.theirs(measure).unwrap_or(0), pair.ours(measure).unwrap_or(0));
        return match (theirs, ours) {
            (0, 0) => None,
            (0, _) => differs("not in the export".to_owned()),
            _ => differs("not in the ledger: these calls did not go through it".to_owned()),
        };
    };
    let theirs = pair.theirs(measure)?;
    let number = pair.ours(measure).unwrap_or(0);
    let slack = if measure == Measure::Cost { pair.slack } else { 0 };
    if agree(theirs, number, pair.tolerance, slack) {
        return Some((true, None));
    }
    match measure {
        Measure::Requests => Some(requests(theirs - number, ours.failed)),
        Measure::Input | Measure::Cached | Measure::Output => Some(tokens(pair, ours, measure, [theirs, number])),
        Measure::Cost => differs(cost(pair, ours, [theirs, number])),
    }
}

fn requests(more: i128, failed: i128) -> (bool, Option<String>) {
    match more {
        // A failed call is no difference: only one side counts it.
        1.. if more <= failed => (true, Some(format!("{} counted there", calls(more, "failed call")))),
        1.. => (false, Some(format!("{} not in the ledger", calls(more, "call")))),
        _ => (false, Some(format!("{} not in the export", calls(-more, "call")))),
    }
}

/// `1 call is`, `2 calls are`.
fn calls(count: i128, noun: &str) -> String {
    if count == 1 { format!("1 {noun} is") } else { format!("{count} {noun}s are") }
}

fn tokens(pair: &Pair<'_>, ours: &Ours, measure: Measure, [theirs, number]: [i128; 2]) -> (bool, Option<String>) {
    let read = ours.figures.get(Measure::Cached).unwrap_or(0);
    let apart = [number - read, number - read - ours.cache_write];
    if measure == Measure::Input && apart.iter().any(|rest| *rest != number && pair.is_near(theirs, *rest)) {
        return (true, Some("cached tokens are counted apart there".to_owned()));
    }
    let more = theirs > number;
    let reason = match () {
        () if pair.differs(Measure::Requests) => "as the requests differ".to_owned(),
        () if more && ours.uncertain > 0 => {
            format!(
                "{} only partly counted or estimated; the export has what was billed",
                calls(ours.uncertain, "call")
            )
        }
        () if more && ours.silent > 0 => format!("{} without usage here", calls(ours.silent, "call")),
        () if more && ours.abandoned > 0 => format!("{} abandoned here", calls(ours.abandoned, "call")),
        () if pair.theirs(Measure::Requests).is_none() && more => {
            "calls that did not go through the ledger?".to_owned()
        }
        () if pair.theirs(Measure::Requests).is_none() => "calls that are not in the export?".to_owned(),
        () => "counted otherwise there".to_owned(),
    };
    (false, Some(reason))
}

fn cost(pair: &Pair<'_>, ours: &Ours, [theirs, number]: [i128; 2]) -> String {
    let more = theirs > number;
    let counted = [Measure::Input, Measure::Output].iter().any(|measure| pair.theirs(*measure).is_some());
    let by = percent(number, theirs).map_or_else(String::new, |percent| format!("{:.2} % ", percent.abs()));
    match () {
        () if more && ours.unpriced > 0 => {
            format!("{} without a price here: spanledger prices --unpriced", calls(ours.unpriced, "call"))
        }
        () if more && ours.partly_priced > 0 => {
            format!("{} priced in part: ours is a lower bound", calls(ours.partly_priced, "call"))
        }
        () if pair.differs(Measure::Requests) => "as the requests differ".to_owned(),
        () if [Measure::Input, Measure::Output].iter().any(|of| pair.differs(*of)) => "as the tokens differ".to_owned(),
        () if pair.is_near(theirs * 2, number) => "half of ours: batch or flex rates, or a discount".to_owned(),
        () if !more => format!("{by}below our prices: a discount, a credit or another tier"),
        () if counted => format!("{by}above our prices: a dearer tier, tools, or an old price list"),
        () => format!("{by}more than ours: a dearer tier, tools, or calls that did not go through the ledger"),
    }
}
