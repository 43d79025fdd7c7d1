//! A segment: one file, one writer, locked for life.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    SEGMENT_BYTES,
    folder::{self, FRESH},
};

/// What the operating system does for a writer: the one seam at which tests make a disk fail or stall.
#[derive(Clone)]
pub(super) struct System {
    pub(super) write: Arc<Write>,
    pub(super) sync: Arc<Sync>,
    pub(super) pid: fn() -> u32,
}

type Write = dyn Fn(&File, &[u8]) -> io::Result<usize> + Send + std::marker::Sync;
type Sync = dyn Fn(&File) -> io::Result<()> + Send + std::marker::Sync;

impl Default for System {
    fn default() -> Self {
        Self {
            write: Arc::new(|mut file, bytes| file.write(bytes)),
            sync: Arc::new(File::sync_data),
            pid: std::process::id,
        }
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}

/// Writes lines into one segment after the other.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    system: System,
    fsync: bool,
    /// `-<pid>-<random>`: the same in every segment of this writer.
    marker: String,
    latest: i64,
    segment: Option<Segment>,
}

impl Writer {
    pub(super) fn new(folder: &Path, system: System, fsync: bool, marker: String) -> Self {
        Self { folder: folder.to_owned(), system, fsync, marker, latest: 0, segment: None }
    }

    /// Appends whole lines: all of them, or an error and, as far as the disk obeys, none. What fails is tried once more in
    /// a new segment, because the file may be what is broken: no file is written to again after an error.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.segment.as_ref().is_some_and(|segment| segment.length >= SEGMENT_BYTES) {
            self.close();
        }
        let fresh = self.segment.is_none();
        let first = self.attempt(lines);
        if first.is_ok() || fresh { first } else { self.attempt(lines) }
    }

    fn attempt(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut segment = match self.segment.take() {
            Some(segment) => segment,
            None => self.create()?,
        };
        match segment.append(lines, &self.system, self.fsync) {
            Ok(()) => {
                self.segment = Some(segment);
                Ok(())
            }
            Err(error) => {
                segment.abandon(&self.folder);
                Err(error)
            }
        }
    }

    /// Moves on: the next line begins a new segment, and the drain may delete this one.
    pub(super) fn close(&mut self) {
        if let Some(segment) = self.segment.take() {
            segment.close();
        }
    }

    /// Creates a segment under a temporary name, locks it and gives it its name, so that nobody ever finds it unlocked.
    fn create(&mut self) -> io::Result<Segment> {
        let mut result = self.create_once();
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            // The folder is gone, or somebody tidied the temporary file away.
            std::fs::create_dir_all(&self.folder)?;
            result = self.create_once();
        }
        result
    }

    fn create_once(&mut self) -> io::Result<Segment> {
        let name = folder::segment_name(&mut self.latest, &self.marker);
        let fresh = self.folder.join(format!("{name}{FRESH}"));
        let file = OpenOptions::new().append(true).create_new(true).open(&fresh)?;
        let named = file.try_lock().map_err(io::Error::from).and_then(|()| {
            std::fs::rename(&fresh, self.folder.join(&name))?;
            if self.fsync { folder::sync(&self.folder) } else { Ok(()) }
        });
        match named {
            Ok(()) => Ok(Segment { name, file, length: 0 }),
            Err(error) => {
                let _ = std::fs::remove_file(&fresh);
                Err(error)
            }
        }
    }
}

/// Whether a file has no name any more: what is written to it is in no folder.
#[cfg(unix)]
fn is_deleted(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().is_ok_and(|file| file.nlink() == 0)
}

/// Elsewhere a file that is open cannot be deleted.
#[cfg(not(unix))]
const fn is_deleted(_: &File) -> bool {
    false
}

#[derive(Debug)]
struct Segment {
    name: String,
    file: File,
    /// The end of the last line that was written whole.
    length: u64,
}

impl Segment {
    fn append(&mut self, lines: &[u8], system: &System, fsync: bool) -> io::Result<()> {
        let mut rest = lines;
        while !rest.is_empty() {
            match (system.write)(&self.file, rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if fsync {
            (system.sync)(&self.file)?;
        }
        if is_deleted(&self.file) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "somebody has deleted the segment"));
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Cuts off what failed and never writes here again.
    fn abandon(self, folder: &Path) {
        let _ = self.file.set_len(self.length);
        if self.length == 0 {
            let _ = std::fs::remove_file(folder.join(&self.name));
        }
        self.close();
    }

    /// Unlocks by name: a child process that was forked off holds the same lock until it ends.
    fn close(self) {
        let _ = self.file.unlock();
    }
}
