//! Finds the text in JSON that passes in pieces, without parsing it: that of documents too long to be held.
//!
//! Only quotes, colons and brackets are looked at. It is no validator, takes a document in any pieces, and holds the name of
//! the member that it is in. What is no JSON has no text.

use memchr::{memchr, memchr2};

use super::{Passed, members, passed::Mark};

/// Whose JSON it is: a member may hold text in one and repeat it in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A request.
    Asked,
    /// An answer.
    Answered,
    /// One of both: who keeps long documents short does not know which.
    Either,
}

impl Side {
    /// Whether texts stand apart, so that words of two do not become one. Those of a stream go on.
    pub(super) fn parts_texts(self) -> bool {
        self != Self::Answered
    }
}

/// Longer names are none of ours.
const NAME_BYTES: usize = 24;

/// So far a loop is quicker than a search.
const NEAR: usize = 16;

/// Reads a document in pieces and gives its text to a [`Passed`].
#[derive(Debug)]
pub(crate) struct Scanner {
    side: Side,
    at: At,
    /// The member that it is in holds text.
    text: bool,
    /// The next container has no text of this side's own.
    is_beside: bool,
    /// How deep in containers that do.
    passing_over: u32,
    name: [u8; NAME_BYTES],
    name_len: usize,
    /// Before the string that may turn out to be a name.
    mark: Mark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Between,
    Inside {
        escaped: bool,
    },
    /// Behind a string: a colon makes it a name.
    Behind,
}

impl Scanner {
    pub(crate) const fn new(side: Side) -> Self {
        Self {
            side,
            at: At::Between,
            text: false,
            is_beside: false,
            passing_over: 0,
            name: [0; NAME_BYTES],
            name_len: 0,
            mark: Mark::NONE,
        }
    }

    pub(crate) fn push(&mut self, mut json: &[u8], to: &mut Passed) {
        while !json.is_empty() {
            let taken = match self.at {
                At::Between => self.between(json, to),
                At::Inside { escaped } => self.inside(json, escaped, to),
                At::Behind => self.behind(json, to),
            };
            json = &json[taken..];
        }
    }

    fn between(&mut self, json: &[u8], to: &Passed) -> usize {
        for (at, byte) in json.iter().enumerate() {
            match byte {
                b'"' => {
                    self.is_beside = false;
                    self.at = At::Inside { escaped: false };
                    (self.name_len, self.mark) = (0, to.mark());
                    return at + 1;
                }
                b'{' | b'[' if self.is_beside || self.passing_over > 0 => {
                    self.is_beside = false;
                    self.passing_over += 1;
                }
                b'}' | b']' => self.passing_over = self.passing_over.saturating_sub(1),
                b',' => self.is_beside = false,
                // A vector, as a rule.
                _ if at >= NEAR && self.passing_over == 0 && !self.is_beside => {
                    return memchr(b'"', json).unwrap_or(json.len()).max(1);
                }
                _ => {}
            }
        }
        json.len()
    }

    fn inside(&mut self, json: &[u8], escaped: bool, to: &mut Passed) -> usize {
        let end = usize::from(escaped);
        let found = memchr2(b'"', b'\\', &json[end..]).map(|found| found + end);
        let (part, taken) = match found {
            Some(at) if json[at] == b'"' => {
                self.at = At::Behind;
                (&json[..at], at + 1)
            }
            Some(at) => {
                self.at = At::Inside { escaped: true };
                (&json[..=at], at + 1)
            }
            None => {
                self.at = At::Inside { escaped: false };
                (json, json.len())
            }
        };
        self.take(part, to);
        taken
    }

    /// A part of a string: of a name, or of a value, which only what comes behind it tells.
    fn take(&mut self, part: &[u8], to: &mut Passed) {
        if let Some(room) = self.name.get_mut(self.name_len..self.name_len + part.len()) {
            room.copy_from_slice(part);
        }
        self.name_len = self.name_len.saturating_add(part.len()).min(NAME_BYTES + 1);
        if self.text && self.passing_over == 0 {
            to.push(part);
        }
    }

    fn behind(&mut self, json: &[u8], to: &mut Passed) -> usize {
        match json[0] {
            byte if byte.is_ascii_whitespace() => 1,
            b':' => {
                to.back_to(self.mark);
                let name = self.name.get(..self.name_len).unwrap_or_default();
                self.text = self.side.holds_text(name);
                self.is_beside = !self.text && members::is_beside(name);
                self.at = At::Between;
                1
            }
            _ => {
                if self.text && self.side.parts_texts() && to.mark() != self.mark {
                    to.push(b" ");
                }
                self.at = At::Between;
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::estimate::{scan, tokens};

    fn said(side: Side, json: &str) -> Option<u64> {
        let mut passed = Passed::default();
        scan(side, json.as_bytes(), &mut passed);
        passed.tokens()
    }

    #[test]
    fn the_text_of_every_protocols_request_is_found() {
        let text = "Which wood is this table made of?";
        for json in [
            r#"{"model":"m","messages":[{"role":"user","content":"TEXT"}],"stream":true}"#,
            r#"{"messages":[{"content":[{"type":"text","text":"TEXT"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}"#,
            r#"{"model":"m","input":"TEXT","text":{"format":{"type":"json_schema","name":"n"}}}"#,
            r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"TEXT"}]}]}"#,
            r#"{"input":["TEXT"],"model":"m","dimensions":256}"#,
            r#"{"prompt":"TEXT","images":["AAAA"],"options":{"stop":["x"]}}"#,
            r#"{"system_instruction":{"parts":{"text":"TEXT"}},"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}"#,
            r#"{ "system" : "TEXT" , "max_tokens" : 7 }"#,
        ] {
            let found = said(Side::Asked, &json.replace("TEXT", text));
            assert_eq!(found, Some(tokens(text)), "{json}");
        }
    }

    #[test]
    fn the_text_of_every_protocols_answer_is_found_once() {
        let text = "It is oak, says the model.";
        for json in [
            r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"TEXT"},"logprobs":{"content":[{"token":"It"}]}}]}"#,
            r#"{"choices":[{"delta":{"content":null,"reasoning":"TEXT","reasoning_details":[{"type":"reasoning.text","text":"TEXT"}]}}]}"#,
            r#"{"choices":[{"text":"TEXT","index":0}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"TEXT"}}]}}]}"#,
            r#"{"type":"response.output_text.delta","delta":"TEXT","item_id":"msg_1"}"#,
            r#"{"output":[{"type":"message","content":[{"type":"output_text","annotations":[{"text":"x"}],"text":"TEXT"}]}],"instructions":"Be brief."}"#,
            r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"TEXT"}}"#,
            r#"{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"TEXT"}}"#,
            r#"{"completion":"TEXT","stop_reason":"stop_sequence"}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"TEXT"}],"role":"model"}}]}"#,
            r#"{"message":{"role":"assistant","content":"TEXT"},"done":false}"#,
            r#"{"response":"TEXT","done":true,"context":[1,2,3]}"#,
        ] {
            let found = said(Side::Answered, &json.replace("TEXT", text));
            assert_eq!(found, Some(tokens(text)), "{json}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_counted() {
        for json in [
            "",
            "null",
            r#"{"model":"gpt-4o","tools":[{"function":{"name":"f","description":"Finds wood.","parameters":{"properties":{"content":{"type":"string"}}}}}]}"#,
            r#"{"input":[[1,2,3]],"encoding_format":"base64","user":"42"}"#,
            r#"{"content":{"type":"image","data":"AAAA"},"stop":["\n"]}"#,
        ] {
            assert_eq!(said(Side::Asked, json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_document_is_the_same_in_any_pieces(cuts in prop::collection::vec(0..400usize, 0..8)) {
            let json = r#"{"a":{"content":"It \"is\" \\ oak"}, "content" : ["one", "two\u00e9"], "logprobs":{"content":[{"text":"x"}]}, "v":[0.125,0.25,0.5,0.75,1.0], "text":"end", "n":null}"#;
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(json.len())).chain([0, json.len()]).collect();
            cuts.sort_unstable();
            let (mut whole, mut pieces) = (Passed::default(), Passed::default());
            scan(Side::Either, json.as_bytes(), &mut whole);
            let mut scanner = Scanner::new(Side::Either);
            cuts.windows(2).for_each(|cut| scanner.push(&json.as_bytes()[cut[0]..cut[1]], &mut pieces));
            prop_assert_eq!(pieces, whole);
        }

        /// The quick way and this one are two programs of one meaning.
        #[test]
        fn both_ways_find_the_same(words in prop::collection::vec(json_words(), 0..24), at in 1..60usize) {
            let json = words.concat();
            let (mut quick, mut pieces) = (Passed::default(), Passed::default());
            scan(Side::Asked, json.as_bytes(), &mut quick);
            let mut scanner = Scanner::new(Side::Asked);
            json.as_bytes().chunks(at).for_each(|piece| scanner.push(piece, &mut pieces));
            prop_assert_eq!(quick, pieces, "{}", json);
        }

        #[test]
        fn no_bytes_make_it_panic(pieces in prop::collection::vec(r#"[\[\]{}:,"\\a ]{0,30}"#, 0..6)) {
            let (mut scanner, mut passed) = (Scanner::new(Side::Asked), Passed::default());
            pieces.iter().for_each(|piece| scanner.push(piece.as_bytes(), &mut passed));
            scan(Side::Asked, pieces.concat().as_bytes(), &mut passed);
        }
    }

    /// Members of valid JSON, one after the other.
    fn json_words() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            r#"{"content":"It is oak"},"#,
            r#""text" : "a\"b","#,
            r#""logprobs":{"content":["x",{"a":[1]}]},"#,
            r#""logprobs":null,"#,
            r#""input":["a","b",["c"]],"#,
            r#""model":"gpt-4o","#,
            r#""v":[0.25,0.5,1e3],"#,
            r#"{"annotations":[],"text":""},"#,
            r#""content":[{"type":"text","text":"y"}] , "#,
            "\n",
        ])
    }
}
