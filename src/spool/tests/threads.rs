//! Many threads, and a disk that stops for a while.

use std::{
    fs::File,
    io::Write,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::{
    call::Record,
    spool::{Appended, Drain, Refused, segment::System},
    store::{BoxFuture, Error, Inserted, Migration, Query, Store, Table},
};

/// A disk whose writes wait while it is shut.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn set(&self, shut: bool) {
        *self.0.0.lock().unwrap() = shut;
        self.0.1.notify_all();
    }

    fn system(&self) -> System {
        let Self(gate) = self.clone();
        let write = move |mut file: &File, bytes: &[u8]| {
            drop(gate.1.wait_while(gate.0.lock().unwrap(), |shut| *shut).unwrap());
            file.write(bytes)
        };
        System { write: Arc::new(write), ..System::default() }
    }
}

fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        thread::yield_now();
    }
}

#[test]
fn lines_of_many_threads_are_each_written_once_and_in_the_order_of_their_thread() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path());
    thread::scope(|scope| {
        for thread in 0..8 {
            let spool = &spool;
            scope.spawn(move || {
                for number in 0..2_000 {
                    spool.append(numbered(thread * 10_000 + number)).unwrap();
                }
            });
        }
    });
    spool.settle();
    let numbers = numbers(folder.path());
    assert_eq!(numbers.len(), 16_000);
    for thread in 0..8 {
        let of_thread = numbers.iter().filter(|number| **number / 10_000 == thread).map(|number| number % 10_000);
        assert!(of_thread.eq(0..2_000), "thread {thread}");
    }
}

#[test]
fn while_the_disk_stalls_lines_wait_in_a_bounded_memory_and_are_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let options = Options { memory_bytes: 2_000, ..Options::default() };
    let spool = Spool::open_on(folder.path(), options, gate.system()).unwrap();
    spool.append(numbered(0)).unwrap();
    gate.set(true);
    thread::scope(|scope| {
        let first = scope.spawn(|| spool.append(numbered(1)));
        eventually("nobody writes", || !spool.is_idle());
        let (mut in_memory, mut refused) = (0, 0);
        for number in 2..200 {
            match spool.append(numbered(number)) {
                Ok(Appended::InMemory) => in_memory += 1,
                Err(Refused::MemoryFull) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(spool.counts.in_memory(), in_memory);
        assert_eq!(spool.counts.refused(), refused);
        assert!(in_memory > 10 && refused > 10, "{in_memory} {refused}");
        gate.set(false);
        assert_eq!(first.join().unwrap(), Ok(Appended::Written));
        spool.settle();
        assert_eq!(spool.counts.in_memory(), 0);
        assert!(numbers(folder.path()).into_iter().eq(0..2 + in_memory));
    });
}

#[test]
fn an_append_waits_for_a_stalled_disk_only_as_long_as_its_patience() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let spool = Spool::open_on(folder.path(), Options::default(), gate.system()).unwrap();
    gate.set(true);
    thread::scope(|scope| {
        scope.spawn(|| spool.append(numbered(0)));
        eventually("nobody writes", || !spool.is_idle());
        let began = Instant::now();
        for number in 1..100 {
            assert_eq!(spool.append(numbered(number)), Ok(Appended::InMemory));
        }
        let took = began.elapsed();
        gate.set(false);
        assert!(took < Duration::from_secs(2), "99 appends shared one wait of 50 ms: {took:?}");
    });
}

/// A store that only counts.
#[derive(Debug, Default)]
struct Counter(AtomicUsize);

impl Store for Counter {
    fn migrate(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn revert(&self, _: i64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn migrations(&self) -> BoxFuture<'_, Result<Vec<Migration>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn insert<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<Inserted, Error>> {
        self.0.fetch_add(records.len(), SeqCst);
        Box::pin(async { Ok(Inserted { written: records.len(), known: 0 }) })
    }

    fn query<'a>(&'a self, _: &'a Query) -> BoxFuture<'a, Result<Table, Error>> {
        Box::pin(async { Ok(Table::default()) })
    }

    fn change<'a>(&'a self, _: &'a [Query]) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(async { Ok(0) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

#[test]
fn a_flush_outlives_no_stall_and_the_drain_writes_what_waited_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (gate, store) = (Gate::default(), Arc::new(Counter::default()));
    let spool = Arc::new(Spool::open_on(folder.path(), Options::default(), gate.system()).unwrap());
    let decode = |_: &[u8]| Ok(vec![Record::Call(Box::default())]);
    let drain = Drain::start(&spool, Arc::clone(&store) as Arc<dyn Store>, decode).unwrap();
    assert!(drain.ready_blocking(Duration::from_secs(20)));
    gate.set(true);
    thread::scope(|scope| {
        scope.spawn(|| spool.append(numbered(0)));
        eventually("nobody writes", || !spool.is_idle());
        for number in 1..10 {
            assert_eq!(spool.append(numbered(number)), Ok(Appended::InMemory));
        }
        assert_eq!(drain.flush_blocking(Duration::from_millis(50)).waiting, 9, "the tenth is not recorded yet");
        assert_eq!(drain.health().waiting_in_memory, 9);
        gate.set(false);
    });
    assert_eq!(drain.flush_blocking(Duration::from_secs(20)).waiting, 0);
    assert_eq!(drain.health().waiting_in_memory, 0);
    assert_eq!(store.0.load(SeqCst), 10);
}

#[test]
fn a_trouble_is_said_once_when_it_begins_and_once_when_it_ends() {
    struct Count(Arc<AtomicUsize>);
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Count {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let told = Arc::new(AtomicUsize::new(0));
    let subscriber = tracing_subscriber::registry().with(Count(Arc::clone(&told)));
    tracing::subscriber::with_default(subscriber, || {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), Options { max_bytes: 200, ..Options::default() }).unwrap();
        for number in 0..100 {
            let _ = spool.append(numbered(number));
        }
        assert_eq!(told.load(SeqCst), 1);
        for (segment, _) in folder::list(folder.path()).unwrap().segments {
            fs::remove_file(folder.path().join(segment)).unwrap();
        }
        spool.counts.list(folder.path()).unwrap();
        spool.append(numbered(1)).unwrap();
        assert_eq!(told.load(SeqCst), 2);
    });
}
