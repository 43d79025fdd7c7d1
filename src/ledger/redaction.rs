//! What an operator is told of a redaction hook that fails: once, and not per call.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The event's name, in the field `event` of a `tracing` event with the target `spanledger`.
const EVENT: &str = "spanledger.content.redaction_failed";

/// How often the hook panicked.
#[derive(Debug, Default)]
pub(super) struct Redaction(AtomicU64);

impl Redaction {
    /// How often that was.
    pub(super) fn failures(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// It panicked: what it was shown was dropped.
    pub(super) fn failed(&self) {
        if self.0.fetch_add(1, Relaxed) == 0 {
            tracing::error!(
                target: "spanledger",
                event = EVENT,
                "the redaction hook panicked; what it was shown is dropped, its rows say so in extra"
            );
        }
    }
}
