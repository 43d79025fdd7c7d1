//! What [`Reader`] takes, it reads as `serde_json` does: whole documents, broken ones, and those of real providers.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::Index};
use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::{exact, reader::Reader, tests::Sample};
use crate::framing::joined;

const DOCUMENTS: [&str; 13] = [
    r#"{"id":"a","n":[1,-2,0.5,1e3,-0,18446744073709551616,{"b":[]},{}],"text":"\"\\\u00e9\n","flag":true,"raw":1.10}"#,
    "{\n  \"object\" : { \"a\" : 1 },\r\n\t\"objects\":[ {\"a\":\"2\"} , null , 3 ], \"list\" : \"one\" }\n{}",
    r#"{"text":"größer","count":28.0,"number":1,"integer":-5,"filled":[0],"unknown":[[[{"a":[[]]}]],"]}"],"after":7}"#,
    r#"{"text":"0123456789abcde","count":"123456789012345678901234567890","unknown":"0123456789abcdef\"","after":7}"#,
    include_str!("../../../tests/fixtures/streams/openai_chat.sse"),
    include_str!("../../../tests/fixtures/streams/openai_responses.sse"),
    include_str!("../../../tests/fixtures/streams/anthropic_messages.sse"),
    include_str!("../../../tests/fixtures/streams/gemini_generate.sse"),
    include_str!("../../../tests/fixtures/streams/gemini_generate.json"),
    include_str!("../../../tests/fixtures/streams/ollama_chat.ndjson"),
    r#"[null,true,false,"\ud83d\ude00","\ud83d","\/\b\f\r\t",1E+2,1e-7]"#,
    r#"{"\ud83d":"\ude00","text":"oak \ud83d\\","list":["\ud83d\ud83d\ude00"],"raw":["\ud83d"],"after":7}"#,
    r#"{"a":1,"a":2,"text":1,"after":"7","number":9007199254740993}"#,
];

const PIECES: [&[u8]; 26] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"\n",
    b"\x01",
    b"0",
    b"1",
    b"-",
    b".",
    b"e",
    b"+",
    b"null",
    b"true",
    b"\\u00",
    b"\"a\":",
    b"\xC3\xBC",
    b"\xFF",
    b"9",
    b"\"text\"",
    b"0123456789abcdef0123456789abcdef0123456789abcdef",
];

/// Whether it was taken; that it is then read alike. What only halves of surrogate pairs make unreadable is read as if they
/// were U+FFFD.
fn is_taken(json: &str) -> bool {
    fn both<'a, T: Deserialize<'a>>(json: &'a str, shown: fn(T) -> String) -> bool {
        let read = T::deserialize(&mut Reader::new(json)).ok().map(shown);
        let is_taken = read.is_some();
        let exact = exact(json.as_bytes()).map(shown);
        if is_taken && (exact.is_some() || joined(json.as_bytes()) == json.as_bytes()) {
            assert_eq!(read, exact, "{json}");
        }
        is_taken
    }
    both::<&RawValue>(json, |raw| raw.get().to_owned());
    both::<Names>(json, |Names| String::new());
    both::<Sample<'_>>(json, |sample| format!("{sample:?}"));
    let value = Value::deserialize(&mut Reader::new(json)).ok();
    if value.is_some() {
        assert_eq!(value, exact(&joined(json.as_bytes())), "{json}");
    }
    value.is_some()
}

/// An object whose values nobody looks at.
struct Names;

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Names;
            fn expecting(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                Ok(())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Names)
            }
        }
        from.deserialize_any(It)
    }
}

#[test]
fn plain_documents_are_taken() {
    for document in DOCUMENTS {
        for line in document.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line)) {
            assert_eq!(is_taken(line), exact::<Value>(&joined(line.as_bytes())).is_some(), "{line}");
        }
    }
    assert!(is_taken(DOCUMENTS[1]), "with blanks, and something behind it");
}

#[test]
fn what_is_odd_is_refused() {
    let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for odd in [r#"{"\u00":1}"#, r#"{"a":1,}"#, "[1,]", "[01]", "[1.]", "[\"\u{1}\"]", "nul", "", &deep(65)] {
        assert!(!is_taken(odd), "{odd}");
    }
    assert!(is_taken(&deep(64)));
    let unknown = |levels| format!(r#"{{"unknown":{},"after":7}}"#, deep(levels));
    assert!(Sample::deserialize(&mut Reader::new(&unknown(64))).is_ok());
    assert!(Sample::deserialize(&mut Reader::new(&unknown(65))).is_err());
}

/// Every file is one document; so is every body in it, and every event of a stream.
#[test]
fn recorded_exchanges_are_read_as_serde_json_reads_them() {
    let folder = std::env::var("SPANLEDGER_EXCHANGES").unwrap_or_else(|_| "../shared/exchanges".to_owned());
    let providers = fs::read_dir(Path::new(&folder)).into_iter().flatten().flatten();
    for file in providers.flat_map(|provider| fs::read_dir(provider.path()).into_iter().flatten().flatten()) {
        let Ok(text) = fs::read_to_string(file.path()) else { continue };
        let Ok(exchange) = serde_json::from_str::<Value>(&text) else { continue };
        assert!(is_taken(&text), "{}", file.path().display());
        strings(&exchange, &mut |text| {
            for line in text.lines().chain([text]) {
                let line = line.strip_prefix("data: ").unwrap_or(line);
                let taken = is_taken(line);
                assert!(taken || serde_json::from_str::<Value>(line).is_err(), "{line}");
            }
        });
    }
}

fn strings(value: &Value, on: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => on(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, on)),
        Value::Object(members) => members.values().for_each(|member| strings(member, on)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Documents with something put in, taken out, or cut off, in one place or in several.
    #[test]
    fn broken_documents_are_read_alike_or_refused(
        document in prop::sample::select(&DOCUMENTS[..]),
        line in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), prop::sample::select(&PIECES[..]), 0..3_usize), 0..4),
        end in prop::option::of(any::<Index>()),
    ) {
        let lines: Vec<&str> = document.lines().collect();
        let line = if line.index(4) == 0 { document } else { lines[line.index(lines.len())] };
        let mut json = line.strip_prefix("data: ").unwrap_or(line).as_bytes().to_vec();
        for (place, piece, out) in changes {
            let at = place.index(json.len() + 1);
            let until = (at + out).min(json.len());
            json.splice(at..until, piece.iter().copied());
        }
        if let Some(end) = end {
            json.truncate(end.index(json.len() + 1));
        }
        is_taken(&String::from_utf8_lossy(&json));
    }
}
