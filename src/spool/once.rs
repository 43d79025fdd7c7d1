//! Draining once, from a program that does not stay: the command line.

use std::{io, ops::ControlFlow, path::Path, time::Duration};

use super::{Decode, Options, Spool, folder, hold::Hold, insert::Halt, shared::Shared, worker::Worker};
use crate::store::Store;

/// What one go at a folder came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Another process drains this folder; nothing was done.
    pub busy: bool,
    /// `progress` has ended it; the rest waits.
    pub interrupted: bool,
    /// Rows that were written.
    pub stored: u64,
    /// Records that the store had already.
    pub known: u64,
    /// Lines that are in `set-aside.jsonl` now.
    pub set_aside: u64,
    /// Lines that are not stored. If another process drains: at most.
    pub waiting: u64,
    /// Why the store did not take the rest.
    pub store_error: Option<String>,
    /// Why the rest could not be read.
    pub disk_error: Option<String>,
}

/// Whether a folder holds lines, stored or not. A folder that is not there holds none, and is not made.
#[must_use]
pub fn holds_lines(folder: &Path) -> bool {
    folder::list(folder).is_ok_and(|listing| listing.segments.iter().any(|(_, bytes)| *bytes > 0))
}

/// Drains what is in a folder now, after migrating the store. A store that is away for longer than `patience` is left
/// alone. `progress` is called after every batch and every try; where it breaks, the batch under way is the last one. Runs on
/// a tokio runtime with timers.
///
/// # Errors
///
/// The folder cannot be used.
pub async fn drain_once(
    folder: &Path,
    store: &dyn Store,
    decode: &Decode,
    patience: Duration,
    mut progress: impl FnMut(&Drained) -> ControlFlow<()>,
) -> io::Result<Drained> {
    let spool = Spool::open(folder, Options::default())?;
    let shared = Shared::default();
    let hold = Hold::take(spool.folder())?;
    let busy = hold.is_none();
    let report = || {
        let state = shared.state().clone();
        Drained {
            busy,
            interrupted: false,
            stored: state.stored,
            known: state.known,
            set_aside: state.set_aside,
            waiting: state.waiting,
            store_error: state.store_error,
            disk_error: state.disk_error,
        }
    };
    let mut worker = Worker::new(&spool, &shared, store, decode, Some(patience));
    let Some(mut hold) = hold else {
        worker.look();
        return Ok(report());
    };
    let work = async {
        worker.look();
        worker.migrate().await?;
        worker.pass(&mut hold).await
    };
    let mut work = std::pin::pin!(work);
    let halted = std::future::poll_fn(|context| {
        let poll = work.as_mut().poll(context);
        if progress(&report()).is_break() {
            shared.stop();
        }
        poll
    })
    .await;
    let mut drained = report();
    match halted {
        Ok(_clean) => {}
        Err(Halt::GaveUp(reason)) => drained.store_error = Some(reason),
        Err(Halt::Stopped) => drained.interrupted = true,
    }
    Ok(drained)
}
