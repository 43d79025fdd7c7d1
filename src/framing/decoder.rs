//! The framing of one body, found out by its beginning.

use std::fmt;

use super::{
    Elided, Message,
    json::Json,
    json_array::JsonArray,
    ndjson::Ndjson,
    sniff::{Found, Sniffer},
    sse::Sse,
};

/// Turns the pieces of one body into messages. See the [module](super) for what it recognises and what it holds.
///
/// ```
/// use spanledger::framing::Decoder;
///
/// let mut seen = Vec::new();
/// let mut decoder = Decoder::new(Some("text/event-stream"));
/// for piece in ["data: {\"a\"", ":1}\n", "\ndata: [DONE]\n\n"] {
///     decoder.push(piece.as_bytes(), &mut |message| seen.push(String::from_utf8_lossy(message.data).into_owned()));
/// }
/// assert_eq!(seen, ["{\"a\":1}", "[DONE]"]);
/// ```
pub struct Decoder(Framing);

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("held_bytes", &self.held_bytes()).finish_non_exhaustive()
    }
}

enum Framing {
    Unknown(Sniffer),
    Sse(Sse),
    Ndjson(Ndjson),
    Json(Json),
    JsonArray(JsonArray),
    Whole(Elided),
    Opaque,
}

impl Decoder {
    /// A decoder for a body with this `content-type`.
    #[must_use]
    pub fn new(content_type: Option<&str>) -> Self {
        Self(Sniffer::new(content_type).map_or(Framing::Opaque, Framing::Unknown))
    }

    /// A decoder that gives the body as one message at its end, whatever it is: for the text of an error.
    ///
    /// JSON beyond [`WHOLE_BYTES`](super::WHOLE_BYTES) is elided, anything else cut there.
    #[must_use]
    pub fn whole() -> Self {
        Self(Framing::Whole(Elided::new()))
    }

    /// Takes the next piece of the body and hands out the messages that it completes.
    pub fn push(&mut self, bytes: &[u8], on: &mut dyn FnMut(Message<'_>)) {
        match &mut self.0 {
            Framing::Unknown(sniffer) => {
                if let Some((found, rest)) = sniffer.push(bytes) {
                    let head = sniffer.head();
                    self.0 = found.into();
                    self.push(&head, on);
                    self.push(rest, on);
                }
            }
            Framing::Sse(sse) => sse.push(bytes, on),
            Framing::Ndjson(ndjson) => ndjson.push(bytes, on),
            Framing::Json(json) => json.push(bytes, on),
            Framing::JsonArray(array) => array.push(bytes, on),
            Framing::Whole(body) => body.push(bytes),
            Framing::Opaque => {}
        }
    }

    /// The body is over: hands out what had no end of its own, a JSON document or an event that was cut off.
    pub fn finish(&mut self, on: &mut dyn FnMut(Message<'_>)) {
        match &mut self.0 {
            Framing::Sse(sse) => sse.finish(on),
            Framing::Ndjson(ndjson) => ndjson.finish(on),
            Framing::Json(json) => json.finish(on),
            Framing::JsonArray(array) => array.finish(on),
            Framing::Whole(body) => body.hand_out(on),
            Framing::Unknown(_) | Framing::Opaque => {}
        }
        self.0 = Framing::Opaque;
    }

    /// The last piece of the body: as [`push`](Self::push) and then [`finish`](Self::finish), but a JSON document that came
    /// in this one piece is handed out as a part of it, without a copy.
    pub fn finish_with(&mut self, last: &[u8], on: &mut dyn FnMut(Message<'_>)) {
        if let Framing::Unknown(sniffer) = &mut self.0
            && let Some((found, rest)) = sniffer.push(last)
        {
            let head = sniffer.head();
            self.0 = found.into();
            self.push(&head, on);
            return self.finish_with(rest, on);
        }
        match &mut self.0 {
            Framing::Json(json) if json.is_whole(last) => json.hand_out(last, on),
            Framing::Unknown(_) => {}
            _ => self.push(last, on),
        }
        self.finish(on);
    }

    /// How much memory is held for the message that has not ended yet: at most [`MAX_HELD_BYTES`](super::MAX_HELD_BYTES).
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        match &self.0 {
            Framing::Sse(sse) => sse.held_bytes(),
            Framing::Ndjson(ndjson) => ndjson.held_bytes(),
            Framing::Json(json) => json.held_bytes(),
            Framing::JsonArray(array) => array.held_bytes(),
            Framing::Whole(body) => body.held_bytes(),
            Framing::Unknown(_) | Framing::Opaque => 0,
        }
    }
}

impl From<Found> for Framing {
    fn from(found: Found) -> Self {
        match found {
            Found::Sse => Self::Sse(Sse::default()),
            Found::Ndjson => Self::Ndjson(Ndjson::default()),
            Found::Json => Self::Json(Json::default()),
            Found::JsonArray => Self::JsonArray(JsonArray::default()),
            Found::Opaque => Self::Opaque,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(content_type: Option<&str>, body: &[u8]) -> Vec<String> {
        collect(Decoder::new(content_type), body)
    }

    fn collect(mut decoder: Decoder, body: &[u8]) -> Vec<String> {
        let mut seen = Vec::new();
        let mut on = |message: Message<'_>| seen.push(String::from_utf8_lossy(message.data).into_owned());
        decoder.push(body, &mut on);
        decoder.finish(&mut on);
        seen
    }

    #[test]
    fn the_first_bytes_speak_for_themselves() {
        for (body, expected) in [
            ("{\"a\":1}", vec!["{\"a\":1}"]),
            ("[{\"error\":1}]", vec!["{\"error\":1}"]),
            ("data:{\"a\":1}\n\n", vec!["{\"a\":1}"]),
            (": OPENROUTER PROCESSING\n\ndata: 1\n\n", vec!["1"]),
            ("event: a\ndata: 1\n\n", vec!["1"]),
            ("id: 7\ndata: 1\n\n", vec!["1"]),
            ("retry: 7\ndata: 1\n\n", vec!["1"]),
            ("<html>{}</html>", vec![]),
            ("dat", vec![]),
            ("", vec![]),
        ] {
            for content_type in [None, Some("application/octet-stream"), Some("application/json")] {
                assert_eq!(decode(content_type, body.as_bytes()), expected, "{body} as {content_type:?}");
            }
        }
    }

    #[test]
    fn an_error_that_calls_itself_a_stream_is_read_as_json() {
        assert_eq!(decode(Some("text/event-stream"), b"{\n\"error\":1}"), ["{\n\"error\":1}"]);
        assert_eq!(decode(Some("application/x-ndjson"), b"data: 1\n\n"), ["1"]);
    }

    #[test]
    fn lines_are_handed_out_at_once_where_the_content_type_says_so() {
        for content_type in [
            "application/x-ndjson",
            "application/stream+json",
            "application/jsonl",
            "Application/X-JSONL; charset=utf-8",
        ] {
            let mut seen = 0;
            Decoder::new(Some(content_type)).push(b"{\"a\":1}\n", &mut |_| seen += 1);
            assert_eq!(seen, 1, "{content_type}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_blank_lines_are_skipped() {
        assert_eq!(decode(None, b"\xEF\xBB\xBF\r\n\n {\"a\":1}"), ["{\"a\":1}"]);
        assert_eq!(decode(Some("text/event-stream"), b"\xEF\xBB\xBFdata: 1\n\n"), ["1"]);
    }

    #[test]
    fn media_are_not_looked_into() {
        for content_type in ["audio/mpeg", "image/png", "video/mp4"] {
            assert!(decode(Some(content_type), b"{\"a\":1}").is_empty(), "{content_type}");
        }
    }

    #[test]
    fn whole_takes_anything() {
        assert_eq!(collect(Decoder::whole(), b"no such model"), ["no such model"]);
        assert_eq!(collect(Decoder::whole(), b"[{\"error\":1}]"), ["[{\"error\":1}]"]);
        assert_eq!(collect(Decoder::whole(), b""), [""; 0]);
        assert_eq!(collect(Decoder::whole(), &[b'x'; 100_000])[0].len(), super::super::WHOLE_BYTES);
    }
}
