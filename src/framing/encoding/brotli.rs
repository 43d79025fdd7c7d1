//! `br`.

use std::fmt;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::Over;

/// So much is decoded at a time.
const STEP_BYTES: usize = 16 * 1024;

/// `br`, without the extension for windows above 16 MiB.
pub(super) struct Brotli(BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>);

impl Default for Brotli {
    fn default() -> Self {
        Self(BrotliState::new_strict(StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default()))
    }
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli").finish_non_exhaustive()
    }
}

impl Brotli {
    pub(super) fn step(&mut self, bytes: &mut &[u8], decoded: &mut Vec<u8>) -> Result<(), Over> {
        decoded.resize(STEP_BYTES, 0);
        let (mut left, mut taken, mut room, mut written) = (bytes.len(), 0, STEP_BYTES, 0);
        let result =
            BrotliDecompressStream(&mut left, &mut taken, bytes, &mut room, &mut written, decoded, &mut 0, &mut self.0);
        decoded.truncate(written);
        *bytes = bytes.get(taken..).unwrap_or_default();
        match result {
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(()),
            BrotliResult::ResultSuccess | BrotliResult::ResultFailure => Err(Over),
        }
    }
}
