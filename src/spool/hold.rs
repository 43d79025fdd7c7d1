//! The right to drain a folder.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use super::{folder, set_aside::Asides};

/// That this process drains the folder, and nobody else.
#[derive(Debug)]
pub(super) struct Hold {
    lock: File,
    pub(super) asides: Asides,
}

impl Hold {
    /// `None`: another process drains.
    pub(super) fn take(folder: &Path) -> io::Result<Option<Self>> {
        let lock = File::options().append(true).create(true).open(folder.join(folder::LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { lock, asides: Asides::open(folder)? })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Unlocks by name: a process that was just forked off to become another program still holds what we hold.
impl Drop for Hold {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}
