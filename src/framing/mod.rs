//! Bytes into messages: push parsers without I/O and with a memory bound.
//!
//! A [`Decoder`] is fed the body of an answer in whatever pieces it arrives and hands out [`Message`]s: the whole JSON
//! document, or each event of a stream as soon as it is complete. What follows from the words of a message is the
//! business of [`provider`](crate::provider), not of this step.
//!
//! # Which framing
//!
//! Content types lie, so they are only believed where the first bytes do not speak for themselves:
//!
//! | first bytes (after a byte order mark and blanks)  | framing                                             |
//! | ------------------------------------------------- | --------------------------------------------------- |
//! | `{`                                               | a JSON document, or NDJSON if the content type says |
//! | `[`                                               | a JSON array in pieces: each element is a message   |
//! | `data:`, `event:`, `id:`, `retry:`, `:`           | SSE                                                 |
//! | anything else                                     | what the content type says, else nothing is read    |
//!
//! Audio, images and video are never looked into. An NDJSON body that calls itself `application/json` is read as NDJSON.
//! The text of an error has no framing: [`Decoder::whole`] takes it as one message, whatever it is.
//!
//! # What it costs
//!
//! A message that lies within one pushed slice is handed out as a part of that slice, without a copy; a JSON document too,
//! where it is known that nothing follows ([`Decoder::finish_with`]). Only what a message still lacks its end for is held,
//! and that never takes more than [`MAX_HELD_BYTES`]: what is longer than [`WHOLE_BYTES`] is held as [`Elided`], with its
//! long strings and vectors cut but its `usage` in place (of a form, the beginning of each part).
//!
//! # What can go wrong
//!
//! Nothing here fails, panics or waits. Messages need not be valid: a broken one is handed out as it came, and the next
//! one is whole again. Only the elements of a JSON array have no border but the JSON itself: where one's brackets do not
//! match, the rest of that body is lost. A body that breaks off leaves its unfinished message to [`Decoder::finish`].
//!
//! Halves of surrogate pairs that stand alone (`"\ud83d"`) make a document unreadable; `joined` makes text of them, where
//! reading failed.
//!
//! # Compressed bodies
//!
//! Where the caller decompresses above us (tower stacks), a `ContentDecoder` makes a decoded copy first: see its module,
//! `encoding`, for what that costs.
//!
//! # Adding a framing
//!
//! One file with a `push` and a `finish` like its neighbours, a variant in `decoder.rs`, a line in `sniff.rs`, a stream in
//! `properties.rs` (which checks it under every cut and chunking), and a target in `fuzz/`.

mod decoder;
mod elided;
#[cfg(feature = "tower")]
mod encoding;
mod halves;
mod json;
mod json_array;
mod ndjson;
mod parts;
#[cfg(test)]
mod properties;
mod shortener;
mod sniff;
mod sse;

use std::fmt;

use crate::estimate::Passed;

pub(crate) use halves::{joined, json};

pub use decoder::Decoder;
pub use elided::Elided;
#[cfg(feature = "tower")]
pub use encoding::{ContentDecoder, DECODED_BYTES};

/// The longest message that is handed out as it came. A longer one is [`Elided`].
pub const WHOLE_BYTES: usize = 64 * 1024;

/// The most memory that a [`Decoder`] or an [`Elided`] holds on to, whatever it is fed.
pub const MAX_HELD_BYTES: usize = 136 * 1024;

/// One message of a body: a whole JSON document, or the data of one event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The event's name, where the framing has one.
    pub event: Option<&'a str>,
    /// The payload.
    pub data: &'a [u8],
    /// Where members or elements of it were left out ([`Elided`]): how deep the outermost container lies that lacks one. The
    /// document itself is 1 deep.
    pub left_out: Option<usize>,
    /// The text of the whole document, where this is the short form of it.
    pub(crate) text: Option<&'a Passed>,
}

/// Without the payload: it is what people and models said.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("event", &self.event).field("bytes", &self.data.len()).finish()
    }
}

impl<'a> Message<'a> {
    /// A message that came whole.
    #[must_use]
    pub const fn whole(event: Option<&'a str>, data: &'a [u8]) -> Self {
        Self { event, data, left_out: None, text: None }
    }

    /// A message of a framing that has no event names.
    const fn unnamed(data: &'a [u8]) -> Self {
        Self::whole(None, data)
    }

    /// Whether the containers down to this depth have all their members, so that they can be counted.
    #[must_use]
    pub fn is_whole_to(&self, depth: usize) -> bool {
        self.left_out.is_none_or(|lacks| lacks > depth)
    }
}

/// Who gets the messages.
type Sink<'s> = &'s mut dyn FnMut(Message<'_>);
