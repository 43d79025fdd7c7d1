//! Bytes as small hexadecimal digits: ids are written so, several times a call.

/// The two digits of a byte.
pub(crate) fn pair(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}
