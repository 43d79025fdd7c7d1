//! Whose protocol is it, and what did it say: one file per wire protocol.
//!
//! A [`Provider`] recognises requests of its protocol by host and path and hands out a [`Reader`], which reads one
//! exchange. A whole JSON body is simply one [`Message`], so calls that stream and calls that do not share all code.
//!
//! Reading is best effort by design: nothing here can fail. What cannot be understood leaves fields empty.
//!
//! # Adding a provider
//!
//! 1. A host that speaks a protocol we know: one line in `hosts.rs`.
//! 2. A new protocol: `provider/<name>.rs` with its tests, one line in [`PROVIDERS`], a page that says what the provider
//!    reports and how it is read, and fixtures in `tests/fixtures/<name>/`.

use std::fmt;

use http::HeaderMap;

use crate::{
    call::{Call, Name},
    framing::Message,
};

/// One AI API's wire protocol.
pub trait Provider: fmt::Debug + Send + Sync {
    /// The protocol's name, unique in [`PROVIDERS`]: `openai_chat`, `anthropic_messages`, …
    fn name(&self) -> &'static str;

    /// Recognises a request of this protocol. A path that other APIs might use too is only a hint: see [`Detected::certain`].
    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected>;

    /// A reader for one exchange.
    fn reader(&self) -> Box<dyn Reader>;
}

/// Reads one exchange. The calls come in this order, each at most once except `message`.
pub trait Reader: fmt::Debug + Send + Sync {
    /// The whole request body, decoded; not called where it cannot be known.
    fn request(&mut self, body: &[u8], call: &mut Call);

    /// The head of the response. Not called for requests that got none.
    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        let _ = (headers, call);
    }

    /// One message of a successful response: the whole JSON body, or one event of a stream.
    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress;

    /// The end, however it came: what was gathered becomes totals.
    fn finish(&mut self, call: &mut Call) {
        let _ = call;
    }
}

/// What a message meant for the course of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// It carried content: text, a tool call, reasoning, audio, a vector.
    pub content: bool,
    /// The protocol says that the answer is over: whatever the caller does next, the call is complete.
    pub over: bool,
}

impl Progress {
    /// Neither content nor the end: a ping, a role, a count.
    pub const QUIET: Self = Self { content: false, over: false };
    /// Content.
    pub const CONTENT: Self = Self { content: true, over: false };
    /// The end.
    pub const OVER: Self = Self { content: false, over: true };
}

/// What a request looks like from outside: all that [`Provider::detect`] may look at.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The host, in lower case and without port.
    pub host: &'a str,
    /// The port, if it is not the scheme's own.
    pub port: Option<u16>,
    /// The raw path, percent-encoded as sent.
    pub path: &'a str,
    /// The raw query, without `?`. It may hold a key: read single parameters from it, never record it.
    pub query: Option<&'a str>,
    /// The headers. They hold credentials: read single ones, never record them.
    pub headers: &'a HeaderMap,
}

/// A request that was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// `gen_ai.provider.name`.
    pub provider: Name,
    /// `gen_ai.operation.name`.
    pub operation: &'static str,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Whether it streams, where the path says so.
    pub stream: Option<bool>,
    /// `false`: an unknown host on a path that other APIs use too; it counts only if its JSON body names a model.
    pub certain: bool,
    /// `false`: no billed inference (token counting, moderation, creating a batch).
    pub billable: bool,
}
