//! What is gathered of one call while it passes.

use std::fmt;

use serde_json::{Value, json};

use super::{ContentCapture, Dropped, Part, answer::Answer, cap::cap, request, semantic};
use crate::{
    call::{Call, Content, RowId},
    framing::{Elided, Message},
    span::names,
};

/// The two sides of a call in flight.
pub(crate) struct Gathered {
    request: Option<Body>,
    answer: Answer,
}

/// A request body that has passed.
enum Body {
    Whole(Vec<u8>),
    Elided(Elided),
}

/// A request that is there in one piece is held as it is up to this, in bytes. Of a longer one the short form is.
const WHOLE: usize = 256 * 1024;

/// Without what was said.
impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathered").field("request", &self.request.is_some()).finish_non_exhaustive()
    }
}

impl Gathered {
    /// For a call of this protocol.
    pub(crate) fn new(capture: &ContentCapture, protocol: &str) -> Self {
        Self { request: None, answer: Answer::of(protocol, capture.limit) }
    }

    /// The whole request body has passed.
    pub(crate) fn request(&mut self, body: Elided) {
        self.request = Some(Body::Elided(body));
    }

    /// The whole request body is there. `false`: it is too long to be held.
    pub(crate) fn whole_request(&mut self, body: &[u8]) -> bool {
        let fits = body.len() <= WHOLE;
        if fits {
            self.request = Some(Body::Whole(body.to_owned()));
        }
        fits
    }

    /// A message of the answer has come.
    pub(crate) fn message(&mut self, message: Message<'_>, call: &Call) {
        self.answer.message(message, call.was_streamed() == Some(true));
    }

    /// What may leave the process of it. `without_keys` takes the request's own credentials
    /// out of it. What was dropped is said in the call's `extra`.
    pub(crate) fn finish(
        self,
        capture: &ContentCapture,
        without_keys: impl Fn(&mut Value),
        call: &mut Call,
    ) -> Captured {
        let messages = self.request.and_then(|body| match body {
            Body::Whole(body) => request::messages(&body),
            Body::Elided(body) => {
                if !body.is_whole() {
                    call.extra.insert(names::CONTENT_SHORTENED.to_owned(), true.into());
                }
                request::messages(body.finish())
            }
        });
        let answer = if call.operation == "embeddings" { None } else { self.answer.finish() };
        Captured::of(capture, [messages, answer], without_keys, call)
    }
}

/// What leaves the process.
pub(crate) struct Captured {
    prompt: Option<String>,
    request: Option<Value>,
    response: Option<Value>,
    /// Why some of it does not.
    pub(crate) dropped: Option<Dropped>,
}

impl Captured {
    /// What may leave the process of messages and their answer.
    fn of(
        capture: &ContentCapture,
        [messages, answer]: [Option<Value>; 2],
        without_keys: impl Fn(&mut Value),
        call: &mut Call,
    ) -> Self {
        let mut dropped = None;
        let mut redacted = |part, value: Option<Value>| {
            let mut value = value?;
            without_keys(&mut value);
            let kept = capture.redacted(part, value);
            kept.map_err(|why| dropped = dropped.max(Some(why))).ok()
        };
        let messages = redacted(Part::Request, messages);
        let answer = redacted(Part::Response, answer);
        if let Some(why) = dropped {
            call.extra.insert(names::CONTENT_DROPPED.to_owned(), why.as_str().into());
        }
        let text = |text: String| match cap(text.into(), capture.limit) {
            Value::String(text) => Some(text),
            _ => None,
        };
        Self {
            prompt: messages.as_ref().and_then(request::prompt).and_then(text),
            request: messages.map(|messages| cap(messages, capture.limit)),
            response: answer.map(|answer| cap(answer, capture.limit)),
            dropped,
        }
    }

    /// What may leave the process of what the application tells of a call itself.
    #[cfg_attr(not(feature = "ledger"), expect(dead_code, reason = "calls are told to a ledger"))]
    pub(crate) fn told(capture: &ContentCapture, [asked, answered]: &[Value; 2], call: &mut Call) -> Self {
        let said = |value: &Value| Some(value.clone()).filter(|value| !value.is_null());
        let asked = said(asked).and_then(|asked| request::messages(json!({ "prompt": asked }).to_string().as_bytes()));
        Self::of(capture, [asked, said(answered)], |_| (), call)
    }
}

/// Without what was said.
impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}

impl Captured {
    /// `gen_ai.input.messages` and `gen_ai.output.messages`, as JSON.
    pub(crate) fn on_span(&self) -> [Option<String>; 2] {
        let input = self.request.as_ref().map(semantic::input);
        let output = self.response.as_ref().map(semantic::output);
        [input, output]
            .map(|messages| Some(messages.filter(|messages| *messages != Value::Array(Vec::new()))?.to_string()))
    }

    /// The record beside a row; `None`: nothing was said.
    #[cfg_attr(not(feature = "ledger"), expect(dead_code, reason = "rows are written by a ledger"))]
    pub(crate) fn record(self, row_id: RowId, call: &Call) -> Option<Content> {
        let Self { prompt, request, response, .. } = self;
        let something = request.is_some() || response.is_some();
        something.then_some(Content { row_id, started_at: call.started_at, prompt, request, response })
    }
}
