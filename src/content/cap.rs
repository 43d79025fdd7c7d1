//! A value of bounded size that is still JSON, and says what it lacks.

use std::io;

use serde_json::{Value, json};

/// No string is cut shorter than this.
const SHORTEST: usize = 64;

/// The value in at most `limit` bytes of JSON. Long strings are shortened first, all at the same length, and say by how
/// much; then lists lose their older items; a value that is still too long becomes a note.
pub(super) fn cap(value: Value, limit: usize) -> Value {
    let bytes = json_bytes(&value);
    if bytes <= limit {
        return value;
    }
    let strings = std::iter::successors(Some(limit / 2), |longest| Some(longest / 2)).take_while(|n| *n >= SHORTEST);
    let lists = [256, 64, 16, 4, 1].map(|items| (SHORTEST, items));
    let shorter = strings.map(|longest| (longest, usize::MAX)).chain(lists);
    for (longest, items) in shorter {
        let mut short = value.clone();
        shorten(&mut short, longest, items);
        if json_bytes(&short) <= limit {
            return short;
        }
    }
    json!({ "spanledger.too_long": bytes })
}

/// How many bytes a value takes as JSON.
pub(super) fn json_bytes(value: &Value) -> usize {
    struct Counted(usize);
    impl io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    // Counting cannot fail.
    let _ = serde_json::to_writer(&mut counted, value);
    counted.0
}

/// A string after so many bytes, with a note of how many more there were.
pub(super) fn note(more: usize) -> String {
    format!("… ({more} more bytes)")
}

fn shorten(value: &mut Value, longest: usize, most: usize) {
    match value {
        Value::String(text) if text.len() > longest => {
            let kept = text.floor_char_boundary(longest);
            let note = note(text.len() - kept);
            text.truncate(kept);
            text.push_str(&note);
        }
        Value::Array(items) => {
            if items.len() > most {
                let gone = items.len() - most;
                items.splice(..gone, [Value::String(format!("({gone} more)"))]);
            }
            items.iter_mut().for_each(|item| shorten(item, longest, most));
        }
        Value::Object(members) => members.values_mut().for_each(|member| shorten(member, longest, most)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let value = json!([{"role": "user", "content": "ö".repeat(100)}]);
        assert_eq!(cap(value.clone(), json_bytes(&value)), value);
    }

    #[test]
    fn long_strings_are_shortened_at_a_character_and_say_by_how_much() {
        let value = json!([{"role": "user", "content": "ö".repeat(1000)}, {"role": "assistant", "content": "short"}]);
        let capped = cap(value, 1000);
        assert_eq!(capped[0]["content"], format!("{}… (1500 more bytes)", "ö".repeat(250)));
        assert_eq!(capped[1]["content"], "short");
    }

    #[test]
    fn the_newest_items_of_a_long_list_stay() {
        let value: Value = (0..10_000).map(|number| json!({"role": "user", "content": number})).collect();
        let capped = cap(value, 10_000);
        assert_eq!(capped[0], "(9744 more)");
        assert_eq!(capped.as_array().unwrap().last().unwrap()["content"], 9999);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<i64>().prop_map(Value::from), ".{0,300}".prop_map(Value::from)];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map("[a-z]{1,40}", inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_is_longer_than_its_limit(value in value(), limit in 40_usize..4000) {
            prop_assert!(json_bytes(&cap(value, limit)) <= limit);
        }
    }
}
