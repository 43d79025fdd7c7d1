//! Appending: one thread writes at a time, the others' lines go along with its next write.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::{
    Options,
    counts::Counts,
    folder,
    line::{self, NotALine},
    segment::{System, Writer},
    tell::Trouble,
};

/// The writing end of a folder.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    options: Options,
    system: System,
    /// What our segments have in their names, after the process id.
    random: String,
    queue: Mutex<Queue>,
    pub(super) counts: Counts,
    /// Whether there is something that the drain has not looked at.
    dirty: AtomicBool,
    drain: Notify,
    stalled: Trouble,
    full: Trouble,
    refused: Trouble,
    /// Never ends: it is the fault of a program, not of a disk.
    not_lines: Trouble,
}

/// What a successful append has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The line survives the death of the process (with [`Options::fsync`]: a power failure).
    Written,
    /// The disk has stalled: the line waits in memory, and a kill would lose it.
    InMemory,
}

/// Why a line was not taken. It is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// It is no line.
    NotALine(NotALine),
    /// The folder has reached [`Options::max_bytes`].
    Full,
    /// The disk has stalled, and [`Options::memory_bytes`] are waiting.
    MemoryFull,
    /// The disk does not take it.
    Disk(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotALine(reason) => reason.fmt(f),
            Self::Full => f.write_str("the spool is full: is the store away, or its limit too small?"),
            Self::MemoryFull => f.write_str("the disk of the spool has stalled and the memory queue is full"),
            Self::Disk(error) => write!(f, "the disk of the spool does not take lines: {error}"),
        }
    }
}

impl std::error::Error for Refused {}

/// Lines that wait for the thread that is writing, and the writer while none is.
#[derive(Debug)]
struct Queue {
    pid: u32,
    /// `None`: a thread has taken it and is writing.
    writer: Option<Writer>,
    /// When it was taken.
    since: Instant,
    /// How much it was taken for.
    outstanding: usize,
    lines: Vec<u8>,
    count: u64,
    /// What those lines share, once somebody waits for them.
    group: Option<Arc<Group>>,
    /// The segment is to be closed as soon as the writer is back.
    roll: bool,
}

/// The appends whose lines are written together. The counts change under the queue's lock.
#[derive(Debug, Default)]
struct Group {
    result: OnceLock<Result<(), Refused>>,
    done: Condvar,
    waiting: AtomicU64,
    /// How many have left their line in memory.
    left: AtomicU64,
}

impl Spool {
    /// Opens a folder, creating it where it is not.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written to.
    pub fn open(folder: impl AsRef<Path>, options: Options) -> io::Result<Self> {
        Self::open_on(folder.as_ref(), options, System::default())
    }

    pub(super) fn open_on(folder: &Path, options: Options, system: System) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        std::fs::OpenOptions::new().append(true).create(true).open(folder.join(folder::LOCK))?;
        folder::tidy(&folder)?;
        let counts = Counts::default();
        counts.list(&folder)?;
        let random: String = uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect();
        let queue = Mutex::new(Queue::new(&folder, options, &system, &random));
        Ok(Self {
            folder,
            options,
            system,
            random,
            queue,
            counts,
            dirty: AtomicBool::new(true),
            drain: Notify::new(),
            stalled: Trouble::stalled(),
            full: Trouble::full(),
            refused: Trouble::refused(),
            not_lines: Trouble::refused(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends one JSON object as a line. Any thread may, also inside a runtime: it costs about one `write` into the page
    /// cache, and waits for nothing else than [`Options::patience`] allows.
    ///
    /// # Errors
    ///
    /// The line was not taken, and is counted as refused.
    pub fn append(&self, mut line: Vec<u8>) -> Result<Appended, Refused> {
        let result = match line::seal(&mut line) {
            Ok(()) => self.take(line),
            Err(reason) => Err(self.refuse(1, Refused::NotALine(reason))),
        };
        if result.is_ok() && !self.dirty.swap(true, SeqCst) {
            self.drain.notify_one();
        }
        result
    }

    fn take(&self, line: Vec<u8>) -> Result<Appended, Refused> {
        if !self.has_room(line.len()) {
            // What is open may be all that fills the folder: closed, it can be deleted.
            self.roll();
            return Err(self.refuse(1, Refused::Full));
        }
        let mut queue = self.lock();
        match queue.writer.take() {
            Some(writer) => self.lead(queue, writer, Some(line)),
            None => self.follow(queue, &line),
        }
    }

    /// Writes what waits, and this thread's line with it.
    fn lead(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        mut writer: Writer,
        own: Option<Vec<u8>>,
    ) -> Result<Appended, Refused> {
        let (mut lines, mut count) = (std::mem::take(&mut queue.lines), std::mem::take(&mut queue.count));
        if let Some(own) = own {
            count += 1;
            if lines.is_empty() { lines = own } else { lines.extend_from_slice(&own) }
        }
        let group = queue.group.take();
        queue.outstanding = lines.len();
        queue.since = Instant::now();
        drop(queue);

        let written = writer.write(&lines);

        let result = match written {
            Ok(()) => {
                self.counts.wrote(count, lines.len() as u64);
                Ok(())
            }
            Err(error) => Err(Refused::Disk(error.to_string())),
        };
        let mut queue = self.lock();
        if std::mem::take(&mut queue.roll) {
            writer.close();
        }
        queue.writer = Some(writer);
        queue.outstanding = 0;
        if let Some(group) = group {
            self.counts.in_memory.fetch_sub(group.left.load(Relaxed), SeqCst);
            let _ = group.result.set(result.clone());
            group.done.notify_all();
        }
        // One of the next group takes over. If all of them have left, the next append or the drain does.
        if let Some(next) = queue.group.as_ref().filter(|next| next.waiting.load(Relaxed) > 0) {
            next.done.notify_one();
        }
        drop(queue);

        match result {
            Ok(()) => self.all_is_well(),
            Err(reason) => return Err(self.refuse(count, reason)),
        }
        Ok(Appended::Written)
    }

    /// Leaves the line with those that are written next, and waits for that unless the disk has stalled.
    fn follow<'a>(&'a self, mut queue: MutexGuard<'a, Queue>, line: &[u8]) -> Result<Appended, Refused> {
        if queue.outstanding + queue.lines.len() + line.len() > self.options.memory_bytes {
            drop(queue);
            return Err(self.refuse(1, Refused::MemoryFull));
        }
        queue.lines.extend_from_slice(line);
        queue.count += 1;
        let group = Arc::clone(queue.group.get_or_insert_default());
        group.waiting.fetch_add(1, Relaxed);
        loop {
            if let Some(result) = group.result.get() {
                return result.clone().map(|()| Appended::Written);
            }
            if let Some(writer) = queue.writer.take() {
                // Nobody writes, so our line is still in the queue.
                return self.lead(queue, writer, None);
            }
            let Some(patience) = self.options.patience.checked_sub(queue.since.elapsed()) else { break };
            queue = group.done.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        group.waiting.fetch_sub(1, Relaxed);
        group.left.fetch_add(1, Relaxed);
        self.counts.in_memory.fetch_add(1, SeqCst);
        drop(queue);
        self.stalled.began(&self.folder, "a write takes too long; lines wait in memory, where a kill loses them");
        Ok(Appended::InMemory)
    }

    /// Writes what appends have left in memory, if nobody is writing.
    pub(super) fn settle(&self) {
        if self.counts.in_memory() == 0 {
            return;
        }
        let mut queue = self.lock();
        if queue.count > 0
            && let Some(writer) = queue.writer.take()
        {
            let _ = self.lead(queue, writer, None);
        }
    }

    /// Closes the segment that is open: another drain may delete it then.
    pub(super) fn roll(&self) {
        let mut queue = self.lock();
        match &mut queue.writer {
            Some(writer) => writer.close(),
            None => queue.roll = true,
        }
    }

    /// Whether a segment is one of this spool, by its name.
    pub(super) fn owns(&self, segment: &str) -> bool {
        segment.contains(&marker((self.system.pid)(), &self.random))
    }

    /// Waits until something was appended since the last call, for this long at most.
    pub(super) async fn appended(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.drain.notified()).await;
    }

    /// Whether no thread is writing.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.lock().writer.is_some()
    }

    /// Interrupts [`appended`](Self::appended).
    pub(super) fn wake(&self) {
        self.drain.notify_one();
    }

    /// From here on an append wakes the drain.
    pub(super) fn look_out(&self) {
        self.dirty.store(false, SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.pid != (self.system.pid)() {
            // We are the child of a fork: the segment, and what waits in memory, are the parent's.
            *queue = Queue::new(&self.folder, self.options, &self.system, &self.random);
            self.counts.in_memory.store(0, SeqCst);
        }
        queue
    }

    /// Whether the folder takes that many bytes more.
    fn has_room(&self, bytes: usize) -> bool {
        let has_room = self.counts.has_room(&self.folder, bytes as u64, self.options.max_bytes);
        // At the limit a short line may fit where a long one did not: that ends nothing.
        let limit = self.options.max_bytes;
        if has_room && self.counts.bytes() <= limit - limit / 16 {
            self.full.ended(&self.folder);
        }
        has_room
    }

    fn all_is_well(&self) {
        self.refused.ended(&self.folder);
        if self.counts.in_memory() == 0 {
            self.stalled.ended(&self.folder);
        }
    }

    fn refuse(&self, lines: u64, reason: Refused) -> Refused {
        self.counts.refused.fetch_add(lines, SeqCst);
        let trouble = match reason {
            Refused::Full => &self.full,
            Refused::NotALine(_) => &self.not_lines,
            Refused::MemoryFull | Refused::Disk(_) => &self.refused,
        };
        trouble.began(&self.folder, &reason);
        reason
    }
}

/// Lines that wait in memory get a last chance, and the segment is let go of by name.
impl Drop for Spool {
    fn drop(&mut self) {
        self.settle();
        self.roll();
    }
}

impl Queue {
    fn new(folder: &Path, options: Options, system: &System, random: &str) -> Self {
        let pid = (system.pid)();
        let writer = Writer::new(folder, system.clone(), options.fsync, marker(pid, random));
        Self {
            pid,
            writer: Some(writer),
            since: Instant::now(),
            outstanding: 0,
            lines: Vec::new(),
            count: 0,
            group: None,
            roll: false,
        }
    }
}

fn marker(pid: u32, random: &str) -> String {
    format!("-{pid}-{random}")
}
