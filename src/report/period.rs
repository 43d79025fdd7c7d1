//! Ranges of time cut into the hours, days or months of a zone, and into what whole hours in UTC cover of them.

use jiff::{Timestamp as Moment, Unit, Zoned, tz::TimeZone};
use serde_json::{Value, json};

use super::END;
use crate::{
    call::Timestamp,
    store::{Error, LAST_MOMENT, sql_text},
};

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
/// In microseconds.
const HOUR: i64 = 3_600_000_000;

/// A stretch of time with a label; its end is not included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) label: Option<String>,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

impl Period {
    /// `[label, since, until]`, as the scope's SQL takes it.
    pub(super) fn json(&self) -> Value {
        json!([self.label, text(self.since), text(self.until)])
    }

    /// The whole hours in UTC that lie in it, and what is left of it before and behind them.
    pub(super) fn whole_hours(&self) -> (Option<Self>, Vec<Self>) {
        let part = |since, until| {
            let [since, until] = [since, until].map(Timestamp::from_micros);
            (since < until).then(|| Self { label: self.label.clone(), since, until })
        };
        let (since, until) = (self.since.micros(), self.until.micros());
        let first = since.saturating_add(HOUR - 1).div_euclid(HOUR).saturating_mul(HOUR);
        let behind = until.div_euclid(HOUR).saturating_mul(HOUR);
        match part(first, behind) {
            Some(whole) => (Some(whole), [part(since, first), part(behind, until)].into_iter().flatten().collect()),
            None => (None, part(since, until).into_iter().collect()),
        }
    }
}

/// Behind every moment that can be stored: where an open range ends. A whole hour.
pub(super) const BEHIND: Timestamp = Timestamp::from_micros(LAST_MOMENT + 1);

fn text(moment: Timestamp) -> String {
    if moment < BEHIND { sql_text(moment) } else { END.to_owned() }
}

/// A range, cut where the zone's hours, days or months begin.
pub(super) fn cut(
    [since, until]: [Timestamp; 2],
    zone: &TimeZone,
    step: Step,
    periods: &mut Vec<Period>,
) -> Result<(), Error> {
    let unreadable =
        |error: jiff::Error| Error::Refused(format!("This range of time cannot be cut into periods: {error}"));
    let zoned =
        |moment: Timestamp| Ok(Moment::from_microsecond(moment.micros()).map_err(unreadable)?.to_zoned(zone.clone()));
    let mut at = since;
    while at < until {
        let here = zoned(at)?;
        // At the end of all time there is no next one.
        let next = next(&here, step)
            .map_or(until, |next| Timestamp::from_micros(next.timestamp().as_microsecond()).min(until));
        periods.push(Period { label: Some(label(&here, step)), since: at, until: next });
        if periods.len() > MOST_PERIODS {
            return Err(Error::Refused(format!("More than {MOST_PERIODS} periods: choose a shorter range of time")));
        }
        at = next;
    }
    Ok(())
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

    fn cut_in(zone: &str, range: [&str; 2], step: Step) -> Vec<Period> {
        let mut periods = Vec::new();
        cut(range.map(at), &TimeZone::get(zone).unwrap(), step, &mut periods).unwrap();
        periods
    }

    const ZONES: [&str; 6] =
        ["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin"];

    #[test]
    fn periods_touch_and_cover_the_range_where_clocks_change_and_hours_begin_at_a_quarter() {
        let range = ["2026-10-01T10:20:30Z", "2026-11-03T00:00:00Z"];
        for zone in ZONES {
            for step in [Step::Hour, Step::Day, Step::Month] {
                let periods = cut_in(zone, range, step);
                assert_eq!(periods[0].since, at(range[0]), "{zone} {step:?}");
                assert_eq!(periods[periods.len() - 1].until, at(range[1]), "{zone} {step:?}");
                assert!(periods.windows(2).all(|two| two[0].until == two[1].since), "{zone} {step:?}");
                let mut labels: Vec<_> = periods.iter().map(|period| period.label.as_deref().unwrap()).collect();
                labels.dedup();
                assert_eq!(labels.len(), periods.len(), "{zone} {step:?}: each has a label of its own");
            }
        }
    }

    #[test]
    fn a_day_is_the_zones_and_the_day_on_which_clocks_go_back_has_25_hours() {
        let days = cut_in("Europe/Berlin", ["2026-10-24T22:00:00Z", "2026-10-26T23:00:00Z"], Step::Day);
        let days: Vec<_> = days.iter().map(Period::json).collect();
        assert_eq!(
            days,
            [
                json!(["2026-10-25", "2026-10-24 22:00:00.000000", "2026-10-25 23:00:00.000000"]),
                json!(["2026-10-26", "2026-10-25 23:00:00.000000", "2026-10-26 23:00:00.000000"]),
            ]
        );
        let hours = cut_in("Asia/Kathmandu", ["2026-10-24T00:00:00Z", "2026-10-24T01:00:00Z"], Step::Hour);
        assert_eq!(
            hours[1].json(),
            json!(["2026-10-24T06:00+05:45", "2026-10-24 00:15:00.000000", "2026-10-24 01:00:00.000000"])
        );
    }

    #[test]
    fn whole_hours_and_what_is_left_of_a_period_are_the_period() {
        for zone in ZONES {
            for step in [Step::Hour, Step::Day, Step::Month] {
                for period in cut_in(zone, ["2026-10-01T10:20:30Z", "2026-11-03T00:00:00.000001Z"], step) {
                    let (whole, edges) = period.whole_hours();
                    let mut parts: Vec<_> = whole.iter().chain(&edges).collect();
                    parts.sort_by_key(|part| part.since);
                    assert_eq!((parts[0].since, parts[parts.len() - 1].until), (period.since, period.until));
                    assert!(parts.windows(2).all(|two| two[0].until == two[1].since), "{zone}: {parts:?}");
                    assert!(edges.iter().all(|edge| edge.until.micros() - edge.since.micros() < 2 * HOUR), "{zone}");
                    let hours = |moment: Timestamp| moment.micros() % HOUR == 0;
                    assert!(whole.is_none_or(|whole| hours(whole.since) && hours(whole.until)), "{zone}");
                }
            }
        }
        let all = Period { label: None, since: Timestamp::from_micros(i64::MIN), until: BEHIND };
        let (whole, edges) = all.whole_hours();
        let whole = whole.unwrap().json();
        assert_eq!(whole, json!([null, "0000-01-01 00:00:00.000000", END]), "open ends are whole hours");
        assert!(edges.iter().all(|edge| edge.until.micros() < LAST_MOMENT), "{edges:?}");
    }
}
