//! Ends spans that handles keep open for too long: one thread, only while there are such spans.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Instant,
};

use super::{Recorder, handle::Shared};

static KEPT: Mutex<Kept> = Mutex::new(Kept { spans: Vec::new(), most: LEAST, next: None, running: false });
static WAKE: Condvar = Condvar::new();

struct Kept {
    spans: Vec<(Instant, Weak<Shared>)>,
    /// How many there may be before those that ended with their handles are looked for.
    most: usize,
    /// What the thread sleeps for.
    next: Option<Instant>,
    running: bool,
}

impl Kept {
    fn push(&mut self, deadline: Instant, shared: &Arc<Shared>) {
        if self.spans.len() >= self.most {
            self.tidy();
            self.most = 2 * self.spans.len().max(LEAST);
        }
        self.spans.push((deadline, Arc::downgrade(shared)));
    }

    fn tidy(&mut self) {
        self.spans.retain(|(_, shared)| shared.strong_count() > 0);
    }
}

/// So few are never looked through.
const LEAST: usize = 64;

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends this call's span at the deadline, if its last handle did not do so before.
pub(super) fn keep(shared: &Arc<Shared>, deadline: Instant) {
    let mut kept = kept();
    // The thread sleeps until the next deadline; what comes behind it needs no waking.
    let is_next = kept.next.is_none_or(|next| deadline < next);
    kept.push(deadline, shared);
    if kept.running {
        if is_next {
            WAKE.notify_one();
        }
    } else {
        // Without a thread the span ends with its last handle.
        kept.running = thread::Builder::new().name("spanledger-spans".to_owned()).spawn(run).is_ok();
    }
}

/// Ends the spans that are kept open of calls that go where this recorder's go, now: before a tracer provider shuts down.
#[cfg_attr(not(feature = "ledger"), expect(dead_code, reason = "only a ledger has a flush"))]
pub(crate) fn end_those_of(recorder: &Recorder) {
    // Upgraded under the lock and ended outside of it: the last one to let go of a span ends it.
    let spans: Vec<_> = kept().spans.iter().filter_map(|(_, shared)| shared.upgrade()).collect();
    for shared in spans.iter().filter(|shared| shared.is_of(recorder)) {
        shared.end_span();
    }
}

fn run() {
    loop {
        let due: Vec<_> = {
            let mut kept = kept();
            kept.tidy();
            kept.next = kept.spans.iter().map(|(deadline, _)| *deadline).min();
            let Some(next) = kept.next else {
                kept.running = false;
                return;
            };
            let now = Instant::now();
            if next > now {
                drop(WAKE.wait_timeout(kept, next - now).unwrap_or_else(PoisonError::into_inner));
                continue;
            }
            kept.spans.extract_if(.., |(deadline, _)| *deadline <= now).collect()
        };
        for shared in due.iter().filter_map(|(_, shared)| shared.upgrade()) {
            shared.end_span();
        }
    }
}
