#![no_main]

use spanledger_fuzz::{encoding, seeds};

fn begin() {
    encoding::let_decoders_panic();
    seeds::plant(&seeds::encodings());
}

libfuzzer_sys::fuzz_target!(init: begin(), |input: &[u8]| encoding::decode(input));
