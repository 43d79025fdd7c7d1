#![no_main]

use spanledger_fuzz::{
    exchange::{self, Family},
    seeds,
};

libfuzzer_sys::fuzz_target!(
    init: seeds::plant(&seeds::exchanges(Family::Anthropic)),
    |input: &[u8]| exchange::walk(Family::Anthropic, input)
);
