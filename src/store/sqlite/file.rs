//! Which file a path leads to: one that was deleted, moved away or replaced is noticed, although it can still be written to.
//!
//! SQLite finds the files beside a database (`-wal`, `-shm`) by their names. Where another file takes the place of one that is
//! open, those names still lead to what belongs to the one before, which would destroy the new one. [`Beside`] knows them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

#[cfg(unix)]
pub(super) use unix::{Identity, identity};

#[cfg(not(unix))]
pub(super) use other::{Identity, identity};

#[cfg(unix)]
mod unix {
    use std::{fs, os::unix::fs::MetadataExt, path::Path};

    /// Device and inode.
    pub(in crate::store::sqlite) type Identity = (u64, u64);

    pub(in crate::store::sqlite) fn identity(path: &Path) -> Option<Identity> {
        fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
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
}

/// What SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A database file, and the files that belong to it.
#[derive(Debug)]
pub(super) struct Beside {
    of: Identity,
    files: [Option<Identity>; BESIDE.len()],
}

impl Beside {
    pub(super) fn new(path: &Path, of: Identity) -> Self {
        let mut beside = Self { of, files: [None; BESIDE.len()] };
        beside.note(path);
        beside
    }

    /// Notes what has come to be since; while the database is open it stays the same.
    pub(super) fn note(&mut self, path: &Path) {
        for (file, end) in self.files.iter_mut().zip(BESIDE) {
            if file.is_none() {
                *file = identity(&beside(path, end));
            }
        }
    }

    /// Before another database is opened in the place of this one: what this one has left there goes.
    pub(super) fn clear_away(&self, path: &Path, there: Identity) -> io::Result<()> {
        if there == self.of {
            return Ok(());
        }
        for (ours, end) in self.files.iter().zip(BESIDE) {
            let file = beside(path, end);
            if ours.is_some() && identity(&file) == *ours {
                fs::remove_file(file)?;
            }
        }
        Ok(())
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
        let kept = fs::File::open(&wal).unwrap();
        old.clear_away(&path, there).unwrap();
        assert!(!wal.exists());

        fs::write(&wal, "of the new one").unwrap();
        old.clear_away(&path, there).unwrap();
        assert!(wal.exists(), "and what is not known stays");
        drop(kept);
    }
}
