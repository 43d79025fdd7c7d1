//! Server-sent events, as the WHATWG specification reads them.
//!
//! Lines end with LF, CRLF or CR; `data` lines of one event are joined with a newline; comments, `id`, `retry` and unknown
//! fields are passed over; an event without data is none. One thing is different: an event that the body's end cuts off is
//! handed out, since a server that forgets the last blank line has still sent its usage.

use memchr::memchr2;

use super::{Elided, Message, Sink, WHOLE_BYTES};

/// More of an event's name is not kept.
const NAME_BYTES: usize = 256;

/// Gathers the lines of an event.
#[derive(Debug, Default)]
pub(super) struct Sse {
    /// What is known of a line that has begun.
    line: Line,
    /// The last line ended with a CR: an LF that follows belongs to it.
    after_cr: bool,
    name: Vec<u8>,
    data: Elided,
    has_data: bool,
}

#[derive(Debug)]
enum Line {
    /// The field's name, as far as it came.
    Field {
        name: [u8; 5],
        len: usize,
    },
    /// `fresh`: right after the colon, where one space is no part of the value.
    Data {
        fresh: bool,
    },
    Event {
        fresh: bool,
    },
    Other,
}

impl Default for Line {
    fn default() -> Self {
        Self::Field { name: [0; 5], len: 0 }
    }
}

impl Sse {
    pub(super) fn push(&mut self, mut bytes: &[u8], on: Sink<'_>) {
        // The data of an event that began in these bytes and has one line so far.
        let mut borrowed = None;
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = line_end(bytes) {
            let line = &bytes[..end];
            if matches!(self.line, Line::Field { len: 0, .. }) {
                self.whole_line(line, &mut borrowed, on);
            } else {
                self.part_of_line(line);
                self.end_line(on);
            }
            let cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if cr {
                self.after_cr = bytes.is_empty();
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        self.keep(&mut borrowed);
        if !bytes.is_empty() {
            self.part_of_line(bytes);
        }
    }

    pub(super) fn finish(&mut self, on: Sink<'_>) {
        if !matches!(self.line, Line::Field { len: 0, .. }) {
            self.end_line(on);
        }
        self.dispatch(on);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.name.capacity() + self.data.held_bytes()
    }

    /// A line that lies within the pushed bytes, without its end.
    fn whole_line<'b>(&mut self, line: &'b [u8], borrowed: &mut Option<&'b [u8]>, on: Sink<'_>) {
        if line.is_empty() {
            match borrowed.take_if(|data| data.len() <= WHOLE_BYTES) {
                Some(data) => {
                    hand_out(&self.name, Message::unnamed(data), on);
                    self.name.clear();
                }
                None => {
                    self.keep(borrowed);
                    self.dispatch(on);
                }
            }
        } else if let Some(value) = value(line, b"data") {
            if self.has_data || borrowed.is_some() {
                self.keep(borrowed);
                self.begin_data();
                self.data.push(value);
            } else {
                *borrowed = Some(value);
            }
        } else if let Some(value) = value(line, b"event") {
            self.name.clear();
            self.push_name(value);
        }
    }

    /// The next part of a line that began or ends elsewhere.
    fn part_of_line(&mut self, mut part: &[u8]) {
        while let (Line::Field { name, len }, Some((byte, rest))) = (&mut self.line, part.split_first()) {
            part = rest;
            if *byte == b':' {
                let (name, len) = (*name, *len);
                self.begin_value(&name[..len]);
            } else if let Some(place) = name.get_mut(*len) {
                *place = *byte;
                *len += 1;
            } else {
                self.line = Line::Other;
            }
        }
        if let (Line::Data { fresh } | Line::Event { fresh }, false) = (&mut self.line, part.is_empty())
            && std::mem::take(fresh)
        {
            part = part.strip_prefix(b" ").unwrap_or(part);
        }
        match self.line {
            Line::Data { .. } => self.data.push(part),
            Line::Event { .. } => self.push_name(part),
            Line::Field { .. } | Line::Other => {}
        }
    }

    fn begin_value(&mut self, field: &[u8]) {
        self.line = match field {
            b"data" => {
                self.begin_data();
                Line::Data { fresh: true }
            }
            b"event" => {
                self.name.clear();
                Line::Event { fresh: true }
            }
            _ => Line::Other,
        };
    }

    fn end_line(&mut self, on: Sink<'_>) {
        match std::mem::take(&mut self.line) {
            Line::Field { len: 0, .. } => self.dispatch(on),
            Line::Field { name, len } => {
                // A field without a colon has an empty value.
                self.begin_value(&name[..len]);
                self.line = Line::default();
            }
            Line::Data { .. } | Line::Event { .. } | Line::Other => {}
        }
    }

    fn begin_data(&mut self) {
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b"\n");
        }
    }

    fn push_name(&mut self, part: &[u8]) {
        let room = NAME_BYTES.saturating_sub(self.name.len());
        self.name.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn keep(&mut self, borrowed: &mut Option<&[u8]>) {
        if let Some(data) = borrowed.take() {
            self.begin_data();
            self.data.push(data);
        }
    }

    fn dispatch(&mut self, on: Sink<'_>) {
        if std::mem::take(&mut self.has_data) {
            hand_out(&self.name, self.data.message(self.data.finish()), on);
            self.data.clear();
        }
        self.name.clear();
    }
}

/// Where a line ends. (The blank lines between events are not worth a search.)
fn line_end(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'\n' | b'\r' => Some(0),
        _ => memchr2(b'\n', b'\r', bytes),
    }
}

/// The value of a line that has this field.
fn value<'b>(line: &'b [u8], field: &[u8]) -> Option<&'b [u8]> {
    let rest = line.strip_prefix(field)?;
    if rest.is_empty() {
        return Some(rest);
    }
    let value = rest.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

fn hand_out(name: &[u8], message: Message<'_>, on: Sink<'_>) {
    if name.is_empty() {
        on(message);
    } else {
        on(Message { event: Some(&String::from_utf8_lossy(name)), ..message });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Event = (Option<String>, String);

    fn decode(body: &str) -> Vec<Event> {
        let mut seen = Vec::new();
        let mut on = |message: Message<'_>| {
            seen.push((message.event.map(str::to_owned), String::from_utf8_lossy(message.data).into_owned()));
        };
        let mut sse = Sse::default();
        sse.push(body.as_bytes(), &mut on);
        sse.finish(&mut on);
        seen
    }

    fn unnamed(data: &str) -> Event {
        (None, data.to_owned())
    }

    #[test]
    fn lines_end_with_lf_crlf_or_cr() {
        for body in ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"] {
            assert_eq!(decode(body), [unnamed("a"), unnamed("b")], "{body:?}");
        }
    }

    #[test]
    fn an_event_is_handed_out_with_its_blank_line_even_between_cr_and_lf() {
        let mut seen = 0;
        let mut sse = Sse::default();
        for (piece, events) in [("data: a\r", 0), ("\n\r", 1), ("\ndata: b\r\n", 1), ("\r", 2), ("\n", 2)] {
            sse.push(piece.as_bytes(), &mut |_| seen += 1);
            assert_eq!(seen, events, "after {piece:?}");
        }
    }

    #[test]
    fn one_space_after_the_colon_is_no_part_of_the_value() {
        assert_eq!(decode("data:a\n\ndata: b\n\ndata:  c\n\n"), [unnamed("a"), unnamed("b"), unnamed(" c")]);
    }

    #[test]
    fn the_name_is_that_of_its_own_event() {
        let body = "event: ping\nevent: delta\ndata: a\n\ndata: b\n\nevent: c\n\ndata: d\n\n";
        assert_eq!(decode(body), [(Some("delta".to_owned()), "a".to_owned()), unnamed("b"), unnamed("d")]);
    }

    #[test]
    fn lines_of_data_are_joined_and_others_passed_over() {
        let body = ": comment\ndata: a\nid: 7\nretry: 1\ndata\ndatum: x\ndata:b\nnonsense\n\n\n: x\n\n";
        assert_eq!(decode(body), [unnamed("a\n\nb")]);
    }

    #[test]
    fn an_event_without_data_is_none_but_one_with_empty_data_is_one() {
        assert_eq!(decode("event: a\n\ndata\n\ndata:\n\n"), [unnamed(""), unnamed("")]);
    }

    #[test]
    fn the_end_of_the_body_ends_the_event() {
        assert_eq!(decode("data: a\n\ndata: b\n"), [unnamed("a"), unnamed("b")]);
        assert_eq!(decode("data: a\n\ndata: b"), [unnamed("a"), unnamed("b")]);
        assert_eq!(decode("data: a\n\ndat"), [unnamed("a")]);
    }

    #[test]
    fn an_event_within_one_piece_is_not_copied() {
        let body = b"event: a\r\ndata: {}\r\n\r\n";
        Sse::default().push(body, &mut |message| assert!(body.as_ptr_range().contains(&message.data.as_ptr())));
    }

    #[test]
    fn an_event_of_any_size_is_bounded() {
        let body = format!("data: {{\"a\":\"{}\",\"usage\":1}}\n\n", "x".repeat(1_000_000));
        let (_, data) = &decode(&body)[0];
        assert!(data.len() < 1100 && data.ends_with("x\",\"usage\":1}"), "{data}");
    }
}
