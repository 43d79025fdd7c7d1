//! Ranges of time on the command line. All of it is UTC.

use anyhow::{Context as _, bail};

use crate::{call::Timestamp, report::Range};

/// From when to when.
#[derive(Debug, clap::Args)]
pub(super) struct Times {
    /// From this moment on, in UTC: 2026-11-01, 2026-11-01T12:30 or 2026-11-01T12:30:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Before this moment (it is not included): --since 2026-11-01 --until 2026-12-01 is November.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// The time until now: 90m, 24h, 7d, 4w.
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with_all = ["since", "until"])]
    last: Option<i64>,
}

impl Times {
    pub(super) fn range(&self) -> Range {
        let last = self.last.map(|micros| Timestamp::from_micros(Timestamp::now().micros().saturating_sub(micros)));
        Range { since: self.since.or(last), until: self.until }
    }
}

/// A moment; without a zone it is UTC.
pub(super) fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let with_zone = text.parse::<jiff::Timestamp>();
    let moment = with_zone.or_else(|_| {
        let civil = text.parse::<jiff::civil::DateTime>()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp())
    });
    let moment =
        moment.map_err(|_| anyhow::anyhow!("write a date or a time, such as 2026-11-01 or 2026-11-01T12:30"))?;
    Ok(Timestamp::from_micros(moment.as_microsecond()))
}

/// In microseconds.
fn span(text: &str) -> anyhow::Result<i64> {
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

    #[test]
    fn moments_are_dates_or_times_in_utc() {
        let noon = "2026-09-21T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
        for text in ["2026-09-21T12:00", "2026-09-21 12:00:00", "2026-09-21T14:00:00+02:00"] {
            assert_eq!(moment(text).unwrap().micros(), noon, "{text}");
        }
        assert_eq!(moment("2026-09-21").unwrap().micros(), noon - 12 * 3_600_000_000);
        assert!(moment("yesterday").is_err());
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
