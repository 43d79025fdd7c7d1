//! Text that passed: how long it was, and how it began.

use std::fmt;

use super::{SAMPLE_BYTES, tokens};
use crate::framing;

/// Counts the bytes of texts, as they stand in JSON, and keeps the first of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    bytes: u64,
    sample: Vec<u8>,
}

/// Without the sample: it is what people and models said.
impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passed").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// A place to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64, usize);

impl Mark {
    pub(super) const NONE: Self = Self(0, 0);
}

impl Passed {
    /// Takes the inside of a JSON string, or a part of it.
    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes += text.len() as u64;
        let room = SAMPLE_BYTES.saturating_sub(self.sample.len());
        if room > 0 {
            self.sample.extend_from_slice(&text[..text.len().min(room)]);
        }
    }

    /// Takes what passed elsewhere.
    pub(crate) fn join(&mut self, other: &Self) {
        let beyond = other.bytes - other.sample.len() as u64;
        self.push(&other.sample);
        self.bytes += beyond;
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.bytes, self.sample.len())
    }

    pub(super) fn back_to(&mut self, Mark(bytes, sample): Mark) {
        self.bytes = bytes;
        self.sample.truncate(sample);
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.sample.capacity()
    }

    /// About how many tokens it was; `None`: no text passed.
    pub(crate) fn tokens(&self) -> Option<u64> {
        let (text, used) = unescaped(&self.sample);
        if used == 0 {
            return None;
        }
        // Behind the last text stands what parts it from the next.
        let counted = u128::from(tokens(text.trim_end())) * u128::from(self.bytes);
        let used = used as u128;
        u64::try_from((counted + used / 2) / used).ok().map(|tokens| tokens.max(1))
    }
}

/// The text that the inside of a JSON string stands for, and how much of it was used: one that was cut ends anywhere, also
/// within a character. What is no JSON is taken as it is.
fn unescaped(json: &[u8]) -> (String, usize) {
    let whole = whole_characters(json).or_else(|| whole_characters(&framing::joined(json)));
    whole.unwrap_or_else(|| (String::from_utf8_lossy(json).into_owned(), json.len()))
}

fn whole_characters(json: &[u8]) -> Option<(String, usize)> {
    /// The longest character: two escapes.
    const LONGEST: usize = 12;
    let shortest = json.len().saturating_sub(LONGEST);
    (shortest..=json.len()).rev().find_map(|end| {
        let quoted = [b"\"", &json[..end], b"\""].concat();
        Some((serde_json::from_slice(&quoted).ok()?, end))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passed(pieces: &[&str]) -> Passed {
        let mut passed = Passed::default();
        pieces.iter().for_each(|piece| passed.push(piece.as_bytes()));
        passed
    }

    #[test]
    fn a_short_text_is_counted_whole_however_it_came() {
        let text = "The oak is a tree of the genus Quercus, and there are 500 of them.";
        let whole = passed(&[text]).tokens();
        assert_eq!(whole, Some(tokens(text)));
        assert_eq!(passed(&[&text[..7], &text[7..30], &text[30..]]).tokens(), whole);
    }

    #[test]
    fn a_long_text_is_taken_to_go_on_as_it_began() {
        let once = "The oak is a tree of the genus Quercus. ";
        let long = passed(&[&once.repeat(1000)]);
        let (estimated, exact) = (long.tokens().unwrap(), tokens(&once.repeat(1000)));
        assert!(estimated.abs_diff(exact) * 50 < exact, "{estimated} for {exact}");
        assert!(long.held_bytes() <= SAMPLE_BYTES);
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        assert_eq!(passed(&[r"\u6a61\u6728\n\u6a61\u6728"]).tokens(), passed(&["橡木 橡木"]).tokens());
        assert_eq!(passed(&[r#"a \"b\" c"#]).tokens(), Some(tokens("a \"b\" c")));
        assert_eq!(passed(&[r"oak \ud83d oak \u6a61"]).tokens(), Some(tokens("oak \u{fffd} oak 橡")), "half of a pair");
        assert_eq!(
            passed(&[r"oak \ud83d", r"\ude00"]).tokens(),
            Some(tokens("oak \u{1f600}")),
            "the other half follows"
        );
    }

    #[test]
    fn no_text_has_no_tokens_rather_than_none_of_them() {
        assert_eq!(passed(&[]).tokens(), None);
        assert_eq!(passed(&["", ""]).tokens(), None);
        assert_eq!(passed(&[" "]).tokens(), Some(1));
    }

    proptest! {
        /// A sample that is cut within a character or an escape loses that character and no more.
        #[test]
        fn a_cut_sample_is_read_to_its_last_whole_character(text in r#"[a-zé€𝄞"\\\n]{0,40}"#, cut in 0..200usize) {
            let json = serde_json::to_string(&text).unwrap();
            let inside = &json.as_bytes()[1..json.len() - 1];
            let cut = cut.min(inside.len());
            let (read, used) = unescaped(&inside[..cut]);
            prop_assert!(text.starts_with(&read) && cut - used < 12);
        }

        #[test]
        fn nothing_that_passes_panics_or_is_held_beyond_the_bound(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..8)) {
            let mut passed = Passed::default();
            pieces.iter().for_each(|piece| passed.push(piece));
            let _ = passed.tokens();
            prop_assert!(passed.sample.len() <= SAMPLE_BYTES);
        }
    }
}
