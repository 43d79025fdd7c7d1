#![no_main]

use spanledger_fuzz::{detection, seeds};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::heads()), |input: &[u8]| detection::detect_any(input));
