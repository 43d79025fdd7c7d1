//! What lies in a folder, told by somebody who neither writes nor drains: nothing is made or changed.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
    time::SystemTime,
};

use super::{folder, reader};

/// What lies in the folder of a spool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnDisk {
    /// What all files hold, in bytes.
    pub bytes: u64,
    /// Lines in segments. Those that a drain has stored stay there until their segment is done: so many wait at most.
    pub lines: u64,
    /// When the oldest segment with lines was begun.
    pub oldest: Option<SystemTime>,
    /// Whether a process drains the folder now.
    pub drained: bool,
}

/// Looks at a folder. `None`: there is none.
///
/// # Errors
///
/// The folder cannot be read.
pub fn on_disk(folder: &Path) -> io::Result<Option<OnDisk>> {
    if !folder.try_exists()? {
        return Ok(None);
    }
    let listing = folder::list(folder)?;
    let mut found =
        OnDisk { bytes: listing.bytes, drained: is_locked(&folder.join(folder::LOCK))?, ..OnDisk::default() };
    for (name, length) in listing.segments.iter().filter(|(_, length)| *length > 0) {
        // It may be gone by now: then it is stored.
        if let Ok(lines) = reader::count_lines(&folder.join(name), 0..*length) {
            found.lines += lines;
            found.oldest = found.oldest.or_else(|| folder::begun(name));
        }
    }
    Ok(Some(found))
}

/// Asked shared and given back at once: a drain that begins in this moment tries again.
fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
