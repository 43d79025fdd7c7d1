//! Moments as SQL text and as JSON text.

use crate::call::Timestamp;

/// The start of the year 0: before it, years have a sign and no longer sort as text.
const FIRST: i64 = -62_167_219_200_000_000;
/// The first moment that can be stored.
pub(crate) const FIRST_MOMENT: Timestamp = Timestamp::from_micros(FIRST);
/// The last second of the year 9999 that `jiff` reaches in every time zone.
pub(crate) const LAST: i64 = 253_402_207_199_999_999;

/// The nearest moment that every database can hold: the years 0 to 9999. Clocks can say anything.
pub(crate) fn storable(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.micros().clamp(FIRST, LAST))
}

/// Year to second, with these marks between them, and microseconds. Each row has two: `strftime` takes ten times as long.
fn format(moment: Timestamp, between: u8, end: &str) -> String {
    let moment = jiff::Timestamp::from_microsecond(storable(moment).micros()).unwrap_or_default();
    let moment = jiff::tz::Offset::UTC.to_datetime(moment);
    let year = u32::from(moment.year().unsigned_abs());
    let part = |part: i8| u32::from(part.unsigned_abs());
    let mut text = String::with_capacity(26 + end.len());
    digits(&mut text, year, 1000);
    for (mark, part) in [
        (b'-', part(moment.month())),
        (b'-', part(moment.day())),
        (between, part(moment.hour())),
        (b':', part(moment.minute())),
        (b':', part(moment.second())),
    ] {
        text.push(char::from(mark));
        digits(&mut text, part, 10);
    }
    text.push('.');
    digits(&mut text, moment.subsec_nanosecond().unsigned_abs() / 1000, 100_000);
    text.push_str(end);
    text
}

/// A number with leading zeros: as many digits as this power of ten has.
fn digits(text: &mut String, number: u32, mut power: u32) {
    while power > 0 {
        text.push(char::from_digit(number / power % 10, 10).unwrap_or('0'));
        power /= 10;
    }
}

/// `2026-11-21 08:15:00.250000`, in UTC: how moments are stored and bound; they sort as text.
#[must_use]
pub fn sql_text(moment: Timestamp) -> String {
    format(moment, b' ', "")
}

/// `2026-11-21T08:15:00.250000Z`: how moments are shown.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    format(moment, b'T', "Z")
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
        assert_eq!(texts[0], "0000-01-01 00:00:00.000000");
    }

    #[test]
    fn a_stored_moment_is_shown_in_rfc_3339() {
        let moment = Timestamp::from_micros(1_790_000_000_250_000);
        assert_eq!(rfc3339(moment), "2026-09-21T14:13:20.250000Z");
        assert_eq!(from_sql_text(&sql_text(moment)), Some(rfc3339(moment)));
        assert_eq!(from_sql_text("next tuesday"), None);
    }
}
