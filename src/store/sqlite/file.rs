//! Which file a path leads to: a deleted or replaced one is noticed, although it can still be written to.

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
