//! Lines that could not become rows: kept in a file beside the segments, with the reason.

use std::{
    collections::HashSet,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::folder;

/// What is kept of bytes that are no text.
const BYTES_KEPT: usize = 64 << 10;

/// One line of `set-aside.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SetAside {
    /// Why it is no row.
    pub reason: String,
    /// When it was set aside (RFC 3339).
    pub at: String,
    /// The segment that it stood in.
    pub segment: String,
    /// Where in the segment it began.
    pub offset: u64,
    /// How long it was there, in bytes.
    pub length: u64,
    /// The line, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Its first bytes in hexadecimal, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
}

impl SetAside {
    pub(super) fn new(reason: String, segment: &str, offset: u64, length: u64, bytes: &[u8]) -> Self {
        let at = jiff::Timestamp::now().to_string();
        let mut aside = Self { reason, at, segment: segment.to_owned(), offset, length, line: None, hex: None };
        match std::str::from_utf8(bytes) {
            Ok(line) if !line.contains('\0') => aside.line = Some(line.to_owned()),
            _ => {
                let bytes = bytes.iter().take(BYTES_KEPT);
                aside.hex = Some(bytes.fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02x}");
                    hex
                }));
            }
        }
        aside
    }

    /// The bytes of the line, if all of them were kept.
    pub(super) fn whole(&self) -> Option<Vec<u8>> {
        let bytes = match (&self.line, &self.hex) {
            (Some(line), _) => line.as_bytes().to_vec(),
            (None, Some(hex)) => {
                let pairs = hex.as_bytes().chunks_exact(2);
                pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect::<Option<_>>()?
            }
            (None, None) => return None,
        };
        (bytes.len() as u64 == self.length && !bytes.contains(&b'\n')).then_some(bytes)
    }
}

/// The file, and what of the present segments is in it already: a segment that is read again after a crash must not be
/// set aside twice.
#[derive(Debug)]
pub(super) struct Asides {
    folder: PathBuf,
    known: HashSet<(String, u64)>,
    count: u64,
}

impl Asides {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let mut asides = Self { folder: folder.to_owned(), known: HashSet::new(), count: 0 };
        let present: HashSet<String> = folder::list(folder)?.segments.into_iter().map(|(name, _)| name).collect();
        for aside in read(folder)? {
            let aside = aside?;
            asides.count += 1;
            if present.contains(&aside.segment) {
                asides.known.insert((aside.segment, aside.offset));
            }
        }
        Ok(asides)
    }

    /// How many lines are in the file.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Appends what is not in the file yet, and syncs it. Returns how many were appended: all, or an error and none.
    pub(super) fn keep(&mut self, asides: &[SetAside]) -> io::Result<usize> {
        let place = |aside: &SetAside| (aside.segment.clone(), aside.offset);
        let new: Vec<_> = asides.iter().filter(|aside| !self.known.contains(&place(aside))).collect();
        if new.is_empty() {
            return Ok(0);
        }
        let mut lines = Vec::new();
        for aside in &new {
            serde_json::to_writer(&mut lines, aside)?;
            lines.push(b'\n');
        }
        let path = self.folder.join(folder::SET_ASIDE);
        let fresh = !path.exists();
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let length = end_line(&mut file)?;
        if let Err(error) = file.write_all(&lines).and_then(|()| file.sync_data()) {
            let _ = file.set_len(length);
            return Err(error);
        }
        if fresh {
            folder::sync(&self.folder)?;
        }
        self.count += new.len() as u64;
        self.known.extend(new.iter().map(|aside| place(aside)));
        Ok(new.len())
    }

    /// A segment is gone: its lines cannot come again.
    pub(super) fn forget(&mut self, segment: &str) {
        self.known.retain(|(known, _)| known != segment);
    }
}

/// Ends a line that a crash has torn. Returns the file's length.
fn end_line(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(0);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(length);
    }
    file.write_all(b"\n")?;
    Ok(length + 1)
}

/// Reads what was set aside in a folder, one after the other. What a crash has torn is passed over.
///
/// # Errors
///
/// The file is there and cannot be read.
pub fn read(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<SetAside>>> {
    let file = match File::open(folder.join(folder::SET_ASIDE)) {
        Ok(file) => Some(BufReader::new(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let lines = file.into_iter().flat_map(|file| file.split(b'\n'));
    Ok(lines.filter_map(|line| line.map(|line| serde_json::from_slice(&line).ok()).transpose()))
}
