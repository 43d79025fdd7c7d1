//! What a call used: tokens and other units.

use std::collections::BTreeMap;

use super::{Name, UsageSource};

/// What a call used. Totals are inclusive; see the [module](super).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input_tokens: Option<u64>,
    /// All output tokens, reasoning included.
    pub output_tokens: Option<u64>,
    /// Input tokens read from a cache (part of the input).
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to a cache (part of the input).
    pub cache_write_tokens: Option<u64>,
    /// Reasoning or thinking tokens (part of the output).
    pub reasoning_tokens: Option<u64>,
    /// Rarer units by the names of `genai-prices` (`input_audio_tokens`, `web_searches`, …); whole numbers except seconds.
    pub details: BTreeMap<Name, f64>,
    /// Where the counts come from.
    pub source: UsageSource,
}

impl Usage {
    /// Input and output together; unknown if either is.
    #[must_use]
    pub fn total_tokens(&self) -> Option<u64> {
        self.input_tokens?.checked_add(self.output_tokens?)
    }

    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.details.is_empty()
            && [
                self.input_tokens,
                self.output_tokens,
                self.cache_read_tokens,
                self.cache_write_tokens,
                self.reasoning_tokens,
            ]
            .iter()
            .all(Option::is_none)
    }

    /// Merges what a later message of the same stream says: the larger number wins, absence never overwrites.
    pub fn merge(&mut self, later: &Self) {
        fn larger(mine: &mut Option<u64>, theirs: Option<u64>) {
            *mine = (*mine).max(theirs);
        }
        larger(&mut self.input_tokens, later.input_tokens);
        larger(&mut self.output_tokens, later.output_tokens);
        larger(&mut self.cache_read_tokens, later.cache_read_tokens);
        larger(&mut self.cache_write_tokens, later.cache_write_tokens);
        larger(&mut self.reasoning_tokens, later.reasoning_tokens);
        for (unit, amount) in &later.details {
            let mine = self.details.entry(unit.clone()).or_insert(*amount);
            *mine = mine.max(*amount);
        }
    }

    /// Drops parts that contradict their total (a cache larger than the input, reasoning larger than the output): the
    /// totals are what the bill is made from. Counts beyond `i64` cannot be stored and become unknown.
    pub fn check(&mut self) {
        for count in [
            &mut self.input_tokens,
            &mut self.output_tokens,
            &mut self.cache_read_tokens,
            &mut self.cache_write_tokens,
            &mut self.reasoning_tokens,
        ] {
            *count = count.filter(|n| i64::try_from(*n).is_ok());
        }
        self.details.retain(|_, amount| amount.is_finite() && *amount >= 0.0);
        if let Some(input) = self.input_tokens {
            let cached = self.cache_read_tokens.unwrap_or(0).saturating_add(self.cache_write_tokens.unwrap_or(0));
            if cached > input {
                self.cache_read_tokens = None;
                self.cache_write_tokens = None;
            }
        }
        if let (Some(output), Some(reasoning)) = (self.output_tokens, self.reasoning_tokens)
            && reasoning > output
        {
            self.reasoning_tokens = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_number_wins_and_absence_never_overwrites() {
        let mut usage = Usage { input_tokens: Some(10), output_tokens: Some(5), ..Usage::default() };
        usage.merge(&Usage { output_tokens: Some(3), cache_read_tokens: Some(0), ..Usage::default() });
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.cache_read_tokens), (Some(10), Some(5), Some(0)));
    }

    #[test]
    fn parts_that_contradict_their_total_become_unknown() {
        let mut usage = Usage {
            input_tokens: Some(10),
            cache_read_tokens: Some(11),
            output_tokens: Some(2),
            reasoning_tokens: Some(3),
            ..Usage::default()
        };
        usage.check();
        assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (None, None));
        assert_eq!(usage.total_tokens(), Some(12));
    }

    #[test]
    fn a_total_is_unknown_when_a_part_is() {
        assert_eq!(Usage { input_tokens: Some(1), ..Usage::default() }.total_tokens(), None);
    }
}
