//! Which file a path leads to: one that was deleted, moved away or replaced is noticed, although it can still be written to.
//!
//! SQLite finds the files beside a database (`-wal`, `-shm`) by their names. Where another file takes the place of one that is
//! open, those names still lead to what belongs to the one before, which would destroy the new one. [`Beside`] knows them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

#[cfg(unix)]
use unix::identity_of;
#[cfg(unix)]
pub(super) use unix::{Identity, identity};

#[cfg(not(unix))]
use other::identity_of;
#[cfg(not(unix))]
pub(super) use other::{Identity, identity};

#[cfg(unix)]
mod unix {
    use std::{
        fs::{self, File, Metadata},
        os::unix::fs::MetadataExt,
        path::Path,
        time::SystemTime,
    };

    /// Device and inode, and when the file came to be, where the file system says so: an inode may be used again.
    pub(in crate::store::sqlite) type Identity = (u64, u64, Option<SystemTime>);

    pub(in crate::store::sqlite) fn identity(path: &Path) -> Option<Identity> {
        fs::metadata(path).ok().as_ref().map(of)
    }

    pub(super) fn identity_of(file: &File) -> Option<Identity> {
        file.metadata().ok().as_ref().map(of)
    }

    fn of(file: &Metadata) -> Identity {
        (file.dev(), file.ino(), file.created().ok())
    }
}

/// Elsewhere a file that is open cannot be deleted: that there is one is enough.
#[cfg(not(unix))]
mod other {
    use std::path::Path;

    pub(in crate::store::sqlite) type Identity = ();

    pub(in crate::store::sqlite) fn identity(path: &Path) -> Option<Identity> {
        path.exists().then_some(())
    }

    pub(super) const fn identity_of(_: &std::fs::File) -> Option<Identity> {
        Some(())
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A database file, and the write-ahead log that belongs to it.
///
/// The log is held open: while it is, no other file can have its inode, so what is recognised as it is it. (SQLite locks the
/// database and its `-shm`, never the log. An open handle of ours on one of those would take SQLite's locks away when it is
/// closed.)
#[derive(Debug)]
pub(super) struct Beside {
    of: Identity,
    wal: Option<(fs::File, Identity)>,
}

impl Beside {
    pub(super) fn new(path: &Path, of: Identity) -> Self {
        let mut beside = Self { of, wal: None };
        beside.note(path);
        beside
    }

    /// Notes what has come to be since; while the database is open it stays the same.
    pub(super) fn note(&mut self, path: &Path) {
        if self.wal.is_none()
            && let Ok(wal) = fs::File::open(beside(path, "-wal"))
            && let Some(identity) = identity_of(&wal)
        {
            self.wal = Some((wal, identity));
        }
    }

    /// Before another database is opened in the place of this one: what this one has left there goes. Where its log still
    /// lies, nobody has opened the other one yet, so the `-shm` beside it is this one's too.
    pub(super) fn clear_away(&self, path: &Path, there: Identity) -> io::Result<()> {
        let wal = beside(path, "-wal");
        if there == self.of || self.wal.is_none() || identity(&wal) != self.wal.as_ref().map(|(_, identity)| *identity)
        {
            return Ok(());
        }
        fs::remove_file(wal)?;
        match fs::remove_file(beside(path, "-shm")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_the_database_before_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let (path, wal) = (folder.path().join("a.db"), folder.path().join("a.db-wal"));
        fs::write(&path, "old").unwrap();
        fs::write(&wal, "of the old one").unwrap();
        let (old, there) = (Beside::new(&path, identity(&path).unwrap()), identity(&path).unwrap());
        old.clear_away(&path, there).unwrap();
        assert!(wal.exists(), "it is the same one");

        fs::rename(&path, folder.path().join("moved.db")).unwrap();
        fs::write(&path, "new").unwrap();
        let there = identity(&path).unwrap();
        old.clear_away(&path, there).unwrap();
        assert!(!wal.exists());

        // The file system would like to use an inode again: it cannot while ours is held.
        for _ in 0..100 {
            fs::write(&wal, "of the new one").unwrap();
            old.clear_away(&path, there).unwrap();
            assert!(wal.exists(), "what is not ours stays");
            fs::remove_file(&wal).unwrap();
        }
    }
}
