//! Moments as SQL text and as JSON text.

use crate::call::Timestamp;

/// The shape of a moment in SQLite, which sorts as text; Postgres reads it too.
const SQL: &str = "%Y-%m-%d %H:%M:%S%.6f";
/// The shape of a moment in JSON.
const RFC3339: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";
/// The start of the year 0: before it, years have a sign and no longer sort as text.
const FIRST: i64 = -62_167_219_200_000_000;
/// The last second of the year 9999 that `jiff` reaches in every time zone.
const LAST: i64 = 253_402_207_199_999_999;

/// The nearest moment that every database can hold: the years 0 to 9999. Clocks can say anything.
pub(crate) fn storable(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.micros().clamp(FIRST, LAST))
}

fn format(moment: Timestamp, shape: &str) -> String {
    jiff::Timestamp::from_microsecond(storable(moment).micros()).unwrap_or_default().strftime(shape).to_string()
}

/// `2026-11-21 08:15:00.250000`, in UTC: how moments are stored and bound.
#[must_use]
pub fn sql_text(moment: Timestamp) -> String {
    format(moment, SQL)
}

/// `2026-11-21T08:15:00.250000Z`: how moments are shown.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    format(moment, RFC3339)
}

/// Turns the stored text of a moment into RFC 3339; `None` if it is something else.
#[must_use]
pub fn from_sql_text(text: &str) -> Option<String> {
    let (date, time) = text.split_once(' ')?;
    let plain = |part: &str, mark: u8| part.bytes().all(|byte| byte.is_ascii_digit() || byte == mark || byte == b'.');
    (date.len() == 10 && time.len() >= 8 && plain(date, b'-') && plain(time, b':')).then(|| format!("{date}T{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_moments_sort_as_text_whatever_the_clock_says() {
        let clocks = [i64::MIN, -1, 0, 1_790_000_000_250_000, 17_000_000_000_000_000, i64::MAX];
        let texts: Vec<_> = clocks.map(|micros| sql_text(Timestamp::from_micros(micros))).into();
        assert!(texts.is_sorted(), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() == 26), "{texts:?}");
        assert!(texts[5].starts_with("9999"), "{texts:?}");
        assert_eq!(texts[1], "1969-12-31 23:59:59.999999");
    }

    #[test]
    fn a_stored_moment_is_shown_in_rfc_3339() {
        let moment = Timestamp::from_micros(1_790_000_000_250_000);
        assert_eq!(rfc3339(moment), "2026-09-21T14:13:20.250000Z");
        assert_eq!(from_sql_text(&sql_text(moment)), Some(rfc3339(moment)));
        assert_eq!(from_sql_text("next tuesday"), None);
    }
}
