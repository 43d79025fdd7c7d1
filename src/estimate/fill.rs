//! Putting estimates where nobody gave a number.

use super::tokens;
use crate::call::{Call, Usage, UsageSource};

/// Fills what is missing, and says so. An estimate is never smaller than the parts that were told of it.
pub(crate) fn fill(usage: &mut Usage, input: Option<u64>, output: Option<u64>) {
    let cached = usage.cache_read_tokens.unwrap_or(0).saturating_add(usage.cache_write_tokens.unwrap_or(0));
    let sides = [
        (&mut usage.input_tokens, input, cached),
        (&mut usage.output_tokens, output, usage.reasoning_tokens.unwrap_or(0)),
    ];
    for (told, estimate, least) in sides {
        if let (None, Some(tokens)) = (*told, estimate) {
            *told = Some(tokens.max(least));
            usage.source = UsageSource::Estimated;
        }
    }
}

/// For calls that never cross HTTP.
impl Call {
    /// Estimates the tokens that are not known from what was asked and answered, which is looked at and not kept. Say it
    /// last: counts that are given stay. Give `None` for what is no text.
    ///
    /// ```
    /// use spanledger::{Call, call::UsageSource};
    ///
    /// let call = Call::new("llama.cpp", "chat").tokens(150, None).estimate_from("Which wood is it?", "It is oak.");
    /// assert_eq!(call.usage.input_tokens, Some(150));
    /// assert!(call.usage.output_tokens.is_some());
    /// assert_eq!(call.usage.source, UsageSource::Estimated);
    /// ```
    #[must_use]
    pub fn estimate_from<'a>(
        mut self,
        asked: impl Into<Option<&'a str>>,
        answered: impl Into<Option<&'a str>>,
    ) -> Self {
        let [asked, answered] = [asked.into(), answered.into()];
        let input = asked.filter(|_| self.usage.input_tokens.is_none()).map(tokens);
        let output = answered.filter(|_| self.usage.output_tokens.is_none()).map(tokens);
        fill(&mut self.usage, input, output);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_stays_and_what_was_not_is_at_least_its_parts() {
        let mut usage = Usage { input_tokens: Some(0), reasoning_tokens: Some(90), ..Usage::default() };
        fill(&mut usage, Some(7), Some(9));
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(0), Some(90)));
        assert_eq!(usage.source, UsageSource::Estimated);
        let mut told = Usage { input_tokens: Some(0), output_tokens: Some(0), ..Usage::default() };
        let before = told.clone();
        fill(&mut told, Some(7), Some(9));
        assert_eq!(told, before);
    }

    #[test]
    fn a_call_without_http_is_estimated_by_its_text() {
        let call = Call::new("local", "embeddings").estimate_from("Which wood is it?", None);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(tokens("Which wood is it?")), None));
        let told = Call::new("local", "chat").tokens(0, 0).estimate_from("Which wood is it?", "Oak.");
        assert_eq!((told.usage.total_tokens(), told.usage.source), (Some(0), UsageSource::None));
    }
}
