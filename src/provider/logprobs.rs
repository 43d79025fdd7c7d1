//! How sure a model was of its own words.
//!
//! Where an answer carries log-probabilities of its tokens (natural logarithms; they come only when asked for),
//! `model_confidence` is the geometric mean of the tokens' probabilities: `exp(sum of log-probabilities / tokens)`, which is
//! the inverse of the answer's perplexity. Dividing by the length keeps long answers comparable with short ones (Malinin
//! and Gales, *Uncertainty Estimation in Autoregressive Structured Prediction*, ICLR 2021). It is marked as derived from
//! `logprobs`, and a confidence that the caller stated is left alone.
//!
//! | who | where |
//! | --- | --- |
//! | OpenAI chat, Azure, DeepSeek, OpenRouter, vLLM, llama.cpp, xAI | `choices[].logprobs.content[].logprob`, and `.refusal[]`, per chunk of a stream |
//! | OpenAI responses | `output[].content[].logprobs[]`; in a stream `…output_text.delta` |
//! | legacy completions, also of vLLM; all of Together | `choices[].logprobs.token_logprobs[]`; in a stream of Together's the number `choices[].logprobs` |
//! | OpenAI transcription | `logprobs[]`; Whisper `segments[].avg_logprob`, means over the segment's tokens |
//! | Gemini, Vertex AI | `candidates[].logprobsResult.chosenCandidates[].logProbability`, else `avgLogprobs` |
//! | Ollama | `logprobs[].logprob`, per line |
//! | llama.cpp's own | `completion_probabilities[].logprob` |
//! | Anthropic, Groq, Mistral, Perplexity | not offered |
//!
//! Several choices count together: it is the whole answer's confidence. Alternatives (`top_logprobs`), the prompt's own and
//! those of reasoning do not count.
//!
//! Of an answer too long to be held ([`Elided`](crate::framing::Elided)) not all tokens are known: it has no confidence but
//! the mean that is stated. Where a stream repeats the whole answer at its end, its pieces still give it.
//!
//! A value of -9999 stands for "too small to tell" and is passed over; rounding may make a value a little positive, which
//! counts as 0. Gemini states the mean itself where it gives no single tokens.

use serde::Deserialize;

use super::lenient::{Number, Objects};
use crate::{Confidence, call::Call, framing::Message};

/// The log-probabilities of one answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogProbs {
    sum: f64,
    tokens: u32,
    mean: Option<f64>,
    incomplete: bool,
}

impl LogProbs {
    /// They come from this message: where something of it was left out, some of them may be too.
    pub(super) fn come_from(&mut self, message: Message<'_>) {
        self.incomplete |= message.left_out.is_some();
    }

    /// One token's.
    pub(super) fn add(&mut self, logprob: Number) {
        if let Some(logprob) = logprob.0.filter(|logprob| *logprob > -9999.0) {
            self.sum += logprob.min(0.0);
            self.tokens = self.tokens.saturating_add(1);
        }
    }

    /// Those of several tokens.
    pub(super) fn extend(&mut self, tokens: &Objects<Token>) {
        tokens.0.iter().for_each(|token| self.add(token.logprob));
    }

    /// A mean over so many tokens and the one that ends them, as Whisper states it.
    pub(super) fn add_mean(&mut self, mean: Number, tokens: usize) {
        if let (Some(mean), Ok(tokens @ 1..)) = (mean.0.filter(|mean| *mean > -9999.0), u32::try_from(tokens)) {
            self.sum += mean.min(0.0) * (f64::from(tokens) + 1.0);
            self.tokens = self.tokens.saturating_add(tokens).saturating_add(1);
        }
    }

    /// The mean as the provider states it: used where no token's own is known. The last one wins.
    pub(super) fn stated_mean(&mut self, mean: Number) {
        self.mean = mean.0.or(self.mean);
    }

    /// Makes them the call's confidence, unless it has one.
    pub(super) fn finish(self, call: &mut Call) {
        let mean = match self.tokens {
            1.. if !self.incomplete => Some(self.sum / f64::from(self.tokens)),
            _ => self.mean,
        };
        if let (Some(mean), None) = (mean, &call.trust.confidence) {
            let probability = mean.exp().min(1.0);
            let derived = Confidence::default().component("model_confidence", probability).derived_from("logprobs");
            call.trust.confidence = Some(derived);
        }
    }
}

/// A token's entry in the shape that OpenAI, its dialects and Ollama share.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    logprob: Number,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confidence(logprobs: &[f64]) -> Option<f64> {
        let mut all = LogProbs::default();
        logprobs.iter().for_each(|logprob| all.add(Number(Some(*logprob))));
        let mut call = Call::default();
        all.finish(&mut call);
        call.trust.confidence.and_then(|confidence| confidence.score())
    }

    #[test]
    fn confidence_is_the_geometric_mean_of_the_tokens_probabilities() {
        let score = confidence(&[0.5f64.ln(), 0.125f64.ln()]).unwrap();
        assert!((score - 0.25).abs() < 1e-12);
    }

    #[test]
    fn values_too_small_to_tell_are_passed_over_and_rounding_never_exceeds_one() {
        assert_eq!(confidence(&[-9999.0, -0.0, 1e-9]), Some(1.0));
        assert_eq!(confidence(&[-9999.0]), None);
        assert_eq!(confidence(&[]), None);
    }

    #[test]
    fn a_confidence_that_the_caller_stated_is_left_alone() {
        let mut call = Call::default();
        call.trust.confidence = Some(Confidence::new(0.3));
        let mut all = LogProbs::default();
        all.stated_mean(Number(Some(-0.1)));
        all.finish(&mut call);
        assert_eq!(call.trust.confidence, Some(Confidence::new(0.3)));
    }
}
