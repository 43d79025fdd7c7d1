#![no_main]

use spanledger_fuzz::{request, seeds};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::requests()), |input: &[u8]| request::read(input));
