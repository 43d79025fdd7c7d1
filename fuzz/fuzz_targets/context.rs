#![no_main]

use spanledger_fuzz::{context, seeds};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::headers()), |input: &[u8]| context::take(input));
