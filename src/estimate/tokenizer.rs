//! Counts by `o200k_base`, the vocabulary of OpenAI's models since GPT-4o. It takes a moment to load, once.

use tiktoken_rs::o200k_base_singleton;

pub(super) fn count(text: &str) -> usize {
    o200k_base_singleton().encode_ordinary(text).len()
}

pub(super) fn warm() {
    o200k_base_singleton();
}
