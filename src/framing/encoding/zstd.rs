//! `zstd`: a frame's header, then blocks of at most 128 KiB, decoded one by one.

use std::{fmt, io::Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Over;

/// The largest window that RFC 8878 asks decoders to support.
const WINDOW_BYTES: u64 = 8 * 1024 * 1024;
/// The largest block.
const BLOCK_BYTES: usize = 128 * 1024;
/// So much is handed out at a time.
const STEP_BYTES: usize = 16 * 1024;
/// A last block without content, and a checksum that nobody checks.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// `zstd`.
pub(super) struct Zstd {
    frame: FrameDecoder,
    begun: bool,
    checksum: bool,
    /// The beginning of a header or a block.
    part: Vec<u8>,
}

impl Default for Zstd {
    fn default() -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(WINDOW_BYTES);
        Self { frame, begun: false, checksum: false, part: Vec::new() }
    }
}

impl fmt::Debug for Zstd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstd").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl Zstd {
    pub(super) fn step(&mut self, bytes: &mut &[u8], decoded: &mut Vec<u8>) -> Result<(), Over> {
        decoded.resize(STEP_BYTES, 0);
        let read = self.frame.read(decoded).map_err(|_| Over)?;
        decoded.truncate(read);
        if read > 0 {
            return Ok(());
        }
        // Another frame may follow.
        self.begun &= !self.frame.is_finished();
        let missing = self.needed()? - self.part.len();
        let (part, rest) = bytes.split_at(missing.min(bytes.len()));
        self.part.extend_from_slice(part);
        *bytes = rest;
        if self.part.len() == self.needed()? { self.decode() } else { Ok(()) }
    }

    /// Makes the frame end here, so that it gives what it keeps for its window.
    pub(super) fn end(&mut self) -> Result<(), Over> {
        if !self.begun || self.frame.is_finished() {
            return Ok(());
        }
        self.part = LAST_BLOCK.to_vec();
        self.decode()
    }

    fn decode(&mut self) -> Result<(), Over> {
        let mut part = &self.part[..];
        if self.begun {
            self.frame.decode_blocks(&mut part, BlockDecodingStrategy::UptoBlocks(1)).map_err(|_| Over)?;
        } else {
            self.frame.init(&mut part).map_err(|_| Over)?;
            self.begun = true;
            self.checksum = self.part[4] & 4 != 0;
        }
        self.part.clear();
        Ok(())
    }

    /// How long the header or block is, as far as its beginning tells.
    fn needed(&self) -> Result<usize, Over> {
        let header_bytes = if self.begun { 3 } else { 5 };
        if self.part.len() < header_bytes {
            return Ok(header_bytes);
        }
        if !self.begun {
            return Ok(header_bytes + header_fields(self.part[4]));
        }
        let header = u32::from_le_bytes([self.part[0], self.part[1], self.part[2], 0]);
        let (last, run, size) = (header & 1 == 1, header >> 1 & 3 == 1, (header >> 3) as usize);
        let content = if run { 1 } else { size };
        if content > BLOCK_BYTES {
            return Err(Over);
        }
        Ok(header_bytes + content + if last && self.checksum { 4 } else { 0 })
    }
}

/// How many bytes follow the frame header's descriptor: window, dictionary, content size.
fn header_fields(descriptor: u8) -> usize {
    let single_segment = descriptor & 0x20 != 0;
    let window = usize::from(!single_segment);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content_size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        size => 1 << size,
    };
    window + dictionary + content_size
}
