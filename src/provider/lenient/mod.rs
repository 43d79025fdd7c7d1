//! Types for fields that must never cost the rest of a message.
//!
//! A provider may send `null` for an object, `28.0` for a count, a string where an object was expected. Each type here
//! takes whatever comes: what fits is kept, what does not is passed over as if it were absent. So a struct of these, with
//! `#[serde(default)]`, is read from any valid JSON object (but for one that has a name twice, which no provider writes). Text is borrowed where it holds no escapes.

use serde::Deserialize;

/// The visits that a type does not care for: they give its default.
macro_rules! otherwise {
    () => {};
    (bool $($rest:tt)*) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok(Default::default()) }
        otherwise! { $($rest)* }
    };
    (number $($rest:tt)*) => {
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok(Default::default()) }
        otherwise! { $($rest)* }
    };
    (str $($rest:tt)*) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok(Default::default()) }
        otherwise! { $($rest)* }
    };
    (null $($rest:tt)*) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_none<E>(self) -> Result<Self::Value, E> { Ok(Default::default()) }
        otherwise! { $($rest)* }
    };
    (seq $($rest:tt)*) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
        otherwise! { $($rest)* }
    };
    (map $($rest:tt)*) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
        otherwise! { $($rest)* }
    };
}

/// What a visitor answers when serde asks what it expected: never seen, for nothing is refused.
macro_rules! anything {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
    };
}

mod containers;
#[cfg(test)]
mod equality;
mod reader;
mod scalars;

pub(super) use containers::{List, Object, Objects, Raw, TextOr};
use reader::{Odd, Reader};
pub(super) use scalars::{Count, Filled, Flag, Integer, Number, Text};

/// Reads one JSON object; what follows it is not looked at. `None`: it is none.
///
/// (A struct would also read itself from an array, field by field: [`Object`] does not.)
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    plain(json, Reader::object).or_else(|| exact(json).and_then(|Object(object)| object))
}

/// Reads objects from an array, or a single one.
pub(super) fn read_all<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Vec<T> {
    value(json).map_or_else(Vec::new, |Objects(all)| all)
}

fn value<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    plain(json, |mut reader| T::deserialize(&mut reader)).or_else(|| exact(json))
}

/// What our own reader takes.
fn plain<'a, T>(json: &'a [u8], read: impl FnOnce(Reader<'a>) -> Result<T, Odd>) -> Option<T> {
    // Checked once as a whole, its strings need not be checked one by one.
    std::str::from_utf8(json).ok().and_then(|text| read(Reader::new(text)).ok())
}

/// As `serde_json` reads it. Where it is not UTF-8, what can be read is.
fn exact<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    match std::str::from_utf8(json) {
        Ok(text) => T::deserialize(&mut serde_json::Deserializer::from_str(text)).ok(),
        Err(_) => T::deserialize(&mut serde_json::Deserializer::from_slice(json)).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    pub(super) struct Sample<'a> {
        #[serde(borrow)]
        text: Text<'a>,
        count: Count,
        number: Number,
        integer: Integer,
        flag: Flag,
        filled: Filled,
        object: Object<Inner>,
        objects: Objects<Inner>,
        #[serde(borrow)]
        list: List<Text<'a>>,
        #[serde(borrow)]
        raw: Raw<'a>,
        after: Count,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    pub(super) struct Inner {
        a: Count,
    }

    #[test]
    fn one_odd_field_never_costs_the_rest() {
        for odd in [
            "null",
            "true",
            "1",
            "-1",
            "2.5",
            "1e300",
            r#""x""#,
            r#""\u00e9""#,
            r#""\ud83d""#,
            r#"{"\ud83d":"\ude00","a":["\ud83d"]}"#,
            "[]",
            "[1,[2],{}]",
            "{}",
            r#"{"a":{"b":[1]}}"#,
        ] {
            for name in
                ["text", "count", "number", "integer", "flag", "filled", "object", "objects", "list", "raw", "unknown"]
            {
                let json = format!(r#"{{"{name}":{odd},"after":7}}"#);
                let sample: Sample<'_> = read(json.as_bytes()).unwrap_or_else(|| panic!("{json}"));
                assert_eq!(sample.after, Count(Some(7)), "{json}");
            }
        }
    }

    #[test]
    fn what_fits_is_kept() {
        let json = br#"{"text":"a","count":28.0,"number":1,"integer":-5,"flag":true,"filled":[0],"object":{"a":1},
            "objects":[{"a":"2"},null,3],"list":"one","raw":1.10}"#;
        let sample: Sample<'_> = read(json).unwrap();
        assert_eq!(sample.text.get(), Some("a"));
        assert_eq!((sample.count.0, sample.number.0, sample.integer.0), (Some(28), Some(1.0), Some(-5)));
        assert_eq!((sample.flag.0, sample.filled.0), (Some(true), true));
        assert_eq!(sample.object.0.unwrap().a.0, Some(1));
        assert_eq!(sample.objects.0.iter().map(|inner| inner.a.0).collect::<Vec<_>>(), [Some(2)]);
        assert_eq!(sample.list.0[0].get(), Some("one"));
        assert_eq!(sample.raw.get(), Some("1.10"));
    }

    #[test]
    fn what_is_no_count_is_unknown_and_not_zero() {
        for odd in ["-1", "null", "1e300", r#""many""#, "{}"] {
            assert_eq!(value::<Count>(odd.as_bytes()), Some(Count(None)), "{odd}");
        }
        assert_eq!(value::<Text<'_>>(b"429").unwrap().get(), Some("429"), "codes come as numbers too");
    }

    #[test]
    fn blanks_before_and_anything_behind_a_document_do_no_harm() {
        assert_eq!(value::<Count>(b"\n\n 5 \n\n!"), Some(Count(Some(5))));
    }
}
