//! The spool: a folder of files between the calls and the store. What is in it survives the death of the process.
//!
//! # Invariants
//!
//! - **Written, then acknowledged.** When [`Spool::append`] returns [`Appended::Written`], the line is in the operating
//!   system's page cache (with [`Options::fsync`]: on the disk). The death of the process does not lose it.
//! - **Stored, then deleted.** A segment is deleted when its writer has moved on or died, every line of it is committed in
//!   the store, and every line that could not be stored is synced into `set-aside.jsonl`.
//! - **Stored twice is stored once.** No position is kept on disk: after a crash the drain begins each segment anew, and
//!   the store's inserts are idempotent.
//! - **One writer per segment, one drain per folder.** Both hold a file lock for life, so the death of a process frees
//!   what it held. Any number of processes may share a folder on a local file system.
//! - **One bad line costs one line.** It is set aside with its reason; what stands around it is stored.
//! - **Nothing grows without bound.** The folder, the memory queue, a line and a batch have a size in bytes. What does not
//!   fit is refused and counted, never dropped in silence.
//! - **The caller is never held up** by the store, and by the disk only for the one write that it makes itself.
//!
//! # Files
//!
//! ```text
//! 20261121T130501.123456Z-4711-9f2c1a7b.jsonl        a segment: <time>-<pid>-<random>.jsonl, about 4 MiB
//! 20261121T130502.000001Z-4711-9f2c1a7b.jsonl.new    a segment that is not locked yet
//! set-aside.jsonl                                    {"reason", "at", "segment", "offset", "length", "line"}
//! drain.lock                                         locked by whoever drains
//! ```
//!
//! A line of a segment is one JSON object (`ExportTraceServiceRequest` of OTLP/JSON) whose last member is a checksum:
//! `{…,"crc32c":1234567890}`. It is CRC-32C (Castagnoli) over all bytes before that last comma. A line without it is
//! accepted: it was written by another program. [`line`](mod@line) has the details.
//!
//! A writer creates its segment under the temporary name, locks it, and renames it; appends with one `write` per line, or
//! per group of lines that waited for another write; begins a new segment after 4 MiB, in a new process (`fork`), and after
//! any error: a short write is cut off, a failed `fsync` is never tried again on the same file, and what was written to a
//! segment that somebody has deleted is written again.
//!
//! # Draining
//!
//! The drain makes pass after pass: it lists the folder, reads what is new in each segment (also of those that are still
//! being written), stores it in batches of 500 records or 4 MiB, and deletes what is done. Its positions are in memory. An
//! append wakes it; what other processes append it finds within half a second. A segment is as good as closed when its
//! lock can be had, which is tried shared and only for a moment.
//!
//! While the store is away the same batch is tried again, after pauses of up to 5 seconds. A batch that the store *refuses*
//! is halved until the one record that it refuses stands alone; its line is set aside. A wrong schema is nobody's fault
//! here: everything waits. What is set aside counts towards [`Options::max_bytes`].
//! [`put_back()`] puts it into a segment again, under the drain's lock.
//!
//! Between two passes, every 5 seconds, it has the store sum the hours that are over and whose rows have changed
//! ([`Store::roll_up`](crate::store::Store::roll_up)), for about 50 ms at a time.
//!
//! A flush is answered by the first pass that began after it was asked and that met no trouble. While another process
//! drains the folder it closes our segment and waits until ours, and those whose writers are gone, are deleted. It waits
//! on a thread of its own, so that neither an executor nor a stalled disk can make it outlive its deadline.
//!
//! The child of a `fork` appends to a segment of its own and has no drain: its lines are drained by the parent, or at the
//! next open.
//!
//! # What is counted
//!
//! [`Health`] tells what the folder holds, what waits, what was stored, set aside and refused, and the store's last error.
//! Each change to the worse and back is one [`tracing`] event with the target `spanledger` and a field `event`:
//!
//! | `event` | when |
//! | --- | --- |
//! | `spanledger.spool.stalled` | a write takes longer than [`Options::patience`]; lines wait in memory, and a kill loses those |
//! | `spanledger.spool.full` | the folder has reached [`Options::max_bytes`]; lines are refused, until a sixteenth is free |
//! | `spanledger.spool.refused` | the disk (or the memory queue) does not take lines; they are refused |
//! | `spanledger.drain.set_aside` | lines could not become rows and are kept in `set-aside.jsonl` |
//! | `spanledger.drain.store_unavailable` | the store does not answer; lines stay where they are |
//! | `spanledger.drain.disk` | the drain cannot read, delete or set aside; lines stay where they are |
//! | `spanledger.drain.rollups` | sums by hours cannot be brought up to date; reports read rows instead, which is slower |

mod append;
mod batch;
mod counts;
mod drain;
mod folder;
mod hold;
mod insert;
pub mod line;
mod on_disk;
mod once;
mod pass;
mod put_back;
mod reader;
mod roll_up;
mod segment;
mod set_aside;
mod shared;
mod survey;
mod tell;
#[cfg(test)]
mod tests;
mod worker;

use std::{any::Any, time::Duration};

pub use append::{Appended, Refused, Spool};
pub use drain::{Drain, Flushed, Health};
pub use on_disk::{OnDisk, on_disk};
pub use once::{Drained, drain_once, holds_lines};
pub use put_back::{PutBack, put_back};
#[cfg(feature = "cli")]
pub(crate) use roll_up::an_hour_ago;
pub use set_aside::{SetAside, read as read_set_aside};

use crate::call::Record;

/// Reads a line: what the store gets for it, or a sentence on why it cannot be read.
pub type Decode = dyn Fn(&[u8]) -> Result<Vec<Record>, String> + Send + Sync;

/// A line that is longer is not taken, and not read.
pub const LONGEST_LINE: usize = 16 << 20;

/// A segment that has reached this is closed.
const SEGMENT_BYTES: u64 = 4 << 20;

/// How a [`Spool`] behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// What the folder may hold in all, in bytes: 1 GiB.
    pub max_bytes: u64,
    /// What may wait in memory while a write is stalled, in bytes: 8 MiB.
    pub memory_bytes: usize,
    /// Whether a line is on the disk before it is acknowledged. It then survives a power failure too. Off.
    pub fsync: bool,
    /// How old the outstanding write of another thread may get before a line is left in memory: 50 ms.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_bytes: 1 << 30, memory_bytes: 8 << 20, fsync: false, patience: Duration::from_millis(50) }
    }
}

/// What a panic said.
fn panicked(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no words)")
}
