#![no_main]

use spanledger_fuzz::{har, seeds};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::har()), |input: &[u8]| har::inspect(input));
