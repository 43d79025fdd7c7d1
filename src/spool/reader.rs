//! Reading a segment in pieces, a line at a time, also while its writer appends.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use super::{LONGEST_LINE, line::Unreadable};

/// How much is read at once.
const PIECE: usize = 256 << 10;
/// What is kept of a line that is too long to be read.
const SAMPLE: usize = 4 << 10;

/// Reads one segment from a position on.
#[derive(Debug)]
pub(super) struct Reader {
    file: File,
    /// Nobody will write here again.
    finished: bool,
    /// What lies beyond was appended after we began, and waits for the next time.
    end: u64,
    buffer: Vec<u8>,
    /// Where in the file the buffer begins.
    base: u64,
    /// Where in the buffer the next line begins, and how far it was searched for its end.
    start: usize,
    searched: usize,
}

/// A line as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Without its newline; of a line that is too long only the beginning.
    pub(super) bytes: &'a [u8],
    pub(super) offset: u64,
    pub(super) length: u64,
    /// What is known to be wrong with it already.
    pub(super) flaw: Option<Unreadable>,
}

struct Found {
    range: Range<usize>,
    offset: u64,
    length: u64,
    flaw: Option<Unreadable>,
}

/// Whether a segment's writer has moved on or died.
pub(super) fn is_let_go(path: &Path) -> bool {
    File::open(path).and_then(|file| let_go(&file)).unwrap_or(false)
}

/// Nobody locks a segment but its writer, so a lock that can be had once can be had for ever. It is asked for shared and
/// given back at once: whoever else looks gets the same answer.
fn let_go(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Reader {
    /// Opens a segment at a position. If its writer is gone it is read to its very end.
    pub(super) fn open(path: &Path, position: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let finished = let_go(&file)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(position))?;
        Ok(Self { file, finished, end, buffer: Vec::new(), base: position, start: 0, searched: 0 })
    }

    /// Whether the writer is gone.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Everything before this has been given out.
    pub(super) fn position(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The next line. `None`: that was all for now.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        let Some(Found { range, offset, length, flaw }) = self.find()? else { return Ok(None) };
        Ok(Some(Piece { bytes: self.buffer.get(range).unwrap_or_default(), offset, length, flaw }))
    }

    fn find(&mut self) -> io::Result<Option<Found>> {
        loop {
            let unread = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', unread) {
                let range = self.start..self.searched + at;
                if let Some(found) = self.take(range) {
                    return Ok(Some(found));
                }
            } else if self.buffer.len() - self.start > LONGEST_LINE {
                return self.skip();
            } else {
                self.searched = self.buffer.len();
                if !self.fill()? {
                    return Ok(self.tail());
                }
            }
        }
    }

    /// Takes a line out of the buffer. Zeros before an object are a piece of their own; blank lines are none.
    fn take(&mut self, range: Range<usize>) -> Option<Found> {
        let line = self.buffer.get(range.clone()).unwrap_or_default();
        let zeros = line.iter().take_while(|byte| **byte == 0).count();
        let offset = self.base + range.start as u64;
        if zeros > 0 && zeros < line.len() {
            self.start = range.start + zeros;
            self.searched = range.end;
            let range = range.start..self.start;
            return Some(Found { range, offset, length: zeros as u64, flaw: Some(Unreadable::Zeros) });
        }
        let blank = line.trim_ascii().is_empty();
        self.start = range.end + 1;
        self.searched = self.start;
        (!blank).then(|| Found { length: range.len() as u64, range, offset, flaw: None })
    }

    /// What stands after the last newline is torn if nobody will end it.
    fn tail(&mut self) -> Option<Found> {
        let range = self.start..self.buffer.len();
        if !self.finished || range.is_empty() {
            return None;
        }
        let offset = self.position();
        let zeros = self.buffer.get(range.clone()).unwrap_or_default().iter().all(|byte| *byte == 0);
        (self.start, self.searched) = (range.end, range.end);
        let flaw = Some(if zeros { Unreadable::Zeros } else { Unreadable::Torn });
        Some(Found { length: range.len() as u64, range, offset, flaw })
    }

    /// Passes over a line that is too long, keeping its beginning.
    fn skip(&mut self) -> io::Result<Option<Found>> {
        let offset = self.position();
        let mut read = self.base + self.buffer.len() as u64;
        self.buffer.drain(..self.start);
        self.buffer.truncate(SAMPLE);
        let mut piece = vec![0; PIECE];
        loop {
            let count = self.read(read, &mut piece)?;
            let newline = memchr::memchr(b'\n', piece.get(..count).unwrap_or_default());
            let stop = read + newline.unwrap_or(count) as u64;
            if count == 0 && !self.finished {
                // Its end may still come; until then it stands where it stood.
                self.buffer.clear();
                (self.base, self.start, self.searched) = (offset, 0, 0);
                return Ok(None);
            }
            if newline.is_some() || count == 0 {
                let range = 0..self.buffer.len();
                let next = stop + u64::from(newline.is_some());
                self.file.seek(SeekFrom::Start(next))?;
                // The sample stays in front of what is read next, at made-up places.
                self.base = next - range.end as u64;
                (self.start, self.searched) = (range.end, range.end);
                return Ok(Some(Found { range, offset, length: stop - offset, flaw: Some(Unreadable::TooLong) }));
            }
            read = stop;
        }
    }

    /// Reads on. `false`: nothing more for now.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.base += self.start as u64;
        self.searched -= self.start;
        self.start = 0;
        let filled = self.buffer.len();
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(filled + PIECE, 0);
        let count = self.read(self.base + filled as u64, buffer.get_mut(filled..).unwrap_or_default());
        buffer.truncate(filled + *count.as_ref().unwrap_or(&0));
        self.buffer = buffer;
        Ok(count? > 0)
    }

    fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX).min(into.len());
        let into = into.get_mut(..left).unwrap_or_default();
        loop {
            match self.file.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// How many lines end in a part of a file.
pub(super) fn count_lines(path: &Path, part: Range<u64>) -> io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(part.start))?;
    let mut rest = file.take(part.end.saturating_sub(part.start));
    let (mut piece, mut lines) = (vec![0; PIECE], 0);
    loop {
        let count = rest.read(&mut piece)?;
        if count == 0 {
            return Ok(lines);
        }
        lines += memchr::memchr_iter(b'\n', piece.get(..count).unwrap_or_default()).count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn all(reader: &mut Reader) -> Vec<(Vec<u8>, u64, Option<Unreadable>)> {
        let mut pieces = Vec::new();
        while let Some(piece) = reader.next().unwrap() {
            pieces.push((piece.bytes.to_vec(), piece.offset, piece.flaw));
        }
        pieces
    }

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn whole_lines_are_read_while_the_writer_lives_and_the_rest_when_it_is_gone() {
        let file = file(b"{1}\n\n{2}\n{3");
        file.as_file().lock().unwrap();
        let mut reader = Reader::open(file.path(), 0).unwrap();
        assert_eq!(all(&mut reader), [(b"{1}".to_vec(), 0, None), (b"{2}".to_vec(), 5, None)]);
        assert_eq!(reader.position(), 9);

        file.as_file().unlock().unwrap();
        let mut reader = Reader::open(file.path(), 9).unwrap();
        assert!(reader.is_finished());
        assert_eq!(all(&mut reader), [(b"{3".to_vec(), 9, Some(Unreadable::Torn))]);
        assert_eq!(reader.position(), 11);
    }

    #[test]
    fn zeros_are_parted_from_the_line_behind_them() {
        let file = file(b"\0\0\0{1}\n\0\0");
        let pieces = all(&mut Reader::open(file.path(), 0).unwrap());
        let zeros = Some(Unreadable::Zeros);
        assert_eq!(pieces, [(vec![0; 3], 0, zeros), (b"{1}".to_vec(), 3, None), (vec![0; 2], 7, zeros)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_without_holding_it() {
        for end in [&b"\n{2}\n"[..], b""] {
            let mut content = b"{1}\n".to_vec();
            content.resize(content.len() + 3 * LONGEST_LINE, b'x');
            content.extend_from_slice(end);
            let file = file(&content);
            let mut reader = Reader::open(file.path(), 0).unwrap();
            assert_eq!(reader.next().unwrap().unwrap().bytes, b"{1}");
            let piece = reader.next().unwrap().unwrap();
            assert_eq!((piece.offset, piece.length), (4, 3 * LONGEST_LINE as u64));
            assert_eq!((piece.bytes.len(), piece.flaw), (SAMPLE, Some(Unreadable::TooLong)));
            let rest = all(&mut reader);
            assert_eq!(rest.len(), usize::from(!end.is_empty()));
            assert!(rest.iter().all(|(bytes, offset, _)| bytes == b"{2}" && *offset == 5 + 3 * LONGEST_LINE as u64));
            assert_eq!(reader.position(), content.len() as u64);
            assert!(reader.buffer.capacity() <= 2 * LONGEST_LINE);
        }
    }
}
