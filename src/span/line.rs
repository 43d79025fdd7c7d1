//! Record → one line of OTLP JSON, borrowing everything: a call as a span, everything else as an event.

use std::io::Write as _;

use serde_json::Value;

use super::{
    Dialect, names,
    write::{AttributeName, AttributeValue, Attributes, name_parts, write},
};
use crate::{
    call::{Call, Record},
    hex,
};

mod event;

pub(crate) use event::{configuration, content, later, score};

/// OTLP's number of the kind *client*.
const KIND_CLIENT: u64 = 3;
/// OTLP's number of the status *error*.
const STATUS_ERROR: u8 = 2;

/// A record as a line, without a line end.
#[cfg_attr(not(any(feature = "cli", fuzzing)), expect(dead_code, reason = "only an import takes records as they come"))]
pub(crate) fn record(record: &Record) -> Vec<u8> {
    match record {
        Record::Call(it) => call(it),
        Record::Later(it) => later(it),
        Record::Score(it) => score(it),
        Record::Configuration(it) => configuration(it),
        Record::Content(it) => content(it),
    }
}

/// A call as an `ExportTraceServiceRequest` with one span, without a line end.
pub(crate) fn call(call: &Call) -> Vec<u8> {
    // Most are of some 3 KB.
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    resource(call.service_name.as_deref(), call.environment.as_deref(), &mut out);
    out.extend_from_slice(b"]},\"scopeSpans\":[{\"scope\":");
    scope(&mut out);
    out.extend_from_slice(b",\"spans\":[{");
    let identity = &call.identity;
    out.extend_from_slice(b"\"traceId\":\"");
    id(identity.trace_id.to_bytes(), &mut out);
    out.extend_from_slice(b"\",\"spanId\":\"");
    id(identity.span_id.to_bytes(), &mut out);
    out.extend_from_slice(b"\",\"parentSpanId\":\"");
    if let Some(parent) = identity.parent_span_id {
        id(parent.to_bytes(), &mut out);
    }
    out.extend_from_slice(b"\",\"name\":\"");
    let (operation, model) = name_parts(call);
    within(operation, &mut out);
    if let Some(model) = model {
        out.push(b' ');
        within(model, &mut out);
    }
    out.extend_from_slice(b"\",\"kind\":");
    number(KIND_CLIENT, &mut out);
    out.extend_from_slice(b",\"startTimeUnixNano\":\"");
    number(call.started_at.unix_nanos(), &mut out);
    out.extend_from_slice(b"\",\"endTimeUnixNano\":\"");
    number(call.ended_at.unix_nanos(), &mut out);
    out.extend_from_slice(b"\",\"attributes\":[");
    let mut attributes = JsonAttributes::new(&mut out);
    attributes.put(AttributeName::Fixed(names::SOURCE), AttributeValue::Word(call.source.as_str()));
    write(call, Dialect::Latest, &mut attributes);
    out.extend_from_slice(b"],\"status\":{");
    if call.outcome.is_error() {
        let _ = write!(out, "\"code\":{STATUS_ERROR}");
    }
    out.extend_from_slice(b"}}]}]}]}");
    out
}

fn resource(service: Option<&str>, environment: Option<&str>, out: &mut Vec<u8>) {
    let mut attributes = JsonAttributes::new(out);
    for (name, value) in [(names::SERVICE_NAME, service), (names::ENVIRONMENT, environment)] {
        if let Some(value) = value {
            attributes.put(AttributeName::Fixed(name), AttributeValue::Text(value));
        }
    }
}

fn scope(out: &mut Vec<u8>) {
    const SCOPE: &str =
        concat!("{\"name\":\"", env!("CARGO_PKG_NAME"), "\",\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}");
    out.extend_from_slice(SCOPE.as_bytes());
}

fn id<const BYTES: usize>(id: [u8; BYTES], out: &mut Vec<u8>) {
    for byte in id {
        out.extend_from_slice(&hex::pair(byte));
    }
}

fn number(number: u64, out: &mut Vec<u8>) {
    // Writing into memory cannot fail. Formatting it would take thrice as long.
    let _ = serde_json::to_writer(out, &number);
}

/// What stands between the quotes of a JSON string: escaped.
fn within(text: &str, out: &mut Vec<u8>) {
    // Without branches, so that many bytes are looked at together.
    let escaped = text.bytes().fold(false, |any, byte| any | (byte < b' ') | (byte == b'"') | (byte == b'\\'));
    if escaped {
        let quote = out.len();
        // Writing a string into memory cannot fail.
        let _ = serde_json::to_writer(&mut *out, text);
        out.pop();
        out.remove(quote);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Attributes as OTLP JSON: `{"key":…,"value":{…}}`, comma-separated.
pub(crate) struct JsonAttributes<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> JsonAttributes<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, first: true }
    }
}

impl Attributes for JsonAttributes<'_> {
    fn put(&mut self, name: AttributeName<'_>, value: AttributeValue<'_>) {
        self.out.extend_from_slice(if self.first { b"{\"key\":\"" } else { b",{\"key\":\"" });
        self.first = false;
        match name {
            // Names of ours need no escapes.
            AttributeName::Fixed(name) => self.out.extend_from_slice(name.as_bytes()),
            AttributeName::Prefixed(prefix, rest) => {
                self.out.extend_from_slice(prefix.as_bytes());
                within(rest, self.out);
            }
            AttributeName::Given(name) => within(name, self.out),
        }
        self.out.extend_from_slice(b"\",\"value\":");
        any_value(value, self.out);
        self.out.push(b'}');
    }
}

/// OTLP's `AnyValue`. Integers are texts there; an empty value stands for null.
fn any_value(value: AttributeValue<'_>, out: &mut Vec<u8>) {
    match value {
        AttributeValue::Text(value) | AttributeValue::Word(value) => {
            tagged(b"{\"stringValue\":\"", b"\"}", out, |out| {
                within(value, out);
            })
        }
        AttributeValue::Int(value) => tagged(b"{\"intValue\":\"", b"\"}", out, |out| {
            let _ = serde_json::to_writer(out, &value);
        }),
        AttributeValue::Double(value) => tagged(b"{\"doubleValue\":", b"}", out, |out| {
            let _ = serde_json::to_writer(out, &value);
        }),
        AttributeValue::Bool(true) => out.extend_from_slice(b"{\"boolValue\":true}"),
        AttributeValue::Bool(false) => out.extend_from_slice(b"{\"boolValue\":false}"),
        AttributeValue::Texts(values) => list(values.iter().map(|value| AttributeValue::Text(value)), out),
        AttributeValue::Json(value) => match value {
            Value::Null => out.extend_from_slice(b"{}"),
            Value::Bool(value) => any_value(AttributeValue::Bool(*value), out),
            Value::String(value) => any_value(AttributeValue::Text(value), out),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => any_value(AttributeValue::Int(whole), out),
                (None, Some(double)) => any_value(AttributeValue::Double(double), out),
                (None, None) => out.extend_from_slice(b"{}"),
            },
            Value::Array(values) => list(values.iter().map(AttributeValue::Json), out),
            Value::Object(members) => tagged(b"{\"kvlistValue\":{\"values\":[", b"]}}", out, |out| {
                let mut attributes = JsonAttributes::new(out);
                for (name, value) in members {
                    attributes.put(AttributeName::Given(name), AttributeValue::Json(value));
                }
            }),
        },
    }
}

fn list<'a>(values: impl Iterator<Item = AttributeValue<'a>>, out: &mut Vec<u8>) {
    tagged(b"{\"arrayValue\":{\"values\":[", b"]}}", out, |out| {
        for (index, value) in values.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            any_value(value, out);
        }
    });
}

fn tagged(open: &[u8], close: &[u8], out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(open);
    write(out);
    out.extend_from_slice(close);
}
