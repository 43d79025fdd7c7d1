//! Compressed bodies: a beginning of the same bytes in any pieces, and never more than the bound.

use std::{panic, process::abort};

use spanledger::framing::{ContentDecoder, DECODED_BYTES};

use crate::Cuts;

/// The codings, by the names that headers have for them.
pub const CODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

/// No more than this is compared.
const KEPT: usize = 1 << 20;

/// The first byte names the coding, the next two say how the rest is cut. (Of corrupt data more may be seen in one piece
/// than in others, but never something else.)
pub fn decode(input: &[u8]) {
    let [coding, first, second, body @ ..] = input else { return };
    let coding = CODINGS[usize::from(*coding) % CODINGS.len()];
    let (whole, pieces) = (decoded(coding, &[body]), decoded(coding, &Cuts(*first, *second).of(body)));
    assert!(whole.starts_with(&pieces) || pieces.starts_with(&whole), "{coding}");
}

fn decoded(coding: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let (mut kept, mut total) = (Vec::new(), 0);
    let mut decoder = ContentDecoder::new(coding).expect("a coding that is known");
    let mut on = |bytes: &[u8]| {
        total += bytes.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(KEPT - kept.len())]);
    };
    for piece in pieces {
        decoder.push(piece, &mut on);
    }
    decoder.finish(&mut on);
    assert!(total <= DECODED_BYTES + BLOCK_BYTES, "{coding}: {total} bytes");
    kept
}

/// The largest piece that is handed out at once.
const BLOCK_BYTES: usize = 128 * 1024;

/// A decoder of others that panics is caught where it is called, and its body is over: that is the promise, and no finding.
/// Our own panics are.
pub fn let_decoders_panic() {
    panic::set_hook(Box::new(|panic| {
        if panic.location().is_some_and(|at| at.file().contains("registry")) {
            return;
        }
        eprintln!("{panic}");
        abort();
    }));
}
