//! A segment of the spool with anything in it, drained into memory.

use std::{
    env, fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::trace::{SpanId, TraceId};
use spanledger::{
    Call,
    call::{Record, Source},
    fuzzing,
    span::read,
    spool::{drain_once, line, read_set_aside},
    store::{BoxFuture, Error, Inserted, Migration, Query, Store, Table},
};
use tokio::runtime::{Builder, Runtime};

/// Every good line is stored once, in order; every other line is stored if it can be read, else it is set aside once; then
/// the segment is gone. Lines that begin with `G` become good ones, those with `Z` good ones behind zeros.
pub fn drain(input: &[u8]) {
    let (mut segment, mut good, mut bad) = (Vec::new(), Vec::new(), 0);
    let last = input.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    for (number, piece) in (1..).zip(input.split(|byte| *byte == b'\n')) {
        match piece.first() {
            Some(b'G' | b'Z') => {
                let zeros = if piece[0] == b'Z' { piece.len() } else { 0 };
                segment.resize(segment.len() + zeros, 0);
                segment.extend_from_slice(&good_line(number));
                bad += usize::from(zeros > 0);
                good.push(number);
            }
            _ if number == last => {
                segment.extend_from_slice(piece);
                bad += usize::from(!piece.is_empty());
            }
            _ => {
                segment.extend_from_slice(piece);
                segment.push(b'\n');
                bad += bad_lines_of(piece);
            }
        }
    }
    let folder = Folder::new();
    fs::write(folder.0.join("20261121T130501.123456Z-1-00000000.jsonl"), &segment).expect("a segment is written");
    let store = Memory::default();
    let drained = RUNTIME
        .block_on(drain_once(&folder.0, &store, &decode, Duration::ZERO, |_| ControlFlow::Continue(())))
        .expect("a drain");
    let stored = store.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(stored.iter().filter_map(number_of).collect::<Vec<_>>(), good);
    assert_eq!((drained.waiting, &drained.store_error, &drained.disk_error), (0, &None, &None));
    let aside = read_set_aside(&folder.0).expect("what is set aside can be read").count();
    assert_eq!(aside, bad, "lines that are set aside");
    assert!(!spanledger::spool::holds_lines(&folder.0), "the segment is gone");
}

/// How many lines of a piece cannot be read. Zeros in front of something are a line of their own.
fn bad_lines_of(piece: &[u8]) -> usize {
    let zeros = piece.iter().take_while(|byte| **byte == 0).count();
    let split = zeros > 0 && zeros < piece.len();
    let line = if split { &piece[zeros..] } else { piece };
    let is_good = line.trim_ascii().is_empty() || line::open(line).is_ok_and(|line| decode(line.json).is_ok());
    usize::from(split) + usize::from(!is_good)
}

/// Which of the good lines a record comes from.
fn number_of(record: &Record) -> Option<u64> {
    match record {
        Record::Call(call) if call.operation == OURS => Some(u64::from_be_bytes(call.identity.span_id.to_bytes())),
        _ => None,
    }
}

/// The operation of the good lines.
const OURS: &str = "fuzzed";

fn good_line(number: u64) -> Vec<u8> {
    let mut call = Call::default();
    call.operation = OURS.into();
    (call.identity.trace_id, call.identity.span_id) = (TraceId::from(1), SpanId::from(number));
    let mut sealed = fuzzing::line_of_call(&call);
    line::seal(&mut sealed).expect("a line");
    sealed
}

fn decode(bytes: &[u8]) -> Result<Vec<Record>, String> {
    read::line(bytes, Source::Capture).map(|line| line.records)
}

/// What is looked at as one line.
pub fn open(input: &[u8]) {
    if let Ok(line) = line::open(input) {
        assert!(line.json.starts_with(b"{") && line.json.ends_with(b"}"));
    }
    let mut sealed = input.to_vec();
    if line::seal(&mut sealed).is_ok() {
        let opened = line::open(&sealed).expect("what was sealed can be opened");
        assert!(opened.checked);
        let whole = sealed.trim_ascii_end().len();
        assert!(line::open(&sealed[..whole - 1]).is_err() || input.is_empty(), "a torn line is no line");
    }
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// A folder in memory, where there is such a thing.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
        let folder = base.join(format!("spanledger-fuzz-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A store that keeps what it is given.
#[derive(Debug, Default)]
struct Memory(Mutex<Vec<Record>>);

impl Store for Memory {
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(records);
        Box::pin(async { Ok(Inserted { written: records.len(), known: 0 }) })
    }

    fn query<'a>(&'a self, _: &'a Query) -> BoxFuture<'a, Result<Table, Error>> {
        Box::pin(async { Ok(Table::default()) })
    }

    fn change<'a>(&'a self, _: &'a [Query]) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(async { Err(Error::Refused("it only takes".to_owned())) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
