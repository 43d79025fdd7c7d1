//! Halves of surrogate pairs that stand alone: `"\ud83d"`, as a program writes that cuts UTF-16 in the middle of an emoji. They
//! are no text, so no reader of JSON takes the document that they stand in, and its usage would be lost with it.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use memchr::memmem::Finder;
use serde_json::Value;

static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r"\u"));

/// The document with U+FFFD in the place of each half that stands alone. Nearly every document stays as it is.
pub(crate) fn joined(json: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| ESCAPE.find(rest)) {
        let escape = at + found;
        at = escape + 2;
        let backslashes = json[..escape].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 1 {
            // It is the backslash that is escaped.
            continue;
        }
        let Some(unit) = unit(json, escape) else { continue };
        at = escape + 6;
        if HIGH.contains(&unit) && self::unit(json, at).is_some_and(|next| LOW.contains(&next)) {
            at += 6;
        } else if HIGH.contains(&unit) || LOW.contains(&unit) {
            mended.to_mut()[escape + 2..escape + 6].copy_from_slice(b"fffd");
        }
    }
    mended
}

/// The document, if it is one but for such halves.
pub(crate) fn json(json: &[u8]) -> Option<Value> {
    serde_json::from_slice(json).or_else(|_| serde_json::from_slice(&joined(json))).ok()
}

const HIGH: Range<u16> = 0xd800..0xdc00;
const LOW: Range<u16> = 0xdc00..0xe000;

/// The number in `\uXXXX`.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(br"\u")?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(json: &str) -> String {
        super::json(json.as_bytes()).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn a_half_alone_becomes_the_sign_for_what_is_no_text_and_pairs_stay() {
        assert_eq!(text(r#""\ud83d""#), "\u{fffd}");
        assert_eq!(text(r#""\uD83D\uDE00""#), "\u{1f600}");
        assert_eq!(text(r#""\ude00\ud83d""#), "\u{fffd}\u{fffd}");
        assert_eq!(text(r#""\ud83d\ud83d\ude00x""#), "\u{fffd}\u{1f600}x");
        assert_eq!(text(r#""\\ud83d \\\ud83d""#), "\\ud83d \\\u{fffd}");
        assert_eq!(joined(br#""\ud8""#), &br#""\ud8""#[..], "what is no escape is left alone");
        assert!(matches!(joined(r#""ä\u00e9\n""#.as_bytes()), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn whatever_stands_in_escapes_is_text_afterwards(units in prop::collection::vec(any::<u16>(), 0..20)) {
            let json: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let text = text(&format!("\"{json}\""));
            let expected = String::from_utf16_lossy(&units);
            prop_assert_eq!(text, expected);
        }
    }
}
