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
    if is_clean_text(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text[..text.floor_char_boundary(LONGEST_TEXT)].replace('\0', ""))
}

/// A count of tokens, if a call can have it.
pub(super) fn tokens(count: Option<u64>) -> Option<i64> {
    count.filter(|count| *count <= MOST_TOKENS).and_then(|count| i64::try_from(count).ok())
}

/// A JSON value without NUL in its texts and names. What lies too deep is cut off: SQLite and Postgres refuse it, and
/// writing it could exhaust the stack. Nearly every value is clean, and stays as it is.
pub(super) fn json(value: Cow<'_, Value>) -> Cow<'_, Value> {
    if is_clean(&value, 0) { value } else { Cow::Owned(json_at(value.into_owned(), 0)) }
}

/// The members of an object by their names, all clean; what is not makes a value of all of them.
pub(super) fn object<'a>(members: Vec<(&'a str, Cow<'a, Value>)>) -> Result<Vec<(&'a str, Cow<'a, Value>)>, Value> {
    if members.iter().all(|(name, value)| is_clean_text(name) && is_clean(value, 1)) {
        return Ok(members);
    }
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
    Err(json_at(Value::Object(members.collect()), 0))
}

fn is_clean_text(text: &str) -> bool {
    text.len() <= LONGEST_TEXT && memchr::memchr(0, text.as_bytes()).is_none()
}

fn is_clean(value: &Value, depth: usize) -> bool {
    match value {
        Value::String(text) => is_clean_text(text),
        Value::Array(_) | Value::Object(_) if depth == DEEPEST_JSON => false,
        Value::Array(items) => items.iter().all(|item| is_clean(item, depth + 1)),
        Value::Object(fields) => fields.iter().all(|(name, value)| is_clean_text(name) && is_clean(value, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn json_at(value: Value, depth: usize) -> Value {
    match value {
        Value::String(long) if !is_clean_text(&long) => text(&long).into(),
        Value::Array(_) | Value::Object(_) if depth == DEEPEST_JSON => "(too deep)".into(),
        Value::Array(items) => items.into_iter().map(|item| json_at(item, depth + 1)).collect(),
        Value::Object(fields) => {
            let clean = fields.into_iter().map(|(name, value)| (text(&name).into_owned(), json_at(value, depth + 1)));
            Value::Object(clean.collect())
        }
        other => other,
    }
}

/// The only member of what stands in a JSON column for a value that is too long.
pub(super) const TOO_LONG: &str = "spanledger.too_long";

/// What stands in a JSON column for a text of JSON: if it is too long, a note in place of the whole, because half of a JSON
/// value is none.
pub(super) fn json_text(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_JSON {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(json!({ TOO_LONG: text.len() }).to_string())
    }
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
        let value = json!({ "a\0": ["\0b", 1], "c": "d" });
        assert_eq!(*json(Cow::Borrowed(&value)), json!({ "a": ["b", 1], "c": "d" }));
        let members: Vec<_> =
            value.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), Cow::Borrowed(value))).collect();
        assert_eq!(object(members), Err(json!({ "a": ["b", 1], "c": "d" })));
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
        let clean = super::json(Cow::Owned(deep)).to_string();
        assert!(clean.contains("(too deep)") && serde_json::from_str::<Value>(&clean).is_ok());
    }

    #[test]
    fn json_that_is_too_long_is_replaced_as_a_whole() {
        let long = Value::Array(vec![Value::Null; LONGEST_JSON]).to_string();
        assert!(json_text(&long).starts_with(r#"{"spanledger.too_long":"#));
    }
}
