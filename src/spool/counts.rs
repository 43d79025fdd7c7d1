//! What the appends of this process have come to.

use std::{
    io,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use super::folder::{self, Listing};

/// How often a folder that is full is looked at again. Without a drain nobody else sees that it has shrunk.
const LOOK: Duration = Duration::from_secs(1);

/// Numbers in memory.
#[derive(Debug, Default)]
pub(super) struct Counts {
    written: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) in_memory: AtomicU64,
    /// Bytes that were written.
    appended: AtomicU64,
    /// What the folder held when somebody looked, less what had been written by then.
    beside: AtomicI64,
    looked: Mutex<Option<Instant>>,
}

impl Counts {
    pub(super) fn wrote(&self, lines: u64, bytes: u64) {
        self.written.fetch_add(lines, SeqCst);
        self.appended.fetch_add(bytes, SeqCst);
    }

    /// Lines that were written.
    pub(super) fn written(&self) -> u64 {
        self.written.load(SeqCst)
    }

    /// Lines that were not taken.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(SeqCst)
    }

    /// Lines that wait in memory.
    pub(super) fn in_memory(&self) -> u64 {
        self.in_memory.load(SeqCst)
    }

    /// What the folder holds. A line under way may be counted twice, never not at all.
    pub(super) fn bytes(&self) -> u64 {
        self.appended.load(SeqCst).saturating_add_signed(self.beside.load(SeqCst))
    }

    /// Lists the folder, and remembers what it holds.
    pub(super) fn list(&self, folder: &Path) -> io::Result<Listing> {
        let appended = self.appended.load(SeqCst);
        let listing = folder::list(folder)?;
        let beside = i64::try_from(i128::from(listing.bytes) - i128::from(appended)).unwrap_or(i64::MAX);
        self.beside.store(beside, SeqCst);
        Ok(listing)
    }

    /// Whether the folder takes that many bytes more.
    pub(super) fn has_room(&self, folder: &Path, bytes: u64, limit: u64) -> bool {
        let fits = || self.bytes().saturating_add(bytes) <= limit;
        if fits() {
            return true;
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_none_or(|at| at.elapsed() > LOOK) {
            *looked = Some(Instant::now());
            let _ = self.list(folder);
        }
        fits()
    }
}
