#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanledger_fuzz::decode(None, "[", input));
