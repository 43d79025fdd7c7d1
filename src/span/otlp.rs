//! The shapes of OTLP JSON, taken apart in one pass over the text, with texts borrowed: of what a line holds beside the
//! attributes of its calls (names, kinds, events, links, its checksum) nothing is built.
//!
//! Nothing here fails but bytes that are no JSON. What has another shape than it should have is as good as not there, and of
//! two members with one name the later counts.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;

use super::json::{Json, Name};

mod own;

/// Attributes in their order; of two with one name the later counts.
pub(super) type Attributes<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// One line: an `ExportTraceServiceRequest` or an `ExportLogsServiceRequest`. `None`: there is no such list.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    pub(super) spans: Option<Vec<OfResource<'a, Span<'a>>>>,
    pub(super) logs: Option<Vec<OfResource<'a, LogRecord<'a>>>>,
}

/// The spans or log records of one resource, by scope.
#[derive(Debug)]
pub(super) struct OfResource<'a, T> {
    pub(super) resource: Attributes<'a>,
    pub(super) scopes: Vec<Items<T>>,
}

/// The spans or log records of one scope.
#[derive(Debug)]
pub(super) struct Items<T>(pub(super) Vec<T>);

/// What we read of a span.
#[derive(Debug, Default)]
pub(super) struct Span<'a> {
    pub(super) trace_id: Json<'a>,
    pub(super) span_id: Json<'a>,
    pub(super) parent_span_id: Json<'a>,
    pub(super) start: Json<'a>,
    pub(super) end: Json<'a>,
    pub(super) status: Json<'a>,
    pub(super) attributes: Attributes<'a>,
}

/// What we read of a log record.
#[derive(Debug, Default)]
pub(super) struct LogRecord<'a> {
    pub(super) event_name: Json<'a>,
    pub(super) time: Json<'a>,
    pub(super) attributes: Attributes<'a>,
}

impl<'a> Line<'a> {
    /// A document, complete and with nothing behind it.
    pub(super) fn read(bytes: &'a [u8]) -> serde_json::Result<Self> {
        match std::str::from_utf8(bytes) {
            Ok(text) => own::line(text).map_or_else(|| Self::any(text), Ok),
            // For its words on what is wrong.
            Err(_) => serde_json::from_slice::<Json<'_>>(bytes).map(|_| Self::default()),
        }
    }

    /// The long way, whoever wrote it.
    fn any(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(|Loose(line)| line)
    }

    /// Whether a line goes the short way. If it does, both ways end with the same.
    #[cfg(all(test, feature = "ledger"))]
    pub(super) fn goes_the_short_way(text: &'a str) -> bool {
        let short = own::line(text);
        let long = || format!("{:?}", Self::any(text).ok());
        assert!(short.is_none() || format!("{short:?}") == long(), "{short:?}, not {}", long());
        short.is_some()
    }
}

/// What is read from an object or from an array; from anything else comes its default.
trait Shape<'de>: Default {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        members(map, |_, _| Ok(false))?;
        Ok(Self::default())
    }

    fn from_array<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Goes over the members of an object. `take` reads a member's value, or says that it did not.
fn members<'de, A: MapAccess<'de>>(
    mut map: A,
    mut take: impl FnMut(&Cow<'de, str>, &mut A) -> Result<bool, A::Error>,
) -> Result<(), A::Error> {
    while let Some(Name(name)) = map.next_key()? {
        if !take(&name, &mut map)? {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(())
}

/// The next member's value, of whatever shape it is.
fn value<'de, T: Shape<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    map.next_value().map(|Loose(value)| value)
}

impl<'de> Shape<'de> for Line<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut line = Self::default();
        members(map, |name, map| {
            match &**name {
                "resourceSpans" => line.spans = value::<List<_>, _>(map)?.0,
                "resourceLogs" => line.logs = value::<List<_>, _>(map)?.0,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(line)
    }
}

/// What lies in the lists of a scope, and what these are called.
trait Item<'de>: Shape<'de> {
    const SCOPES: &'static str;
    const ITEMS: &'static str;
}

impl<'de> Item<'de> for Span<'de> {
    const SCOPES: &'static str = "scopeSpans";
    const ITEMS: &'static str = "spans";
}

impl<'de> Item<'de> for LogRecord<'de> {
    const SCOPES: &'static str = "scopeLogs";
    const ITEMS: &'static str = "logRecords";
}

impl<T> Default for OfResource<'_, T> {
    fn default() -> Self {
        Self { resource: Vec::new(), scopes: Vec::new() }
    }
}

impl<'de, T: Item<'de>> Shape<'de> for OfResource<'de, T> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut of_resource = Self::default();
        members(map, |name, map| {
            match &**name {
                "resource" => of_resource.resource = value::<Resource<'_>, _>(map)?.0,
                name if name == T::SCOPES => of_resource.scopes = value::<List<_>, _>(map)?.0.unwrap_or_default(),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(of_resource)
    }
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Item<'de>> Shape<'de> for Items<T> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut items = Self::default();
        members(map, |name, map| {
            let ours = name == T::ITEMS;
            if ours {
                items.0 = value::<List<_>, _>(map)?.0.unwrap_or_default();
            }
            Ok(ours)
        })?;
        Ok(items)
    }
}

impl<'de> Shape<'de> for Span<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut span = Self::default();
        members(map, |name, map| {
            match &**name {
                "traceId" => span.trace_id = map.next_value()?,
                "spanId" => span.span_id = map.next_value()?,
                "parentSpanId" => span.parent_span_id = map.next_value()?,
                "startTimeUnixNano" => span.start = map.next_value()?,
                "endTimeUnixNano" => span.end = map.next_value()?,
                "status" => span.status = map.next_value()?,
                "attributes" => span.attributes = value::<Entries<'_>, _>(map)?.0,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(span)
    }
}

impl<'de> Shape<'de> for LogRecord<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut record = Self::default();
        members(map, |name, map| {
            match &**name {
                "eventName" => record.event_name = map.next_value()?,
                "timeUnixNano" => record.time = map.next_value()?,
                "attributes" => record.attributes = value::<Entries<'_>, _>(map)?.0,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(record)
    }
}

/// An array of shapes; `None`: it is none.
struct List<T>(Option<Vec<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Shape<'de>> Shape<'de> for List<T> {
    fn from_array<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while let Some(Loose(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Self(Some(items)))
    }
}

/// OTLP's list of `{"key", "value"}`.
#[derive(Default)]
struct Entries<'a>(Attributes<'a>);

impl<'de> Shape<'de> for Entries<'de> {
    fn from_array<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        // As many as our own lines have, about.
        let mut entries = Vec::with_capacity(32);
        while let Some(Loose(Entry { key, value })) = seq.next_element()? {
            if let (Json::Text(key), Some(AnyValue { plain, .. })) = (key, value) {
                entries.push((key, plain));
            }
        }
        Ok(Self(entries))
    }
}

#[derive(Default)]
struct Entry<'a> {
    key: Json<'a>,
    value: Option<AnyValue<'a>>,
}

impl<'de> Shape<'de> for Entry<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut entry = Self::default();
        members(map, |name, map| {
            match &**name {
                "key" => entry.key = map.next_value()?,
                "value" => entry.value = Some(value(map)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(entry)
    }
}

/// A resource is its attributes.
#[derive(Default)]
struct Resource<'a>(Attributes<'a>);

impl<'de> Shape<'de> for Resource<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        entries_of(map, "attributes").map(Self)
    }
}

/// OTLP's `KeyValueList`.
#[derive(Default)]
struct KeyValueList<'a>(Attributes<'a>);

impl<'de> Shape<'de> for KeyValueList<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        entries_of(map, "values").map(Self)
    }
}

fn entries_of<'de, A: MapAccess<'de>>(map: A, member: &str) -> Result<Attributes<'de>, A::Error> {
    let mut entries = Vec::new();
    members(map, |name, map| {
        let ours = name == member;
        if ours {
            entries = value::<Entries<'_>, _>(map)?.0;
        }
        Ok(ours)
    })?;
    Ok(entries)
}

/// OTLP's `AnyValue` as plain JSON.
#[derive(Default)]
struct AnyValue<'a> {
    plain: Json<'a>,
}

impl<'de> Shape<'de> for AnyValue<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut any = Self::default();
        // Of several kinds the first in the alphabet counts, so that nothing depends on their order.
        let mut least: Option<Cow<'_, str>> = None;
        members(map, |kind, map| {
            if least.as_ref().is_some_and(|least| least < kind) {
                return Ok(false);
            }
            any.plain = plain(kind, map)?;
            least = Some(kind.clone());
            Ok(true)
        })?;
        Ok(any)
    }
}

fn plain<'de, A: MapAccess<'de>>(kind: &str, map: &mut A) -> Result<Json<'de>, A::Error> {
    Ok(match kind {
        "stringValue" | "boolValue" | "bytesValue" => map.next_value()?,
        "intValue" => whole(map.next_value()?),
        "doubleValue" => double(&map.next_value()?),
        "arrayValue" => Json::Array(value::<ArrayValue<'_>, _>(map)?.0),
        "kvlistValue" => Json::Object(value::<KeyValueList<'_>, _>(map)?.0),
        _ => map.next_value().map(|IgnoredAny| Json::Null)?,
    })
}

/// OTLP's JSON has integers as texts.
fn whole(number: Json<'_>) -> Json<'_> {
    match number {
        Json::Text(digits) => match digits.parse::<i64>() {
            Ok(number) => Json::Number(number.into()),
            Err(_) => Json::Text(digits),
        },
        other => other,
    }
}

fn double<'a>(number: &Json<'_>) -> Json<'a> {
    number.as_f64().and_then(Number::from_f64).map_or(Json::Null, Json::Number)
}

/// OTLP's `ArrayValue`.
#[derive(Default)]
struct ArrayValue<'a>(Vec<Json<'a>>);

impl<'de> Shape<'de> for ArrayValue<'de> {
    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let mut array = Self::default();
        members(map, |name, map| {
            let ours = name == "values";
            if ours {
                let values = value::<List<AnyValue<'_>>, _>(map)?.0.unwrap_or_default();
                array.0 = values.into_iter().map(|AnyValue { plain }| plain).collect();
            }
            Ok(ours)
        })?;
        Ok(array)
    }
}

/// Any JSON, read as a shape.
struct Loose<T>(T);

impl<'de, T: Shape<'de>> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Read(PhantomData)).map(Loose)
    }
}

struct Read<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for Read<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        T::from_array(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_object(map)
    }
}
