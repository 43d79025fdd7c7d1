//! The short form of a JSON document, made while it streams by. The rules are on [`Elided`](super::Elided).
//!
//! It is no validator: valid JSON becomes valid JSON, anything else becomes something bounded. Each open container has a
//! `limit`, the length of the output at which it must be closed; all that is written is checked against the innermost,
//! which leaves room for the closing brackets of all. What turns out not to fit is undone back to the start of its member.

use memchr::memchr2;

use super::elided::append;

/// The longest output.
const LIMIT: usize = 128 * 1024;
/// Longer strings are cut, members with longer names dropped.
const STRING_BYTES: usize = 1024;
/// Longer numbers are dropped.
const SCALAR_BYTES: usize = 128;
/// So many numbers of a row are kept.
const ROW: usize = 16;
/// A container may have so much of the room around it even if that is more than half.
const SHARE_BYTES: usize = 8 * 1024;
/// Containers that lie deeper are dropped; serde_json refuses to read them.
const DEPTH: usize = 100;
/// What may have to follow a string: its quote, a colon and the shortest value.
const AFTER_STRING: usize = 4;

/// Reads a document and keeps its short form.
#[derive(Debug, Default)]
pub(super) struct Shortener {
    out: Vec<u8>,
    open: Vec<Container>,
    token: Token,
    /// The length of the output before the member that is being written.
    undo: usize,
    /// A colon was seen: in an object, what comes next is a value.
    named: bool,
    /// The next value belongs to a name that was dropped.
    unwanted: bool,
    /// How deep inside a dropped container.
    dropped: usize,
    /// The document is closed; what follows is none of ours.
    over: bool,
    /// A string was cut.
    cut: bool,
    /// How deep the outermost container lies that lacks a member.
    left_out: Option<usize>,
}

#[derive(Debug)]
struct Container {
    object: bool,
    limit: usize,
    empty: bool,
    /// How many numbers came in a row.
    row: usize,
}

/// What the last byte was part of. `kept`: it is written to the output, where it began at `start`.
#[derive(Clone, Copy, Debug, Default)]
enum Token {
    #[default]
    None,
    Text {
        name: bool,
        kept: bool,
        start: usize,
        escaped: bool,
    },
    Scalar {
        kept: bool,
        start: usize,
    },
}

impl Shortener {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.over {
            let taken = match self.token {
                Token::None => self.between(bytes),
                Token::Text { .. } => self.text(bytes),
                Token::Scalar { .. } => self.scalar(bytes),
            };
            bytes = &bytes[taken..];
        }
    }

    pub(super) fn out(&self) -> &[u8] {
        &self.out
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    pub(super) fn left_out(&self) -> Option<usize> {
        self.left_out
    }

    pub(super) fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.out.capacity() + self.open.capacity() * size_of::<Container>()
    }

    /// Between two tokens; a scalar is only begun, all else takes at least one byte.
    fn between(&mut self, bytes: &[u8]) -> usize {
        let passed = self.pass(bytes);
        if passed > 0 {
            return passed;
        }
        match bytes[0] {
            b'"' => self.begin_text(),
            b'{' | b'[' => self.open(bytes[0]),
            b'}' | b']' => self.close(),
            b',' => (self.named, self.unwanted) = (false, false),
            b':' => self.named = true,
            _ => {
                self.begin_scalar();
                return 0;
            }
        }
        1
    }

    /// How many bytes can be passed over at once: blanks, and what is dropped.
    fn pass(&self, bytes: &[u8]) -> usize {
        let end = if self.dropped > 0 {
            bytes.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
        } else if self.open.last().is_some_and(|container| container.row > ROW) {
            bytes.iter().position(|byte| !(is_of_row(*byte) || byte.is_ascii_whitespace()))
        } else {
            bytes.iter().position(|byte| !byte.is_ascii_whitespace())
        };
        end.unwrap_or(bytes.len())
    }

    fn begin_text(&mut self) {
        let name = self.dropped == 0 && !self.named && self.open.last().is_some_and(|container| container.object);
        let kept = if name { self.begin_member(AFTER_STRING) } else { self.begin_value(AFTER_STRING) };
        if kept {
            self.write(b"\"");
        } else {
            self.leave_out();
        }
        self.unwanted |= name && !kept;
        self.token = Token::Text { name, kept, start: self.out.len(), escaped: false };
    }

    fn text(&mut self, bytes: &[u8]) -> usize {
        let Token::Text { escaped, .. } = &mut self.token else { return 0 };
        if std::mem::take(escaped) {
            self.keep_text(&bytes[..1]);
            return 1;
        }
        let Some(end) = memchr2(b'"', b'\\', bytes) else {
            self.keep_text(bytes);
            return bytes.len();
        };
        if bytes[end] == b'"' {
            self.keep_text(&bytes[..end]);
            self.end_text();
        } else {
            *escaped = true;
            self.keep_text(&bytes[..=end]);
        }
        end + 1
    }

    fn keep_text(&mut self, part: &[u8]) {
        let Token::Text { name, kept: true, start, .. } = self.token else { return };
        let room = STRING_BYTES - (self.out.len() - start);
        let fitting = &part[..part.len().min(room)];
        let long = fitting.len() < part.len();
        if (long && name) || !self.fits(fitting.len() + AFTER_STRING) {
            self.undo();
            self.leave_out();
            self.unwanted |= name;
        } else {
            self.write(fitting);
            if !long {
                return;
            }
            self.cut = true;
            self.out.truncate(start + whole_characters(&self.out[start..]));
            self.write(b"\"");
            self.end_member();
        }
        if let Token::Text { kept, .. } = &mut self.token {
            *kept = false;
        }
    }

    fn end_text(&mut self) {
        match std::mem::take(&mut self.token) {
            Token::Text { name: true, kept: true, .. } => self.write(b"\":"),
            Token::Text { name: false, kept: true, .. } => {
                self.write(b"\"");
                self.end_member();
            }
            _ => {}
        }
    }

    fn begin_scalar(&mut self) {
        let mut kept = true;
        if let Some(array) = self.open.last_mut().filter(|container| !container.object) {
            array.row += 1;
            kept = array.row <= ROW;
        }
        kept = kept && self.begin_value(1);
        if !kept {
            self.leave_out();
        }
        self.token = Token::Scalar { kept, start: self.out.len() };
    }

    fn scalar(&mut self, bytes: &[u8]) -> usize {
        let Token::Scalar { kept, start } = self.token else { return 0 };
        let end = bytes.iter().position(|byte| {
            matches!(byte, b',' | b':' | b'"' | b'{' | b'[' | b'}' | b']') || byte.is_ascii_whitespace()
        });
        let part = &bytes[..end.unwrap_or(bytes.len())];
        if kept && self.out.len() - start + part.len() <= SCALAR_BYTES && self.fits(part.len()) {
            self.write(part);
        } else if kept {
            self.undo();
            self.leave_out();
            self.token = Token::Scalar { kept: false, start };
        }
        if end.is_some()
            && let Token::Scalar { kept: true, .. } = std::mem::take(&mut self.token)
        {
            self.end_member();
        }
        part.len()
    }

    fn open(&mut self, bracket: u8) {
        if self.dropped > 0 {
            self.dropped += 1;
            return;
        }
        let mut limit = LIMIT;
        if let Some(around) = self.open.last_mut() {
            around.row = 0;
            limit = around.limit - 1;
            if !self.begin_value(2) || self.open.len() == DEPTH {
                self.undo();
                self.leave_out();
                self.dropped = 1;
                return;
            }
        }
        self.end_member();
        let room = limit.saturating_sub(self.out.len());
        let share = (room / 2).max(room.min(SHARE_BYTES));
        let limit = if self.open.is_empty() { limit } else { self.out.len() + share };
        self.open.push(Container { object: bracket == b'{', limit, empty: true, row: 0 });
        self.write(&[bracket]);
        self.undo = self.out.len();
    }

    fn close(&mut self) {
        if self.dropped > 0 {
            self.dropped -= 1;
        } else if let Some(container) = self.open.pop() {
            self.write(if container.object { b"}" } else { b"]" });
            self.end_member();
            self.over = self.open.is_empty();
        }
    }

    /// Starts an element or a name, with its comma, if so many bytes fit.
    fn begin_member(&mut self, bytes: usize) -> bool {
        self.undo = self.out.len();
        let fits = self.fits(bytes + 1);
        if fits && self.open.last().is_some_and(|container| !container.empty) {
            self.write(b",");
        }
        fits
    }

    /// Starts a value, if it is wanted and so many bytes fit; where its name stands already, that goes with it.
    fn begin_value(&mut self, bytes: usize) -> bool {
        let Some(container) = self.open.last_mut().filter(|_| self.dropped == 0) else { return false };
        if std::mem::take(&mut self.unwanted) {
            return false;
        }
        if !container.object {
            return self.begin_member(bytes);
        }
        let fits = self.fits(bytes);
        if !fits {
            self.undo();
        }
        fits && self.named
    }

    fn end_member(&mut self) {
        if let Some(container) = self.open.last_mut() {
            container.empty = false;
        }
        (self.named, self.unwanted) = (false, false);
        self.undo = self.out.len();
    }

    /// A member of the innermost container is not kept; of one that is not kept itself, that was noted before.
    fn leave_out(&mut self) {
        if self.dropped == 0 {
            let depth = self.open.len();
            self.left_out = Some(self.left_out.map_or(depth, |known| known.min(depth)));
        }
    }

    fn undo(&mut self) {
        self.out.truncate(self.undo);
    }

    /// Whether so many bytes can be written and the innermost container still be closed.
    fn fits(&self, bytes: usize) -> bool {
        self.open.last().is_some_and(|container| self.out.len() + bytes < container.limit)
    }

    fn write(&mut self, bytes: &[u8]) {
        append(&mut self.out, bytes, LIMIT);
    }
}

fn is_of_row(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b',' | b'.' | b'-' | b'+' | b'e' | b'E')
}

/// The length of the longest beginning of a string's inside that does not end within a UTF-8 sequence or an escape, two of
/// which can make one character.
fn whole_characters(text: &[u8]) -> usize {
    let mut end = 0;
    while let Some(first) = text.get(end) {
        let length = match first {
            b'\\' if text.get(end + 1) != Some(&b'u') => 2,
            b'\\'
                if matches!(
                    text.get(end + 2..end + 4),
                    Some([b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B'])
                ) =>
            {
                12
            }
            b'\\' => 6,
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        };
        if end + length > text.len() {
            break;
        }
        end += length;
    }
    end
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shorten(document: &str) -> String {
        let mut shortener = Shortener::default();
        shortener.push(document.as_bytes());
        assert!(shortener.out().len() <= LIMIT);
        String::from_utf8(shortener.out().to_vec()).unwrap()
    }

    fn read(document: &str) -> Value {
        serde_json::from_str(&shorten(document)).unwrap()
    }

    #[test]
    fn what_is_short_stays_but_for_blanks() {
        let document =
            "{ \"a\" : [ 1 , -2.5e3, true ,null, \"x\\\"]\" , { } , [ ] ] ,\n\t\"b\":{\"c\":\"\\u00e9\"}, \"d\":1 }";
        assert_eq!(
            shorten(document),
            "{\"a\":[1,-2.5e3,true,null,\"x\\\"]\",{},[]],\"b\":{\"c\":\"\\u00e9\"},\"d\":1}"
        );
        assert_eq!(shorten("{\"a\":1}\n{\"b\":2}"), "{\"a\":1}");
    }

    #[test]
    fn long_strings_are_cut_between_characters() {
        for character in ["x", "é", "€", "𝄞", "\\n", "\\\\", "\\u00e9", "\\ud834\\udd1e", "\\uD834\\uDD1E"] {
            for before in 0..12 {
                let text = "a".repeat(before) + &character.repeat(2000);
                let document = format!("{{\"a\":\"{text}\",\"b\":\"é\"}}");
                let (short, whole) = (read(&document), serde_json::from_str::<Value>(&document).unwrap());
                let (short, whole) = (&short["a"].as_str().unwrap(), whole["a"].as_str().unwrap());
                assert!(whole.starts_with(*short) && short.len() > 150, "{character} after {before}: {short}");
            }
        }
    }

    #[test]
    fn a_string_of_the_greatest_length_is_kept() {
        for (length, kept) in [(1023, 1023), (1024, 1024), (1025, 1024), (5000, 1024)] {
            assert_eq!(read(&json!({ "a": "x".repeat(length) }).to_string())["a"].as_str().unwrap().len(), kept);
        }
    }

    #[test]
    fn long_names_and_numbers_go_with_their_members() {
        let document = format!(
            "{{\"{}\":{{\"a\":[1]}},\"b\":1{},\"c\":[2{}],\"d\":3}}",
            "x".repeat(2000),
            "0".repeat(200),
            "0".repeat(200)
        );
        assert_eq!(shorten(&document), "{\"c\":[],\"d\":3}");
    }

    #[test]
    fn rows_of_numbers_are_cut() {
        let vector = json!(vec![0.5; 40]).to_string();
        let document =
            format!("{{\"a\":{vector},\"b\":[1,[{}],\"x\",{}]}}", &vector[1..81], &vector[1..vector.len() - 1]);
        let short = read(&document);
        assert_eq!(short["a"], json!(vec![0.5; 16]));
        assert_eq!(short["b"].as_array().unwrap().len(), 19);
    }

    #[test]
    fn deep_documents_are_flattened() {
        let document = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(read(&document)["b"], 2);
    }

    #[test]
    fn what_lies_beside_a_large_part_comes_through() {
        let choice = json!({ "index": 0, "logprobs": { "content": vec![json!({ "token": "a", "logprob": -0.1 }); 20_000] }, "finish_reason": "stop" });
        let document = json!({ "choices": vec![choice; 3], "usage": { "total": 7, "details": [{ "a": 1 }] }, "wide": vec!["x".repeat(90); 9000], "z": 1 });
        let short = read(&document.to_string());
        assert_eq!((&short["usage"], &short["z"]), (&document["usage"], &json!(1)));
        assert_eq!(short["choices"][0]["finish_reason"], "stop");
        assert!(short["choices"][0]["logprobs"]["content"].as_array().unwrap().len() > 100);
    }
}
