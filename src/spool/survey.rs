//! How far each segment is stored, and how much waits. In memory only: after a crash everything is read again.

use std::{collections::HashMap, path::Path, sync::Arc, time::SystemTime};

use super::{
    batch::Reached,
    folder::{self, Listing},
    reader::count_lines,
};

/// What the drain knows of the segments.
#[derive(Debug, Default)]
pub(super) struct Survey {
    segments: HashMap<Arc<str>, Progress>,
    at: Option<SystemTime>,
}

#[derive(Debug)]
struct Progress {
    /// Everything before this is stored or set aside.
    position: u64,
    /// Lines were counted up to here.
    counted: u64,
    /// How many of those are not stored.
    waiting: u64,
    /// No line that waits is older.
    since: SystemTime,
}

impl Survey {
    /// Counts what was appended since the last time, and forgets segments that are gone.
    pub(super) fn update(&mut self, folder: &Path, listing: &Listing, counts: impl Fn(&str) -> bool) {
        let now = SystemTime::now();
        self.segments.retain(|name, _| listing.segments.binary_search_by(|(other, _)| (**other).cmp(name)).is_ok());
        for (name, length) in listing.segments.iter().filter(|(name, _)| counts(name)) {
            let segment = self.segments.entry(name.as_str().into()).or_insert_with(|| Progress {
                position: 0,
                counted: 0,
                waiting: 0,
                since: folder::begun(name).unwrap_or(now),
            });
            if *length < segment.counted {
                // Its writer has cut off what failed.
                (segment.counted, segment.waiting) = (segment.position.min(*length), 0);
            }
            if segment.waiting == 0 {
                segment.since = self.at.unwrap_or(segment.since).max(segment.since);
            }
            if let Ok(lines) = count_lines(&folder.join(name), segment.counted..*length) {
                segment.waiting += lines;
                segment.counted = *length;
            }
        }
        self.at = Some(now);
    }

    /// Where to read on.
    pub(super) fn position(&self, segment: &str) -> u64 {
        self.segments.get(segment).map_or(0, |segment| segment.position)
    }

    /// These lines are stored.
    pub(super) fn reached(&mut self, reached: &[Reached]) {
        for Reached { segment, position, lines } in reached {
            let Some(segment) = self.segments.get_mut(segment) else { continue };
            segment.position = *position;
            segment.waiting = if *position >= segment.counted { 0 } else { segment.waiting.saturating_sub(*lines) };
            segment.counted = segment.counted.max(*position);
        }
    }

    /// A segment is gone.
    pub(super) fn forget(&mut self, segment: &str) {
        self.segments.remove(segment);
    }

    /// How many lines wait.
    pub(super) fn waiting(&self) -> u64 {
        self.segments.values().map(|segment| segment.waiting).sum()
    }

    /// No line that waits is older than this.
    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.segments.values().filter(|segment| segment.waiting > 0).map(|segment| segment.since).min()
    }

    /// Whether one of our segments is still there.
    pub(super) fn has(&self, segment: &str) -> bool {
        self.segments.contains_key(segment)
    }

    /// The names of all segments.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        self.segments.keys().cloned().collect()
    }
}
