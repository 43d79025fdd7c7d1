#![no_main]

use spanledger_fuzz::{seeds, spool};

libfuzzer_sys::fuzz_target!(init: seeds::plant(&seeds::lines()), |input: &[u8]| spool::open(input));
