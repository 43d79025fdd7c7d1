//! Dates of a price file, without a calendar library: the middleware alone must not pull one in.

use crate::call::Timestamp;

/// Reads `2026-01-31` (midnight UTC) or `2026-01-31T12:00:00Z` (also without seconds, with a fraction of them, with a space
/// for the `T`, with `+02:00` for the `Z`).
pub(in crate::pricing) fn parse(text: &str) -> Result<Timestamp, &'static str> {
    const SHAPE: &str = "write \"2026-01-31\" or \"2026-01-31T12:00:00Z\"";
    const NO_ZONE: &str = "a date and time needs its zone: end it with Z for UTC";
    let mut rest = text;
    let year = number(&mut rest, 4, "").ok_or(SHAPE)?;
    let month = number(&mut rest, 2, "-").ok_or(SHAPE)?;
    let day = number(&mut rest, 2, "-").ok_or(SHAPE)?;
    let days = days_since_1970(year, month, day).ok_or("there is no such day")?;
    if rest.is_empty() {
        return Ok(Timestamp::from_micros(days * 86_400_000_000));
    }
    rest = rest.strip_prefix(['T', 't', ' ']).ok_or(SHAPE)?;
    let hour = number(&mut rest, 2, "").ok_or(SHAPE)?;
    let minute = number(&mut rest, 2, ":").ok_or(SHAPE)?;
    let second = number(&mut rest, 2, ":").unwrap_or(0);
    if hour > 23 || minute > 59 || second > 59 {
        return Err("there is no such time of day");
    }
    let micros = fraction(&mut rest).ok_or(SHAPE)?;
    let offset = match rest.as_bytes().first() {
        None => return Err(NO_ZONE),
        Some(b'Z' | b'z') if rest.len() == 1 => 0,
        Some(sign @ (b'+' | b'-')) => {
            let hours = number(&mut rest, 2, if *sign == b'+' { "+" } else { "-" }).ok_or(SHAPE)?;
            let minutes = number(&mut rest, 2, ":").ok_or(SHAPE)?;
            if !rest.is_empty() || hours > 23 || minutes > 59 {
                return Err(SHAPE);
            }
            (hours * 60 + minutes) * if *sign == b'+' { 1 } else { -1 }
        }
        Some(_) => return Err(SHAPE),
    };
    let minutes = days * 1440 + hour * 60 + minute - offset;
    Ok(Timestamp::from_micros((minutes * 60 + second) * 1_000_000 + micros))
}

/// Takes `before` and then exactly `digits` digits off the front.
fn number(rest: &mut &str, digits: usize, before: &str) -> Option<i64> {
    let behind = rest.strip_prefix(before)?;
    let (number, behind) = (behind.get(..digits)?, behind.get(digits..)?);
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = behind;
    number.parse().ok()
}

/// Takes `.5` off the front, in microseconds (what is finer is cut off); 0 if there is none.
fn fraction(rest: &mut &str) -> Option<i64> {
    let Some(behind) = rest.strip_prefix('.') else { return Some(0) };
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    let (number, behind) = behind.split_at(digits);
    *rest = behind;
    format!("{number:0<6}").get(..6).filter(|_| digits > 0)?.parse().ok()
}

/// Howard Hinnant's `days_from_civil`: <https://howardhinnant.github.io/date_algorithms.html>.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_and_times_are_read_in_utc() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("1969-12-31", -86_400),
            ("2000-02-29", 951_782_400),
            ("2026-01-01", 1_767_225_600),
            ("2026-07-01T00:00:00Z", 1_782_864_000),
            ("2026-07-01 02:00+02:00", 1_782_864_000),
            ("2026-06-30T19:30:00-04:30", 1_782_864_000),
        ] {
            assert_eq!(parse(text).map(|time| time.micros()), Ok(seconds * 1_000_000), "{text}");
        }
        assert_eq!(parse("1970-01-01T00:00:00.25Z").map(|time| time.micros()), Ok(250_000));
        assert_eq!(parse("1970-01-01T00:00:00.0000019Z").map(|time| time.micros()), Ok(1));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026",
            "2026-1-01",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "26-01-01",
            "2026-01-01T",
            "2026-01-01T12:00:00",
            "2026-01-01T24:00:00Z",
            "2026-01-01T12:00:00.Z",
            "2026-01-01T12:00:00+2",
            "2026-01-01Zé",
            "2026-01-01T12:00:00ZZ",
            "+026-01-01",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
