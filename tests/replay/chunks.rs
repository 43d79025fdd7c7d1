//! A body in random chunks, some of which begin where nobody would cut.

use bytes::Bytes;

use crate::chance::Chance;

/// How a body was cut.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cuts {
    pub(crate) chunks: usize,
    /// Chunks of one byte.
    pub(crate) single: usize,
    /// Cuts within a character.
    pub(crate) characters: usize,
    /// Cuts between `\r` and `\n`.
    pub(crate) line_ends: usize,
}

impl Cuts {
    pub(crate) fn add(&mut self, other: Self) {
        self.chunks += other.chunks;
        self.single += other.single;
        self.characters += other.characters;
        self.line_ends += other.line_ends;
    }
}

/// Cuts a body: at up to forty places by chance, at some of the places within a character or a line's end, and around each
/// byte of a short run.
pub(crate) fn chunks(body: &Bytes, chance: &mut Chance) -> (Vec<Bytes>, Cuts) {
    let length = body.len();
    let mut at: Vec<usize> = (0..chance.below(40)).map(|_| chance.below(length)).collect();
    let odd: Vec<usize> = (1..length).filter(|at| splits_character(body, *at) || splits_line_end(body, *at)).collect();
    at.extend((0..odd.len().min(20)).map(|_| odd[chance.below(odd.len())]));
    let run = chance.below(length);
    at.extend(run..(run + chance.below(24)).min(length));
    at.retain(|at| (1..length).contains(at));
    at.sort_unstable();
    at.dedup();

    let ends = at.iter().copied().chain([length]);
    let chunks: Vec<Bytes> = ends.scan(0, |start, end| Some(body.slice(std::mem::replace(start, end)..end))).collect();
    let cuts = Cuts {
        chunks: chunks.len(),
        single: chunks.iter().filter(|chunk| chunk.len() == 1).count(),
        characters: at.iter().filter(|at| splits_character(body, **at)).count(),
        line_ends: at.iter().filter(|at| splits_line_end(body, **at)).count(),
    };
    (chunks, cuts)
}

fn splits_character(body: &[u8], at: usize) -> bool {
    body[at] & 0xC0 == 0x80 && body[at - 1] >= 0x80
}

fn splits_line_end(body: &[u8], at: usize) -> bool {
    body[at - 1..=at] == *b"\r\n"
}
