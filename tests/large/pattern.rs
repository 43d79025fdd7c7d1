//! Bodies of any size that nobody holds: parts that repeat, made while they are sent, compared while they come.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use crate::wire::Pieces;

/// A body: each part as often as it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pattern(Vec<(Bytes, usize)>);

impl Pattern {
    pub(crate) fn then(self, part: impl Into<Bytes>) -> Self {
        self.times(1, part)
    }

    pub(crate) fn times(mut self, times: usize, part: impl Into<Bytes>) -> Self {
        self.0.push((part.into(), times));
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|(part, times)| part.len() * times).sum()
    }

    fn parts(&self) -> impl Iterator<Item = Bytes> + Send + use<> {
        self.0.clone().into_iter().flat_map(|(part, times)| std::iter::repeat_n(part, times))
    }

    /// One part after the other.
    pub(crate) fn pieces(&self) -> Pieces {
        stream::iter(self.parts().map(io::Result::Ok)).boxed()
    }

    /// All of it at once.
    pub(crate) fn whole(&self) -> Bytes {
        let mut whole = Vec::with_capacity(self.len());
        self.parts().for_each(|part| whole.extend_from_slice(&part));
        whole.into()
    }

    pub(crate) fn expect(&self) -> Expected<impl Iterator<Item = Bytes> + Send + use<>> {
        Expected { parts: self.parts(), part: Bytes::new(), came: 0 }
    }
}

/// What is still to come of a body.
pub(crate) struct Expected<P> {
    parts: P,
    part: Bytes,
    came: usize,
}

impl<P: Iterator<Item = Bytes>> Expected<P> {
    /// Some of it came: it is what was expected.
    pub(crate) fn came(&mut self, mut bytes: &[u8]) {
        self.came += bytes.len();
        while !bytes.is_empty() {
            if self.part.is_empty() {
                self.part = self.parts.next().expect("no more than was sent");
            }
            let length = bytes.len().min(self.part.len());
            assert!(bytes[..length] == self.part.split_to(length), "another byte near {}", self.came);
            bytes = &bytes[length..];
        }
    }

    /// Nothing more comes: it was all that was expected.
    pub(crate) fn ended(mut self) {
        assert!(self.part.is_empty() && self.parts.next().is_none(), "only {} bytes came", self.came);
    }
}
