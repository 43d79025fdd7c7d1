//! Without the feature `tower` nobody decompresses above us: what is encoded is not read.

use http::{HeaderMap, header};

#[derive(Debug, Default)]
pub(super) struct Decoded {
    plain: bool,
}

impl Decoded {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        Self { plain: headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity") }
    }

    pub(super) const fn is_plain(&self) -> bool {
        self.plain
    }

    pub(super) const fn holds_back(&self) -> bool {
        !self.plain
    }

    pub(super) fn push(&mut self, bytes: &[u8], on_bytes: &mut dyn FnMut(&[u8])) {
        if self.plain {
            on_bytes(bytes);
        }
    }

    pub(super) fn finish(&mut self, _: &mut dyn FnMut(&[u8])) {}
}
