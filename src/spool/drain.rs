//! The draining end of a folder: a thread of its own, and the handle on it.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use tokio::{runtime, sync::oneshot};

use super::{
    Decode, Spool, panicked,
    shared::{Migration, Shared, State},
    worker::Worker,
};
use crate::{PriceBook, call::Record, store::Store};

/// How long the thread rests after a panic before it begins anew.
const RESTART: Duration = Duration::from_secs(1);

/// Carries lines from a folder into a store, on its own thread with its own runtime.
///
/// Dropping it asks the thread to end and does not wait. What is not stored stays in the folder for the next open.
#[derive(Debug)]
pub struct Drain {
    handle: Handle,
    /// What the first shutdown came to.
    down: Mutex<Option<Flushed>>,
}

/// What a question about the drain needs, on whatever thread it is answered.
#[derive(Clone, Debug)]
struct Handle {
    spool: Arc<Spool>,
    shared: Arc<Shared>,
    /// The process that has the thread: the child of a fork has none.
    pid: u32,
}

/// What a flush has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "0 waiting lines mean that all is stored"]
pub struct Flushed {
    /// How many lines are not in the store yet. Lines that were set aside do not wait.
    pub waiting: u64,
}

/// How the spool and its drain are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// What the folder holds, in bytes.
    pub spool_bytes: u64,
    /// How long the oldest line has been waiting, about half a second too long at most.
    pub oldest_age: Option<Duration>,
    /// How many lines are not in the store yet. While another process drains: lines of ours and of writers that are gone,
    /// at most.
    pub waiting: u64,
    /// How many of those are in memory only, because the disk has stalled.
    pub waiting_in_memory: u64,
    /// Rows that this drain has written.
    pub stored: u64,
    /// Records that the store had already.
    pub known: u64,
    /// Lines in `set-aside.jsonl`.
    pub set_aside: u64,
    /// Lines that the spool has not taken.
    pub refused: u64,
    /// What the store said last, while it is away.
    pub store_error: Option<String>,
    /// What the disk said last, while the drain cannot read or delete.
    pub disk_error: Option<String>,
    /// Whether the store's schema is up to date.
    pub migrated: bool,
    /// The version of the store's schema, as it was when it was brought up to date or refused.
    pub schema_version: Option<i64>,
    /// The day from which the newest of the compiled-in prices holds (`2026-10-20`).
    pub price_date: &'static str,
    /// Whether this process drains the folder. Otherwise another one does.
    pub draining: bool,
    /// How often the hook of [`ContentCapture::redaction`](crate::ContentCapture::redaction) has panicked: so many rows lack
    /// some of what was said.
    pub redactions_failed: u64,
}

impl Drain {
    /// Starts the thread. `decode` reads a line; the store is used on the thread's runtime.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread or no runtime.
    pub fn start(
        spool: &Arc<Spool>,
        store: impl Into<Arc<dyn Store>>,
        decode: impl Fn(&[u8]) -> Result<Vec<Record>, String> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let store = store.into();
        let handle = Handle { spool: Arc::clone(spool), shared: Arc::default(), pid: std::process::id() };
        let thread = handle.clone();
        let (sender, started) = mpsc::channel();
        thread::Builder::new().name("spanledger-drain".to_owned()).spawn(move || {
            // The runtime lives and dies on this thread: dropped inside another runtime it would panic.
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let _ = sender
                .send(runtime.as_ref().map(drop).map_err(|error| io::Error::new(error.kind(), error.to_string())));
            if let Ok(runtime) = runtime {
                thread.drain(&runtime, &*store, &decode);
            }
        })?;
        started.recv().map_err(io::Error::other)??;
        Ok(Self { handle, down: Mutex::new(None) })
    }

    /// Waits until the store's schema is up to date. `false`: it is not, and [`Health::store_error`] says why. A schema that
    /// this program cannot work with is not waited for.
    pub async fn ready(&self, timeout: Duration) -> bool {
        self.handle.clone().aside(move |handle| handle.ready(timeout)).await
    }

    /// Waits until the store's schema is up to date, on this thread.
    #[must_use]
    pub fn ready_blocking(&self, timeout: Duration) -> bool {
        self.handle.ready(timeout)
    }

    /// Waits until everything that was appended before is stored, on any executor.
    pub async fn flush(&self, timeout: Duration) -> Flushed {
        self.handle.clone().aside(move |handle| handle.flush(timeout)).await
    }

    /// Waits until everything that was appended before is stored, on this thread. Safe inside a runtime, if not kind to it.
    pub fn flush_blocking(&self, timeout: Duration) -> Flushed {
        self.handle.flush(timeout)
    }

    /// Flushes, ends the thread and closes the store. Lines that are appended later wait in the folder for the next open. A
    /// second call changes nothing and reports the same.
    pub async fn shutdown(&self, timeout: Duration) -> Flushed {
        match self.was_down() {
            Some(flushed) => flushed,
            None => self.is_down(self.handle.clone().aside(move |handle| handle.shutdown(timeout)).await),
        }
    }

    /// The same, on this thread.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Flushed {
        match self.was_down() {
            Some(flushed) => flushed,
            None => self.is_down(self.handle.shutdown(timeout)),
        }
    }

    /// How it is. Looks at numbers in memory only.
    #[must_use]
    pub fn health(&self) -> Health {
        let Handle { spool, shared, .. } = &self.handle;
        let state = shared.state().clone();
        Health {
            spool_bytes: spool.counts.bytes(),
            oldest_age: state.oldest.map(|oldest| oldest.elapsed().unwrap_or_default()),
            waiting: self.handle.waiting(&state),
            waiting_in_memory: spool.counts.in_memory(),
            stored: state.stored,
            known: state.known,
            set_aside: state.set_aside,
            refused: spool.counts.refused(),
            store_error: state.store_error,
            disk_error: state.disk_error,
            migrated: state.migration == Migration::Done,
            schema_version: state.schema_version,
            price_date: PriceBook::list().date,
            draining: state.draining && !state.ended,
            redactions_failed: 0,
        }
    }

    fn was_down(&self) -> Option<Flushed> {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_down(&self, flushed: Flushed) -> Flushed {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(flushed)
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        // Whoever opens the folder next shall not take our segment for one that is still written to.
        self.handle.spool.roll();
        self.handle.stop();
    }
}

impl Handle {
    /// The thread.
    fn drain(&self, runtime: &runtime::Runtime, store: &dyn Store, decode: &Decode) {
        while !self.shared.is_stopping() {
            let work = || runtime.block_on(Worker::new(&self.spool, &self.shared, store, decode, None).run());
            match catch_unwind(AssertUnwindSafe(work)) {
                Ok(_halt) => break,
                Err(panic) => {
                    let reason = format!("the drain panicked and begins anew: {}", panicked(&*panic));
                    self.shared.update(|state| state.disk_error = Some(reason));
                    runtime.block_on(self.shared.rest(RESTART));
                }
            }
        }
        // A store may keep part of a database beside it until it is closed.
        let _ = catch_unwind(AssertUnwindSafe(|| runtime.block_on(store.close())));
        self.shared.update(|state| state.ended = true);
    }

    /// Answers on a thread of its own: then no executor, no runtime and no stalled disk is waited for.
    async fn aside<T: Send + 'static>(self, answer: impl Fn(&Self) -> T + Send + Sync + 'static) -> T {
        let (sender, receiver) = oneshot::channel();
        let answer = Arc::new(answer);
        let there = (self.clone(), Arc::clone(&answer));
        let spawned = thread::Builder::new().name("spanledger-wait".to_owned()).spawn(move || {
            let (handle, answer) = there;
            let _ = sender.send(answer(&handle));
        });
        if spawned.is_ok()
            && let Ok(answer) = receiver.await
        {
            return answer;
        }
        // The operating system gives no thread: wait on this one.
        answer(&self)
    }

    fn ready(&self, timeout: Duration) -> bool {
        let known = |state: &State| (state.migration != Migration::Pending).then_some(state.migration);
        self.shared.wait_for(timeout, known) == Some(Migration::Done)
    }

    fn flush(&self, timeout: Duration) -> Flushed {
        if self.pid == std::process::id() {
            let ticket = self.shared.update(|state| {
                state.asked += 1;
                state.asked
            });
            self.hurry();
            if self.shared.wait_for(timeout, |state| (state.answered >= ticket).then_some(())).is_some() {
                return Flushed { waiting: 0 };
            }
        }
        Flushed { waiting: self.waiting(&self.shared.state()) }
    }

    fn shutdown(&self, timeout: Duration) -> Flushed {
        let began = Instant::now();
        self.spool.roll();
        let flushed = self.flush(timeout);
        self.stop();
        if self.pid == std::process::id() {
            let left = timeout.saturating_sub(began.elapsed());
            let _ = self.shared.wait_for(left, |state| state.ended.then_some(()));
        }
        flushed
    }

    fn stop(&self) {
        if self.pid == std::process::id() {
            self.shared.stop();
            self.hurry();
        }
    }

    fn hurry(&self) {
        self.shared.nudge();
        self.spool.wake();
    }

    /// What waited when it was counted, and what was appended since.
    fn waiting(&self, state: &State) -> u64 {
        state.waiting + self.spool.counts.written().saturating_sub(state.written) + self.spool.counts.in_memory()
    }
}
