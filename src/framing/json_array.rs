//! A JSON array that arrives in pieces: each element is a message as soon as it is complete.
//!
//! Elements are objects or arrays; others cannot be messages and are passed over.

use memchr::memchr2;

use super::{Elided, Sink};

/// Counts brackets.
#[derive(Debug, Default)]
pub(super) struct JsonArray {
    /// 0: outside, 1: between elements, more: inside an element.
    depth: usize,
    string: bool,
    escaped: bool,
    element: Elided,
}

impl JsonArray {
    pub(super) fn push(&mut self, bytes: &[u8], on: Sink<'_>) {
        let mut start = 0;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.string {
                at += self.pass_string(&bytes[at..]);
                continue;
            }
            match byte {
                b'"' => self.string = true,
                b'[' if self.depth == 0 => self.depth = 1,
                b'{' | b'[' if self.depth < 2 => (self.depth, start) = (2, at),
                b'{' | b'[' => self.depth += 1,
                b'}' if self.depth < 2 => {}
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 1 {
                        self.element.hand_out_with(&bytes[start..=at], on);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        if self.depth > 1 {
            self.element.push(&bytes[start..]);
        }
    }

    pub(super) fn finish(&mut self, on: Sink<'_>) {
        self.element.hand_out(on);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.element.held_bytes()
    }

    /// How many bytes the rest of a string takes, with its closing quote or up to the next escape.
    fn pass_string(&mut self, bytes: &[u8]) -> usize {
        if std::mem::take(&mut self.escaped) {
            return 1;
        }
        let Some(end) = memchr2(b'"', b'\\', bytes) else { return bytes.len() };
        self.string = bytes[end] == b'\\';
        self.escaped = self.string;
        end + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &str) -> Vec<String> {
        let mut seen = Vec::new();
        JsonArray::default()
            .push(body.as_bytes(), &mut |message| seen.push(String::from_utf8_lossy(message.data).into_owned()));
        seen
    }

    #[test]
    fn each_element_is_a_message_before_the_array_ends() {
        assert_eq!(decode("[{\"a\":[1]}\r\n,\r\n{\"b\":\"]}\\\"\"}"), ["{\"a\":[1]}", "{\"b\":\"]}\\\"\"}"]);
        assert_eq!(decode("[[0.1,0.2],[0.3]]"), ["[0.1,0.2]", "[0.3]"]);
    }

    #[test]
    fn others_are_passed_over() {
        assert_eq!(decode("[1, \"{}\", null, {\"a\":1}]\n[{\"b\":2}]"), ["{\"a\":1}", "{\"b\":2}"]);
    }

    #[test]
    fn brackets_that_close_nothing_do_no_harm() {
        assert_eq!(decode("]}[}{\"a\":1}]]]"), ["{\"a\":1}"]);
    }
}
