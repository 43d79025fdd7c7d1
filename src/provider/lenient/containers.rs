//! Objects, arrays, and what may be one or the other.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};
use serde_json::value::RawValue;

use super::Text;

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) struct Object<T>(pub(in crate::provider) Option<T>);

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
pub(in crate::provider) struct Objects<T>(pub(in crate::provider) Vec<T>);

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
pub(in crate::provider) struct List<T>(pub(in crate::provider) Vec<T>);

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
pub(in crate::provider) enum TextOr<'a, T> {
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
pub(in crate::provider) struct Raw<'a>(Option<&'a RawValue>);

impl<'a> Raw<'a> {
    /// The text, unless there is none or `null`.
    pub(in crate::provider) fn get(self) -> Option<&'a str> {
        self.0.map(RawValue::get).filter(|json| *json != "null")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(|json| Raw(Some(json)))
    }
}
