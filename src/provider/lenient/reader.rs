//! Reads plain JSON for the types of this folder, in half of the time that `serde_json` takes.
//!
//! Messages are mostly what nobody asks for: it is passed over here without looking at each byte twice. What the rest
//! means, `serde_json` says: it gets every number that is no small whole one and every text with escapes. And whatever is
//! unusual is refused ([`Odd`]): then `serde_json` reads the whole document. So a document that is refused here may still be
//! read, but none is read that `serde_json` would refuse, or in another way: a test below compares the two. One kind is read
//! only here: halves of surrogate pairs that stand alone are U+FFFD ([`framing::joined`]).

use std::fmt;

use memchr::memchr2;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, MapAccess, SeqAccess, Visitor,
        value::{BorrowedStrDeserializer, MapAccessDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::framing;

/// Deeper documents are refused. (`serde_json` refuses those of 128 levels.)
const DEPTH: u32 = 64;

/// Most strings are over after so many bytes, and not worth a call of memchr.
const SHORT: usize = 40;

/// A document that is not plain, or no document.
#[derive(Debug)]
pub(super) struct Odd;

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this JSON is left to serde_json")
    }
}

impl std::error::Error for Odd {}

impl Error for Odd {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// One document, and how far it was read.
pub(super) struct Reader<'de> {
    json: &'de str,
    at: usize,
    depth: u32,
}

/// A string, between its quotes.
struct Quoted<'de> {
    text: &'de str,
    has_escapes: bool,
}

impl<'de> Reader<'de> {
    pub(super) const fn new(json: &'de str) -> Self {
        Self { json, at: 0, depth: 0 }
    }

    /// The document, which must be an object.
    pub(super) fn object<T: Deserialize<'de>>(mut self) -> Result<T, Odd> {
        if self.peek()? != b'{' {
            return Err(Odd);
        }
        self.inside(b'}', |members| T::deserialize(MapAccessDeserializer::new(members)))
    }

    fn rest(&self) -> &'de [u8] {
        self.json.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'de str {
        &self.json[start..self.at]
    }

    /// The next byte that is not blank; it is not taken yet.
    fn peek(&mut self) -> Result<u8, Odd> {
        loop {
            match self.json.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Odd),
            }
        }
    }

    /// Takes the next byte that is not blank, which must be this one.
    fn take(&mut self, expected: u8) -> Result<(), Odd> {
        if self.peek()? != expected {
            return Err(Odd);
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Odd> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Odd);
        }
        self.at += word.len();
        Ok(())
    }

    fn string(&mut self) -> Result<Quoted<'de>, Odd> {
        self.take(b'"')?;
        let rest = self.rest();
        let (near, mut has_escapes) = (plain(rest), false);
        let mut at = near;
        if rest.get(at) != Some(&b'"') {
            loop {
                at += memchr2(b'"', b'\\', rest.get(at..).unwrap_or_default()).ok_or(Odd)?;
                if rest[at] == b'"' {
                    break;
                }
                at += 1 + escape(&rest[at + 1..])?;
                has_escapes = true;
            }
            // Without branches, so that many bytes are looked at together.
            if rest[near..at].iter().fold(u8::MAX, |least, byte| least.min(*byte)) < b' ' {
                return Err(Odd);
            }
        }
        let start = self.at;
        self.at += at;
        let text = self.since(start);
        self.at += 1;
        Ok(Quoted { text, has_escapes })
    }

    fn name(&mut self) -> Result<Quoted<'de>, Odd> {
        let name = self.string()?;
        self.take(b':')?;
        Ok(name)
    }

    /// A number, by the grammar of JSON.
    fn number(&mut self) -> Result<&'de str, Odd> {
        let (start, rest) = (self.at, self.rest());
        let mut at = usize::from(rest.first() == Some(&b'-'));
        let whole = digits(rest, at)?;
        if whole > 1 && rest.get(at) == Some(&b'0') {
            return Err(Odd);
        }
        at += whole;
        if rest.get(at) == Some(&b'.') {
            at += 1 + digits(rest, at + 1)?;
        }
        if matches!(rest.get(at), Some(b'e' | b'E')) {
            at += 1 + usize::from(matches!(rest.get(at + 1), Some(b'+' | b'-')));
            at += digits(rest, at)?;
        }
        self.at += at;
        Ok(self.since(start))
    }

    /// Passes over a value, whatever it is.
    fn pass(&mut self) -> Result<(), Odd> {
        // One bit for each container around: whether it is an object.
        let (mut objects, mut depth) = (0_u64, 0);
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' if depth == DEPTH => return Err(Odd),
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    let is_object = open == b'{';
                    (objects, depth) = (objects << 1 | u64::from(is_object), depth + 1);
                    match self.peek()? {
                        b'}' | b']' => {}
                        _ if is_object => {
                            self.name()?;
                            continue;
                        }
                        _ => continue,
                    }
                }
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return Err(Odd),
            }
            // Behind a value: what comes next, or the end of what it lies in.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(Odd),
                }
                self.at += 1;
                (objects, depth) = (objects >> 1, depth - 1);
            }
        }
    }

    /// Reads the members or elements of a container.
    fn inside<T>(&mut self, end: u8, read: impl FnOnce(Inside<'_, 'de>) -> Result<T, Odd>) -> Result<T, Odd> {
        if self.depth == DEPTH {
            return Err(Odd);
        }
        self.depth += 1;
        self.at += 1;
        let value = read(Inside { reader: self, end, begun: false })?;
        self.take(end)?;
        self.depth -= 1;
        Ok(value)
    }
}

/// How many bytes there are in front of the first quote, backslash or control character; no more than [`SHORT`] are
/// looked at, eight at a time, with Mycroft's test for a byte that is zero.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const TOPS: u64 = ONES << 7;
    let is_below = |eight: u64, least: u8| eight.wrapping_sub(ONES * u64::from(least)) & !eight;
    let is = |eight: u64, byte: u8| is_below(eight ^ (ONES * u64::from(byte)), 1);
    let mut at = 0;
    for eight in bytes.as_chunks().0.iter().take(SHORT / 8) {
        let eight = u64::from_le_bytes(*eight);
        let found = (is(eight, b'"') | is(eight, b'\\') | is_below(eight, b' ')) & TOPS;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at
}

/// How long an escape is, without its backslash.
fn escape(from: &[u8]) -> Result<usize, Odd> {
    match from {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Ok(1),
        [b'u', hex @ ..] if hex.len() >= 4 && hex[..4].iter().all(u8::is_ascii_hexdigit) => Ok(5),
        _ => Err(Odd),
    }
}

/// How many digits there are from here; there must be one.
fn digits(bytes: &[u8], from: usize) -> Result<usize, Odd> {
    let digits = bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { Err(Odd) } else { Ok(digits) }
}

/// The text of a string that holds escapes: `serde_json` finds it, but for halves of surrogate pairs.
fn unescaped(quoted: &str) -> Result<String, Odd> {
    let text = serde_json::from_str(quoted);
    text.or_else(|_| serde_json::from_slice(&framing::joined(quoted.as_bytes()))).map_err(|_| Odd)
}

/// `serde_json` on a part of the document.
fn exactly(json: &str) -> serde_json::Deserializer<serde_json::de::StrRead<'_>> {
    serde_json::Deserializer::from_str(json)
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Odd;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        match self.peek()? {
            b'"' => {
                let start = self.at;
                match self.string()? {
                    Quoted { text, has_escapes: false } => visitor.visit_borrowed_str(text),
                    Quoted { .. } => visitor.visit_string(unescaped(self.since(start))?),
                }
            }
            b'{' => self.inside(b'}', |members| visitor.visit_map(members)),
            b'[' => self.inside(b']', |elements| visitor.visit_seq(elements)),
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                match number.parse() {
                    Ok(whole) => visitor.visit_u64(whole),
                    Err(_) => exactly(number).deserialize_any(visitor).map_err(|_| Odd),
                }
            }
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            _ => Err(Odd),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        self.pass()?;
        visitor.visit_unit()
    }

    /// The JSON of a value: `serde_json` knows how it is handed over.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Odd> {
        self.peek()?;
        let start = self.at;
        self.pass()?;
        exactly(self.since(start)).deserialize_newtype_struct(name, visitor).map_err(|_| Odd)
    }

    fn deserialize_option<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Odd> {
        Err(Odd)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Odd> {
        Err(Odd)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// The inside of an object or an array.
struct Inside<'r, 'de> {
    reader: &'r mut Reader<'de>,
    end: u8,
    begun: bool,
}

impl Inside<'_, '_> {
    /// Whether there is another member or element, which then comes next.
    fn goes_on(&mut self) -> Result<bool, Odd> {
        match (std::mem::replace(&mut self.begun, true), self.reader.peek()?) {
            (_, byte) if byte == self.end => return Ok(false),
            (false, _) => {}
            (true, b',') => self.reader.at += 1,
            (true, _) => return Err(Odd),
        }
        Ok(true)
    }
}

impl<'de> MapAccess<'de> for Inside<'_, 'de> {
    type Error = Odd;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Odd> {
        if !self.goes_on()? {
            return Ok(None);
        }
        match self.reader.name()? {
            Quoted { text, has_escapes: false } => seed.deserialize(BorrowedStrDeserializer::new(text)),
            Quoted { text, .. } => seed.deserialize(StringDeserializer::new(unescaped(&format!("\"{text}\""))?)),
        }
        .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Odd> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for Inside<'_, 'de> {
    type Error = Odd;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Odd> {
        if !self.goes_on()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}
