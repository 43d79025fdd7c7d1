//! Watches one HTTP exchange and changes nothing.
//!
//! # When a span starts and ends
//!
//! A call starts when its request is handed to the inner service, and ends with the response *body*. Exactly one span (and
//! one row) comes out of each call, with one of three endings:
//!
//! | ending | when |
//! | --- | --- |
//! | `complete` | the body ended; or trailers came; or the body says `is_end_stream()` after a frame (its length is reached); or the protocol's own last message was seen (`[DONE]`, Anthropic's stop reason, `"done": true`, …), whatever the caller does next |
//! | `cancelled` | the caller dropped the body, or the future before the head, before any of these; also a body that is never polled |
//! | `failed` | no head came (the connection failed), or the body broke |
//!
//! - **A status of 400 and up** is a complete call with an error: its body is read for the provider's words.
//! - **An empty body** ends with the head.
//! - **An upgrade** (101) ends with the head: what follows is no HTTP.
//! - **A redirect** that the client follows beneath the layer is one call; above the layer, one call each.
//! - **A retry** outside the layer makes a call per attempt; beneath it, one call over all attempts.
//! - **A panic of the caller** drops the body: cancelled.
//!
//! # What the caller sees
//!
//! The same bytes, errors, headers, trailers, `size_hint`, `is_end_stream`, URL and order as without us, chunk by chunk: a
//! chunk is looked at and handed on before the next one is asked for. The extensions get one entry, which
//! [`CallHandle::from_response`] reads. On the ways over reqwest the response is rebuilt around the watched body, so an
//! error of the body has two links more in its chain of sources (`request or response body error`); its type, its `Display`,
//! its `is_*`, its URL and its root cause stay. A request's body is passed on piece by piece as the client asks for it,
//! never read ahead; over reqwest a body that is a stream (an upload) is wrapped, which makes an error of it one link longer.
//!
//! Watching cannot fail: this module has no error type, and what panics in it is caught. A body that cannot be understood
//! leaves fields empty. Requests to hosts and paths that are no AI call pass through untouched, and so does everything that
//! runs with telemetry suppressed (the calls of OpenTelemetry exporters).
//!
//! # Secrets
//!
//! Headers and queries are looked at and not kept; of bodies only what [`content`](crate::content) was asked to keep is. What a provider says of an error is recorded without what looks
//! like a key, and without the request's own credentials, which are held for that while the call is open. The `Debug` texts
//! of what passes here show neither bodies nor headers.
//!
//! # Files
//!
//! `watch` is the state machine that all ways in share (`reading` its part that messages change, `said` what it hands on of
//! prompts and answers where that was asked for), `handle` what the caller holds of a call, `answered` who answered it,
//! `meter` its text where nobody reports usage, `telemetry` its span and ids. Each way in only converts: `layer`, `service`, `future`, `body`, `cause` (tower),
//! `reqwest`, `reqwest_tower`, `async_openai`, and `inspect` for exchanges that were recorded before. `told` is for calls
//! that the application tells of itself.
//!
//! # Memory
//!
//! A call in flight holds no body. It takes 3 to 4 KiB of its own. Of a body that passes in pieces, what the parsers of
//! [`framing`](crate::framing) hold comes on top, each at most
//! [`MAX_HELD_BYTES`](crate::framing::MAX_HELD_BYTES) (136 KiB): one for the request until the head of the answer, one for
//! the answer. So does at most half a KiB of a stream's last message, which the next one is compared with, and what was read
//! of the answer so far. Where a body is compressed (a tower stack may decompress above us), it also holds the decoder and
//! its window. Where content is captured, [`content`](crate::content) says what it holds.

mod answered;
mod baggage;
mod body;
#[cfg_attr(not(any(feature = "tower", feature = "reqwest")), expect(dead_code, reason = "only clients send"))]
mod copied;
mod credentials;
#[cfg(feature = "tower")]
mod decoded;
#[cfg(not(feature = "tower"))]
#[path = "not_decoded.rs"]
mod decoded;
mod handle;
pub mod inspect;
pub(crate) mod keeper;
mod meter;
mod reading;
pub(crate) mod recorder;
mod said;
mod telemetry;
#[cfg(feature = "ledger")]
pub(crate) mod told;
mod watch;

#[cfg(feature = "tower")]
mod cause;
#[cfg(feature = "tower")]
mod future;
#[cfg(all(feature = "tower", feature = "proxy"))]
mod hyper_error;
#[cfg(all(feature = "tower", not(feature = "proxy")))]
#[path = "no_hyper_error.rs"]
mod hyper_error;
#[cfg(feature = "tower")]
mod layer;
#[cfg(any(feature = "tower", feature = "reqwest"))]
mod request_body;
#[cfg(feature = "tower")]
mod service;

#[cfg(feature = "async-openai")]
mod async_openai;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "reqwest-tower")]
mod reqwest_tower;

pub use body::ResponseBody;
pub use handle::{CallHandle, HasExtensions};
pub use recorder::Recorder;

#[cfg(feature = "reqwest")]
pub use reqwest::AiCallMiddleware;
#[cfg(feature = "reqwest-tower")]
pub use reqwest_tower::AsReqwestError;
#[cfg(feature = "tower")]
pub use {future::ResponseFuture, layer::AiCallLayer, request_body::RequestBody, service::AiCallService};
