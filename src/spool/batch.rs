//! A batch: lines of any number of segments that are committed together.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{Decode, line, panicked, reader::Piece, set_aside::SetAside};
use crate::call::Record;

/// A batch is full with this many records …
pub(super) const RECORDS: usize = 500;
/// … or this many bytes.
const BYTES: usize = 4 << 20;

/// Lines that were read and are not committed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// What the store gets.
    pub(super) records: Vec<Record>,
    lines: Vec<Read>,
    bytes: Vec<u8>,
    /// What will never be a row.
    pub(super) asides: Vec<SetAside>,
    aside_bytes: usize,
    /// How far each segment is done once all this is committed.
    pub(super) reached: Vec<Reached>,
}

/// A line that gave records.
#[derive(Debug)]
struct Read {
    segment: Arc<str>,
    offset: u64,
    bytes: Range<usize>,
    records: Range<usize>,
}

/// A position in a segment, and how many lines lie before it and after the last one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) segment: Arc<str>,
    pub(super) position: u64,
    pub(super) lines: u64,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= RECORDS || self.bytes.len() >= BYTES || self.aside_bytes >= BYTES
    }

    /// Adds a line: its records, or the reason why it has none.
    pub(super) fn add(&mut self, segment: &Arc<str>, piece: Piece<'_>, decode: &Decode) {
        match read(piece, decode) {
            Ok(records) => {
                let (bytes, first) = (self.bytes.len(), self.records.len());
                self.bytes.extend_from_slice(piece.bytes);
                self.records.extend(records);
                let (bytes, records) = (bytes..self.bytes.len(), first..self.records.len());
                self.lines.push(Read { segment: Arc::clone(segment), offset: piece.offset, bytes, records });
            }
            Err(reason) => {
                self.aside_bytes += piece.bytes.len();
                self.asides.push(SetAside::new(reason, segment, piece.offset, piece.length, piece.bytes));
            }
        }
    }

    /// Notes how far a segment was read.
    pub(super) fn reach(&mut self, segment: &Arc<str>, position: u64, lines: u64) {
        match self.reached.last_mut() {
            Some(last) if last.segment == *segment => {
                last.position = position;
                last.lines += lines;
            }
            _ => self.reached.push(Reached { segment: Arc::clone(segment), position, lines }),
        }
    }

    /// Sets the lines of these records aside, each once. The other records of such a line are stored all the same.
    pub(super) fn set_aside(&mut self, poison: Vec<(usize, String)>) {
        let mut last = None;
        for (record, reason) in poison {
            let index = self.lines.partition_point(|line| line.records.end <= record);
            let Some(line) = self.lines.get(index).filter(|_| last != Some(index)) else { continue };
            last = Some(index);
            let bytes = self.bytes.get(line.bytes.clone()).unwrap_or_default();
            self.asides.push(SetAside::new(reason, &line.segment, line.offset, bytes.len() as u64, bytes));
        }
    }
}

fn read(piece: Piece<'_>, decode: &Decode) -> Result<Vec<Record>, String> {
    if let Some(flaw) = piece.flaw {
        return Err(flaw.to_string());
    }
    let line = line::open(piece.bytes).map_err(|flaw| flaw.to_string())?;
    catch_unwind(AssertUnwindSafe(|| decode(line.json)))
        .unwrap_or_else(|panic| Err(format!("its reader panicked: {}", panicked(&*panic))))
}
