//! Bytes as small hexadecimal digits: ids are written so, several times a call.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of these bytes, two each.
pub(crate) fn digits(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)])
}
