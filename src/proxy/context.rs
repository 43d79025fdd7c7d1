//! What a request's own headers say of who asks, and for what.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator as _},
};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

use crate::CallContext;

/// Headers that begin so are for us, and never reach the provider.
const PREFIX: &str = "spanledger-";

/// Takes the `spanledger-` headers away, and says what they said.
pub(crate) fn take(headers: &mut HeaderMap) -> CallContext {
    let names: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with(PREFIX)).cloned().collect();
    let mut context = CallContext::default();
    for name in names {
        let Some(value) = headers.remove(&name) else { continue };
        let value = text(&value);
        if !value.is_empty() {
            set(&mut context, &name.as_str()[PREFIX.len()..], value);
        }
    }
    context
}

/// A name that is not known says nothing.
fn set(context: &mut CallContext, name: &str, value: String) {
    match name {
        "task" => context.task = Some(value),
        "user" => context.user_id = Some(value),
        "conversation" => context.conversation_id = Some(value),
        "job" => context.job_id = Some(value),
        "configuration" => context.configuration_id = Some(value),
        "variant" => context.variant = Some(value),
        "attempt" => context.attempt = value.parse().ok(),
        "previous" => context.previous_id = Some(value),
        _ => {
            if let Some(tag) = name.strip_prefix("tag-") {
                context.tags.insert(tag.to_owned(), value.into());
            }
        }
    }
}

/// A header's value in clear: percent-encoding is undone, bytes that are no UTF-8 are Latin-1.
fn text(value: &HeaderValue) -> String {
    let bytes = crate::provider::percent_decoded(value.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().map(|byte| char::from(*byte)).collect())
}

/// The caller's own span, where `traceparent` names it; and its baggage, where that is wanted.
pub(crate) fn parent(headers: &HeaderMap, with_baggage: bool) -> Context {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
    if with_baggage { BaggagePropagator::new().extract_with_context(&parent, &Headers(headers)) } else { parent }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pairs: &[(&str, &[u8])]) -> (CallContext, HeaderMap) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value).unwrap());
        }
        (take(&mut headers), headers)
    }

    #[test]
    fn headers_become_the_context_and_are_gone() {
        let (context, left) = taken(&[
            ("Spanledger-Task", b"ocr"),
            ("spanledger-user", b"42"),
            ("spanledger-conversation", b"c-1"),
            ("spanledger-job", b"j-1"),
            ("spanledger-configuration", b"k-1"),
            ("spanledger-variant", b"B"),
            ("spanledger-attempt", b"2"),
            ("spanledger-previous", b"0f8f"),
            ("spanledger-tag-image_id", b"17"),
            ("spanledger-tag-Shop-Name", b"North"),
            ("spanledger-row-id", b"mine"),
            ("spanledger-nonsense", b"x"),
            ("authorization", b"Bearer k"),
        ]);
        let expected =
            CallContext::new("ocr").user(42).conversation("c-1").job("j-1").configuration("k-1").variant("B");
        let expected = expected.attempt(2).previous("0f8f").tag("image_id", "17").tag("shop-name", "North");
        assert_eq!(context, expected);
        assert_eq!(left.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["authorization"]);
    }

    #[test]
    fn text_beyond_ascii_comes_percent_encoded_as_utf_8_or_as_latin_1() {
        for (value, expected) in [
            (&b"Zo%C3%AB"[..], "Zo\u{eb}"),
            ("Zo\u{eb}".as_bytes(), "Zo\u{eb}"),
            (b"Zo\xeb", "Zo\u{eb}"),
            (b"100% of it", "100% of it"),
            (b"a%2fb%", "a/b%"),
        ] {
            assert_eq!(taken(&[("spanledger-task", value)]).0.task.as_deref(), Some(expected));
        }
    }

    #[test]
    fn nothing_said_is_nothing_known() {
        let (context, _) = taken(&[("spanledger-task", b""), ("spanledger-attempt", b"many"), ("spanledgers", b"1")]);
        assert_eq!(context, CallContext::default());
    }
}
