//! `usageMetadata` of Gemini and Vertex AI, and `usage` of interactions.
//!
//! Counts are tokens. Two of them stand apart on the wire and are added:
//!
//! | what | `usageMetadata` | `usage` of interactions |
//! | --- | --- | --- |
//! | input | `promptTokenCount + toolUsePromptTokenCount` | `total_input_tokens + total_tool_use_tokens` |
//! | output | `candidatesTokenCount + thoughtsTokenCount` | `total_output_tokens + total_thought_tokens` |
//! | cache read | `cachedContentTokenCount`, within the prompt | `total_cached_tokens` |
//! | reasoning | `thoughtsTokenCount` | `total_thought_tokens` |
//! | audio, images, video | `promptTokensDetails[]`, `toolUsePromptTokensDetails[]`, `candidatesTokensDetails[]`, `cacheTokensDetails[]` | `{input,tool_use,output,cached}_tokens_by_modality[]` |
//! | searches | `candidates[].groundingMetadata.webSearchQueries[]` | `grounding_tool_count[]` of type `google_search` |
//! | tier that was served | `serviceTier` (AI Studio); on Vertex AI `trafficType` ends with it (`ON_DEMAND_FLEX`) | `service_tier` beside the usage |
//!
//! A modality is a word, or an integer where the client asked for integers; documents count as images. What a tool put into
//! the prompt is part of the input of its modality, and named apart too (`input_audio_tool_tokens`). Text is the rest and
//! needs no unit.
//!
//! In a stream every chunk states all counts so far, but the last one may lack a field that an earlier one had: the last
//! that is stated wins, field by field. A blocked prompt has no counts at all.
//!
//! Google bills its search by the query from Gemini 3 on, and by the prompt that searched at all before that
//! (<https://ai.google.dev/gemini-api/docs/pricing>): `web_searches` is what is billed.

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

/// Both spellings at once.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GeminiUsage<'a> {
    #[serde(alias = "total_input_tokens")]
    prompt_token_count: Count,
    #[serde(alias = "total_tool_use_tokens")]
    tool_use_prompt_token_count: Count,
    #[serde(alias = "total_output_tokens")]
    candidates_token_count: Count,
    #[serde(alias = "total_thought_tokens")]
    thoughts_token_count: Count,
    #[serde(alias = "total_cached_tokens")]
    cached_content_token_count: Count,
    #[serde(borrow, alias = "input_tokens_by_modality")]
    prompt_tokens_details: Objects<Modality<'a>>,
    #[serde(borrow, alias = "tool_use_tokens_by_modality")]
    tool_use_prompt_tokens_details: Objects<Modality<'a>>,
    #[serde(borrow, alias = "output_tokens_by_modality")]
    candidates_tokens_details: Objects<Modality<'a>>,
    #[serde(borrow, alias = "cached_tokens_by_modality")]
    cache_tokens_details: Objects<Modality<'a>>,
    #[serde(borrow, rename = "grounding_tool_count")]
    grounding: Objects<Grounding<'a>>,
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
    #[serde(alias = "tokens")]
    token_count: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Grounding<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    count: Count,
}

/// The last that was stated of each count.
#[derive(Debug, Default)]
pub(super) struct GeminiCounts {
    prompt: Option<u64>,
    tools: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    cached: Option<u64>,
    of_prompt: Modalities,
    of_tools: Modalities,
    of_candidates: Modalities,
    of_cached: Modalities,
    searches: Option<u64>,
}

impl GeminiCounts {
    /// Takes in what one chunk states.
    pub(super) fn merge(&mut self, usage: &GeminiUsage<'_>, call: &mut Call) {
        self.prompt = usage.prompt_token_count.0.or(self.prompt);
        self.tools = usage.tool_use_prompt_token_count.0.or(self.tools);
        self.candidates = usage.candidates_token_count.0.or(self.candidates);
        self.thoughts = usage.thoughts_token_count.0.or(self.thoughts);
        self.cached = usage.cached_content_token_count.0.or(self.cached);
        self.of_prompt.merge(&usage.prompt_tokens_details);
        self.of_tools.merge(&usage.tool_use_prompt_tokens_details);
        self.of_candidates.merge(&usage.candidates_tokens_details);
        self.of_cached.merge(&usage.cache_tokens_details);
        let of_search = usage.grounding.0.iter().filter(|one| one.kind.is("google_search"));
        self.searched(of_search.filter_map(|one| one.count.0).reduce(u64::saturating_add));
        fill::last(&mut call.response.service_tier, &usage.service_tier);
        if let Some(traffic) = usage.traffic_type.get() {
            fill::extra_text(call, names::GEMINI_TRAFFIC_TYPE, &usage.traffic_type);
            let tier = traffic.strip_prefix("ON_DEMAND_").map(str::to_ascii_lowercase);
            call.response.service_tier = tier.or(call.response.service_tier.take());
        }
    }

    /// How many queries an answer says were searched for; a later chunk may repeat them.
    pub(super) fn searched(&mut self, queries: Option<u64>) {
        self.searches = self.searches.max(queries);
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
        fill::unit(call, "input_tool_tokens", amount(Count(self.tools)));
        let input = self.of_prompt.with(self.of_tools);
        input.apply(call, ["input_image_tokens", "input_video_tokens", "input_audio_tokens"]);
        self.of_tools.apply(call, ["input_image_tool_tokens", "input_video_tool_tokens", "input_audio_tool_tokens"]);
        self.of_candidates.apply(call, ["output_image_tokens", "output_video_tokens", "output_audio_tokens"]);
        self.of_cached.apply(call, ["cache_image_read_tokens", "cache_video_read_tokens", "cache_audio_read_tokens"]);
        let per_prompt = bills_search_by_the_prompt(call);
        let searches = self.searches.map(|queries| if per_prompt { queries.min(1) } else { queries });
        fill::unit(call, "web_searches", amount(Count(searches)));
    }
}

/// Whether it is a model from before Gemini 3.
fn bills_search_by_the_prompt(call: &Call) -> bool {
    let model = call.response.model.as_deref().or(call.request.model.as_deref()).unwrap_or_default();
    let name = model.rsplit('/').next().unwrap_or_default();
    ["gemini-1", "gemini-2"].iter().any(|family| name.starts_with(family))
}

/// Tokens of images, video and audio.
#[derive(Clone, Copy, Debug, Default)]
struct Modalities([Option<f64>; 3]);

impl Modalities {
    const SPELLINGS: [&'static [&'static str]; 3] =
        [&["IMAGE", "2", "DOCUMENT", "5"], &["VIDEO", "3"], &["AUDIO", "4"]];

    /// Takes over a list that says something; several entries may fall into one unit.
    fn merge(&mut self, details: &Objects<Modality<'_>>) {
        if details.0.is_empty() {
            return;
        }
        self.0 = Self::SPELLINGS.map(|spellings| {
            let is_one = |modality: &str| spellings.iter().any(|spelling| modality.eq_ignore_ascii_case(spelling));
            let of_unit = details.0.iter().filter(|detail| detail.modality.get().is_some_and(is_one));
            of_unit.filter_map(|detail| amount(detail.token_count)).reduce(|a, b| a + b)
        });
    }

    fn with(self, other: Self) -> Self {
        let sum = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(|a, b| a + b);
        let (Self([image, video, audio]), Self([images, videos, audios])) = (self, other);
        Self([sum(image, images), sum(video, videos), sum(audio, audios)])
    }

    fn apply(self, call: &mut Call, units: [&'static str; 3]) {
        for (unit, tokens) in units.into_iter().zip(self.0) {
            fill::unit(call, unit, tokens);
        }
    }
}
