#![no_main]

use spanledger_fuzz::{framing, seeds};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::bodies()), |input: &[u8]| framing::decode(None, "[", input));
