//! Tokens that nobody reported, estimated from the text that passed.
//!
//! A stream that its caller abandons has no usage yet, an OpenAI stream has none unless it is asked for, some servers never
//! tell. What such a call used is estimated: `usage_source` is then `estimated`.
//!
//! # What is estimated
//!
//! - Input and output tokens of *text* calls (chats, completions, embeddings' input), each only where the provider gave no
//!   number. A number that it gave stays, a zero too; if one of the two is estimated, the call's `usage_source` is
//!   `estimated`, because its cost rests on it.
//! - Only after some of the answer was seen: what was refused, or abandoned before, is not known to have used anything.
//! - Only text. Images, sound and the descriptions of tools are not, so a call that sends them used more; what a provider
//!   adds to each message (about four tokens) is not either. Arguments that a model writes for its tools are text.
//! - Of an abandoned stream, what was seen. What the provider went on to write is not known.
//!
//! # How
//!
//! While a body passes, the length of its text is counted and at most [`SAMPLE_BYTES`] of each side are kept, no more. Only
//! if a number is missing in the end, the sample is counted and the rest taken to be like it. Without the feature
//! `tokenizer` that is done by [tokenx](https://docs.rs/tokenx-rs)'s rules, which know words, numbers, punctuation and
//! scripts; with it by OpenAI's `o200k_base`, whose vocabulary is compiled in. Neither asks the network. Other houses'
//! tokenizers differ from both by a tenth or more.

#[cfg(not(feature = "tokenizer"))]
#[path = "rules.rs"]
mod counter;
#[cfg(feature = "tokenizer")]
#[path = "tokenizer.rs"]
mod counter;

mod fill;
mod members;
mod passed;
mod scan;
mod texts;

pub(crate) use fill::fill;
pub(crate) use members::ends_with_name_of_text;
pub(crate) use passed::Passed;
pub(crate) use scan::{Scanner, Side};
pub(crate) use texts::{each_text, scan};

/// The most that is kept of what was asked, and of what was answered, in bytes.
pub const SAMPLE_BYTES: usize = 1024;

/// About how many tokens a text has. [`Call::estimate_from`](crate::Call::estimate_from) does it for a call that never
/// crosses HTTP.
///
/// ```
/// let tokens = spanledger::estimate::tokens("Which wood is it?");
/// assert!((4..=6).contains(&tokens));
/// ```
#[must_use]
pub fn tokens(text: &str) -> u64 {
    counter::count(text) as u64
}

/// Does beforehand what the first estimate would wait for.
pub(crate) fn warm() {
    counter::warm();
}
