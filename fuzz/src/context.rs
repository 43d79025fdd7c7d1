//! Headers to the proxy, and baggage: who asks, in the words of a stranger.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use spanledger::{
    Recorder,
    call::{Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
    fuzzing,
};

use crate::call;

/// One header a line. Ours are taken away, all others stay, and a call is made of what they said.
pub fn take(input: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        if let (Some(name), Some(value)) = (parts.next(), parts.next())
            && let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    let mut left = headers.clone();
    let context = fuzzing::take_context(&mut left);
    assert!(left.keys().all(|name| !name.as_str().starts_with("spanledger-")));
    for name in headers.keys().filter(|name| !name.as_str().starts_with("spanledger-")) {
        assert!(headers.get_all(name).iter().eq(left.get_all(name)), "{headers:?} became {left:?}");
    }

    let _inside = fuzzing::parent(&headers).attach();
    let exchange = Exchange {
        method: "POST",
        url: "https://api.openai.com/v1/chat/completions",
        request_headers: &left,
        request_body: Some(br#"{"model":"gpt-4o-mini"}"#),
        status: Some(200),
        response_headers: &HeaderMap::new(),
        chunks: vec![br#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#],
        ending: Ending::Complete,
        started_at: Timestamp::from_micros(1_795_000_000_000_000),
        duration: Duration::ZERO,
    };
    let mut call = inspect(&Recorder::new().with_baggage(true), &exchange).expect("an AI call");
    call::holds(&call);
    call.context = context;
    call::holds(&call);
}
