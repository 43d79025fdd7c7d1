//! What an operator is told: fixed names to search for, each once per change of state, never per row.
//!
//! The name is the field `event`; `state` is `began` or `ended` where the trouble can pass.

use std::{
    fmt::Display,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// The target of every event of the spool.
const TARGET: &str = "spanledger";

/// A trouble that comes and goes.
#[derive(Debug)]
pub(super) struct Trouble {
    event: &'static str,
    now: AtomicBool,
}

impl Trouble {
    /// A write has been outstanding for too long: lines wait in memory, where a kill loses them.
    pub(super) const fn stalled() -> Self {
        Self::new("spanledger.spool.stalled")
    }

    /// The spool has reached its size: lines are refused.
    pub(super) const fn full() -> Self {
        Self::new("spanledger.spool.full")
    }

    /// Lines could not be written: they are refused.
    pub(super) const fn refused() -> Self {
        Self::new("spanledger.spool.refused")
    }

    /// The store does not answer: lines stay in the spool.
    pub(super) const fn store_unavailable() -> Self {
        Self::new("spanledger.drain.store_unavailable")
    }

    /// The drain cannot read, delete or set aside: lines stay in the spool.
    pub(super) const fn disk() -> Self {
        Self::new("spanledger.drain.disk")
    }

    /// The sums by hours cannot be brought up to date: reports read rows instead, which is slower.
    pub(super) const fn rollups() -> Self {
        Self::new("spanledger.drain.rollups")
    }

    const fn new(event: &'static str) -> Self {
        Self { event, now: AtomicBool::new(false) }
    }

    /// Says so unless it was said.
    pub(super) fn began(&self, folder: &Path, reason: impl Display) {
        if !self.now.swap(true, Relaxed) {
            let (event, folder) = (self.event, folder.display());
            tracing::error!(target: TARGET, event, state = "began", %folder, %reason);
        }
    }

    /// Says that it is over if it was on.
    pub(super) fn ended(&self, folder: &Path) {
        if self.now.load(Relaxed) && self.now.swap(false, Relaxed) {
            let (event, folder) = (self.event, folder.display());
            tracing::warn!(target: TARGET, event, state = "ended", %folder);
        }
    }
}

/// Lines of one batch were set aside.
pub(super) fn set_aside(folder: &Path, lines: usize, reason: impl Display) {
    let folder = folder.display();
    tracing::error!(target: TARGET, event = "spanledger.drain.set_aside", %folder, lines, %reason);
}
