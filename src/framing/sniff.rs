//! Which framing a body has, by its content type and its first bytes.

/// The beginnings of a line of SSE.
const SSE_FIELDS: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];

/// Content types of JSON in lines.
const NDJSON: [&str; 6] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/stream+json",
    "application/jsonl",
    "application/x-jsonl",
    "application/jsonlines",
];

/// Content types, up to the slash, that hold no JSON.
const MEDIA: [&str; 3] = ["audio/", "image/", "video/"];

/// What a body turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Sse,
    Ndjson,
    Json,
    JsonArray,
    Opaque,
}

/// Looks at the first bytes of a body until they tell its framing.
#[derive(Debug)]
pub(super) struct Sniffer {
    /// What the content type says.
    said: Option<Found>,
    /// First bytes that did not tell yet: a beginning of one of [`SSE_FIELDS`].
    head: Vec<u8>,
}

impl Sniffer {
    /// `None`: this content type is not looked into.
    pub(super) fn new(content_type: Option<&str>) -> Option<Self> {
        let content_type = content_type.unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let begins = |with: &str| media_type.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        let is = |word: &str| media_type.eq_ignore_ascii_case(word);
        if MEDIA.into_iter().any(begins) {
            return None;
        }
        let said = if is("text/event-stream") {
            Some(Found::Sse)
        } else {
            NDJSON.into_iter().any(is).then_some(Found::Ndjson)
        };
        Some(Self { said, head: Vec::new() })
    }

    /// The framing, once it is known, and what of `bytes` comes after [`Sniffer::head`].
    pub(super) fn push<'b>(&mut self, mut bytes: &'b [u8]) -> Option<(Found, &'b [u8])> {
        if self.head.is_empty() {
            let first = bytes.iter().position(|byte| !self.is_blank(*byte))?;
            bytes = &bytes[first..];
            if let Some(found) = self.found(bytes) {
                return Some((found, bytes));
            }
        }
        for (i, byte) in bytes.iter().enumerate() {
            self.head.push(*byte);
            if let Some(found) = self.found(&self.head) {
                return Some((found, &bytes[i + 1..]));
            }
        }
        None
    }

    /// The bytes that were taken before the framing was known, without leading blanks.
    pub(super) fn head(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.head)
    }

    /// A byte that may stand in front of the body proper: also those of a byte order mark. In SSE a space is not blank:
    /// it makes an unknown field of the line.
    fn is_blank(&self, byte: u8) -> bool {
        match byte {
            b'\r' | b'\n' | 0xEF | 0xBB | 0xBF => true,
            b' ' | b'\t' => self.said != Some(Found::Sse),
            _ => false,
        }
    }

    /// `None`: more bytes are needed.
    fn found(&self, start: &[u8]) -> Option<Found> {
        match (start.first()?, self.said) {
            (b'{' | b'[', Some(Found::Ndjson)) => Some(Found::Ndjson),
            (b'{', _) => Some(Found::Json),
            (b'[', _) => Some(Found::JsonArray),
            (_, Some(Found::Sse)) => Some(Found::Sse),
            _ if SSE_FIELDS.iter().any(|field| start.starts_with(field)) => Some(Found::Sse),
            _ if SSE_FIELDS.iter().any(|field| field.starts_with(start)) => None,
            (_, said) => Some(said.unwrap_or(Found::Opaque)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_in_single_bytes_is_found_as_well() {
        for (body, found, rest) in
            [("\u{feff}event: x", Found::Sse, " x"), ("evil", Found::Opaque, "l"), ("\n[1", Found::JsonArray, "[1")]
        {
            let mut sniffer = Sniffer::new(None).unwrap();
            let mut bytes = body.as_bytes();
            let answer = loop {
                match sniffer.push(&bytes[..1]) {
                    Some((found, _)) => break found,
                    None => bytes = &bytes[1..],
                }
            };
            assert_eq!(answer, found, "{body}");
            let whole = [&sniffer.head()[..], bytes].concat();
            assert!(whole.ends_with(rest.as_bytes()), "{body}");
        }
    }
}
