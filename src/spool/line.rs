//! One line: a JSON object whose last member is the checksum of everything before it.

use std::fmt;

use super::LONGEST_LINE;

const MEMBER: &[u8] = b"\"crc32c\":";

/// Ends the JSON object `{…}` with `,"crc32c":<u32>}` and a newline. The checksum covers every byte before that comma.
///
/// # Errors
///
/// What is no object on one line, or longer than [`LONGEST_LINE`], stays as it is.
pub fn seal(line: &mut Vec<u8>) -> Result<(), NotALine> {
    if line.len() > LONGEST_LINE - 32 {
        return Err(NotALine::TooLong(line.len()));
    }
    if line.first() != Some(&b'{')
        || line.last() != Some(&b'}')
        || line.len() < 2
        || memchr::memchr(b'\n', line).is_some()
    {
        return Err(NotALine::NoObject);
    }
    line.pop();
    let sum = crc32c::crc32c(line);
    if line.len() > 1 {
        line.push(b',');
    }
    line.extend_from_slice(MEMBER);
    line.extend_from_slice(sum.to_string().as_bytes());
    line.extend_from_slice(b"}\n");
    Ok(())
}

/// Looks at one line, without its newline: is it whole, and is its checksum right where it has one?
///
/// # Errors
///
/// Why it cannot be used. Whether it is JSON is for the reader of its JSON to say.
pub fn open(bytes: &[u8]) -> Result<Line<'_>, Unreadable> {
    let bytes = bytes.trim_ascii();
    let Some((b'{', inner)) = bytes.split_first() else {
        return Err(if bytes.iter().all(|byte| *byte == 0) { Unreadable::Zeros } else { Unreadable::Garbage });
    };
    let Some((b'}', _)) = inner.split_last() else { return Err(Unreadable::Torn) };
    let Some((covered, sum)) = checksum(bytes) else { return Ok(Line { json: bytes, checked: false }) };
    if crc32c::crc32c(covered) != sum {
        return Err(Unreadable::BadChecksum);
    }
    Ok(Line { json: bytes, checked: true })
}

/// The covered bytes and the sum, if the last member is a checksum.
fn checksum(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let body = bytes.strip_suffix(b"}")?;
    let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, digits) = body.split_at(body.len() - digits);
    let rest = rest.strip_suffix(MEMBER)?;
    let covered = rest.strip_suffix(b",").unwrap_or(rest);
    // The sum of `{}` covers the brace alone; no number at all, or one beyond u32, is nothing that we wrote.
    let sum = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((covered, sum))
}

/// A line that can be given to a JSON reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The object, its checksum member included: other readers ignore it, so can we.
    pub json: &'a [u8],
    /// Whether it had a checksum. Files of others have none.
    pub checked: bool,
}

/// Why a line cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Its end is missing.
    Torn,
    /// Its checksum is not that of its bytes.
    BadChecksum,
    /// It is made of zero bytes, as a file system leaves them after a power failure.
    Zeros,
    /// It does not begin like an object.
    Garbage,
    /// It is longer than [`LONGEST_LINE`].
    TooLong,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Torn => "torn: the end of the line is missing",
            Self::BadChecksum => "bad checksum: bytes changed after the line was written",
            Self::Zeros => "zeros: the file system lost what was written here",
            Self::Garbage => "garbage: no JSON object",
            Self::TooLong => "too long: more than 16 MiB without an end",
        })
    }
}

impl std::error::Error for Unreadable {}

/// Why something cannot become a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotALine {
    /// It is no JSON object, or has a line break in it.
    NoObject,
    /// It has this many bytes.
    TooLong(usize),
}

impl fmt::Display for NotALine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObject => f.write_str("not a JSON object on one line"),
            Self::TooLong(bytes) => write!(f, "a line of {bytes} bytes is too long for the spool (16 MiB)"),
        }
    }
}

impl std::error::Error for NotALine {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(json: &str) -> Vec<u8> {
        let mut line = json.as_bytes().to_vec();
        seal(&mut line).unwrap();
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    #[test]
    fn the_checksum_is_the_last_member_of_the_object() {
        let line = sealed(r#"{"a":"ö"}"#);
        let sum = crc32c::crc32c(r#"{"a":"ö""#.as_bytes());
        assert_eq!(String::from_utf8(line.clone()).unwrap(), format!(r#"{{"a":"ö","crc32c":{sum}}}"#));
        assert_eq!(open(&line), Ok(Line { json: &line, checked: true }));
        assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
    }

    #[test]
    fn an_empty_object_stays_json() {
        let line = sealed("{}");
        assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
        assert!(open(&line).unwrap().checked);
    }

    #[test]
    fn a_foreign_line_needs_no_checksum() {
        assert_eq!(open(b" {\"a\":1}\r"), Ok(Line { json: b"{\"a\":1}", checked: false }));
    }

    #[test]
    fn what_is_broken_says_how() {
        let line = sealed(r#"{"a":1}"#);
        assert_eq!(open(&line[..line.len() - 1]), Err(Unreadable::Torn));
        assert_eq!(open(&line[1..]), Err(Unreadable::Garbage));
        assert_eq!(open(&[0; 40]), Err(Unreadable::Zeros));
        let mut flipped = line;
        flipped[5] ^= 1;
        assert_eq!(open(&flipped), Err(Unreadable::BadChecksum));
    }

    #[test]
    fn only_an_object_on_one_line_is_sealed() {
        for text in ["", "{", "}", "[]", "{\n}", "{}\n"] {
            let mut line = text.as_bytes().to_vec();
            assert_eq!(seal(&mut line), Err(NotALine::NoObject), "{text:?}");
            assert_eq!(line, text.as_bytes());
        }
        assert!(matches!(seal(&mut vec![b'{'; LONGEST_LINE]), Err(NotALine::TooLong(_))));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_of_the_content_is_found(value: String, at: prop::sample::Index, bit in 0..8u8) {
            let mut line = sealed(&serde_json::json!({ "value": value }).to_string());
            let at = at.index(line.iter().rposition(|byte| *byte == b',').unwrap());
            line[at] ^= 1 << bit;
            prop_assert!(open(&line).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = open(&bytes);
        }
    }
}
