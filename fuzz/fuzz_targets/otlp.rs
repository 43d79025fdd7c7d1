#![no_main]

use spanledger_fuzz::{otlp, seeds};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::otlp()), |input: &[u8]| otlp::import(input));
