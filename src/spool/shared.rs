//! What the drain's thread and its handles tell each other.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::Notify;

/// Shared between the thread and the handles.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
    nudged: Notify,
}

/// All that is known of a drain.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) migration: Migration,
    pub(super) schema_version: Option<i64>,
    /// How many flushes were asked for, and how many of those are answered: everything before them is stored.
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// The thread is gone.
    pub(super) ended: bool,
    /// Whether this process drains the folder, not another one.
    pub(super) draining: bool,
    pub(super) stored: u64,
    pub(super) known: u64,
    pub(super) set_aside: u64,
    pub(super) store_error: Option<String>,
    pub(super) disk_error: Option<String>,
    /// Lines that wait, and what this process had written when they were counted.
    pub(super) waiting: u64,
    pub(super) written: u64,
    pub(super) oldest: Option<SystemTime>,
}

/// How far the store's schema is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Migration {
    #[default]
    Pending,
    Done,
    /// It cannot be used as it is.
    Refused,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and tells those who wait.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.notify_all();
        result
    }

    /// Waits on this thread until something is so, for this long at most. `None`: the time is over, or the drain is gone.
    pub(super) fn wait_for<T>(&self, at_most: Duration, mut is: impl FnMut(&State) -> Option<T>) -> Option<T> {
        // A timeout beyond what the clock can tell is a year.
        let deadline =
            Instant::now().checked_add(at_most).unwrap_or_else(|| Instant::now() + Duration::from_hours(8766));
        let mut state = self.state();
        loop {
            if let Some(found) = is(&state) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.ended {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks the thread to end at the next safe point.
    pub(super) fn stop(&self) {
        self.stop.store(true, SeqCst);
        self.nudge();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.load(SeqCst)
    }

    /// Ends the thread's present rest.
    pub(super) fn nudge(&self) {
        self.nudged.notify_one();
    }

    /// Rests for this long, or until somebody wants something.
    pub(super) async fn rest(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.nudged.notified()).await;
    }
}
