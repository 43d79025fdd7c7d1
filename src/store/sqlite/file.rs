//! Which file a path leads to: one that was deleted, moved away or replaced is noticed, although it can still be written to.
//!
//! SQLite finds the files beside a database (`-wal`, `-shm`) by their names. Where another file takes the place of one that is
//! open, those names still lead to what belongs to the one before: read with the new one they would destroy it, and the last
//! connection to the one before deletes by name what belongs to the new one by then. [`Beside`] keeps them apart.

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

    /// Before the database is closed: what belongs to another one gets a second name, under which closing does not find it.
    pub(super) fn protect(&self, path: &Path) -> Protected {
        let others = self.files.iter().zip(BESIDE).filter_map(|(ours, end)| {
            let file = beside(path, end);
            let there = identity(&file)?;
            (ours.as_ref() != Some(&there)).then_some(file)
        });
        let linked = others.filter_map(|file| {
            let second = beside(&file, ".kept");
            let _ = fs::remove_file(&second);
            fs::hard_link(&file, &second).ok().map(|()| (second, file))
        });
        Protected(linked.collect())
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

/// Files with a second name, and their first one, which they get back.
#[derive(Debug)]
pub(super) struct Protected(Vec<(PathBuf, PathBuf)>);

impl Drop for Protected {
    fn drop(&mut self) {
        for (second, first) in &self.0 {
            let _ = if first.exists() { fs::remove_file(second) } else { fs::rename(second, first) };
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_another_database_outlives_the_closing_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let (path, wal) = (folder.path().join("a.db"), folder.path().join("a.db-wal"));
        fs::write(&path, "old").unwrap();
        fs::write(&wal, "of the old one").unwrap();
        let old = Beside::new(&path, identity(&path).unwrap());
        drop(old.protect(&path));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "what is its own needs no second name");

        fs::rename(&path, folder.path().join("moved.db")).unwrap();
        fs::write(&path, "new").unwrap();
        old.clear_away(&path, identity(&path).unwrap()).unwrap();
        assert!(!wal.exists());

        fs::write(&wal, "of the new one").unwrap();
        let protected = old.protect(&path);
        fs::remove_file(&wal).unwrap();
        drop(protected);
        assert_eq!(fs::read_to_string(&wal).unwrap(), "of the new one");
        old.clear_away(&path, identity(&path).unwrap()).unwrap();
        assert!(wal.exists(), "and stays");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
