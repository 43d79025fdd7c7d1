//! Money: exact, in whole pico-dollars.

use std::{fmt, str::FromStr};

/// An exact amount of US dollars, as a whole number of pico-dollars (1e-12 USD). One amount reaches 9.2 million dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

impl Usd {
    /// Nothing: a known price of zero.
    pub const ZERO: Self = Self(0);
    const PER_DOLLAR: i64 = 1_000_000_000_000;

    /// From pico-dollars.
    #[must_use]
    pub const fn from_pico(pico: i64) -> Self {
        Self(pico)
    }

    /// In pico-dollars.
    #[must_use]
    pub const fn pico(self) -> i64 {
        self.0
    }

    /// Rounds a float of dollars to the nearest pico-dollar, once. `None` for what is no amount: NaN, infinite, too large.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
    pub fn from_f64(dollars: f64) -> Option<Self> {
        let pico = (dollars * 1e12).round();
        (pico.is_finite() && pico.abs() < 9.2e18).then_some(Self(pico as i64))
    }

    /// As a float of dollars: for display and for attributes that must be doubles, never for sums.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "this is the lossy view")]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// The exact decimal, as [`Display`](fmt::Display) writes it, in a buffer that is long enough for any.
    // From the last digit to the first: every call has three amounts, and formatting in two steps took a tenth of it.
    pub(crate) fn digits(self, buffer: &mut [u8; 24]) -> &str {
        let mut at = buffer.len();
        let mut put = |byte| {
            at -= 1;
            buffer[at] = byte;
        };
        let digit = |number: u64| b'0' + (number % 10) as u8;
        let pico = self.0.unsigned_abs();
        let (mut whole, mut fraction) =
            (pico / Self::PER_DOLLAR.unsigned_abs(), pico % Self::PER_DOLLAR.unsigned_abs());
        if fraction != 0 {
            let mut places = 12;
            while fraction % 10 == 0 {
                fraction /= 10;
                places -= 1;
            }
            for _ in 0..places {
                put(digit(fraction));
                fraction /= 10;
            }
            put(b'.');
        }
        loop {
            put(digit(whole));
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        if self.0 < 0 {
            put(b'-');
        }
        std::str::from_utf8(&buffer[at..]).unwrap_or_default()
    }

    /// The sum, unless it is too large for one amount.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it is too large for one amount.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// The exact decimal, without trailing zeros: `0.00012`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits(&mut [0; 24]))
    }
}

/// Reads a plain decimal or one with an exponent (`0.00012`, `1.13e-05`); digits beyond 1e-12 are rounded half away from
/// zero.
impl FromStr for Usd {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let bad = || NotAnAmount(text.chars().take(40).collect());
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| bad())?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() || whole.len() + fraction.len() > 30 {
            return Err(bad());
        }
        let mut digits: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            if !digit.is_ascii_digit() {
                return Err(bad());
            }
            digits = digits * 10 + i128::from(digit - b'0');
        }
        // The value is digits × 10^shift pico-dollars.
        let shift = 12i32.saturating_add(exponent).saturating_sub(i32::try_from(fraction.len()).unwrap_or(i32::MAX));
        let pico = match shift {
            0.. if digits == 0 => 0,
            0..=18 => digits.checked_mul(10i128.pow(shift.unsigned_abs())).ok_or_else(bad)?,
            19.. => return Err(bad()),
            -38..0 => {
                let unit = 10i128.pow(shift.unsigned_abs());
                (digits + unit / 2) / unit
            }
            _ => 0,
        };
        i64::try_from(if negative { -pico } else { pico }).map(Self).map_err(|_| bad())
    }
}

/// A text that is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAmount(String);

impl fmt::Display for NotAnAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not an amount of US dollars (write a decimal such as \"0.15\")", self.0)
    }
}

impl std::error::Error for NotAnAmount {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_and_read_exactly() {
        for (text, pico) in [("0", 0), ("0.00012", 120_000_000), ("12.5", 12_500_000_000_000), ("-0.000000000001", -1)]
        {
            assert_eq!(Usd::from_pico(pico).to_string(), text);
            assert_eq!(text.parse(), Ok(Usd::from_pico(pico)));
        }
        assert_eq!("1.13e-05".parse(), Ok(Usd::from_pico(11_300_000)));
        assert_eq!("3E2".parse(), Ok(Usd::from_pico(300_000_000_000_000)));
        assert_eq!("0.0000000000005".parse(), Ok(Usd::from_pico(1)), "half a pico-dollar rounds away from zero");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".", "1,5", "NaN", "inf", "1e99", "1e-", "99999999999", "0x10", "1 "] {
            assert!(text.parse::<Usd>().is_err(), "{text:?}");
        }
        assert_eq!(Usd::from_f64(f64::NAN), None);
        assert_eq!(Usd::from_f64(1e30), None);
        assert_eq!(Usd::from_f64(0.000_209_999_999_999_999_98), Some(Usd::from_pico(210_000_000)));
    }
}
