//! One document of any size in bounded memory.

use std::fmt;

use super::{MAX_HELD_BYTES, Message, Sink, WHOLE_BYTES, parts::Parts, shortener::Shortener};
use crate::estimate::{Passed, Scanner, Side};

/// Room that is kept between two messages; more is given back.
const KEPT_CAPACITY: usize = 8 * 1024;

/// Holds one document, JSON as a rule: up to [`WHOLE_BYTES`] as it came, beyond that in short form.
///
/// The short form has no blanks, cuts strings after 1 KiB and drops what follows the sixteenth number of a row. What is still
/// too large is thinned out from the inside: no part may take more than half of the room that the part around it has left,
/// unless that is less than 8 KiB. So what lies beside a large part comes through, `usage` above all, whether it stands in
/// front or behind. The short form of a valid document is valid; names and numbers are whole or not there.
///
/// Of a form (`multipart/form-data`) the first KiB of each part is held. What is neither is cut after [`WHOLE_BYTES`].
///
/// ```
/// use spanledger::framing::Elided;
///
/// let mut body = Elided::new();
/// body.push(br#"{"data":[{"b64_json":""#);
/// for _ in 0..10_000 {
///     body.push(&[b'A'; 1000]);
/// }
/// body.push(br#""}],"usage":{"total_tokens":7}}"#);
/// assert!(body.finish().ends_with(br#"A"}],"usage":{"total_tokens":7}}"#));
/// assert!(body.finish().len() < 1200);
/// ```
#[derive(Default)]
pub struct Elided {
    whole: Vec<u8>,
    form: Form,
}

#[derive(Debug, Default)]
enum Form {
    #[default]
    Whole,
    Short(Box<Short>),
    Parts(Box<Parts>),
    Text,
}

/// The short form, and how much text the long one had.
#[derive(Debug)]
struct Short {
    shortener: Shortener,
    scanner: Scanner,
    text: Passed,
}

impl Short {
    fn new() -> Self {
        Self { shortener: Shortener::default(), scanner: Scanner::new(Side::Either), text: Passed::default() }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.shortener.push(bytes);
        self.scanner.push(bytes, &mut self.text);
    }

    fn held_bytes(&self) -> usize {
        self.shortener.held_bytes() + self.text.held_bytes()
    }
}

impl fmt::Debug for Elided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elided").field("held_bytes", &self.held_bytes()).finish_non_exhaustive()
    }
}

impl Elided {
    /// An empty document; it allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the document.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.form {
            Form::Whole if self.whole.len() + bytes.len() <= WHOLE_BYTES => append(&mut self.whole, bytes, WHOLE_BYTES),
            Form::Whole => self.outgrow(bytes),
            Form::Short(short) => short.push(bytes),
            Form::Parts(parts) => parts.push(bytes),
            Form::Text => {}
        }
    }

    /// What is held. A document that broke off is no valid JSON here either.
    #[must_use]
    pub fn finish(&self) -> &[u8] {
        match &self.form {
            Form::Whole | Form::Text => &self.whole,
            Form::Short(short) => short.shortener.out(),
            Form::Parts(parts) => parts.out(),
        }
    }

    /// Whether nothing but blanks is missing: no string was cut and no member left out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match &self.form {
            Form::Whole => true,
            Form::Short(short) => !short.shortener.is_cut() && short.shortener.left_out().is_none(),
            Form::Parts(_) | Form::Text => false,
        }
    }

    /// What [`Message::left_out`] says of it.
    pub(super) fn left_out(&self) -> Option<usize> {
        match &self.form {
            Form::Whole => None,
            Form::Short(short) => short.shortener.left_out(),
            Form::Parts(_) | Form::Text => Some(0),
        }
    }

    /// The text of the whole document, where what is held is its short form.
    pub(crate) fn text(&self) -> Option<&Passed> {
        match &self.form {
            Form::Short(short) => Some(&short.text),
            Form::Whole | Form::Parts(_) | Form::Text => None,
        }
    }

    /// What is held, or the part of it that is no blank, as a message.
    pub(super) fn message<'a>(&'a self, data: &'a [u8]) -> Message<'a> {
        Message { left_out: self.left_out(), text: self.text(), ..Message::unnamed(data) }
    }

    /// How much memory is held: at most [`MAX_HELD_BYTES`].
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let short = match &self.form {
            Form::Whole | Form::Text => 0,
            Form::Short(short) => short.held_bytes(),
            Form::Parts(parts) => parts.held_bytes(),
        };
        self.whole.capacity() + short
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.form, Form::Whole) && self.whole.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.form = Form::Whole;
        self.whole.clear();
        if self.whole.capacity() > KEPT_CAPACITY {
            self.whole = Vec::new();
        }
    }

    /// Gives what is held as one message, unless it is blank, and starts anew.
    pub(super) fn hand_out(&mut self, on: Sink<'_>) {
        let data = self.finish().trim_ascii();
        if !data.is_empty() {
            on(self.message(data));
        }
        self.clear();
    }

    /// Gives `last` as the end of one message, without a copy where nothing is held, and starts anew.
    pub(super) fn hand_out_with(&mut self, last: &[u8], on: Sink<'_>) {
        if self.is_empty() && last.len() <= WHOLE_BYTES {
            let data = last.trim_ascii();
            if !data.is_empty() {
                on(Message::unnamed(data));
            }
        } else {
            self.push(last);
            self.hand_out(on);
        }
    }

    fn outgrow(&mut self, bytes: &[u8]) {
        // Decided by the same bytes however they arrive: those that fit, and the first that does not.
        let room = WHOLE_BYTES - self.whole.len();
        let first = self.whole.iter().chain(&bytes[..=room]).find(|byte| !byte.is_ascii_whitespace());
        if first.is_none_or(|byte| matches!(byte, b'{' | b'[')) {
            let mut short = Box::new(Short::new());
            short.push(&std::mem::take(&mut self.whole));
            short.push(bytes);
            self.form = Form::Short(short);
        } else {
            append(&mut self.whole, &bytes[..room], WHOLE_BYTES);
            self.form = match Parts::of(&self.whole) {
                Some(mut parts) => {
                    parts.push(&std::mem::take(&mut self.whole));
                    parts.push(&bytes[room..]);
                    Form::Parts(Box::new(parts))
                }
                None => Form::Text,
            };
        }
    }
}

/// Appends, growing by doubling but never beyond `most`. What would not fit is left out.
pub(super) fn append(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let needed = buffer.len() + bytes.len();
    if needed > most {
        return;
    }
    if needed > buffer.capacity() {
        let capacity = needed.max(2 * buffer.capacity()).min(most);
        buffer.reserve_exact(capacity - buffer.len());
    }
    buffer.extend_from_slice(bytes);
}

const _: () = assert!(2 * WHOLE_BYTES < MAX_HELD_BYTES, "while a document outgrows its buffer there are two");

#[cfg(test)]
mod tests {
    use super::*;

    fn elide(body: &[u8], piece: usize) -> Elided {
        let mut elided = Elided::new();
        for piece in body.chunks(piece) {
            elided.push(piece);
        }
        elided
    }

    #[test]
    fn up_to_64_kib_it_is_the_document_itself() {
        let body = [b"{\"a\": \"", &[b'x'; WHOLE_BYTES - 9][..], b"\"}"].concat();
        assert_eq!(elide(&body, 1000).finish(), body);
        assert_eq!(elide(&[b" ", &body[..]].concat(), 1000).finish().len(), 1032);
    }

    #[test]
    fn it_tells_what_is_missing_and_how_deep() {
        let of = |body: &str| {
            let elided = elide(body.as_bytes(), 1000);
            (elided.is_whole(), elided.left_out())
        };
        let (text, blanks) = ("x".repeat(WHOLE_BYTES), " ".repeat(WHOLE_BYTES));
        assert_eq!(of("{\"a\":1}"), (true, None));
        assert_eq!(of(&format!("{{\"a\":1{blanks}}}")), (true, None));
        assert_eq!(of(&format!("{{\"a\":\"{text}\"}}")), (false, None));
        assert_eq!(of(&format!("{{\"a\":{}1}}", "0".repeat(WHOLE_BYTES))), (false, Some(1)));
        assert_eq!(of(&format!("{{\"a\":[{}1]}}", "1,".repeat(WHOLE_BYTES))), (false, Some(2)));
        assert_eq!(of(&format!("{{\"a\":[{}{{}}]}}", "{\"b\":[]},".repeat(20_000))), (false, Some(2)));
        let deep = format!("{{\"a\":[{{\"b\":[{}1]}},{{\"b\":[]}}]}}", "\"x\",".repeat(40_000));
        assert_eq!(of(&deep), (false, Some(4)));
    }

    #[test]
    fn text_is_cut() {
        for piece in [1, 7, 65_537, 100_000] {
            assert_eq!(elide(&[b'x'; 100_000], piece).finish(), &[b'x'; WHOLE_BYTES], "in pieces of {piece}");
        }
    }

    #[test]
    fn blanks_in_front_do_not_hide_what_it_is() {
        let blanks = vec![b' '; WHOLE_BYTES];
        for piece in [1, 7, 65_536, 65_537, 100_000] {
            assert_eq!(elide(&[&blanks, &b"{\"a\":1}"[..]].concat(), piece).finish(), b"{\"a\":1}");
            assert_eq!(elide(&[&blanks[1..], &b"xyz"[..]].concat(), piece).finish().len(), WHOLE_BYTES);
        }
    }

    #[test]
    fn its_room_is_given_back() {
        let mut elided = elide(&[b'x'; 100_000], 1000);
        assert_eq!(elided.held_bytes(), WHOLE_BYTES);
        elided.clear();
        assert_eq!(elided.held_bytes(), 0);
    }
}
