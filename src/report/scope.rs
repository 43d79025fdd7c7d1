//! What a report looks at: a range of time in a zone, cut into periods, and only some calls.
//!
//! A report's `.sql` file is a question to the whole ledger, over the views `report_call` (one row per call) and
//! `report_hour` (sums by hours). It can be run by hand as it is. The program puts two tables of the same names in front of
//! it that hold only the scope, and whose column `period` is the day or the hour in the asked zone.

use jiff::{Timestamp as Moment, Unit, Zoned, tz::TimeZone};
use serde_json::{Value, json};

use super::{Filter, Range};
use crate::{
    call::Timestamp,
    store::{Error, Query, Store, sql_text},
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

/// How a report goes by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hour by hour: `2026-11-21T08:00+05:30`.
    Hour,
    /// Day by day: `2026-11-21`.
    Day,
    /// Month by month: `2026-11`.
    Month,
}

/// So many periods a report has at most.
const MOST_PERIODS: usize = 20_000;

impl Scope {
    /// A report's question, narrowed to this.
    pub(super) async fn query(&self, store: &dyn Store, sql: &'static str, step: Option<Step>) -> Result<Query, Error> {
        let periods = match step {
            None => vec![self.whole()],
            Some(step) => self.periods(store, step).await?,
        };
        let query = Query::new(include_str!("scope_calls.sql")).bind(Value::from(periods));
        let mut query = self.filter.narrow(query).and(include_str!("scope_hours.sql"));
        if !self.filter.tagged.is_empty() {
            query = query.and(include_str!("scope_tags.sql")).bind(Value::from(&*self.filter.tagged));
        }
        query = query.and(sql);
        Ok(match self.limit {
            Some(limit) => query.and("LIMIT ?").bind(limit),
            None => query,
        })
    }

    /// The range as one period.
    fn whole(&self) -> Value {
        let [since, until] = self.range.sql_texts();
        json!([null, since, until])
    }

    /// The range, cut where the zone's hours, days or months begin. An open end is where the ledger's calls end.
    async fn periods(&self, store: &dyn Store, step: Step) -> Result<Vec<Value>, Error> {
        let bounds = Query::new("SELECT min(started_at) AS started_at, max(started_at) AS ended_at FROM usage_log");
        let table = store.query(&bounds).await?;
        let [Some(first), Some(last)] = [0, 1].map(|at| moment(table.rows.first()?.get(at)?)) else {
            return Ok(Vec::new());
        };
        let since = self.range.since.map_or(first, |since| since.max(first));
        let behind = Timestamp::from_micros(last.micros().saturating_add(1));
        let until = self.range.until.map_or(behind, |until| until.min(behind));
        cut(since, until, &self.zone, step)
    }
}

pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    let moment: Moment = value.as_str()?.parse().ok()?;
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

/// `[label, since, until]` for each period that lies in the range, if only in part.
fn cut(since: Timestamp, until: Timestamp, zone: &TimeZone, step: Step) -> Result<Vec<Value>, Error> {
    let unreadable =
        |error: jiff::Error| Error::Refused(format!("This range of time cannot be cut into periods: {error}"));
    let zoned =
        |moment: Timestamp| Ok(Moment::from_microsecond(moment.micros()).map_err(unreadable)?.to_zoned(zone.clone()));
    let mut periods = Vec::new();
    let mut at = since;
    while at < until {
        let here = zoned(at)?;
        let next = next(&here, step).map_err(unreadable)?;
        let next = Timestamp::from_micros(next.timestamp().as_microsecond()).min(until);
        periods.push(json!([label(&here, step), sql_text(at), sql_text(next)]));
        if periods.len() > MOST_PERIODS {
            return Err(Error::Refused(format!("More than {MOST_PERIODS} periods: choose a shorter range of time")));
        }
        at = next;
    }
    Ok(periods)
}

/// Where the next period begins. Days may have 23 or 25 hours, and hours may begin at a quarter.
fn next(here: &Zoned, step: Step) -> Result<Zoned, jiff::Error> {
    use jiff::ToSpan as _;
    match step {
        Step::Hour => {
            let begun = here
                .datetime()
                .round(jiff::civil::DateTimeRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc))?;
            let since_begun = here.datetime().duration_since(begun);
            here.checked_add(jiff::SignedDuration::from_hours(1) - since_begun)
        }
        Step::Day => here.tomorrow()?.start_of_day(),
        Step::Month => here.first_of_month()?.checked_add(1.month())?.start_of_day(),
    }
}

fn label(here: &Zoned, step: Step) -> String {
    here.strftime(match step {
        Step::Hour => "%Y-%m-%dT%H:00%:z",
        Step::Day => "%Y-%m-%d",
        Step::Month => "%Y-%m",
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<Moment>().unwrap().as_microsecond())
    }

    fn cut_in(zone: &str, [since, until]: [&str; 2], step: Step) -> Vec<Value> {
        cut(at(since), at(until), &TimeZone::get(zone).unwrap(), step).unwrap()
    }

    #[test]
    fn periods_touch_and_cover_the_range_where_clocks_change_and_hours_begin_at_a_quarter() {
        let range = ["2026-10-20T10:20:30Z", "2026-11-03T00:00:00Z"];
        for zone in
            ["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin"]
        {
            for step in [Step::Hour, Step::Day, Step::Month] {
                let periods = cut_in(zone, range, step);
                assert_eq!(periods[0][1], sql_text(at(range[0])), "{zone} {step:?}");
                assert_eq!(periods[periods.len() - 1][2], sql_text(at(range[1])), "{zone} {step:?}");
                assert!(periods.windows(2).all(|two| two[0][2] == two[1][1]), "{zone} {step:?}");
                let mut labels: Vec<_> = periods.iter().map(|period| period[0].as_str().unwrap()).collect();
                labels.dedup();
                assert_eq!(labels.len(), periods.len(), "{zone} {step:?}: each has a label of its own");
            }
        }
    }

    #[test]
    fn a_day_is_the_zones_and_the_day_on_which_clocks_go_back_has_25_hours() {
        let days = cut_in("Europe/Berlin", ["2026-10-24T22:00:00Z", "2026-10-26T23:00:00Z"], Step::Day);
        assert_eq!(
            days,
            [
                json!(["2026-10-25", "2026-10-24 22:00:00.000000", "2026-10-25 23:00:00.000000"]),
                json!(["2026-10-26", "2026-10-25 23:00:00.000000", "2026-10-26 23:00:00.000000"]),
            ]
        );
        let hours = cut_in("Asia/Kathmandu", ["2026-10-24T00:00:00Z", "2026-10-24T01:00:00Z"], Step::Hour);
        assert_eq!(
            hours[1],
            json!(["2026-10-24T06:00+05:45", "2026-10-24 00:15:00.000000", "2026-10-24 01:00:00.000000"])
        );
    }
}
