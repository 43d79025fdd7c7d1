//! The spool and its drain under faults, against a store in memory that is too simple to be wrong.
//!
//! The oracle of every test: each line whose append returned is stored once, or counted as refused, or set aside.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests are tests")]

mod cost;
mod faults;
mod files;
mod flush;
mod memory;
mod model;
mod processes;
mod put_back;

use std::{
    ops::ControlFlow,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use spanledger::{
    call::{Call, Record},
    spool::{Drain, Drained, Options, Spool, drain_once},
    store::Store,
};

use crate::memory::Memory;

/// Long enough for a machine under load, and never waited for when all is well.
const SOON: Duration = Duration::from_secs(30);

fn line(number: u64) -> Vec<u8> {
    format!("{{\"n\":{number}}}").into_bytes()
}

/// Reads `{"n":1}` as a call with that number as its id, `{"n":[1,2]}` as two, and panics for `{"panic":…}`.
fn decode(line: &[u8]) -> Result<Vec<Record>, String> {
    let json: serde_json::Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    assert!(json.get("panic").is_none(), "told to");
    let call = |number: &serde_json::Value| {
        let mut call = Call::default();
        call.response.id = Some(number.as_u64().ok_or("no number")?.to_string());
        Ok(Record::Call(Box::new(call)))
    };
    match &json["n"] {
        serde_json::Value::Array(numbers) => numbers.iter().map(call).collect(),
        number => Ok(vec![call(number)?]),
    }
}

fn spool(folder: &Path) -> Arc<Spool> {
    Arc::new(Spool::open(folder, Options::default()).unwrap())
}

fn start(spool: &Arc<Spool>, store: &Arc<Memory>) -> Drain {
    Drain::start(spool, Arc::clone(store) as Arc<dyn Store>, decode).unwrap()
}

fn drain(folder: &Path, store: &Memory) -> Drained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(drain_once(folder, store, &decode, Duration::ZERO, |_| ControlFlow::Continue(()))).unwrap()
}

/// The segments in a folder, oldest first.
fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_segment = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|extension| extension == "jsonl") && !path.ends_with("set-aside.jsonl")
    };
    let mut segments: Vec<_> = files.filter(is_segment).collect();
    segments.sort();
    segments
}

fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
