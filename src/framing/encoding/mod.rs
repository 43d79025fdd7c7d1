//! A decoded copy of a body that passes by compressed.
//!
//! The caller of a tower stack may decompress above us, so that we see `gzip`, `deflate`, `br` or `zstd`. The caller gets the
//! bytes as they came; a [`ContentDecoder`] turns the same bytes into the ones that a [`Decoder`](super::Decoder) reads,
//! a piece at a time.
//!
//! # What it costs
//!
//! Besides 256 KiB, the window that the sender chose and the format allows: 32 KiB for `gzip` and `deflate`, up to 16 MiB
//! for `br` (and half as much again while it grows there), for `zstd` up to 8 MiB in a buffer that may be twice as large.
//! Frames that ask for more are not read.
//! After [`DECODED_BYTES`] the decoder stops: a bomb costs no more than that.
//!
//! # What can go wrong
//!
//! Corrupt data ends the copy silently; what was decoded before stays. `zstd` shows what lies within its window only at
//! the end, so the messages of a stream come with [`ContentDecoder::finish`].

mod brotli;
mod inflate;
mod zstd;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use self::{
    brotli::Brotli,
    inflate::{Deflate, Gzip},
    zstd::Zstd,
};

/// No more is decoded of one body.
pub const DECODED_BYTES: usize = 256 * 1024 * 1024;

/// Decodes a body with a `content-encoding`.
///
/// ```
/// # use spanledger::framing::ContentDecoder;
/// let mut decoder = ContentDecoder::new("identity").unwrap();
/// decoder.push(b"{}", &mut |bytes| assert_eq!(bytes, b"{}"));
/// assert!(ContentDecoder::new("compress").is_none());
/// ```
pub struct ContentDecoder {
    coding: Coding,
    decoded: Vec<u8>,
    total: usize,
}

impl fmt::Debug for ContentDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentDecoder").field("decoded_bytes", &self.total).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Coding {
    Identity,
    Gzip(Box<Gzip>),
    Deflate(Box<Deflate>),
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
    Over,
}

/// The data is corrupt or over.
#[derive(Debug)]
struct Over;

impl ContentDecoder {
    /// `None`: an encoding that is not known, or several.
    #[must_use]
    pub fn new(content_encoding: &str) -> Option<Self> {
        let coding = match content_encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Coding::Identity,
            "gzip" | "x-gzip" => Coding::Gzip(Box::default()),
            "deflate" => Coding::Deflate(Box::default()),
            "br" => Coding::Brotli(Box::default()),
            "zstd" => Coding::Zstd(Box::default()),
            _ => return None,
        };
        Some(Self { coding, decoded: Vec::new(), total: 0 })
    }

    /// Whether what it gives says nothing of when it came in: `zstd`, whose window is shown when it is full or over.
    #[must_use]
    pub const fn holds_back(&self) -> bool {
        matches!(self.coding, Coding::Zstd(_))
    }

    /// Takes the next piece of the body and gives what it decodes to, in pieces of its own.
    pub fn push(&mut self, mut bytes: &[u8], on_bytes: &mut dyn FnMut(&[u8])) {
        if let Coding::Identity = self.coding {
            return on_bytes(bytes);
        }
        while self.total < DECODED_BYTES {
            let before = bytes.len();
            let step = self.guarded(|coding, decoded| coding.step(&mut bytes, decoded));
            self.hand_out(on_bytes);
            if step.is_err() {
                break;
            }
            if self.decoded.is_empty() && bytes.len() == before {
                return;
            }
        }
        self.coding = Coding::Over;
    }

    /// The body is over or was cut off: gives what was held back.
    pub fn finish(&mut self, on_bytes: &mut dyn FnMut(&[u8])) {
        if self.guarded(Coding::end).is_ok() {
            self.push(&[], on_bytes);
        }
        self.coding = Coding::Over;
    }

    /// A decoder that panics would take the caller's exchange with it: here it is over instead.
    fn guarded(&mut self, step: impl FnOnce(&mut Coding, &mut Vec<u8>) -> Result<(), Over>) -> Result<(), Over> {
        self.decoded.clear();
        catch_unwind(AssertUnwindSafe(|| step(&mut self.coding, &mut self.decoded))).unwrap_or(Err(Over))
    }

    fn hand_out(&mut self, on_bytes: &mut dyn FnMut(&[u8])) {
        if !self.decoded.is_empty() {
            self.total += self.decoded.len();
            on_bytes(&self.decoded);
        }
    }
}

impl Coding {
    /// Takes some bytes or, where none are left, gives what they still decode to: a little at a time.
    fn step(&mut self, bytes: &mut &[u8], decoded: &mut Vec<u8>) -> Result<(), Over> {
        match self {
            Self::Gzip(gzip) => gzip.step(bytes, decoded),
            Self::Deflate(deflate) => deflate.step(bytes, decoded),
            Self::Brotli(brotli) => brotli.step(bytes, decoded),
            Self::Zstd(zstd) => zstd.step(bytes, decoded),
            Self::Identity | Self::Over => Err(Over),
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), Over> {
        match self {
            Self::Zstd(zstd) => zstd.end(),
            _ => Err(Over),
        }
    }
}

#[cfg(test)]
mod tests;
