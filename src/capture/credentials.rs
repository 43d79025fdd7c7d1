//! The credentials of a request, held while its call is open and for one purpose: an error that repeats them is recorded
//! without.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::{call::Call, provider::RequestHead, span::names};

/// What is shorter is no key (`none`, `ollama`), and could be any word of a message.
const SHORTEST: usize = 8;

/// What is shorter could be any word of what people say.
const SHORTEST_SAID: usize = 16;

/// The parameters of a query that hold keys.
const PARAMETERS: [&str; 6] = ["key", "api_key", "api-key", "apikey", "access_token", "token"];

/// The credentials of one request.
#[derive(Default)]
pub(super) struct Credentials {
    /// Most requests have one.
    first: Option<HeaderValue>,
    more: Vec<HeaderValue>,
}

impl Credentials {
    pub(super) fn of(head: &RequestHead<'_>) -> Self {
        let mut credentials = Self::default();
        credentials.take_headers(head.headers);
        for (name, value) in
            head.query.iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('='))
        {
            if PARAMETERS.iter().any(|parameter| name.eq_ignore_ascii_case(parameter)) {
                credentials.more.extend(HeaderValue::from_str(value));
            }
        }
        credentials
    }

    fn take_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            if !value.is_sensitive() && !is_credential(name) {
                continue;
            }
            match &self.first {
                None => self.first = Some(value.clone()),
                Some(_) => self.more.push(value.clone()),
            }
        }
    }

    /// Takes them out of all that a provider's error can have brought into the call.
    pub(super) fn take_out_of(&self, call: &mut Call) {
        let outcome = &mut call.outcome;
        for text in [&mut outcome.error_message, &mut outcome.error_type].into_iter().flatten() {
            self.take_out(text);
        }
        if let Some(Value::String(code)) = call.extra.get_mut(names::ERROR_CODE) {
            self.take_out(code);
        }
    }

    /// Takes them out of what was said, where they stand in full.
    pub(super) fn take_out_of_said(&self, said: &mut Value) {
        match said {
            Value::String(text) => self.each(SHORTEST_SAID, |secret| {
                if text.contains(secret) {
                    *text = text.replace(secret, "[key]");
                }
            }),
            Value::Array(items) => items.iter_mut().for_each(|item| self.take_out_of_said(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.take_out_of_said(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn take_out(&self, text: &mut String) {
        self.each(SHORTEST, |secret| take_out(text, secret));
    }

    /// Each that is this long.
    fn each(&self, shortest: usize, mut take: impl FnMut(&str)) {
        for value in self.first.iter().chain(&self.more) {
            let value = String::from_utf8_lossy(value.as_bytes());
            // A scheme before it, or the pairs of a cookie.
            value.split([' ', ';', ',', '=', '"']).filter(|secret| secret.len() >= shortest).for_each(&mut take);
        }
    }
}

fn is_credential(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "authorization" | "proxy-authorization" | "cookie" | "x-api-key" | "api-key" | "x-goog-api-key" | "apikey"
    ) || name.as_str().ends_with("-token")
        || name.as_str().ends_with("-key")
}

/// Takes a secret out of a text, also where its end has become stars: all words that begin as it does.
fn take_out(text: &mut String, secret: &str) {
    let beginning = &secret[..secret.floor_char_boundary(SHORTEST)];
    let mut from = 0;
    while let Some(at) = text[from..].find(beginning).map(|at| from + at) {
        let found = &text[at..];
        let known = if found.starts_with(secret) { secret.len() } else { beginning.len() };
        let is_behind = |c: char| !(c.is_alphanumeric() || "-_.*…/+~%".contains(c));
        let end = found[known..].find(is_behind).map_or(text.len(), |behind| at + known + behind);
        text.replace_range(at..end, "[key]");
        from = at + "[key]".len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(credentials: &[(&'static str, &'static str)], query: Option<&str>, text: &str) -> String {
        let headers = credentials
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect();
        let head = RequestHead { method: "POST", host: "localhost", port: None, path: "/", query, headers: &headers };
        let mut call = Call::default();
        call.outcome.error_message = Some(text.to_owned());
        Credentials::of(&head).take_out_of(&mut call);
        call.outcome.error_message.unwrap()
    }

    #[test]
    fn the_credentials_of_the_request_are_taken_out() {
        let key = [("x-api-key", "my-own-key-12345")];
        for (credentials, query, text, expected) in [
            (&key[..], None, "No such key: my-own-key-12345.", "No such key: [key]"),
            (&key, None, "No such key: my-own-k***2345, sorry", "No such key: [key], sorry"),
            (&key, None, "my-own-key-12345 my-own-key-12345", "[key] [key]"),
            (&key, None, "The model my-own does not exist", "The model my-own does not exist"),
            (&[("authorization", "Bearer abcdefghijkl")], None, "'Bearer abcdefghijkl'", "'Bearer [key]'"),
            (&[("proxy-authorization", "Basic dXNlcjpwYXNz")], None, "Basic dXNlcjpwYXNz?", "Basic [key]?"),
            (&[("authorization", "Bearer none")], None, "none is no key", "none is no key"),
            (&[("cookie", "a=session-1234; b=2")], None, "bad cookie a=session-1234; b=2", "bad cookie a=[key]; b=2"),
            (&[("x-portkey-api-key", "portkey-1234")], None, "portkey-1234?", "[key]?"),
            (&[("x-vendor-token", "größer-als-1")], None, "größer-als-1", "[key]"),
            (
                &[],
                Some("alt=sse&key=from-the-query"),
                "POST /x?key=from-the-query&alt=sse",
                "POST /x?key=[key]&alt=sse",
            ),
            (&[], None, "Slow down", "Slow down"),
        ] {
            let shown: Vec<_> = credentials.to_vec();
            assert_eq!(without(&shown, query, text), expected);
        }
    }
}
