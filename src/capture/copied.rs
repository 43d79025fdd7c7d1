//! A bounded copy of a request body that passes by while it is sent, for the reader.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderMap, header};

use super::decoded::Decoded;
use crate::framing::Elided;

/// What is known of a request's body when the request is sent.
pub(super) enum RequestBytes<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It passes by while it is sent; what passed is found here.
    #[cfg_attr(not(any(feature = "tower", feature = "reqwest")), expect(dead_code, reason = "only clients send"))]
    Passing(Arc<Copied>),
    /// Nothing: there is none, or nobody recorded it.
    Unseen,
}

impl RequestBytes<'_> {
    pub(super) fn passing(self) -> Option<Arc<Copied>> {
        match self {
            Self::Passing(copied) => Some(copied),
            Self::Whole(_) | Self::Unseen => None,
        }
    }
}

/// What has passed of a request's body.
pub(super) struct Copied {
    /// The request's `content-encoding`, and nothing else.
    headers: HeaderMap,
    passed: Mutex<Passed>,
}

/// Without the copy: it is a prompt.
impl fmt::Debug for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copied").finish_non_exhaustive()
    }
}

struct Passed {
    decoded: Decoded,
    /// `None`: it was taken, or cannot be had.
    copy: Option<Elided>,
    ended: bool,
}

impl Copied {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        let headers: HeaderMap = encodings.map(|encoding| (header::CONTENT_ENCODING, encoding.clone())).collect();
        Self { passed: Mutex::new(Passed::nothing(&headers)), headers }
    }

    /// The body is sent, perhaps not for the first time: the last time counts.
    pub(super) fn begin(&self) {
        self.update(|passed| *passed = Passed::nothing(&self.headers));
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
    pub(super) fn take(&self) -> Option<Elided> {
        self.update(|Passed { decoded, copy, ended }| {
            let mut copy = if *ended { copy.take()? } else { return None };
            decoded.finish(&mut |bytes| copy.push(bytes));
            Some(copy)
        })
    }

    fn update<T>(&self, change: impl FnOnce(&mut Passed) -> T) -> T {
        change(&mut self.passed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Passed {
    fn nothing(headers: &HeaderMap) -> Self {
        Self { decoded: Decoded::new(headers), copy: Some(Elided::new()), ended: false }
    }
}

/// A whole request body, decoded.
pub(super) fn decoded(headers: &HeaderMap, body: &[u8]) -> Option<Elided> {
    let copied = Copied::new(headers);
    copied.push(body);
    copied.end();
    copied.take()
}
