//! The short form of a form (`multipart/form-data`), made while it streams by: the beginning of each part.
//!
//! A file of many MiB may stand in front of the fields that say something. Of every part its headers and its first bytes are
//! kept, which is all of a field that is worth reading, and of a file next to nothing.

use memchr::{memchr, memmem};

use super::{WHOLE_BYTES, elided::append};

/// So much of each part is kept, its headers included.
const PART_BYTES: usize = 1024;
/// A longer first line is no delimiter. (RFC 2046 allows 70 characters.)
const DELIMITER_BYTES: usize = 200;

/// Reads a form and keeps its short form.
#[derive(Debug)]
pub(super) struct Parts {
    /// `\r\n--` and the boundary. A `\r` stands only at its beginning.
    delimiter: Vec<u8>,
    /// So much of a delimiter were the last bytes.
    matched: usize,
    /// So much more of this part is kept.
    room: usize,
    out: Vec<u8>,
}

impl Parts {
    /// `None`: what begins so is no form.
    pub(super) fn of(beginning: &[u8]) -> Option<Self> {
        let line = &beginning[..memmem::find(beginning, b"\r\n").filter(|end| *end <= DELIMITER_BYTES)?];
        let delimiter = [b"\r\n", line].concat();
        let is_one = line.starts_with(b"--") && memchr(b'\r', line).is_none();
        is_one.then_some(Self { delimiter, matched: 0, room: PART_BYTES, out: Vec::new() })
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            if self.matched == 0 {
                let content = memchr(b'\r', bytes).unwrap_or(bytes.len());
                self.keep(content, bytes);
                bytes = &bytes[content..];
                // The `\r`, if there is one.
                self.matched = usize::from(!bytes.is_empty());
                bytes = bytes.get(1..).unwrap_or_default();
            } else if self.delimiter[self.matched] == *first {
                bytes = &bytes[1..];
                self.matched += 1;
                if self.matched == self.delimiter.len() {
                    self.matched = 0;
                    append(&mut self.out, &self.delimiter, WHOLE_BYTES);
                    self.room = PART_BYTES;
                }
            } else {
                // It only looked like one.
                let (looked, delimiter) = (std::mem::take(&mut self.matched), std::mem::take(&mut self.delimiter));
                self.keep(looked, &delimiter);
                self.delimiter = delimiter;
            }
        }
    }

    pub(super) fn out(&self) -> &[u8] {
        &self.out
    }

    pub(super) fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.out.capacity() + self.delimiter.capacity()
    }

    /// Keeps the first `count` of these bytes, as far as there is room.
    fn keep(&mut self, count: usize, bytes: &[u8]) {
        let kept = &bytes[..count.min(self.room)];
        self.room -= kept.len();
        append(&mut self.out, kept, WHOLE_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &str = "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1";
    const FILE: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n";

    fn shorten(form: &[u8], piece: usize) -> Vec<u8> {
        let mut parts = Parts::of(form).unwrap();
        for piece in form.chunks(piece) {
            parts.push(piece);
        }
        assert!(parts.held_bytes() < WHOLE_BYTES + 1024);
        parts.out().to_vec()
    }

    #[test]
    fn what_is_short_stays_as_it_is() {
        let form = format!("--b\r\n{FIELD}\r\n--b\r\n{FILE}RIFF\r\n-\r\r\n--\r\n--c\r\n--b--\r\n");
        for piece in [1, 2, 3, 7, 1000] {
            assert_eq!(shorten(form.as_bytes(), piece), form.trim_end().as_bytes(), "in pieces of {piece}");
        }
    }

    #[test]
    fn of_a_file_only_the_beginning_stays_and_what_follows_it_is_whole() {
        let noise: Vec<u8> = (0..1_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for file in [&noise[..], &b"\r".repeat(50_000), &b"\r\n--".repeat(50_000), &b"\r\n-".repeat(50_000)] {
            let form = [b"--b\r\n", FILE.as_bytes(), file, b"\r\n--b\r\n", FIELD.as_bytes(), b"\r\n--b--\r\n"].concat();
            let short = shorten(&form, 1000);
            assert!(short.len() < 2 * PART_BYTES && short.ends_with(format!("\r\n--b\r\n{FIELD}\r\n--b--").as_bytes()));
            assert_eq!(shorten(&form, 1), short);
        }
    }

    #[test]
    fn many_parts_are_bounded() {
        let form = format!("--b\r\n{FIELD}{}", format!("\r\n--b\r\n{FILE}").repeat(10_000));
        let short = shorten(form.as_bytes(), 1000);
        assert!(short.len() <= WHOLE_BYTES && short.starts_with(format!("--b\r\n{FIELD}").as_bytes()));
    }

    #[test]
    fn what_begins_otherwise_is_no_form() {
        for text in ["", "--", "--b", "b\r\n", "-b\r\n", &format!("--{}\r\n", "b".repeat(300))] {
            assert!(Parts::of(text.as_bytes()).is_none(), "{text}");
        }
    }
}
