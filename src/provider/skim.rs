//! Looks over a message of a stream without parsing it.
//!
//! Nearly all messages of a stream say the same as the one before, but for a word of the answer. Once a reader has seen
//! ids, models and the first content, it asks here whether a message can say anything else, and parses only those that can.
//! (One that fits the [`pattern`](super::pattern) of the one before is not even searched.) A wrong "maybe" costs a
//! microsecond; there is no wrong "no", because a key cannot hide: quotes inside a JSON string are escaped.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// A key of a JSON object, with its quotes.
#[derive(Debug)]
pub(super) struct Key(LazyLock<Finder<'static>>);

macro_rules! keys {
    ($($name:ident = $key:literal;)*) => {
        $(pub(super) static $name: Key = Key(LazyLock::new(|| Finder::new(concat!('"', $key, '"'))));)*
    };
}

keys! {
    DONE = "done";
    ERROR = "error";
    FINISH_REASON = "finish_reason";
    LOGPROBS = "logprobs";
    REFUSAL = "refusal";
    TIMINGS = "timings";
    USAGE = "usage";
}

impl Key {
    /// Whether this key holds nothing but `empty` (`null`, `[]`, `false`), wherever it stands in the message.
    pub(super) fn is_only(&self, empty: &str, json: &[u8]) -> bool {
        self.0.find_iter(json).all(|at| self.is_followed_by(empty, &json[at..]))
    }

    /// As [`is_only`](Self::is_only), where the key is there at all: one search for both.
    pub(super) fn is_there_with_only(&self, empty: &str, json: &[u8]) -> bool {
        let mut places = self.0.find_iter(json).map(|at| self.is_followed_by(empty, &json[at..]));
        places.next() == Some(true) && places.all(|is_empty| is_empty)
    }

    fn is_followed_by(&self, empty: &str, from_key: &[u8]) -> bool {
        let rest = from_key[self.0.needle().len()..].trim_ascii_start();
        rest.strip_prefix(b":").is_some_and(|rest| rest.trim_ascii_start().starts_with(empty.as_bytes()))
    }

    /// Whether this key is there.
    pub(super) fn is_in(&self, json: &[u8]) -> bool {
        self.0.find(json).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_holds_something_is_seen_wherever_it_stands() {
        for json in [r#"{"a":[{"usage":null},{"usage" : {}}]}"#, r#"{"usage"#, r#"{"usage""#, r#"{"usage":"null"}"#] {
            assert_eq!(USAGE.is_only("null", json.as_bytes()), json == r#"{"usage"#, "{json}");
        }
        for json in [r#"{"usage":null}"#, "{\"usage\" :\n null}", "{}", r#"{"text":"\"usage\": 7"}"#] {
            assert!(USAGE.is_only("null", json.as_bytes()), "{json}");
        }
    }
}
