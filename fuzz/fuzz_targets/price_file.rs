#![no_main]

use spanledger_fuzz::{price_file, seeds};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::price_files()), |input: &[u8]| price_file::read(input));
