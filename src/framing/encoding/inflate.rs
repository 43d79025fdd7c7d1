//! `gzip` and `deflate`, which is zlib by the specification and bare in some servers.

use std::{io::Write, mem};

use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};

use super::Over;

/// `gzip`.
#[derive(Debug)]
pub(super) struct Gzip(GzDecoder<Vec<u8>>);

/// `deflate`, with or without zlib's header.
#[derive(Debug, Default)]
pub(super) enum Deflate {
    #[default]
    Unknown,
    Zlib(ZlibDecoder<Vec<u8>>),
    Bare(DeflateDecoder<Vec<u8>>),
}

/// Takes out what was decoded, also where the data turned out to be corrupt behind it: it may be a whole answer before a
/// wrong checksum.
macro_rules! step {
    ($decoder:expr, $bytes:expr, $decoded:expr) => {{
        let decoder = $decoder;
        let written = write(decoder, $bytes);
        if written.is_err() {
            let _ = decoder.try_finish();
        }
        mem::swap(decoder.get_mut(), $decoded);
        written
    }};
}

impl Default for Gzip {
    fn default() -> Self {
        Self(GzDecoder::new(Vec::new()))
    }
}

impl Gzip {
    pub(super) fn step(&mut self, bytes: &mut &[u8], decoded: &mut Vec<u8>) -> Result<(), Over> {
        step!(&mut self.0, bytes, decoded)
    }
}

impl Deflate {
    pub(super) fn step(&mut self, bytes: &mut &[u8], decoded: &mut Vec<u8>) -> Result<(), Over> {
        match self {
            Self::Unknown => {
                // Zlib's first byte names its method, 8; a bare stream cannot begin with these bits.
                match bytes.first() {
                    Some(first) if first & 0x0f == 8 => *self = Self::Zlib(ZlibDecoder::new(Vec::new())),
                    Some(_) => *self = Self::Bare(DeflateDecoder::new(Vec::new())),
                    None => return Ok(()),
                }
                self.step(bytes, decoded)
            }
            Self::Zlib(decoder) => step!(decoder, bytes, decoded),
            Self::Bare(decoder) => step!(decoder, bytes, decoded),
        }
    }
}

/// One write takes what fills the decoder's buffer of 32 KiB; a flush empties it.
fn write(decoder: &mut impl Write, bytes: &mut &[u8]) -> Result<(), Over> {
    if bytes.is_empty() {
        return decoder.flush().map_err(|_| Over);
    }
    match decoder.write(bytes) {
        Ok(taken) if taken > 0 => *bytes = &bytes[taken..],
        _ => return Err(Over),
    }
    Ok(())
}
