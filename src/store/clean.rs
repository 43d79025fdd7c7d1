//! What may be stored: no NUL (Postgres refuses the whole batch for one), nothing endless, no number that no call can have.

use std::borrow::Cow;

use serde_json::{Value, json};

/// The longest text of a column, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;
/// The longest JSON of a column, in bytes.
const LONGEST_JSON: usize = 1024 * 1024;
/// The deepest JSON of a column: what `serde_json` reads at most.
const DEEPEST_JSON: usize = 127;
/// No call has a trillion tokens. More is a mistake or malice, and one such row would overflow everybody's `SUM` for ever.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// A text without NUL, cut at the longest that is stored.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let cut = &text[..text.floor_char_boundary(LONGEST_TEXT)];
    if cut.contains('\0') { Cow::Owned(cut.replace('\0', "")) } else { Cow::Borrowed(cut) }
}

/// A count of tokens, if a call can have it.
pub(super) fn tokens(count: Option<u64>) -> Option<i64> {
    count.filter(|count| *count <= MOST_TOKENS).and_then(|count| i64::try_from(count).ok())
}

/// A JSON value without NUL in its texts and names. What lies too deep is cut off: SQLite and Postgres refuse it, and
/// writing it could exhaust the stack.
pub(super) fn json(value: Value) -> Value {
    json_at(value, 0)
}

fn json_at(value: Value, depth: usize) -> Value {
    match value {
        Value::String(long) if long.len() > LONGEST_TEXT || long.contains('\0') => text(&long).into(),
        Value::Array(_) | Value::Object(_) if depth == DEEPEST_JSON => "(too deep)".into(),
        Value::Array(items) => items.into_iter().map(|item| json_at(item, depth + 1)).collect(),
        Value::Object(fields) => {
            let clean = fields.into_iter().map(|(name, value)| (text(&name).into_owned(), json_at(value, depth + 1)));
            Value::Object(clean.collect())
        }
        other => other,
    }
}

/// The text of a JSON column. What is too long is replaced as a whole: half of a JSON value is none.
pub(super) fn json_text(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= LONGEST_JSON { text } else { json!({ "spanledger.too_long": text.len() }).to_string() }
}

/// A hash of a row's content (FNV-1a), the same on every machine and for ever: it only breaks ties between versions.
#[derive(Debug)]
pub(super) struct Hash(u64);

impl Hash {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one field; its end is part of the hash.
    pub(super) fn field(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) const fn finish(self) -> i64 {
        self.0.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_their_nul_and_their_endless_tail() {
        assert_eq!(text("a\0b"), "ab");
        assert_eq!(text(&"ä".repeat(LONGEST_TEXT)).len(), LONGEST_TEXT);
        assert_eq!(json(json!({ "a\0": ["\0b", 1] })), json!({ "a": ["b", 1] }));
    }

    #[test]
    fn counts_that_no_call_can_have_are_unknown() {
        assert_eq!(tokens(Some(0)), Some(0));
        assert_eq!(tokens(Some(u64::MAX)), None);
        assert_eq!(tokens(Some(i64::MAX as u64)), None);
    }

    #[test]
    fn json_that_is_too_deep_is_cut_off_where_it_can_still_be_read() {
        let deep = (0..500).fold(json!(1), |inner, _| json!([inner]));
        let clean = super::json(deep).to_string();
        assert!(clean.contains("(too deep)") && serde_json::from_str::<Value>(&clean).is_ok());
    }

    #[test]
    fn json_that_is_too_long_is_replaced_as_a_whole() {
        let long = Value::Array(vec![Value::Null; LONGEST_JSON]);
        assert!(json_text(&long).starts_with(r#"{"spanledger.too_long":"#));
    }
}
