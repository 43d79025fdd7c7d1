//! Bodies of requests, JSON and forms: what is asked is still known where the body was shortened.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use spanledger::{
    Call, Recorder,
    call::{Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
    framing::{Elided, WHOLE_BYTES},
};

use crate::{call, exchange::URLS};

/// What is shorter stays whole where a document is shortened.
const SHORT: usize = 64;

/// The first byte says where the request goes.
pub fn read(input: &[u8]) {
    let Some((url, body)) = input.split_first() else { return };
    let url = URLS[usize::from(*url) % URLS.len()].url;
    let asked = asked(url, body);
    if let Some(asked) = &asked {
        call::holds(asked);
    }
    if let Ok(document) = serde_json::from_slice::<Value>(body)
        && document.is_object()
        && is_brief(&document)
        && !body.windows(2).any(|pair| pair == b"--")
    {
        let short = self::asked(url, &shortened(body));
        assert_eq!(short.map(|call| call.request), asked.map(|call| call.request));
    }
}

/// No text, and no row of numbers, that a shortener would cut.
fn is_brief(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= SHORT,
        Value::Array(items) => items.len() <= 8 && items.iter().all(is_brief),
        Value::Object(members) => {
            members.len() <= 8 && members.iter().all(|(key, value)| key.len() <= SHORT && is_brief(value))
        }
        _ => true,
    }
}

/// Blanks in front make any document long enough to be shortened.
fn shortened(body: &[u8]) -> Vec<u8> {
    let mut elided = Elided::new();
    elided.push(&[b' '; WHOLE_BYTES]);
    elided.push(b" ");
    elided.push(body);
    elided.finish().to_vec()
}

fn asked(url: &str, body: &[u8]) -> Option<Call> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer sk-canary-0123456789"));
    let exchange = Exchange {
        method: "POST",
        url,
        request_headers: &headers,
        request_body: Some(body),
        status: None,
        response_headers: &HeaderMap::new(),
        chunks: Vec::new(),
        ending: Ending::Failed,
        started_at: Timestamp::from_micros(1_795_000_000_000_000),
        duration: Duration::ZERO,
    };
    inspect(&Recorder::new(), &exchange)
}
