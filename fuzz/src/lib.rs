//! What the targets check: everything that reads bytes from outside, and what must hold of what it makes of them.
//!
//! A target is one line in `fuzz_targets/`, which hands its bytes to a function here, with one entry in `Cargo.toml`. No
//! target only waits for a panic: each says what must be true of any input.
//!
//! | file | reads | what must hold |
//! | --- | --- | --- |
//! | `framing` | bodies in each framing | the same messages in any pieces; never more held than allowed |
//! | `encoding` | compressed bodies | a beginning of the same bytes in any pieces; never more than the bound |
//! | `exchange` | whole exchanges with each provider | the same call in any pieces, and without short cuts; garbage behind it costs nothing; `call` |
//! | `request` | request bodies, JSON and forms | a request that was shortened still says what is asked; `call` |
//! | `detection` | hosts, paths, queries, headers | what a path is taken for does not hang on its slashes |
//! | `context` | headers to the proxy, baggage | ours never pass, others always; `call` |
//! | `har` | recorded exchanges for `inspect` | one line of JSON for each entry |
//! | `otlp` | lines of other collectors, for `import` | what is read is written and read again the same |
//! | `spool` | a segment with anything in it | every good line is stored once, every other one is set aside once |
//! | `price_file` | the user's prices | a mistake is a sentence; no price makes a cost negative |
//!
//! `call` says what must hold of any call, wherever it comes from. `seeds` are the messages that the targets begin with.

pub mod call;
pub mod context;
pub mod detection;
pub mod encoding;
pub mod exchange;
pub mod framing;
pub mod har;
pub mod otlp;
pub mod price_file;
pub mod request;
pub mod seeds;
pub mod spool;

/// A piece of the input that says how something else is cut: pieces of two lengths, in turn.
#[derive(Clone, Copy, Debug)]
pub struct Cuts(pub u8, pub u8);

impl Cuts {
    /// The pieces.
    #[must_use]
    pub fn of(self, mut body: &[u8]) -> Vec<&[u8]> {
        let mut pieces = Vec::new();
        for length in [self.0, self.1].into_iter().cycle() {
            if body.is_empty() {
                break;
            }
            let (piece, rest) = body.split_at(body.len().min(1 + usize::from(length)));
            pieces.push(piece);
            body = rest;
        }
        pieces
    }
}
