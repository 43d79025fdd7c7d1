//! Framings: the same messages in any pieces, and bounded memory.

use serde_json::Value;
use spanledger::framing::{Decoder, Elided, MAX_HELD_BYTES, Message, WHOLE_BYTES};

type Seen = Vec<(Option<String>, Vec<u8>)>;

/// The body gives the same messages in one piece and in pieces, and never holds more than it may. The first byte says how
/// long the pieces are.
pub fn decode(content_type: Option<&str>, start: &str, input: &[u8]) {
    let Some((piece, rest)) = input.split_first() else { return };
    let body = [start.as_bytes(), rest].concat();
    assert_eq!(messages(content_type, &body, 1 + usize::from(*piece)), messages(content_type, &body, body.len() + 1));
}

fn messages(content_type: Option<&str>, body: &[u8], piece: usize) -> Seen {
    let mut seen = Seen::new();
    let mut on = |message: Message<'_>| seen.push((message.event.map(str::to_owned), message.data.to_vec()));
    let mut decoder = Decoder::new(content_type);
    for piece in body.chunks(piece) {
        decoder.push(piece, &mut on);
        assert!(decoder.held_bytes() <= MAX_HELD_BYTES);
    }
    decoder.finish(&mut on);
    seen
}

/// Never more is held than may be.
pub fn holds_little(content_type: Option<&str>, pieces: &[&[u8]]) {
    let mut decoder = Decoder::new(content_type);
    for piece in pieces {
        decoder.push(piece, &mut |_| {});
        assert!(decoder.held_bytes() <= MAX_HELD_BYTES);
    }
}

/// The short form of a valid document is valid and says no more than the document. The first two bytes say how long the
/// pieces are, and how often what lies between the first pair of line feeds is repeated.
pub fn elide(input: &[u8]) {
    let [piece, repeat, document @ ..] = input else { return };
    let document = repeated(document, 16 * usize::from(*repeat));
    let short = short_form(&document, 1 + usize::from(*piece));
    assert_eq!(short, short_form(&document, document.len() + 1));
    if let Ok(whole) = serde_json::from_slice::<Value>(&document)
        && (whole.is_array() || whole.is_object())
    {
        let short = serde_json::from_slice(&short).expect("the short form is valid");
        assert!(has_duplicates(&document, &whole) || part_of(&short, &whole), "{short} is no part of {whole}");
    }
}

fn repeated(document: &[u8], times: usize) -> Vec<u8> {
    let mut parts = document.splitn(3, |byte| *byte == b'\n');
    let (before, middle, after) = (parts.next(), parts.next(), parts.next());
    let middle = middle.unwrap_or_default();
    let times = times.min(300_000 / (middle.len() + 1));
    [before.unwrap_or_default(), &middle.repeat(times), after.unwrap_or_default()].concat()
}

/// Blanks in front make any document long enough to be elided.
fn short_form(document: &[u8], piece: usize) -> Vec<u8> {
    let mut elided = Elided::new();
    elided.push(&[b' '; WHOLE_BYTES]);
    elided.push(b" ");
    for piece in document.chunks(piece) {
        elided.push(piece);
        assert!(elided.held_bytes() <= MAX_HELD_BYTES);
    }
    elided.finish().to_vec()
}

/// Of names that come twice the reader keeps the last, which need not be the one that was kept: then there are more colons
/// than members.
fn has_duplicates(document: &[u8], whole: &Value) -> bool {
    let (mut string, mut escaped, mut colons) = (false, false, 0);
    for byte in document {
        match byte {
            b'"' if !escaped => string = !string,
            b':' if !string => colons += 1,
            _ => {}
        }
        escaped = string && *byte == b'\\' && !escaped;
    }
    colons > members(whole)
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
        Value::Array(array) => array.iter().map(members).sum(),
        _ => 0,
    }
}

fn part_of(short: &Value, whole: &Value) -> bool {
    match (short, whole) {
        (Value::String(short), Value::String(whole)) => whole.starts_with(short.as_str()),
        (Value::Object(short), Value::Object(whole)) => {
            short.iter().all(|(name, value)| whole.get(name).is_some_and(|whole| part_of(value, whole)))
        }
        (Value::Array(short), Value::Array(whole)) => {
            let mut whole = whole.iter();
            short.iter().all(|value| whole.any(|whole| part_of(value, whole)))
        }
        _ => short == whole,
    }
}
