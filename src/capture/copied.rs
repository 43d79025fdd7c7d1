//! A bounded copy of a request body that passes by while it is sent, for the reader.

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;

use super::decoded::Decoded;
use crate::framing::Elided;

/// What has passed of a request's body.
#[derive(Debug)]
pub(super) struct Copied(Mutex<Passed>);

#[derive(Debug)]
struct Passed {
    decoded: Decoded,
    /// `None`: it was taken, or cannot be had.
    copy: Option<Elided>,
    ended: bool,
}

impl Copied {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        Self(Mutex::new(Passed { decoded: Decoded::new(headers), copy: Some(Elided::new()), ended: false }))
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        self.update(|Passed { decoded, copy, .. }| {
            if let Some(copy) = copy {
                decoded.push(bytes, &mut |bytes| copy.push(bytes));
            }
        });
    }

    /// All of it has passed.
    pub(super) fn end(&self) {
        self.update(|passed| passed.ended = true);
    }

    /// A part of it passed unseen, or it broke.
    pub(super) fn give_up(&self) {
        self.update(|passed| passed.copy = None);
    }

    /// The body, once it has passed to its end.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        self.update(|Passed { decoded, copy, ended }| {
            let mut copy = if *ended { copy.take()? } else { return None };
            decoded.finish(&mut |bytes| copy.push(bytes));
            Some(copy.finish().to_vec())
        })
    }

    fn update<T>(&self, change: impl FnOnce(&mut Passed) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A whole request body, decoded.
pub(super) fn decoded(headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    let copied = Copied::new(headers);
    copied.push(body);
    copied.end();
    copied.take()
}
