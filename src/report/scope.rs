//! What a report looks at: a range of time in a zone, cut into periods, and only some calls.
//!
//! A report's `.sql` file is a question to the whole ledger, over the views `report_call` (one row per call) and
//! `report_hour` (sums by hours). It can be run by hand as it is. The program puts two tables of the same names in front of
//! it that hold only the scope, and whose column `period` is the day or the hour in the asked zone.

use jiff::{civil::Date, tz::TimeZone};
use serde_json::Value;

use super::{
    Filter, Range,
    period::{BEHIND, Period, Step, cut},
};
use crate::{
    call::Timestamp,
    store::{Error, FIRST_MOMENT, Query, Store},
};

/// Which calls a report is about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scope {
    /// When they started.
    pub range: Range,
    /// What they are.
    pub filter: Filter,
    /// Whose days and hours; UTC by default.
    pub zone: TimeZone,
    /// How many rows a report has at most.
    pub limit: Option<u32>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { range: Range::default(), filter: Filter::default(), zone: TimeZone::UTC, limit: None }
    }
}

impl From<Range> for Scope {
    fn from(range: Range) -> Self {
        Self { range, ..Self::default() }
    }
}

impl From<Filter> for Scope {
    fn from(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }
}

impl From<(Range, Filter)> for Scope {
    fn from((range, filter): (Range, Filter)) -> Self {
        Self { range, filter, ..Self::default() }
    }
}

impl Scope {
    /// A report's question, narrowed to this.
    pub(super) async fn query(&self, store: &dyn Store, sql: &'static str, step: Option<Step>) -> Result<Query, Error> {
        self.query_by(store, (sql, step), true).await
    }

    /// The same. With `by_hours` it reads sums by hours where they are enough, else only rows.
    pub(super) async fn query_by(
        &self,
        store: &dyn Store,
        (sql, step): (&'static str, Option<Step>),
        by_hours: bool,
    ) -> Result<Query, Error> {
        let periods = match step {
            None => vec![self.whole()],
            Some(step) => self.periods(store, step).await?,
        };
        let (whole, edges) =
            if by_hours && self.filter.is_by_hours() { split(&periods) } else { (vec![], periods.clone()) };
        let query = Query::new(include_str!("scope_calls.sql")).bind(json(&periods));
        let query = self.filter.narrow(query).and(include_str!("scope_hours.sql"));
        let query = self.filter.narrow_hours(query.bind(json(&whole)).bind(json(&edges)));
        let mut query = self.filter.narrow(query.and(include_str!("scope_hours_of_rows.sql"))).and(")");
        query = query.and(include_str!("scope_tags.sql"));
        if !self.filter.tagged.is_empty() {
            let only = "WHERE tag.key IN (SELECT value FROM json_each(?))";
            query = query.and(only).bind(Value::from(&*self.filter.tagged));
        }
        query = query.and(")").and(sql);
        Ok(match self.limit {
            Some(limit) => query.and("LIMIT ?").bind(limit),
            None => query,
        })
    }

    /// The range as one period.
    fn whole(&self) -> Period {
        let [since, until] = self.bounds();
        Period { label: None, since, until }
    }

    /// An open end lies beyond every moment that can be stored.
    fn bounds(&self) -> [Timestamp; 2] {
        let Range { since, until } = self.range;
        [since.unwrap_or(FIRST_MOMENT), until.unwrap_or(BEHIND)].map(|end| end.clamp(FIRST_MOMENT, BEHIND))
    }

    /// The range, cut where the zone's hours, days or months begin. Days without calls are left out: one call whose clock
    /// was wrong by a thousand years shall not make a million of them. Two periods may have one label.
    async fn periods(&self, store: &dyn Store, step: Step) -> Result<Vec<Period>, Error> {
        let [since, until] = self.range.sql_texts();
        let days = store.query(&Query::new(include_str!("scope_days.sql")).bind(since).bind(until)).await?;
        let days = days.rows.iter().filter_map(|row| day(row.first()?));
        let [since, until] = self.bounds();
        let mut periods = Vec::new();
        for [first, behind] in touching(days) {
            cut([first.max(since), behind.min(until)], &self.zone, step, &mut periods)?;
        }
        Ok(periods)
    }
}

fn json(periods: &[Period]) -> Value {
    periods.iter().map(Period::json).collect()
}

/// What whole hours cover of some periods, and the rest.
fn split(periods: &[Period]) -> (Vec<Period>, Vec<Period>) {
    let (whole, edges): (Vec<_>, Vec<_>) = periods.iter().map(Period::whole_hours).unzip();
    (whole.into_iter().flatten().collect(), edges.into_iter().flatten().collect())
}

pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    let moment: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

/// A day in UTC.
fn day(value: &Value) -> Option<[Timestamp; 2]> {
    let day: Date = value.as_str()?.parse().ok()?;
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
    Some([start, start + 24 * 3_600_000_000].map(Timestamp::from_micros))
}

/// Those that touch are one.
fn touching(days: impl Iterator<Item = [Timestamp; 2]>) -> Vec<[Timestamp; 2]> {
    days.fold(Vec::new(), |mut joined: Vec<[Timestamp; 2]>, [start, end]| {
        match joined.last_mut() {
            Some([_, last]) if *last == start => *last = end,
            _ => joined.push([start, end]),
        }
        joined
    })
}
