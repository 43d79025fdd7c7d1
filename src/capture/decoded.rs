//! A body's bytes as its parser reads them, where the caller decompresses above us.

use http::{HeaderMap, header};

use crate::framing::ContentDecoder;

/// Turns the bytes that pass into those that mean something. The caller gets the ones that pass.
#[derive(Debug, Default)]
pub(super) enum Decoded {
    /// They are the same.
    #[default]
    Plain,
    /// `gzip`, `deflate`, `br` or `zstd`.
    Encoded(Box<ContentDecoder>),
    /// An encoding that nobody here knows, or several: nothing is read.
    Unknown,
}

impl Decoded {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(encoding) = encodings.next() else { return Self::Plain };
        let known = encoding.to_str().ok().filter(|_| encodings.next().is_none()).and_then(ContentDecoder::new);
        known.map_or(Self::Unknown, |decoder| Self::Encoded(Box::new(decoder)))
    }

    pub(super) const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Whether what comes out says nothing of when it came in.
    pub(super) fn holds_back(&self) -> bool {
        matches!(self, Self::Encoded(decoder) if decoder.holds_back())
    }

    pub(super) fn push(&mut self, bytes: &[u8], on_bytes: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Plain => on_bytes(bytes),
            Self::Encoded(decoder) => decoder.push(bytes, on_bytes),
            Self::Unknown => {}
        }
    }

    /// No more bytes come, for whatever reason: gives what was held back.
    pub(super) fn finish(&mut self, on_bytes: &mut dyn FnMut(&[u8])) {
        if let Self::Encoded(decoder) = self {
            decoder.finish(on_bytes);
            *self = Self::Unknown;
        }
    }
}
