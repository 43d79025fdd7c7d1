//! The ledger's side: figures by hour and model, and what can explain a difference.

use jiff::{ToSpan as _, civil, tz::TimeZone};
use serde_json::Value;

use super::figures::{Figures, Measure};
use crate::{
    call::Timestamp,
    report::{Filter, Range, Report, Scope, Step},
    store::{Error, Store, Table},
};

const REPORT: Report = Report::unlisted(include_str!("ours.sql"), Some(Step::Hour));

/// What the ledger knows of a model in an hour, a day, or altogether.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ours {
    /// Without the calls that failed and used nothing: nobody bills those.
    pub(super) figures: Figures,
    pub(super) failed: i128,
    pub(super) abandoned: i128,
    /// Calls whose counts were estimated, or broke off.
    pub(super) uncertain: i128,
    /// Calls that tell no usage.
    pub(super) silent: i128,
    pub(super) unpriced: i128,
    pub(super) partly_priced: i128,
    pub(super) cache_write: i128,
}

/// One model in one hour of the zone's clock.
#[derive(Debug)]
pub(super) struct Hour {
    pub(super) at: civil::DateTime,
    pub(super) model: Option<String>,
    pub(super) ours: Ours,
}

impl Ours {
    pub(super) fn add(&mut self, other: &Self) {
        self.figures.add_all(&other.figures);
        self.failed += other.failed;
        self.abandoned += other.abandoned;
        self.uncertain += other.uncertain;
        self.silent += other.silent;
        self.unpriced += other.unpriced;
        self.partly_priced += other.partly_priced;
        self.cache_write += other.cache_write;
    }
}

/// Asks for some days of a zone, and for a day before and behind them: days of another zone reach into those.
pub(super) async fn hours(
    store: &dyn Store,
    (first, last): (civil::Date, civil::Date),
    zone: &TimeZone,
    provider: Option<&str>,
) -> Result<Vec<Hour>, Error> {
    let midnight = |day: Result<civil::Date, jiff::Error>| {
        let at = day.ok()?.to_zoned(zone.clone()).ok()?.timestamp();
        Some(Timestamp::from_micros(at.as_microsecond()))
    };
    let range = Range { since: midnight(first.checked_sub(1.day())), until: midnight(last.checked_add(2.days())) };
    let filter = Filter { provider: provider.map(str::to_owned), ..Filter::default() };
    let scope = Scope { range, filter, zone: zone.clone(), ..Scope::default() };
    Ok(read(&REPORT.run(store, &scope).await?))
}

fn read(table: &Table) -> Vec<Hour> {
    let rows = table.rows.iter().filter_map(|row| {
        let of = |name: &str| {
            let at = table.columns.iter().position(|column| column == name);
            at.and_then(|at| row.get(at)).unwrap_or(&Value::Null)
        };
        let number = |name: &str| of(name).as_i64().map(i128::from);
        let count = |name: &str| number(name).unwrap_or(0);
        let mut ours = Ours {
            failed: count("failed"),
            abandoned: count("abandoned"),
            uncertain: count("uncertain"),
            silent: count("silent"),
            unpriced: count("unpriced"),
            partly_priced: count("partly_priced"),
            cache_write: count("cache_write_tokens"),
            ..Ours::default()
        };
        let cost = number("cost_micro").map(|micro| micro * 1_000_000 + count("cost_pico"));
        ours.figures.add(Measure::Requests, Some(count("calls") - ours.failed));
        ours.figures.add(Measure::Input, number("input_tokens"));
        ours.figures.add(Measure::Cached, number("cache_read_tokens"));
        ours.figures.add(Measure::Output, number("output_tokens"));
        ours.figures.add(Measure::Cost, cost);
        // `2026-11-21T08:00+05:30`: the clock's time is what days are made of.
        let at = of("period").as_str()?.get(..16)?.parse().ok()?;
        Some(Hour { at, model: of("answered").as_str().map(str::to_owned), ours })
    });
    rows.collect()
}
