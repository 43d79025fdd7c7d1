//! Both sides beside each other, by day and model.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil};

use super::{
    export::Export,
    figures::{Figures, Measure, agree},
    names::family,
    ours::{Hour, Ours},
    reasons::{Pair, judge},
};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) found: Vec<Compared>,
    /// What the export counts.
    pub(super) measures: Vec<Measure>,
    pub(super) theirs: Figures,
    pub(super) ours: Ours,
    /// Names of one family that are taken for one model: what it is called here, theirs, ours.
    pub(super) renamed: Vec<[String; 3]>,
    /// The hours by which the export's days begin before ours, where that explains differences.
    pub(super) shift: Option<i64>,
}

/// One measure of one model on one day.
#[derive(Debug, PartialEq)]
pub(super) struct Compared {
    pub(super) day: civil::Date,
    pub(super) model: String,
    pub(super) measure: Measure,
    pub(super) theirs: Option<i128>,
    pub(super) ours: Option<i128>,
    pub(super) agrees: bool,
    pub(super) reason: Option<String>,
}

/// How far two numbers may be from each other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tolerance {
    /// In hundredths of a percent.
    pub(super) hundredths: u32,
    /// Of the cost of each line, in pico-dollars.
    pub(super) rounding: i128,
}

type Key = (civil::Date, String);

/// Compares; with `may_shift` days that begin at other hours are looked for.
pub(super) fn compare(export: &Export, hours: &[Hour], hundredths: u32, may_shift: bool) -> Comparison {
    let tolerance = Tolerance { hundredths, rounding: export.rounding };
    let labels = Labels::of(export, hours);
    let mut theirs: BTreeMap<Key, (Figures, i128)> = BTreeMap::new();
    for line in &export.lines {
        let (figures, lines) = theirs.entry((line.day, labels.label(line.model.as_deref()))).or_default();
        figures.add_all(&line.figures);
        *lines += 1;
    }
    let measures = Measure::ALL.into_iter().filter(|measure| theirs.values().any(|(of, _)| of.get(*measure).is_some()));
    let measures = measures.collect();
    let both = Both { theirs, measures, tolerance };
    let days = days(export);
    let ours = |shift| by_day(hours, &labels, days, shift);
    let mut found = both.compare(&ours(0));
    let shift = if may_shift && found.iter().any(|one| !one.agrees) { both.shift(&found, ours) } else { None };
    if let Some(shift) = shift {
        explain_by_shift(&mut found, &both.compare(&ours(shift)), shift);
    }
    let mut sum = Comparison { shift, renamed: labels.renamed.clone(), ..Comparison::default() };
    both.theirs.values().for_each(|(figures, _)| sum.theirs.add_all(figures));
    ours(0).values().for_each(|of| sum.ours.add(of));
    Comparison { found, measures: both.measures, ..sum }
}

/// The first and the last day of an export.
pub(super) fn days(export: &Export) -> (civil::Date, civil::Date) {
    let days = || export.lines.iter().map(|line| line.day);
    (days().min().unwrap_or_default(), days().max().unwrap_or_default())
}

/// The ledger's figures by day, where days begin so many hours earlier.
fn by_day(
    hours: &[Hour],
    labels: &Labels,
    (first, last): (civil::Date, civil::Date),
    shift: i64,
) -> BTreeMap<Key, Ours> {
    let mut days: BTreeMap<Key, Ours> = BTreeMap::new();
    for hour in hours {
        let Ok(at) = hour.at.checked_add(shift.hours()) else { continue };
        if (first..=last).contains(&at.date()) {
            days.entry((at.date(), labels.label(hour.model.as_deref()))).or_default().add(&hour.ours);
        }
    }
    days
}

struct Both {
    /// And of how many lines.
    theirs: BTreeMap<Key, (Figures, i128)>,
    measures: Vec<Measure>,
    tolerance: Tolerance,
}

impl Both {
    fn compare(&self, ours: &BTreeMap<Key, Ours>) -> Vec<Compared> {
        let keys: BTreeSet<&Key> = self.theirs.keys().chain(ours.keys()).collect();
        let mut found = Vec::new();
        for key in keys {
            let (theirs, ours) = (self.theirs.get(key), ours.get(key));
            let pair = Pair {
                theirs: theirs.map(|(figures, _)| figures),
                ours,
                tolerance: self.tolerance.hundredths,
                slack: theirs.map_or(0, |(_, lines)| lines * self.tolerance.rounding),
            };
            found.extend(self.measures.iter().filter_map(|measure| {
                let (agrees, reason) = judge(&pair, *measure)?;
                let (theirs, ours) = (pair.theirs(*measure), pair.ours(*measure));
                Some(Compared { day: key.0, model: key.1.clone(), measure: *measure, theirs, ours, agrees, reason })
            }));
        }
        found
    }

    /// The hours by which days must begin earlier so that nearly all agrees.
    fn shift(&self, now: &[Compared], ours: impl Fn(i64) -> BTreeMap<Key, Ours>) -> Option<i64> {
        let differ = |found: &[Compared]| found.iter().filter(|one| !one.agrees).count();
        let shifts = (-14..=14).filter(|shift| *shift != 0).map(|shift| (differ(&self.compare(&ours(shift))), shift));
        let (left, shift) = shifts.min_by_key(|(left, shift)| (*left, shift.abs()))?;
        (left * 4 <= differ(now)).then_some(shift)
    }
}

/// What differs now and agrees then is explained.
fn explain_by_shift(found: &mut [Compared], shifted: &[Compared], shift: i64) {
    let agree_then: BTreeSet<_> =
        shifted.iter().filter(|one| one.agrees).map(|one| (one.day, &one.model, one.measure)).collect();
    let there: BTreeSet<_> = shifted.iter().map(|one| (one.day, &one.model, one.measure)).collect();
    for one in found.iter_mut().filter(|one| !one.agrees) {
        let key = (one.day, &one.model, one.measure);
        if agree_then.contains(&key) || !there.contains(&key) {
            one.reason = Some(format!("its days are those of UTC{shift:+}"));
        }
    }
}

/// What models are called here.
struct Labels {
    /// Whether the export says anything by model.
    by_model: bool,
    /// By the family: the name, where both sides have other names.
    families: BTreeMap<String, String>,
    renamed: Vec<[String; 3]>,
}

/// What all models are called together.
const ALL: &str = "(all models)";
const NONE: &str = "(no model)";

impl Labels {
    fn of(export: &Export, hours: &[Hour]) -> Self {
        let mut names: BTreeMap<String, [BTreeSet<&str>; 2]> = BTreeMap::new();
        let theirs = export.lines.iter().filter_map(|line| Some((0, line.model.as_deref()?)));
        let ours = hours.iter().filter_map(|hour| Some((1, hour.model.as_deref()?)));
        for (side, name) in theirs.chain(ours) {
            names.entry(family(name)).or_default()[side].insert(name);
        }
        let mut labels = Self {
            by_model: export.lines.iter().any(|line| line.model.is_some()),
            families: BTreeMap::new(),
            renamed: Vec::new(),
        };
        for (family, [theirs, ours]) in names {
            if theirs.is_empty() || ours.is_empty() || theirs == ours {
                continue;
            }
            let shortest = theirs.iter().chain(&ours).min_by_key(|name| (name.len(), **name)).map_or("", |name| name);
            let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
            labels.renamed.push([shortest.to_owned(), list(theirs), list(ours)]);
            labels.families.insert(family, shortest.to_owned());
        }
        labels
    }

    fn label(&self, name: Option<&str>) -> String {
        match name {
            _ if !self.by_model => ALL.to_owned(),
            None => NONE.to_owned(),
            Some(name) => self.families.get(&family(name)).map_or(name, String::as_str).to_owned(),
        }
    }
}

impl Comparison {
    /// Whether nothing differs that is not explained.
    pub(super) fn agrees(&self) -> bool {
        self.found.iter().all(|one| one.agrees)
    }

    /// Both sums of a measure.
    pub(super) fn total(&self, measure: Measure) -> (Option<i128>, Option<i128>) {
        (self.theirs.get(measure), self.ours.figures.get(measure))
    }

    /// Whether the sums agree within so many hundredths of a percent.
    pub(super) fn totals_agree(&self, hundredths: u32) -> bool {
        self.measures.iter().all(|measure| {
            let (theirs, ours) = self.total(*measure);
            agree(theirs.unwrap_or(0), ours.unwrap_or(0), hundredths, 0)
        })
    }
}
