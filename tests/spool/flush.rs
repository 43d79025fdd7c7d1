//! Flushing and shutting down wherever somebody may call it.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use spanledger::spool::Flushed;
use tokio::runtime::{Builder, Runtime};

use super::*;

const ALL: Flushed = Flushed { waiting: 0 };

/// A folder with ten lines, and a drain on it.
struct Ten {
    _folder: tempfile::TempDir,
    spool: Arc<Spool>,
    store: Arc<Memory>,
    drain: Arc<Drain>,
}

impl Ten {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
        let drain = Arc::new(start(&spool, &store));
        for number in 0..10 {
            spool.append(line(number)).unwrap();
        }
        Self { _folder: folder, spool, store, drain }
    }

    async fn flush_and_shut_down_twice(self) {
        assert!(self.drain.ready(SOON).await);
        assert_eq!(self.drain.flush(SOON).await, ALL);
        assert_eq!(self.store.numbers().len(), 10);
        assert_eq!(self.drain.flush(SOON).await, ALL);
        self.spool.append(line(10)).unwrap();
        assert_eq!(self.drain.flush_blocking(SOON), ALL);
        assert_eq!(self.drain.shutdown(SOON).await, ALL);
        assert_eq!(self.drain.shutdown(SOON).await, ALL);
        assert_eq!(self.drain.shutdown_blocking(SOON), ALL);
        assert_eq!(self.store.numbers().len(), 11);
    }
}

fn one_worker() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn on_a_current_thread_runtime() {
    Builder::new_current_thread().build().unwrap().block_on(Ten::new().flush_and_shut_down_twice());
}

#[test]
fn on_one_worker_and_inside_spawn() {
    let runtime = one_worker();
    runtime.block_on(Ten::new().flush_and_shut_down_twice());
    let task = runtime.spawn(Ten::new().flush_and_shut_down_twice());
    runtime.block_on(task).unwrap();
}

#[test]
fn on_an_executor_that_is_not_tokio() {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(Ten::new().flush_and_shut_down_twice());
    while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park();
    }
}

#[test]
fn without_a_runtime_and_from_many_threads_at_once() {
    let ten = Ten::new();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(ten.drain.flush_blocking(SOON), ALL));
        }
    });
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(ten.drain.shutdown_blocking(SOON), ALL));
        }
    });
    assert_eq!(ten.store.numbers().len(), 10);
}

#[test]
fn in_the_drop_of_a_runtime_it_does_not_matter_either() {
    struct Last(Ten);
    impl Drop for Last {
        fn drop(&mut self) {
            assert_eq!(self.0.drain.shutdown_blocking(SOON), ALL);
        }
    }
    let runtime = one_worker();
    let last = Last(Ten::new());
    let store = Arc::clone(&last.0.store);
    drop(runtime.spawn(async move {
        std::future::pending::<()>().await;
        drop(last);
    }));
    drop(runtime);
    assert_eq!(store.numbers().len(), 10);
}

#[test]
fn a_flush_ends_at_its_deadline_and_says_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().away = true;
    let drain = start(&spool, &store);
    spool.append(line(1)).unwrap();
    let began = Instant::now();
    let runtime = Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(drain.flush(Duration::from_millis(30))), Flushed { waiting: 1 });
    assert_eq!(drain.flush_blocking(Duration::ZERO), Flushed { waiting: 1 });
    assert_eq!(drain.shutdown_blocking(Duration::from_millis(30)), Flushed { waiting: 1 });
    assert_eq!(runtime.block_on(drain.shutdown(SOON)), Flushed { waiting: 1 }, "the second reports the same");
    assert!(began.elapsed() < SOON / 2);
}

#[test]
fn after_a_shutdown_lines_wait_for_the_next_open() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    let drain = start(&spool, &store);
    assert_eq!(drain.shutdown_blocking(SOON), ALL);
    spool.append(line(1)).unwrap();
    assert_eq!(drain.flush_blocking(SOON), Flushed { waiting: 1 });
    assert_eq!(drain.health().waiting, 1);
    let next = start(&spool, &store);
    assert_eq!(next.flush_blocking(SOON), ALL);
    assert_eq!(store.numbers(), [1]);
}

#[test]
fn dropping_signals_and_does_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().away = true;
    let drain = start(&spool, &store);
    spool.append(line(1)).unwrap();
    eventually("it tries", || !store.lock().tried.is_empty());
    let began = Instant::now();
    drop(drain);
    assert!(began.elapsed() < Duration::from_secs(1));
    eventually("the thread lets the folder go", || !super::drain(folder.path(), &Memory::default()).busy);
}

#[test]
fn while_another_drains_the_folder_a_flush_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Memory::default());
    let (first, second) = (spool(folder.path()), spool(folder.path()));
    let draining = start(&first, &store);
    eventually("the first drains", || draining.health().draining);
    let following = start(&second, &Arc::new(Memory::default()));
    assert!(following.ready_blocking(SOON));
    for number in 0..100 {
        second.append(line(number)).unwrap();
    }
    assert_eq!(following.flush_blocking(SOON), ALL);
    assert_eq!(store.numbers().len(), 100, "the first has stored them");
    assert!(!following.health().draining);

    store.lock().away = true;
    second.append(line(100)).unwrap();
    assert_eq!(following.flush_blocking(Duration::from_millis(100)), Flushed { waiting: 1 });
    // The first goes; the second takes over with its own store.
    drop(draining);
    assert_eq!(following.flush_blocking(SOON), ALL);
    assert!(following.health().draining);
}

#[test]
fn a_flush_waits_for_what_a_dropped_drain_has_left_and_not_for_writers_that_live() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Memory::default());
    let [first, second, living, dropped] = [(); 4].map(|()| spool(folder.path()));
    let draining = start(&first, &store);
    eventually("the first drains", || draining.health().draining);
    store.lock().away = true;
    let following = start(&second, &store);

    living.append(line(1)).unwrap();
    assert_eq!(following.flush_blocking(SOON), ALL, "what another writer still appends to is not ours to wait for");
    let nothing = Arc::new(Memory::default());
    let gone = start(&dropped, &nothing);
    dropped.append(line(2)).unwrap();
    // Its spool is still held here: dropping the drain alone lets go of the segment.
    drop(gone);
    assert_eq!(following.flush_blocking(Duration::from_millis(100)), Flushed { waiting: 1 });
    store.lock().away = false;
    assert_eq!(following.flush_blocking(SOON), ALL);
    assert_eq!(store.numbers(), [1, 2]);
}
