//! A bounded copy of a request body that passes by while it is sent, for the reader.

use std::sync::{Mutex, PoisonError};

use crate::framing::Elided;

/// What has passed of a request's body.
#[derive(Debug, Default)]
pub(super) struct Copied(Mutex<Passed>);

#[derive(Debug)]
pub(super) struct Passed {
    pub(super) copy: Option<Elided>,
    pub(super) ended: bool,
}

impl Default for Passed {
    fn default() -> Self {
        Self { copy: Some(Elided::new()), ended: false }
    }
}

impl Copied {
    pub(super) fn update(&self, change: impl FnOnce(&mut Passed)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The body, once it has passed to its end.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !passed.ended {
            return None;
        }
        passed.copy.take().map(|copy| copy.finish().to_vec())
    }
}
