//! The short way through the lines that this crate writes: they always look the same, so one comparison passes over what
//! lies between two values. It takes a fifth of the work of reading them as any JSON. Everything else, and be it a line of
//! ours with a space in it, is `None` here and goes the long way; a test holds both ways to one result.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Deserializer;

use super::{ArrayValue, Attributes, Items, KeyValueList, Line, Loose, OfResource, Span, double, whole};
use crate::span::json::Json;

/// A line with one call.
pub(super) fn line(text: &str) -> Option<Line<'_>> {
    // Without branches, so that many bytes are looked at together. JSON has none of these within texts.
    if text.bytes().fold(false, |any, byte| any | (byte < b' ')) {
        return None;
    }
    let mut rest = Rest(text);
    rest.pass("{\"resourceSpans\":[{\"resource\":{\"attributes\":")?;
    let resource = rest.attributes(0)?;
    rest.pass("},\"scopeSpans\":[{\"scope\":{\"name\":")?;
    rest.text()?;
    rest.pass(",\"version\":")?;
    rest.text()?;
    rest.pass("},\"spans\":[")?;
    let span = rest.span()?;
    rest.pass("]}]}]")?;
    rest.end()?;
    let scopes = vec![Items(vec![span])];
    Some(Line { spans: Some(vec![OfResource { resource, scopes }]), logs: None })
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Passes over exactly this.
    fn pass(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    fn span(&mut self) -> Option<Span<'a>> {
        let mut span = Span::default();
        self.pass("{\"traceId\":")?;
        span.trace_id = Json::Text(self.text()?);
        self.pass(",\"spanId\":")?;
        span.span_id = Json::Text(self.text()?);
        self.pass(",\"parentSpanId\":")?;
        span.parent_span_id = Json::Text(self.text()?);
        self.pass(",\"name\":")?;
        self.text()?;
        self.pass(",\"kind\":3,\"startTimeUnixNano\":")?;
        span.start = Json::Text(self.text()?);
        self.pass(",\"endTimeUnixNano\":")?;
        span.end = Json::Text(self.text()?);
        self.pass(",\"attributes\":")?;
        span.attributes = self.attributes(48)?;
        self.pass(",\"status\":{")?;
        let failed = self.pass("\"code\":2").is_some();
        let code = failed.then(|| (Cow::Borrowed("code"), Json::Number(2.into())));
        span.status = Json::Object(code.into_iter().collect());
        self.pass("}}")?;
        Some(span)
    }

    /// About so many of them.
    fn attributes(&mut self, about: usize) -> Option<Attributes<'a>> {
        let mut attributes = Vec::with_capacity(about);
        self.pass("[")?;
        if self.pass("]").is_some() {
            return Some(attributes);
        }
        loop {
            self.pass("{\"key\":")?;
            let key = self.text()?;
            self.pass(",\"value\":{")?;
            attributes.push((key, self.any_value()?));
            self.pass("}}")?;
            if self.pass("]").is_some() {
                return Some(attributes);
            }
            self.pass(",")?;
        }
    }

    /// What lies between the braces of an `AnyValue`.
    fn any_value(&mut self) -> Option<Json<'a>> {
        Some(if self.pass("\"stringValue\":").is_some() {
            Json::Text(self.text()?)
        } else if self.pass("\"intValue\":").is_some() {
            whole(Json::Text(self.text()?))
        } else if self.pass("\"doubleValue\":").is_some() {
            double(&self.any()?)
        } else if self.pass("\"boolValue\":").is_some() {
            self.any()?
        } else if self.pass("\"arrayValue\":").is_some() {
            let Loose(ArrayValue(items)) = self.any()?;
            Json::Array(items)
        } else if self.pass("\"kvlistValue\":").is_some() {
            let Loose(KeyValueList(members)) = self.any()?;
            Json::Object(members)
        } else {
            Json::Null
        })
    }

    /// A text in its quotes.
    fn text(&mut self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?;
        let end = memchr::memchr2(b'"', b'\\', inner.as_bytes())?;
        if inner.as_bytes().get(end) == Some(&b'\\') {
            return self.any::<String>().map(Cow::Owned);
        }
        let (text, rest) = inner.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(Cow::Borrowed(text))
    }

    /// Anything, by the reader of any JSON.
    fn any<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = Deserializer::from_str(self.0).into_iter();
        let value = values.next()?.ok()?;
        self.0 = self.0.get(values.byte_offset()..)?;
        Some(value)
    }

    /// The end of the line, with a checksum before it or without.
    fn end(mut self) -> Option<()> {
        if self.pass(",\"crc32c\":").is_some() {
            self.any::<u32>()?;
        }
        self.pass("}")?;
        self.0.is_empty().then_some(())
    }
}
