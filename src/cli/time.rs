//! Ranges of time on the command line, and the zone that they are read in. Inside, all of it is UTC.

use anyhow::{Context as _, bail, ensure};
use jiff::{civil::DateTime, tz::TimeZone};

use crate::{call::Timestamp, report::Range};

/// From when to when, and whose days.
#[derive(Debug, clap::Args)]
pub(super) struct Times {
    /// From this moment on: 2026-11-01, 2026-11-01T12:30 or 2026-11-01T12:30:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,
    /// Before this moment (it is not included): --since 2026-11-01 --until 2026-12-01 is November.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Moment>,
    /// The time until now: 90m, 24h, 7d, 4w.
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with_all = ["since", "until"])]
    last: Option<i64>,
    /// Whose days and hours, and what moments without an offset are read in: Europe/Berlin, Asia/Kolkata.
    #[arg(long = "tz", value_name = "ZONE", value_parser = zone, default_value = "UTC")]
    zone: TimeZone,
}

impl Times {
    /// From when to when; an error where nothing can lie between them.
    pub(super) fn range(&self) -> anyhow::Result<Range> {
        let last = self.last.map(|micros| Timestamp::from_micros(Timestamp::now().micros().saturating_sub(micros)));
        let read = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.within(&self.zone));
        let (since, until) = (read(&self.since).or(last), read(&self.until));
        let is_empty = since.zip(until).is_some_and(|(since, until)| since >= until);
        ensure!(!is_empty, "Nothing lies between --since and --until: the moment of --until has to be the later one");
        Ok(Range { since, until })
    }

    /// Whose days and hours.
    pub(super) fn zone(&self) -> TimeZone {
        self.zone.clone()
    }
}

/// A moment as it was written: a clock's time is one only in a zone.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Exact(jiff::Timestamp),
    Clock(DateTime),
}

impl Moment {
    /// A time that the clock shows twice is its first; one that it skips is as long after midnight as it would have been.
    fn within(self, zone: &TimeZone) -> Timestamp {
        let moment = match self {
            Self::Exact(moment) => moment,
            // Beyond what a moment can be (in the year 9999) the last one is as good.
            Self::Clock(clock) => zone.to_ambiguous_timestamp(clock).compatible().unwrap_or(jiff::Timestamp::MAX),
        };
        Timestamp::from_micros(moment.as_microsecond())
    }
}

fn moment(text: &str) -> anyhow::Result<Moment> {
    let exact = text.parse().map(Moment::Exact);
    let moment = exact.or_else(|_| text.parse().map(Moment::Clock));
    moment.map_err(|_| anyhow::anyhow!("write a date or a time, such as 2026-11-01 or 2026-11-01T12:30"))
}

/// A moment; without an offset it is UTC.
pub(super) fn utc(text: &str) -> anyhow::Result<Timestamp> {
    Ok(moment(text)?.within(&TimeZone::UTC))
}

pub(super) fn zone(name: &str) -> anyhow::Result<TimeZone> {
    let sentence = "there is no such time zone; name one of the IANA list, such as Europe/Berlin, or UTC";
    TimeZone::get(name).map_err(|_| anyhow::anyhow!(sentence))
}

/// In microseconds.
pub(super) fn span(text: &str) -> anyhow::Result<i64> {
    let minutes = match text.chars().last() {
        Some('m') => 1,
        Some('h') => 60,
        Some('d') => 24 * 60,
        Some('w') => 7 * 24 * 60,
        _ => bail!("write a number and m, h, d or w, such as 24h or 7d"),
    };
    let number: i64 = text[..text.len() - 1].parse().context("write a number and m, h, d or w, such as 24h or 7d")?;
    number.checked_mul(minutes * 60_000_000).filter(|micros| *micros >= 0).context("that is no span of time")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn moments_are_dates_or_times_in_utc() {
        let noon = micros("2026-09-21T12:00:00Z");
        for text in ["2026-09-21T12:00", "2026-09-21 12:00:00", "2026-09-21T14:00:00+02:00"] {
            assert_eq!(utc(text).unwrap().micros(), noon, "{text}");
        }
        assert_eq!(utc("2026-09-21").unwrap().micros(), noon - 12 * 3_600_000_000);
        assert!(moment("yesterday").is_err());
    }

    #[test]
    fn moments_without_an_offset_are_read_in_the_zone_and_those_with_one_as_they_are() {
        for (zone_name, text, meant) in [
            ("Asia/Kolkata", "2026-11-01", "2026-10-31T18:30:00Z"),
            ("Asia/Kathmandu", "2026-11-01T05:45", "2026-11-01T00:00:00Z"),
            ("Asia/Kolkata", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            // Shown twice: the first. Skipped: an hour later by the clock.
            ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00Z"),
            // A day that begins at one o'clock.
            ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),
        ] {
            let read = moment(text).unwrap().within(&zone(zone_name).unwrap());
            assert_eq!(read.micros(), micros(meant), "{text} in {zone_name}");
        }
        for end in ["9999-12-31T23:59:59", "-009999-01-01T00:00"] {
            moment(end).unwrap().within(&zone("America/New_York").unwrap());
        }
    }

    #[test]
    fn zones_are_known_without_those_of_the_system() {
        let bundled = jiff::tz::TimeZoneDatabase::bundled();
        for name in ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"] {
            assert!(bundled.get(name).is_ok() && zone(name).is_ok(), "{name}");
        }
        for name in ["", "Europe/Atlantis", "UTC+1", "../../etc/passwd"] {
            assert!(zone(name).is_err(), "{name}");
        }
    }

    #[test]
    fn spans_are_a_number_and_a_unit() {
        assert_eq!(span("24h").unwrap(), span("1d").unwrap());
        assert_eq!(span("2w").unwrap(), 14 * 86_400_000_000);
        for text in ["", "h", "7", "-1d", "7 days", "99999999999999999w", "1é"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
