//! The `usage` object of the OpenAI protocols and all their dialects.
//!
//! Counts are tokens. Input includes what was read from and written to a cache, in all of these dialects.
//!
//! | what | where, by dialect |
//! | --- | --- |
//! | input | `prompt_tokens` (chat, completions, embeddings), `input_tokens` (responses, images, transcription) |
//! | output | `completion_tokens`, `output_tokens` |
//! | cache read | `*_tokens_details.cached_tokens`; DeepSeek `prompt_cache_hit_tokens`; Together `cached_tokens`; Mistral `num_cached_tokens`; Venice `cache_read_input_tokens` |
//! | cache write | `*_tokens_details.cache_write_tokens` (OpenAI, OpenRouter); Vercel `cache_creation_input_tokens` |
//! | reasoning | `*_tokens_details.reasoning_tokens`; Perplexity `reasoning_tokens` |
//! | audio, images | in the details, and Mistral `prompt_audio_seconds`, Whisper `seconds` |
//! | searches | Perplexity `num_search_queries`; xAI and OpenRouter in their details of server tools |
//!
//! Whether output includes reasoning is not said. xAI's chat leaves it out, and the total proves it: where
//! `total = input + output + reasoning`, output and reasoning are added. Perplexity's deep research bills reasoning and
//! citations apart from its `completion_tokens`: both are added.
//!
//! A dialect may send usage once, in every chunk (cumulative) or twice (Groq): counts never add up over messages, the last
//! that is stated wins, and `null` says nothing.

use serde::Deserialize;

use super::{
    fill::{self, last, unit},
    lenient::{Count, Flag, Number, Object, Raw, Text},
    stated_cost::{Details as CostDetails, Statement},
};
use crate::call::{Call, Usage};

/// `usage`, in every dialect at once.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OpenAiUsage<'a> {
    prompt_tokens: Count,
    input_tokens: Count,
    completion_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Object<InputDetails>,
    input_tokens_details: Object<InputDetails>,
    input_token_details: Object<InputDetails>,
    completion_tokens_details: Object<OutputDetails>,
    output_tokens_details: Object<OutputDetails>,
    prompt_cache_hit_tokens: Count,
    cached_tokens: Count,
    num_cached_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    reasoning_tokens: Count,
    citation_tokens: Count,
    num_search_queries: Count,
    server_tool_use_details: Object<ServerTools>,
    server_side_tool_usage_details: Object<ServerTools>,
    prompt_audio_seconds: Number,
    seconds: Number,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    cost: Raw<'a>,
    cost_in_usd_ticks: Count,
    is_byok: Flag,
    #[serde(borrow)]
    cost_details: Object<CostDetails<'a>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Count,
    cache_read_input_tokens: Count,
    cache_write_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Count,
    web_search_calls: Count,
    x_search_calls: Count,
}

impl OpenAiUsage<'_> {
    /// Merges it into the call.
    pub(super) fn apply(&self, call: &mut Call) {
        let details = [self.prompt_tokens_details, self.input_tokens_details, self.input_token_details];
        let input = details.into_iter().find_map(|details| details.0).unwrap_or_default();
        let output = self.completion_tokens_details.0.or(self.output_tokens_details.0).unwrap_or_default();
        let cached = [
            input.cached_tokens,
            input.cache_read_input_tokens,
            self.prompt_cache_hit_tokens,
            self.cached_tokens,
            self.num_cached_tokens,
            self.cache_read_input_tokens,
        ];
        let mut usage = Usage {
            input_tokens: self.prompt_tokens.0.or(self.input_tokens.0),
            output_tokens: self.completion_tokens.0.or(self.output_tokens.0),
            cache_read_tokens: cached.into_iter().find_map(|count| count.0),
            cache_write_tokens: input.cache_write_tokens.0.or(self.cache_creation_input_tokens.0),
            reasoning_tokens: output.reasoning_tokens.0.or(self.reasoning_tokens.0),
            ..Usage::default()
        };
        self.add_what_output_leaves_out(&call.provider, &mut usage);
        fill::counts(call, &usage);

        unit(call, "input_audio_tokens", amount(input.audio_tokens));
        unit(call, "input_image_tokens", amount(input.image_tokens));
        unit(call, "output_audio_tokens", amount(output.audio_tokens));
        unit(call, "output_image_tokens", amount(output.image_tokens));
        unit(call, "output_citation_tokens", amount(self.citation_tokens));
        unit(call, "input_audio_seconds", self.prompt_audio_seconds.0.or(self.seconds.0));
        let tools = self.server_tool_use_details.0.or(self.server_side_tool_usage_details.0).unwrap_or_default();
        let searches = [self.num_search_queries, tools.web_search_requests, tools.web_search_calls];
        unit(call, "web_searches", searches.into_iter().find_map(amount));
        unit(call, "social_searches", amount(tools.x_search_calls));

        last(&mut call.response.service_tier, &self.service_tier);
        let Self { cost, cost_in_usd_ticks: ticks, is_byok, cost_details: details, .. } = *self;
        Statement { cost, ticks, is_byok, details }.apply(call);
    }

    fn add_what_output_leaves_out(&self, provider: &str, usage: &mut Usage) {
        let (Some(output), reasoning) = (usage.output_tokens, usage.reasoning_tokens.unwrap_or(0)) else { return };
        let citations = self.citation_tokens.0.unwrap_or(0);
        let apart = if provider == "perplexity" && (self.reasoning_tokens.0.is_some() || citations > 0) {
            reasoning.checked_add(citations)
        } else {
            let sum = usage.input_tokens.and_then(|input| input.checked_add(output)?.checked_add(reasoning));
            Some(reasoning).filter(|_| sum.is_some() && sum == self.total_tokens.0)
        };
        usage.output_tokens = output.checked_add(apart.unwrap_or(0));
    }

    /// The input of an embedding: some houses state only a total, which is the same.
    pub(super) fn apply_to_embedding(&self, call: &mut Call) {
        self.apply(call);
        call.usage.input_tokens = call.usage.input_tokens.or(self.total_tokens.0);
        // An embedding puts nothing out: servers that say 0 say nothing.
        call.usage.output_tokens = None;
    }
}

/// A count as an amount of a unit.
pub(super) fn amount(count: Count) -> Option<f64> {
    count.0.map(|count| count as f64)
}
