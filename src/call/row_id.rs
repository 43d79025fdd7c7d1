//! The id of a row.

use std::{fmt, str::FromStr};

use crate::hex;

/// The id of a row in `usage_log`: a UUID hashed from the call's key (trace id, span id, started at).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub [u8; 16]);

impl RowId {
    /// The text, as [`Display`](fmt::Display) writes it.
    pub(crate) fn text(self) -> String {
        self.digits(&mut [0; 36]).to_owned()
    }

    fn digits(self, buffer: &mut [u8; 36]) -> &str {
        let mut at = 0;
        for (index, byte) in self.0.into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                buffer[at] = b'-';
                at += 1;
            }
            buffer[at..at + 2].copy_from_slice(&hex::pair(byte));
            at += 2;
        }
        std::str::from_utf8(buffer).unwrap_or_default()
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits(&mut [0; 36]))
    }
}

impl FromStr for RowId {
    type Err = NotARowId;

    fn from_str(text: &str) -> Result<Self, NotARowId> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        let mut id = [0; 16];
        if digits.len() != 32 {
            return Err(NotARowId);
        }
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            let hex = |digit: u8| char::from(digit).to_digit(16).ok_or(NotARowId);
            *byte = u8::try_from(hex(pair[0])? * 16 + hex(pair[1])?).map_err(|_| NotARowId)?;
        }
        Ok(Self(id))
    }
}

/// A text that is no row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARowId;

impl fmt::Display for NotARowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row id is a UUID, such as 0f8fad5b-d9cb-569f-a165-70867728950e")
    }
}

impl std::error::Error for NotARowId {}
