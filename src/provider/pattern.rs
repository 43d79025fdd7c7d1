//! Recognises a message that repeats the one before but for its words and numbers, at the price of a comparison.
//!
//! The messages of a stream share their beginning and their end: ids, model, names, brackets. Once a reader knows that one
//! of them says nothing new, it keeps it here as a pattern; the first messages that differ show where the values are that
//! vary (the word, a time, padding), and those are cut out of it. What fits has the same names with the same values of
//! every other kind at the same places, so it says nothing new either.

use std::{fmt, ops::Range};

use memchr::memchr2;

use super::{Progress, Words};
use crate::estimate::{Side, each_text, ends_with_name_of_text};

/// Longer messages are no pattern: a stream in flight holds one.
const LONGEST: usize = 512;
/// More values than this do not vary.
const MOST_GAPS: usize = 6;

/// A message without the values that vary.
#[derive(Default)]
pub(super) struct Pattern {
    text: Vec<u8>,
    /// Where a value was cut out, in order; the first [`gaps`](Self::gaps) of them.
    places: [u16; MOST_GAPS],
    /// Which of them hold text of the answer.
    texts: [bool; MOST_GAPS],
    gaps: usize,
    /// The one text of the message, as long as nothing was cut out.
    words: Option<Words>,
}

/// Without the text: it holds a word of the answer.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("bytes", &self.text.len()).field("gaps", &self.gaps).finish_non_exhaustive()
    }
}

impl Pattern {
    /// Takes a message that says nothing new as the pattern: more of the answer.
    pub(super) fn learn(&mut self, json: &[u8]) -> Progress {
        self.text.clear();
        (self.gaps, self.words) = (0, None);
        if json.len() <= LONGEST {
            self.text.reserve_exact(json.len());
            self.text.extend_from_slice(json);
            let mut texts = 0;
            each_text(Side::Answered, json, &mut |text| {
                texts += 1;
                self.words = Words::new(text.start, text.end).filter(|_| texts == 1);
            });
        }
        Progress { words: self.words, ..Progress::CONTENT }
    }

    /// More of the answer, if a message is the pattern but for strings and numbers that are values. Where one of them is
    /// known to be text, that is told (the last that is not empty).
    pub(super) fn fit(&mut self, json: &[u8]) -> Option<Progress> {
        if self.text.is_empty() {
            return None;
        }
        let (mut rest, mut from, mut gap) = (json, 0, 0);
        let mut words = None;
        loop {
            let until = self.places[..self.gaps].get(gap).map_or(self.text.len(), |place| usize::from(*place));
            let piece = &self.text[from..until];
            let Some(after) = rest.strip_prefix(piece) else {
                if self.cut_out(from, until, rest) {
                    continue;
                }
                return None;
            };
            if gap == self.gaps {
                return after.is_empty().then_some(Progress { words: words.or(self.words), ..Progress::CONTENT });
            }
            let value = if piece.last() == Some(&b'"') { string(after)? } else { number(after) };
            if self.texts[gap] && (value > 0 || words.is_none()) {
                let start = json.len() - after.len();
                words = Words::new(start, start + value);
            }
            (rest, from, gap) = (&after[value..], until, gap + 1);
        }
    }

    /// Cuts out the value in which `rest` is different from this part of the pattern, if it is in one.
    #[cold]
    fn cut_out(&mut self, from: usize, until: usize, rest: &[u8]) -> bool {
        let value = first_difference(&self.text[from..until], rest).and_then(|at| value_around(&self.text, from + at));
        let Some(Range { start, end }) = value.filter(|value| self.gaps < MOST_GAPS && value.start >= from) else {
            return false;
        };
        let Ok(place) = u16::try_from(start) else { return false };
        self.text.drain(start..end);
        let before = self.places[..self.gaps].iter().filter(|known| **known < place).count();
        for later in &mut self.places[before..self.gaps] {
            *later = later.saturating_sub(u16::try_from(end - start).unwrap_or(u16::MAX));
        }
        self.gaps += 1;
        self.places[before..self.gaps].rotate_right(1);
        self.places[before] = place;
        self.texts[before..self.gaps].rotate_right(1);
        self.words = None;
        self.texts[before] = ends_with_name_of_text(&self.text[..start]);
        true
    }
}

/// Where two texts begin to differ; `None`: one is the beginning of the other.
fn first_difference(mine: &[u8], theirs: &[u8]) -> Option<usize> {
    // Most of it is the same, and compared in pieces.
    let pieces = mine.as_chunks::<16>().0.iter().zip(theirs.as_chunks::<16>().0);
    let same = 16 * pieces.take_while(|(mine, theirs)| mine == theirs).count();
    let at = mine[same..].iter().zip(&theirs[same..]).position(|(mine, theirs)| mine != theirs)?;
    Some(same + at)
}

/// The inside of the string, or the number, that a place lies in or ends at. A name is none.
fn value_around(json: &[u8], at: usize) -> Option<Range<usize>> {
    let mut from = 0;
    loop {
        let open = memchr::memchr(b'"', &json[from..]).map_or(json.len(), |open| from + open);
        if at <= open {
            return number_around(json, at);
        }
        let start = open + 1;
        let end = start + string(&json[start..])?;
        if at <= end {
            let is_name = json[end + 1..].trim_ascii_start().starts_with(b":");
            return (!is_name).then_some(start..end);
        }
        from = end + 1;
    }
}

fn number_around(json: &[u8], at: usize) -> Option<Range<usize>> {
    let start = json[..at].iter().rposition(|byte| !is_of_number(*byte))? + 1;
    let end = at + number(&json[at..]);
    let is_value = start < end && matches!(json[start - 1], b':' | b',' | b'[' | b' ');
    is_value.then_some(start..end)
}

/// How long the inside of a string is, up to its closing quote.
fn string(from: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', from.get(at..)?)?;
        if from[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// How long a number is. (One with an exponent is two, and never cut out.)
fn number(from: &[u8]) -> usize {
    from.iter().position(|byte| !is_of_number(*byte)).unwrap_or(from.len())
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::provider::skim;

    impl Pattern {
        fn fits(&mut self, json: &[u8]) -> bool {
            self.fit(json).is_some()
        }
    }

    fn pattern(json: &str) -> Pattern {
        let mut pattern = Pattern::default();
        pattern.learn(json.as_bytes());
        pattern
    }

    #[test]
    fn strings_and_numbers_that_are_values_may_differ() {
        let mut seen = pattern(r#"{"id":"a","n":1,"delta":{"content":" to"},"usage":null,"pad":"xxxx"}"#);
        for same in [
            r#"{"id":"a","n":1,"delta":{"content":" to"},"usage":null,"pad":"xxxx"}"#,
            r#"{"id":"a","n":1,"delta":{"content":" tea"},"usage":null,"pad":"x"}"#,
            r#"{"id":"a","n":1,"delta":{"content":""},"usage":null,"pad":""}"#,
            r#"{"id":"a","n":1,"delta":{"content":"\"usage\":{\\"},"usage":null,"pad":"xx"}"#,
            r#"{"id":"a","n":12,"delta":{"content":"b"},"usage":null,"pad":"xx"}"#,
            r#"{"id":"","n":-1.5,"delta":{"content":"b"},"usage":null,"pad":"xx"}"#,
        ] {
            assert!(seen.fits(same.as_bytes()), "{same}");
        }
        assert_eq!(seen.text, br#"{"id":"","n":,"delta":{"content":""},"usage":null,"pad":""}"#);
    }

    #[test]
    fn nothing_else_may_differ() {
        let seen = r#"{"id":"a","n":1,"delta":{"content":"b"},"end":null}"#;
        for other in [
            r#"{"id":"a","n":1,"delta":{"content":"b"},"end":"stop"}"#,
            r#"{"id":"a","n":1,"delta":{"content":null},"end":null}"#,
            r#"{"id":"a","n":1,"delta":{"content":"b","usage":{}},"end":null}"#,
            r#"{"id":"a","n":1,"delta":{"usage":"b"},"end":null}"#,
            r#"{"id":"a","n":1,"delta":{"content":"b"},"end":null,"usage":1}"#,
            r#"{"id":"a","n":1,"delta":{"content":"b"},"end":null"#,
            r#"{"id":"a","n":1,"delta":{"content":"b"},"end""#,
            r#"{"id":"a","n":1,"delta":{"content":"b\"},"end":null}"#,
            r#"{"id":"a","n":nu,"delta":{"content":"b"},"end":null}"#,
            "",
        ] {
            assert!(!pattern(seen).fits(other.as_bytes()), "{other}");
        }
        assert!(!Pattern::default().fits(b""), "nothing was learnt");
        assert!(!pattern(&" ".repeat(LONGEST + 1)).fits(b" "), "too long to be kept");
    }

    #[test]
    fn where_the_text_is_is_known() {
        let mut seen = pattern(r#"{"id":"a","n":1,"delta":{"content":"Oak","role":"x"},"pad":"xx"}"#);
        let mut words = |json: &str| {
            let words = seen.fit(json.as_bytes()).unwrap().words;
            words.map(|words| String::from_utf8_lossy(words.of(json.as_bytes())).into_owned())
        };
        let with = |text: &str, pad: &str| {
            format!(r#"{{"id":"a","n":1,"delta":{{"content":"{text}","role":"x"}},"pad":"{pad}"}}"#)
        };
        assert_eq!(words(&with("Oak", "xx")).as_deref(), Some("Oak"), "all is the same");
        assert_eq!(words(&with("Oak", "x")), None, "only the padding varied so far");
        assert_eq!(words(&with(r#" \"or\""#, "")).as_deref(), Some(r#" \"or\""#));
        assert_eq!(words(&with("", "xxx")).as_deref(), Some(""));
        assert_eq!(words(&with(" beech", "xxx")).as_deref(), Some(" beech"));
    }

    #[test]
    fn so_many_values_may_vary_and_no_more() {
        let list = |value: &str| format!("[{}]", [value; MOST_GAPS].join(","));
        assert!(pattern(&list("1")).fits(list("2").as_bytes()));
        let list = |value: &str| format!("[{}]", [value; MOST_GAPS + 1].join(","));
        assert!(!pattern(&list("1")).fits(list("2").as_bytes()));
    }

    /// Says nothing new, as the readers find out without a pattern.
    fn is_quiet(json: &[u8]) -> bool {
        [&skim::USAGE, &skim::ERROR, &skim::FINISH_REASON].into_iter().all(|key| key.is_only("null", json))
    }

    fn is_json(json: &[u8]) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(json).is_ok()
    }

    fn message() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "a", "bc", "", r"\", "\\\"", r"\\", "\"", "usage", "null", ":", ",", "{", "}", "1", "-2.5", " ",
        ]);
        let words = prop::collection::vec(word, 0..4).prop_map(|words| words.concat());
        let end = prop::sample::select(vec!["null", "\"x\"", "null ", "1", "{}"]);
        let name = prop::sample::select(vec!["content", "usage", "error"]);
        (words.clone(), words.clone(), words, end, name).prop_map(|(id, n, word, end, name)| {
            format!(r#"{{"id":"{id}","n":{n},"delta":{{"{name}":"{word}"}},"finish_reason":{end},"usage":null}}"#)
        })
    }

    proptest! {
        /// (A word `usage` makes a reader look closer, and see a word; of what is no JSON it reads nothing.)
        #[test]
        fn what_fits_a_quiet_message_is_quiet(messages in prop::collection::vec(message(), 2..6)) {
            let mut seen = Pattern::default();
            for json in &messages {
                let json = json.as_bytes();
                let fits = seen.fits(json);
                let value = json.windows(8).any(|part| part == b"\"usage\"}" || part == b"\"usage\",");
                let says_something = !is_quiet(json) && !value && is_json(json);
                prop_assert!(!fits || !says_something, "{}", String::from_utf8_lossy(json));
                if !fits && is_quiet(json) {
                    seen.learn(json);
                }
            }
        }
    }
}
