//! `usageMetadata` of Gemini and Vertex AI.
//!
//! Counts are tokens. Two of them stand apart on the wire and are added:
//!
//! | what | where |
//! | --- | --- |
//! | input | `promptTokenCount + toolUsePromptTokenCount` |
//! | output | `candidatesTokenCount + thoughtsTokenCount` |
//! | cache read | `cachedContentTokenCount`, within `promptTokenCount` |
//! | reasoning | `thoughtsTokenCount` |
//! | audio, images, video | the `…TokensDetails[]` by `modality`, which is a word, or an integer where the client asked for integers; documents count as images |
//! | tier that was served | `serviceTier` (AI Studio); on Vertex AI `trafficType` ends with it (`ON_DEMAND_FLEX`) |
//!
//! In a stream every chunk states all counts so far, but the last one may lack a field that an earlier one had: the last
//! that is stated wins, field by field. A blocked prompt has no counts at all.

use serde::Deserialize;

use super::{
    fill,
    lenient::{Count, Objects, Text},
    openai_usage::amount,
};
use crate::{
    call::{Call, Usage},
    span::names,
};

/// `usageMetadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GeminiUsage<'a> {
    prompt_token_count: Count,
    tool_use_prompt_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
    cached_content_token_count: Count,
    #[serde(borrow)]
    prompt_tokens_details: Objects<Modality<'a>>,
    #[serde(borrow)]
    candidates_tokens_details: Objects<Modality<'a>>,
    #[serde(borrow)]
    cache_tokens_details: Objects<Modality<'a>>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    traffic_type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Modality<'a> {
    #[serde(borrow)]
    modality: Text<'a>,
    token_count: Count,
}

/// The last that was stated of each count.
#[derive(Debug, Default)]
pub(super) struct GeminiCounts {
    prompt: Option<u64>,
    tools: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    cached: Option<u64>,
}

impl GeminiCounts {
    /// Takes in what one chunk states.
    pub(super) fn merge(&mut self, usage: &GeminiUsage<'_>, call: &mut Call) {
        self.prompt = usage.prompt_token_count.0.or(self.prompt);
        self.tools = usage.tool_use_prompt_token_count.0.or(self.tools);
        self.candidates = usage.candidates_token_count.0.or(self.candidates);
        self.thoughts = usage.thoughts_token_count.0.or(self.thoughts);
        self.cached = usage.cached_content_token_count.0.or(self.cached);
        fill::unit(call, "input_tool_tokens", amount(usage.tool_use_prompt_token_count));
        modalities(
            call,
            &usage.prompt_tokens_details,
            ["input_image_tokens", "input_video_tokens", "input_audio_tokens"],
        );
        modalities(
            call,
            &usage.candidates_tokens_details,
            ["output_image_tokens", "output_video_tokens", "output_audio_tokens"],
        );
        modalities(
            call,
            &usage.cache_tokens_details,
            ["cache_image_read_tokens", "cache_video_read_tokens", "cache_audio_read_tokens"],
        );
        fill::last(&mut call.response.service_tier, &usage.service_tier);
        if let Some(traffic) = usage.traffic_type.get() {
            fill::extra_text(call, names::GEMINI_TRAFFIC_TYPE, &usage.traffic_type);
            let tier = traffic.strip_prefix("ON_DEMAND_").map(str::to_ascii_lowercase);
            call.response.service_tier = tier.or(call.response.service_tier.take());
        }
    }

    /// Writes the totals into the call.
    pub(super) fn apply(&self, call: &mut Call) {
        let sum = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).reduce(u64::saturating_add);
        let usage = Usage {
            input_tokens: sum(self.prompt, self.tools),
            output_tokens: sum(self.candidates, self.thoughts),
            cache_read_tokens: self.cached,
            reasoning_tokens: self.thoughts,
            ..Usage::default()
        };
        fill::counts(call, &usage);
    }
}

/// Text is the rest and needs no unit; several entries may fall into one unit.
fn modalities(call: &mut Call, details: &Objects<Modality<'_>>, [image, video, audio]: [&'static str; 3]) {
    for (unit, spellings) in
        [(image, &["IMAGE", "2", "DOCUMENT", "5"][..]), (video, &["VIDEO", "3"][..]), (audio, &["AUDIO", "4"][..])]
    {
        let of_unit = details.0.iter().filter(|detail| spellings.iter().any(|spelling| detail.modality.is(spelling)));
        fill::unit(call, unit, of_unit.filter_map(|detail| amount(detail.token_count)).reduce(|a, b| a + b));
    }
}
