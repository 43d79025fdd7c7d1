//! The folder of a spool: what its files are called.

use std::{
    fs::File,
    io,
    path::Path,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;

/// The end of a segment's name.
const SEGMENT: &str = ".jsonl";
/// What follows until it is locked.
pub(super) const FRESH: &str = ".new";
/// Whoever has this file locked drains the folder.
pub(super) const LOCK: &str = "drain.lock";
/// Lines that could not become rows.
pub(super) const SET_ASIDE: &str = "set-aside.jsonl";
/// A temporary file that is older than this was left behind by a process that died.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// A name that sorts by time: `20261121T130501.123456Z-4711-9f2c1a7b.jsonl`.
pub(super) fn segment_name(latest: &mut i64, marker: &str) -> String {
    *latest = Timestamp::now().as_microsecond().max(*latest + 1);
    let time = Timestamp::from_microsecond(*latest).unwrap_or(Timestamp::MAX);
    format!("{}{marker}{SEGMENT}", time.strftime("%Y%m%dT%H%M%S%.6fZ"))
}

/// When a segment was begun, by its name.
pub(super) fn begun(name: &str) -> Option<SystemTime> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S%.fZ", name.split('-').next()?).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().into())
}

/// What lies in the folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Names and lengths of the segments, oldest first.
    pub(super) segments: Vec<(String, u64)>,
    /// The bytes of everything.
    pub(super) bytes: u64,
}

/// Lists the folder.
pub(super) fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A file may vanish between its name and its length.
        let (Ok(metadata), Ok(name)) = (entry.metadata(), entry.file_name().into_string()) else { continue };
        if !metadata.is_file() {
            continue;
        }
        listing.bytes += metadata.len();
        if name.ends_with(SEGMENT) && name != SET_ASIDE {
            listing.segments.push((name, metadata.len()));
        }
    }
    listing.segments.sort_unstable();
    Ok(listing)
}

/// Removes temporary files that nobody will ever name.
pub(super) fn tidy(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let old = || Some(entry.metadata().ok()?.modified().ok()?.elapsed().ok()? > LEFT_BEHIND);
        if entry.file_name().to_str().is_some_and(|name| name.ends_with(FRESH)) && old() == Some(true) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Makes the names in the folder survive a power failure.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_tell_it() {
        let mut latest = 0;
        let names: Vec<_> = (0..100).map(|_| segment_name(&mut latest, "-4711-9f2c1a7b")).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        let age = begun(&names[0]).unwrap().elapsed().unwrap();
        assert!(age < Duration::from_secs(60), "{age:?}");
        assert_eq!(begun("left-here-by-somebody.jsonl"), None);
    }
}
