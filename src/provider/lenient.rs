//! Types for fields that must never cost the rest of a message.
//!
//! A provider may send `null` for an object, `28.0` for a count, a string where an object was expected. Each type here
//! takes whatever comes: what fits is kept, what does not is passed over as if it were absent. So a struct of these, with
//! `#[serde(default)]`, is read from any valid JSON object. Text is borrowed where it holds no escapes.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};
use serde_json::value::RawValue;

/// Reads one JSON document; what follows it is not looked at. `None`: it is none, or not of this kind.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    T::deserialize(&mut serde_json::Deserializer::from_slice(json)).ok()
}

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

/// A text, or an integer written as one (error codes and enums come as both).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, unless there is none or an empty one.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// Whether it is exactly this word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.0.as_deref() == Some(word)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Text<'de>;
            anything!();
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Text(None))
            }
            otherwise! { bool null seq map }
        }
        from.deserialize_any(It)
    }
}

/// A count: a whole number from 0, also as a float or as digits in a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count(pub(super) Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Count;
            anything!();
            fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
                Ok(Count(Some(number)))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(number).ok()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Count, E> {
                // Beyond 2^53 a float no longer counts by ones.
                Ok(Count((0.0..9e15).contains(&number).then(|| number.round() as u64)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Count, E> {
                Ok(Count(text.parse().ok()))
            }
            otherwise! { bool null seq map }
        }
        from.deserialize_any(It)
    }
}

/// A number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Number(pub(super) Option<f64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Number;
            anything!();
            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(Some(number as f64)))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(Some(number as f64)))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number.is_finite().then_some(number)))
            }
            otherwise! { bool str null seq map }
        }
        from.deserialize_any(It)
    }
}

/// A whole number of either sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Integer(pub(super) Option<i64>);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Integer;
            anything!();
            fn visit_u64<E>(self, number: u64) -> Result<Integer, E> {
                Ok(Integer(i64::try_from(number).ok()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Integer, E> {
                Ok(Integer(Some(number)))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Integer, E> {
                Ok(Integer((number.abs() < 9e15 && number.fract() == 0.0).then_some(number as i64)))
            }
            otherwise! { bool str null seq map }
        }
        from.deserialize_any(It)
    }
}

/// Yes or no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flag(pub(super) Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Flag;
            anything!();
            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(Some(flag)))
            }
            otherwise! { number str null seq map }
        }
        from.deserialize_any(It)
    }
}

/// Whether there is anything: not `null`, not empty. What it is, nobody looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Filled(pub(super) bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Filled;
            anything!();
            fn visit_bool<E>(self, _: bool) -> Result<Filled, E> {
                Ok(Filled(true))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Filled, E> {
                Ok(Filled(true))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Filled, E> {
                Ok(Filled(true))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Filled, E> {
                Ok(Filled(true))
            }
            fn visit_str<E>(self, text: &str) -> Result<Filled, E> {
                Ok(Filled(!text.is_empty()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Filled, A::Error> {
                let mut filled = false;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    filled = true;
                }
                Ok(Filled(filled))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Filled, A::Error> {
                let mut filled = false;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    filled = true;
                }
                Ok(Filled(filled))
            }
            otherwise! { null }
        }
        from.deserialize_any(It)
    }
}

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for It<T> {
            type Value = Object<T>;
            anything!();
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|object| Object(Some(object)))
            }
            otherwise! { bool number str null seq }
        }
        from.deserialize_any(It(PhantomData))
    }
}

/// An array of objects; what is no object in it is left out. One object in its place is an array of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Objects<T>(pub(super) Vec<T>);

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Objects<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for It<T> {
            type Value = Objects<T>;
            anything!();
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(Object(one)) = seq.next_element()? {
                    all.extend(one);
                }
                Ok(Objects(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| Objects(vec![one]))
            }
            otherwise! { bool number str null }
        }
        from.deserialize_any(It(PhantomData))
    }
}

/// An array of one of the types above. One string in its place is an array of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for It<T> {
            type Value = List<T>;
            anything!();
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(List(all))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let text: StrDeserializer<'_, E> = text.into_deserializer();
                T::deserialize(text).map(|one| List(vec![one]))
            }
            otherwise! { bool number null map }
        }
        from.deserialize_any(It(PhantomData))
    }
}

/// A text or an object; of an array, the first object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum TextOr<'a, T> {
    #[default]
    Neither,
    Text(Text<'a>),
    Object(T),
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for TextOr<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for It<T> {
            type Value = TextOr<'de, T>;
            anything!();
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(Text(Some(Cow::Borrowed(text)))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(Text(Some(Cow::Owned(text.to_owned())))))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(TextOr::Object)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut first = TextOr::Neither;
                while let Some(Object(one)) = seq.next_element()? {
                    if let (TextOr::Neither, Some(one)) = (&first, one) {
                        first = TextOr::Object(one);
                    }
                }
                Ok(first)
            }
            otherwise! { bool number null }
        }
        from.deserialize_any(It(PhantomData))
    }
}

/// The JSON text of a value, whatever it is: for what must not pass through a float.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Raw<'a>(Option<&'a RawValue>);

impl<'a> Raw<'a> {
    /// The text, unless there is none or `null`.
    pub(super) fn get(self) -> Option<&'a str> {
        self.0.map(RawValue::get).filter(|json| *json != "null")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(|json| Raw(Some(json)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Sample<'a> {
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
    struct Inner {
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
            assert_eq!(read::<Count>(odd.as_bytes()), Some(Count(None)), "{odd}");
        }
        assert_eq!(read::<Text<'_>>(b"429").unwrap().get(), Some("429"), "codes come as numbers too");
    }

    #[test]
    fn blanks_before_and_anything_behind_a_document_do_no_harm() {
        assert_eq!(read::<Count>(b"\n\n 5 \n\n!"), Some(Count(Some(5))));
    }
}
