//! Newline-delimited JSON: each line that is not blank is a message.

use memchr::memchr;

use super::{Elided, Sink};

/// Splits a body into lines.
#[derive(Debug, Default)]
pub(super) struct Ndjson {
    line: Elided,
}

impl Ndjson {
    pub(super) fn push(&mut self, mut bytes: &[u8], on: Sink<'_>) {
        while let Some(end) = memchr(b'\n', bytes) {
            self.line.hand_out_with(&bytes[..end], on);
            bytes = &bytes[end + 1..];
        }
        self.line.push(bytes);
    }

    pub(super) fn finish(&mut self, on: Sink<'_>) {
        self.line.hand_out(on);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.line.held_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &[u8]) -> Vec<Vec<u8>> {
        let mut seen = Vec::new();
        let mut ndjson = Ndjson::default();
        ndjson.push(body, &mut |message| seen.push(message.data.to_vec()));
        ndjson.finish(&mut |message| seen.push(message.data.to_vec()));
        seen
    }

    #[test]
    fn a_line_is_a_message_and_the_last_needs_no_end() {
        assert_eq!(decode(b"{\"a\":1}\r\n\n  \n{\"b\":2}"), [b"{\"a\":1}", b"{\"b\":2}"]);
    }

    #[test]
    fn a_broken_line_costs_only_itself() {
        let broken = [&b"{\"a\":\""[..], &[b'x'; 200_000], b"\n{\"b\":2}\n"].concat();
        assert_eq!(decode(&broken)[1], b"{\"b\":2}");
    }
}
