//! Call → one line of OTLP JSON, borrowing everything.

use std::io::Write as _;

use serde_json::Value;

use super::{
    Dialect, names,
    write::{AttributeName, AttributeValue, Attributes, Writer, write, write_trust},
};
use crate::call::{Call, Later};

/// OTLP's number of the kind *client*.
const KIND_CLIENT: u8 = 3;
/// OTLP's number of the status *error*.
const STATUS_ERROR: u8 = 2;

/// A call as an `ExportTraceServiceRequest` with one span, without a line end.
pub(crate) fn call(call: &Call) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    out.extend_from_slice(b"{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    resource(call.service_name.as_deref(), call.environment.as_deref(), &mut out);
    out.extend_from_slice(b"]},\"scopeSpans\":[{\"scope\":");
    scope(&mut out);
    out.extend_from_slice(b",\"spans\":[{");
    let identity = &call.identity;
    let parent = identity.parent_span_id.map(|id| id.to_string()).unwrap_or_default();
    let _ = write!(
        out,
        "\"traceId\":\"{}\",\"spanId\":\"{}\",\"parentSpanId\":\"{parent}\",\"name\":",
        identity.trace_id, identity.span_id
    );
    text(&super::write::span_name(call), &mut out);
    let _ = write!(
        out,
        ",\"kind\":{KIND_CLIENT},\"startTimeUnixNano\":\"{}\",\"endTimeUnixNano\":\"{}\",\"attributes\":[",
        call.started_at.unix_nanos(),
        call.ended_at.unix_nanos()
    );
    let mut attributes = JsonAttributes::new(&mut out);
    attributes.put(AttributeName::Fixed(names::SOURCE), AttributeValue::Text(call.source.as_str()));
    write(call, Dialect::Latest, &mut attributes);
    out.extend_from_slice(b"],\"status\":{");
    if call.outcome.is_error() {
        let _ = write!(out, "\"code\":{STATUS_ERROR}");
    }
    out.extend_from_slice(b"}}]}]}]}");
    out
}

/// What was learnt later, as an `ExportLogsServiceRequest` with one event, without a line end.
pub(crate) fn later(later: &Later) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"scope\":");
    scope(&mut out);
    let _ = write!(
        out,
        ",\"logRecords\":[{{\"timeUnixNano\":\"{}\",\"eventName\":\"{}\",\"attributes\":[",
        later.recorded_at.unix_nanos(),
        names::LATER_EVENT
    );
    let mut attributes = JsonAttributes::new(&mut out);
    let mut writer = Writer(&mut attributes);
    writer.text(names::ROW_ID, Some(&later.row_id.to_string()));
    write_trust(&later.trust, &mut writer);
    out.extend_from_slice(b"]}]}]}]}");
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

/// A JSON string, escaped.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    // Without branches, so that many bytes are looked at together.
    let escaped = text.bytes().fold(false, |any, byte| any | (byte < b' ') | (byte == b'"') | (byte == b'\\'));
    if escaped {
        // Writing a string into memory cannot fail.
        let _ = serde_json::to_writer(out, text);
    } else {
        plain(text, out);
    }
}

/// A JSON string that needs no escapes.
fn plain(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
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
        self.out.extend_from_slice(if self.first { b"{\"key\":" } else { b",{\"key\":" });
        self.first = false;
        match name {
            AttributeName::Fixed(name) => plain(name, self.out),
            AttributeName::Given(name) => text(name, self.out),
            AttributeName::Prefixed(prefix, rest) => {
                text(prefix, self.out);
                self.out.pop();
                let at = self.out.len();
                text(rest, self.out);
                self.out.remove(at);
            }
        }
        self.out.extend_from_slice(b",\"value\":");
        any_value(value, self.out);
        self.out.push(b'}');
    }
}

/// OTLP's `AnyValue`. Integers are texts there; an empty value stands for null.
fn any_value(value: AttributeValue<'_>, out: &mut Vec<u8>) {
    match value {
        AttributeValue::Text(value) => tagged("stringValue", out, |out| text(value, out)),
        AttributeValue::Int(value) => tagged("intValue", out, |out| {
            out.push(b'"');
            let _ = serde_json::to_writer(&mut *out, &value);
            out.push(b'"');
        }),
        AttributeValue::Double(value) => tagged("doubleValue", out, |out| {
            let _ = serde_json::to_writer(out, &value);
        }),
        AttributeValue::Bool(value) => tagged("boolValue", out, |out| {
            out.extend_from_slice(if value { b"true" } else { b"false" });
        }),
        AttributeValue::Texts(values) => tagged("arrayValue", out, |out| {
            list(values.iter().map(|value| AttributeValue::Text(value)), out);
        }),
        AttributeValue::Json(value) => match value {
            Value::Null => out.extend_from_slice(b"{}"),
            Value::Bool(value) => any_value(AttributeValue::Bool(*value), out),
            Value::String(value) => any_value(AttributeValue::Text(value), out),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => any_value(AttributeValue::Int(whole), out),
                (None, Some(double)) => any_value(AttributeValue::Double(double), out),
                (None, None) => out.extend_from_slice(b"{}"),
            },
            Value::Array(values) => tagged("arrayValue", out, |out| {
                list(values.iter().map(AttributeValue::Json), out);
            }),
            Value::Object(members) => tagged("kvlistValue", out, |out| {
                out.extend_from_slice(b"{\"values\":[");
                let mut attributes = JsonAttributes::new(out);
                for (name, value) in members {
                    attributes.put(AttributeName::Given(name), AttributeValue::Json(value));
                }
                out.extend_from_slice(b"]}");
            }),
        },
    }
}

fn tagged(kind: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'{');
    plain(kind, out);
    out.push(b':');
    write(out);
    out.push(b'}');
}

fn list<'a>(values: impl Iterator<Item = AttributeValue<'a>>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"values\":[");
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        any_value(value, out);
    }
    out.extend_from_slice(b"]}");
}
