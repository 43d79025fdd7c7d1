//! Appending on disks that misbehave. What the drain does with it is in `tests/spool.rs`.

mod disk;
mod threads;

use std::{fs, path::Path};

use super::{Options, Spool, folder, line};

fn spool(folder: &Path) -> Spool {
    Spool::open(folder, Options::default()).unwrap()
}

fn numbered(number: u64) -> Vec<u8> {
    format!("{{\"n\":{number}}}").into_bytes()
}

/// The numbers of all lines in the folder, segment by segment. Panics for a line that is not whole.
fn numbers(folder: &Path) -> Vec<u64> {
    let segments = folder::list(folder).unwrap().segments;
    segments.iter().flat_map(|(name, _)| numbers_of(&folder.join(name))).collect()
}

fn numbers_of(segment: &Path) -> Vec<u64> {
    let content = fs::read(segment).unwrap();
    assert!(content.is_empty() || content.ends_with(b"\n"), "the last line of {} is torn", segment.display());
    let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let open = |line| serde_json::from_slice::<serde_json::Value>(line::open(line).unwrap().json).unwrap();
    lines.map(|line| open(line)["n"].as_u64().unwrap()).collect()
}
