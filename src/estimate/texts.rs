//! Finds the text in a message that is there as a whole: the quick way, which every request takes.

use std::ops::Range;

use memchr::{memchr, memchr2};

use super::{Passed, Side, members};

/// So far a loop is quicker than a search.
const NEAR: usize = 4;

/// Gives the text of a whole message to a [`Passed`].
pub(crate) fn scan(side: Side, json: &[u8], to: &mut Passed) {
    each_text(side, json, &mut |text| {
        let is_whole = text.end + 1 < json.len();
        to.push(&json[text]);
        if is_whole && side.parts_texts() {
            to.push(b" ");
        }
    });
}

/// The inside of each string that is text; of one that is cut off, what there is of it.
pub(crate) fn each_text(side: Side, json: &[u8], on: &mut dyn FnMut(Range<usize>)) {
    let (mut at, mut is_text) = (0, false);
    while let Some(open) = quote(&json[at..]) {
        let start = at + open + 1;
        let end = start + string(&json[start..]);
        let behind = end + 1 + json.get(end + 1..).map_or(0, blanks);
        if json.get(behind) == Some(&b':') {
            let name = &json[start..end];
            is_text = side.holds_text(name);
            at = behind + 1;
            if !is_text && members::is_beside(name) {
                at += container(&json[at..]);
            }
        } else {
            if is_text && start < end {
                on(start..end);
            }
            at = behind.min(json.len());
        }
    }
}

fn quote(json: &[u8]) -> Option<usize> {
    // It is near, but behind a vector.
    let near = json[..json.len().min(NEAR)].iter().position(|byte| *byte == b'"');
    near.or_else(|| memchr(b'"', json.get(NEAR..)?).map(|at| at + NEAR))
}

fn blanks(json: &[u8]) -> usize {
    json.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(json.len())
}

/// How long the inside of a string is.
fn string(json: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if json[at] == b'"' {
            return at;
        }
        at += 2;
    }
    json.len()
}

/// How long a list or an object is that comes next; nothing, if something else does.
fn container(json: &[u8]) -> usize {
    let (mut at, mut depth) = (blanks(json), 0_usize);
    while let Some(byte) = json.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' if depth > 0 => at += 1 + string(&json[at + 1..]),
            _ => {}
        }
        if depth == 0 {
            return if matches!(byte, b'}' | b']') { at + 1 } else { at };
        }
        at += 1;
    }
    json.len()
}
