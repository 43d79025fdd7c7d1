//! The `usage` object of the OpenAI protocols and all their dialects.
//!
//! Counts are tokens. Input includes what was read from and written to a cache, in all of these dialects.
//!
//! | what | where, by dialect |
//! | --- | --- |
//! | input | `prompt_tokens` (chat, completions, embeddings), `input_tokens` (responses, images, transcription); else DeepSeek's `prompt_cache_hit_tokens` and `prompt_cache_miss_tokens` |
//! | output | `completion_tokens`, `output_tokens` |
//! | cache read | `*_tokens_details.cached_tokens`, in Perplexity's responses `cache_read_input_tokens`; DeepSeek `prompt_cache_hit_tokens`; Together `cached_tokens`; Mistral `num_cached_tokens`; Venice `cache_read_input_tokens` |
//! | cache write | `*_tokens_details.cache_write_tokens` (OpenAI, OpenRouter), by how long it is kept in `cache_write_tokens_details`; Vercel and, in the details, Perplexity's responses `cache_creation_input_tokens` |
//! | reasoning | `*_tokens_details.reasoning_tokens`; Perplexity `reasoning_tokens` |
//! | audio, images | in the details, and Mistral `prompt_audio_seconds`, Whisper `seconds`; text is the rest |
//! | predictions | `completion_tokens_details.{accepted,rejected}_prediction_tokens`: both are part of the output |
//! | searches, code | Perplexity `num_search_queries`, in its responses `tool_calls_details`, xAI `num_sources_used`; xAI and OpenRouter in their details of server tools, Mistral in `connectors` |
//!
//! Units are called as in `genai-prices`; where it has no name, by one of ours (`search_sources`, `image_generations`,
//! `accepted_prediction_tokens`, `cache_write_30m_tokens`, …). Kinds of tokens are part of a total and priced with it; any
//! other unit without a price makes the cost `partial`.
//!
//! What the totals leave out, and the sum proves:
//!
//! - xAI's chat leaves reasoning out of `completion_tokens`: where `total = input + output + reasoning`, it is added. By
//!   arithmetic, not by name: xAI's responses include it.
//! - Google's OpenAI-compatible endpoint names its thoughts nowhere: they are what the total has beyond input and output.
//! - Mistral's conversations leave what connectors read out of `prompt_tokens`: where `total` holds `connector_tokens` too,
//!   they are input.
//! - Perplexity's deep research bills reasoning and citations apart from `completion_tokens`: both are added.
//! - Some gateways state more reasoning than output, and a total with neither: that reasoning is unknown
//!   ([`Usage::check`]).
//!
//! Sources: the field names of the official client libraries of each provider, and their API references; for the sums,
//! recorded answers.
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
    prompt_cache_miss_tokens: Count,
    connector_tokens: Count,
    connectors: Object<Connectors>,
    cached_tokens: Count,
    num_cached_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    reasoning_tokens: Count,
    citation_tokens: Count,
    num_search_queries: Count,
    num_sources_used: Count,
    server_tool_use_details: Object<ServerTools>,
    server_side_tool_usage_details: Object<ServerTools>,
    tool_calls_details: Object<ToolCalls>,
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
    cache_creation_input_tokens: Count,
    cache_write_tokens_details: Object<CacheWrites>,
    audio_tokens: Count,
    image_tokens: Count,
    video_tokens: Count,
}

/// Cache writes by how long they are kept.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct CacheWrites {
    ttl_30m_tokens: Count,
    ttl_12h_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
    accepted_prediction_tokens: Count,
    rejected_prediction_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Count,
    web_search_calls: Count,
    x_search_calls: Count,
    file_search_calls: Count,
    code_interpreter_calls: Count,
}

/// How often Perplexity's responses called their tools.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct ToolCalls {
    web_search: Object<Invocations>,
    search_web: Object<Invocations>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Invocations {
    invocation: Count,
}

/// How often Mistral's conversations used what they are connected to.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Connectors {
    web_search: Count,
    web_search_premium: Count,
    code_interpreter: Count,
    document_library: Count,
    image_generation: Count,
}

impl OpenAiUsage<'_> {
    /// Merges it into the call.
    pub(super) fn apply(&self, call: &mut Call) {
        let details = [&self.prompt_tokens_details, &self.input_tokens_details, &self.input_token_details];
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
        let writes = input.cache_write_tokens_details.0.unwrap_or_default();
        let mut usage = Usage {
            input_tokens: self.input(),
            output_tokens: self.completion_tokens.0.or(self.output_tokens.0),
            cache_read_tokens: cached.into_iter().find_map(|count| count.0),
            cache_write_tokens: input
                .cache_write_tokens
                .0
                .or(input.cache_creation_input_tokens.0)
                .or(self.cache_creation_input_tokens.0)
                .or_else(|| sum([writes.ttl_30m_tokens, writes.ttl_12h_tokens])),
            reasoning_tokens: output.reasoning_tokens.0.or(self.reasoning_tokens.0),
            ..Usage::default()
        };
        self.add_what_output_leaves_out(&call.provider, &mut usage);
        fill::counts(call, &usage);

        unit(call, "input_audio_tokens", amount(input.audio_tokens));
        unit(call, "input_image_tokens", amount(input.image_tokens));
        unit(call, "input_video_tokens", amount(input.video_tokens));
        unit(call, "output_audio_tokens", amount(output.audio_tokens));
        unit(call, "output_image_tokens", amount(output.image_tokens));
        unit(call, "output_citation_tokens", amount(self.citation_tokens));
        unit(call, "input_audio_seconds", self.prompt_audio_seconds.0.or(self.seconds.0));
        unit(call, "cache_write_30m_tokens", amount(writes.ttl_30m_tokens));
        unit(call, "cache_write_12h_tokens", amount(writes.ttl_12h_tokens));
        unit(call, "accepted_prediction_tokens", amount(output.accepted_prediction_tokens));
        unit(call, "rejected_prediction_tokens", amount(output.rejected_prediction_tokens));
        self.tools(call);

        last(&mut call.response.service_tier, &self.service_tier);
        let Self { cost, cost_in_usd_ticks: ticks, is_byok, cost_details: details, .. } = *self;
        Statement { cost, ticks, is_byok, details }.apply(call);
    }

    fn input(&self) -> Option<u64> {
        let stated = self.prompt_tokens.0.or(self.input_tokens.0);
        let stated = stated.or_else(|| sum([self.prompt_cache_hit_tokens, self.prompt_cache_miss_tokens]));
        let with_connectors = stated.zip(self.connector_tokens.0).and_then(|(input, read)| input.checked_add(read));
        let total = with_connectors.and_then(|input| input.checked_add(self.completion_tokens.0?));
        with_connectors.filter(|_| total.is_some() && total == self.total_tokens.0).or(stated)
    }

    fn tools(&self, call: &mut Call) {
        let tools = self.server_tool_use_details.0.or(self.server_side_tool_usage_details.0).unwrap_or_default();
        let connected = self.connectors.0.unwrap_or_default();
        let called = self.tool_calls_details.0.unwrap_or_default();
        let called = called.web_search.0.or(called.search_web.0).unwrap_or_default().invocation;
        let searches = [self.num_search_queries, tools.web_search_requests, tools.web_search_calls, called];
        let searches = searches.into_iter().find_map(|count| count.0);
        let searches = searches.or_else(|| sum([connected.web_search, connected.web_search_premium]));
        unit(call, "web_searches", amount(Count(searches)));
        unit(call, "social_searches", amount(tools.x_search_calls));
        unit(call, "search_sources", amount(self.num_sources_used));
        unit(call, "storage_searches", amount(tools.file_search_calls).or(amount(connected.document_library)));
        unit(call, "code_executions", amount(tools.code_interpreter_calls).or(amount(connected.code_interpreter)));
        unit(call, "image_generations", amount(connected.image_generation));
    }

    fn add_what_output_leaves_out(&self, provider: &str, usage: &mut Usage) {
        let (Some(output), reasoning) = (usage.output_tokens, usage.reasoning_tokens.unwrap_or(0)) else { return };
        let citations = self.citation_tokens.0.unwrap_or(0);
        let apart = if provider == "perplexity" && (self.reasoning_tokens.0.is_some() || citations > 0) {
            reasoning.checked_add(citations)
        } else if provider.starts_with("gcp.") && usage.reasoning_tokens.is_none() {
            let named = usage.input_tokens.and_then(|input| input.checked_add(output));
            let thoughts = self.total_tokens.0.zip(named).and_then(|(total, named)| total.checked_sub(named));
            usage.reasoning_tokens = thoughts.filter(|thoughts| *thoughts > 0);
            usage.reasoning_tokens
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

/// The sum of those that are stated; unknown if none is.
fn sum(counts: [Count; 2]) -> Option<u64> {
    counts.into_iter().filter_map(|count| count.0).reduce(u64::saturating_add)
}

/// A count as an amount of a unit.
pub(super) fn amount(count: Count) -> Option<f64> {
    count.0.map(|count| count as f64)
}
