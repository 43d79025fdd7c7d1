//! The value of an attribute as what its field holds. A value of another type is given back.

use std::time::Duration;

use crate::{call::Usd, span::json::Json};

/// Sets a field to what was read; what could not be read leaves it empty and is given back.
pub(super) fn put<'a, T: Default, U: Into<T>>(field: &mut T, read: Result<U, Json<'a>>) -> Result<(), Json<'a>> {
    let (value, left) = match read {
        Ok(value) => (value.into(), Ok(())),
        Err(left) => (T::default(), Err(left)),
    };
    *field = value;
    left
}

pub(super) fn text(value: Json<'_>) -> Result<String, Json<'_>> {
    match value {
        Json::Text(text) => Ok(text.into_owned()),
        other => Err(other),
    }
}

/// A list of texts; a single one is a list too.
pub(super) fn texts(value: Json<'_>) -> Result<Vec<String>, Json<'_>> {
    match value {
        Json::Array(items) => Ok(items.into_iter().filter_map(|item| text(item).ok()).collect()),
        one => text(one).map(|one| vec![one]),
    }
}

pub(super) fn truth(value: Json<'_>) -> Result<bool, Json<'_>> {
    match value {
        Json::Bool(truth) => Ok(truth),
        other => Err(other),
    }
}

pub(super) fn int(value: Json<'_>) -> Result<i64, Json<'_>> {
    keep(value, |value| match value {
        Json::Number(number) => number.as_i64(),
        _ => None,
    })
}

/// A count; some instrumentations send it as a double or as text.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
pub(super) fn count(value: Json<'_>) -> Result<u64, Json<'_>> {
    keep(value, |value| match value {
        Json::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|n| (0.0..9e15).contains(n) && n.fract() == 0.0).map(|n| n as u64)),
        Json::Text(digits) => digits.parse().ok(),
        _ => None,
    })
}

pub(super) fn number(value: Json<'_>) -> Result<f64, Json<'_>> {
    keep(value, Json::as_f64)
}

pub(super) fn usd(value: Json<'_>) -> Result<Usd, Json<'_>> {
    keep(value, |value| value.as_str()?.parse().ok())
}

/// A duration that is told in units of so many seconds. Rounded to nanoseconds, so that it survives the way through a
/// double.
pub(super) fn duration(value: Json<'_>, seconds: f64) -> Result<Duration, Json<'_>> {
    keep(value, |value| Duration::try_from_secs_f64(value.as_f64()? * seconds).ok())
}

pub(super) fn word<T>(value: Json<'_>, read: impl Fn(&str) -> Option<T>) -> Result<T, Json<'_>> {
    keep(value, |value| read(value.as_str()?))
}

fn keep<'a, T>(value: Json<'a>, read: impl FnOnce(&Json<'a>) -> Option<T>) -> Result<T, Json<'a>> {
    read(&value).ok_or(value)
}
