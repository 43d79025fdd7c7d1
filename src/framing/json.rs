//! A whole JSON document, and documents one after the other that call themselves one.

use memchr::memchr;

use super::{Elided, Sink, ndjson::Ndjson};

/// Holds a document until the body ends or another document begins.
///
/// Between `}` and `{` valid JSON has a comma, and no string has a newline in it: so a newline with a `}` before and a `{`
/// after it lies between two documents.
#[derive(Debug, Default)]
pub(super) struct Json {
    document: Elided,
    /// The last byte that was not blank.
    last: u8,
    /// A newline came after that byte.
    newline: bool,
    /// The first document was one line and others follow: each line is a message as soon as it ends.
    lines: Option<Ndjson>,
}

impl Json {
    pub(super) fn push(&mut self, mut bytes: &[u8], on: Sink<'_>) {
        while self.lines.is_none() && !bytes.is_empty() {
            bytes = self.push_line(bytes, on);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(bytes, on);
        }
    }

    pub(super) fn finish(&mut self, on: Sink<'_>) {
        match &mut self.lines {
            Some(lines) => lines.finish(on),
            None => self.document.hand_out(on),
        }
    }

    /// Whether these bytes are one document, with nothing in front.
    pub(super) fn is_whole(&self, bytes: &[u8]) -> bool {
        let mut rest = bytes.trim_ascii_start();
        while let Some(newline) = memchr(b'\n', rest) {
            let (before, after) = rest.split_at(newline);
            rest = after.trim_ascii_start();
            if rest.starts_with(b"{") && before.trim_ascii_end().ends_with(b"}") {
                return false;
            }
        }
        self.lines.is_none() && self.document.is_empty()
    }

    /// Gives one document as a message, without a copy.
    pub(super) fn hand_out(&mut self, document: &[u8], on: Sink<'_>) {
        self.document.hand_out_with(document, on);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.document.held_bytes() + self.lines.as_ref().map_or(0, Ndjson::held_bytes)
    }

    /// Takes the bytes up to the next newline and returns the others.
    fn push_line<'b>(&mut self, bytes: &'b [u8], on: Sink<'_>) -> &'b [u8] {
        if self.newline {
            let blank = bytes.len() - bytes.trim_ascii_start().len();
            self.document.push(&bytes[..blank]);
            if let Some(first) = bytes.get(blank) {
                self.newline = false;
                if self.last == b'}' && *first == b'{' {
                    self.next_document(on);
                }
            }
            if blank > 0 || self.lines.is_some() {
                return &bytes[blank..];
            }
        }
        let (line, rest) = bytes.split_at(memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1));
        self.document.push(line);
        if let Some(last) = line.trim_ascii_end().last() {
            self.last = *last;
        }
        self.newline = line.ends_with(b"\n");
        rest
    }

    fn next_document(&mut self, on: Sink<'_>) {
        if memchr(b'\n', self.document.finish().trim_ascii()).is_none() {
            self.lines = Some(Ndjson::default());
        }
        self.document.hand_out(on);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let mut json = Json::default();
        json.push(body.as_bytes(), &mut |message| seen.push(String::from_utf8_lossy(message.data).into_owned()));
        json.finish(&mut |message| seen.push(String::from_utf8_lossy(message.data).into_owned()));
        seen
    }

    #[test]
    fn a_document_is_one_message_at_the_end() {
        let pretty = "{\n  \"a\": [\n    {},\n    {\n    }\n  ]\n}";
        assert_eq!(decode(&format!("{pretty}\n")), [pretty]);
        let mut json = Json::default();
        json.push(pretty.as_bytes(), &mut |_| panic!("the body is not over"));
    }

    #[test]
    fn a_document_that_came_in_one_piece_is_not_copied() {
        for (body, is_whole) in
            [("{\n \"a\": [{},\n {\n}\n]}\n", true), ("{}\n \n{}", false), ("{\"a\":1}", true), ("{}\n\n}\n{", false)]
        {
            assert_eq!(Json::default().is_whole(body.as_bytes()), is_whole, "{body}");
        }
        let body = b"{\n}\n";
        Json::default().hand_out(body, &mut |message| assert!(body.as_ptr_range().contains(&message.data.as_ptr())));
    }

    #[test]
    fn documents_one_after_the_other_are_told_apart() {
        assert_eq!(decode("{\"a\":1}\n{\"b\":{}}\r\n\r\n{}\n"), ["{\"a\":1}", "{\"b\":{}}", "{}"]);
        assert_eq!(decode("{\n\"a\":1\n}\n{\n\"b\":2}"), ["{\n\"a\":1\n}", "{\n\"b\":2}"]);
    }

    #[test]
    fn lines_that_call_themselves_json_come_at_once_from_the_second_on() {
        let mut json = Json::default();
        let mut seen = 0;
        json.push(b"{\"a\":1}\n{\"b\":2}\n", &mut |_| seen += 1);
        assert_eq!(seen, 2);
    }
}
