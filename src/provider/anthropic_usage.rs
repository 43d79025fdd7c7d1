//! The `usage` object of Anthropic messages.
//!
//! Counts are tokens. Unlike elsewhere, `input_tokens` leaves cached tokens out, so input is the sum of three:
//!
//! | what | where |
//! | --- | --- |
//! | input | `input_tokens + cache_read_input_tokens + cache_creation_input_tokens` |
//! | output | `output_tokens` |
//! | cache read | `cache_read_input_tokens` |
//! | cache write | `cache_creation_input_tokens`; which of it lives for 5 minutes (1.25 times the price of input) and which for 1 hour (2 times), `cache_creation` tells: `cache_write_5m_tokens`, `cache_write_1h_tokens` |
//! | reasoning | `output_tokens_details.thinking_tokens`, on newer answers |
//! | server tools | `server_tool_use.web_search_requests` as `web_searches`, `.code_execution_requests` as `code_executions`; pages that were fetched cost nothing but their tokens, and are kept as an attribute |
//! | tier that was served | `service_tier`; `speed` and `inference_geo` change the price too and are kept as attributes |
//!
//! `iterations[]` tells more than the top level, which is the sum of its entries of type `message`: tokens of a
//! `compaction`, of an `advisor_message` (another model, named in the entry) and of a `fallback_message` are on the bill
//! and in no total. They are kept as attributes `anthropic.usage.{compaction,advisor,fallback}.*`, and priced from there.
//!
//! Sources: <https://docs.claude.com/en/api/messages> and, for prices, <https://docs.claude.com/en/about-claude/pricing>.

use serde::{Deserialize, Deserializer};

use super::{
    fill,
    lenient::{Count, Object, Objects, Text},
    openai_usage::amount,
};
use crate::{call::Call, span::names};

/// `usage`: what is absent or null says nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnthropicUsage {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_creation: Object<CacheCreation>,
    output_tokens_details: Object<OutputDetails>,
    server_tool_use: Object<ServerTools>,
    service_tier: OwnedText,
    speed: OwnedText,
    inference_geo: OwnedText,
    iterations: Objects<Iteration>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Count,
    ephemeral_1h_input_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Count,
    web_fetch_requests: Count,
    code_execution_requests: Count,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Iteration {
    #[serde(rename = "type")]
    kind: OwnedText,
    model: OwnedText,
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
}

/// A text that outlives its message.
#[derive(Clone, Debug, Default)]
struct OwnedText(Option<String>);

impl<'de> Deserialize<'de> for OwnedText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Text::deserialize(from).map(|text| Self(text.get().map(fill::name)))
    }
}

impl AnthropicUsage {
    /// What the first event of a stream states: its output is a placeholder, mostly 1.
    pub(super) fn without_output(self) -> Self {
        Self { output_tokens: Count(None), output_tokens_details: Object(None), ..self }
    }

    /// Takes over every field that a later event states.
    pub(super) fn merge(&mut self, later: &Self) {
        fn count(mine: &mut Count, theirs: Count) {
            mine.0 = theirs.0.or(mine.0);
        }
        fn text(mine: &mut OwnedText, theirs: &OwnedText) {
            if theirs.0.is_some() {
                mine.clone_from(theirs);
            }
        }
        count(&mut self.input_tokens, later.input_tokens);
        count(&mut self.output_tokens, later.output_tokens);
        count(&mut self.cache_read_input_tokens, later.cache_read_input_tokens);
        count(&mut self.cache_creation_input_tokens, later.cache_creation_input_tokens);
        self.cache_creation.0 = later.cache_creation.0.or(self.cache_creation.0);
        self.output_tokens_details.0 = later.output_tokens_details.0.or(self.output_tokens_details.0);
        self.server_tool_use.0 = later.server_tool_use.0.or(self.server_tool_use.0);
        text(&mut self.service_tier, &later.service_tier);
        text(&mut self.speed, &later.speed);
        text(&mut self.inference_geo, &later.inference_geo);
        if !later.iterations.0.is_empty() {
            self.iterations.clone_from(&later.iterations);
        }
    }

    /// Writes the totals into the call.
    pub(super) fn apply(self, call: &mut Call) {
        call.usage.input_tokens =
            sum([self.input_tokens, self.cache_read_input_tokens, self.cache_creation_input_tokens]);
        call.usage.output_tokens = self.output_tokens.0;
        call.usage.cache_read_tokens = self.cache_read_input_tokens.0;
        call.usage.cache_write_tokens = self.cache_creation_input_tokens.0;
        call.usage.reasoning_tokens = self.output_tokens_details.0.unwrap_or_default().thinking_tokens.0;
        let tools = self.server_tool_use.0.unwrap_or_default();
        fill::unit(call, "web_searches", amount(tools.web_search_requests));
        fill::unit(call, "code_executions", amount(tools.code_execution_requests));
        fill::extra(call, names::ANTHROPIC_WEB_FETCHES, tools.web_fetch_requests.0.filter(|pages| *pages > 0));
        self.cache_lives(call);
        self.left_out(call);

        if self.service_tier.0.is_some() {
            call.response.service_tier = self.service_tier.0;
        }
        let unusual = |text: OwnedText, usual: &[&str]| text.0.filter(|text| !usual.contains(&text.as_str()));
        fill::extra(call, names::ANTHROPIC_SPEED, unusual(self.speed, &["standard"]));
        fill::extra(call, names::ANTHROPIC_INFERENCE_GEO, unusual(self.inference_geo, &["global", "not_available"]));
    }

    /// How long cache writes live, where that adds up: the split comes only at the start of a stream, the total may grow.
    fn cache_lives(&self, call: &mut Call) {
        let split = self.cache_creation.0.unwrap_or_default();
        let (short, long) = (split.ephemeral_5m_input_tokens, split.ephemeral_1h_input_tokens);
        if sum([short, long]) == self.cache_creation_input_tokens.0 {
            fill::unit(call, "cache_write_5m_tokens", amount(short));
            fill::unit(call, "cache_write_1h_tokens", amount(long));
        }
    }

    /// What the totals leave out.
    fn left_out(&self, call: &mut Call) {
        for (kind, [input, read, write, output, model]) in LEFT_OUT {
            let of_kind = || self.iterations.0.iter().filter(|iteration| iteration.kind.0.as_deref() == Some(kind));
            let total = |count: fn(&Iteration) -> Option<u64>| {
                of_kind().filter_map(count).reduce(u64::saturating_add).filter(|tokens| *tokens > 0)
            };
            fill::extra(call, input, total(Iteration::input));
            fill::extra(call, read, total(|one| one.cache_read_input_tokens.0));
            fill::extra(call, write, total(|one| one.cache_creation_input_tokens.0));
            fill::extra(call, output, total(|one| one.output_tokens.0));
            fill::extra(call, model, of_kind().find_map(|one| one.model.0.clone()));
        }
    }
}

impl Iteration {
    fn input(&self) -> Option<u64> {
        sum([self.input_tokens, self.cache_read_input_tokens, self.cache_creation_input_tokens])
    }
}

/// The entries that are in no total, and where they are kept.
const LEFT_OUT: [(&str, [&str; 5]); 3] = [
    (
        "compaction",
        [
            names::ANTHROPIC_COMPACTION_INPUT,
            names::ANTHROPIC_COMPACTION_CACHE_READ,
            names::ANTHROPIC_COMPACTION_CACHE_WRITE,
            names::ANTHROPIC_COMPACTION_OUTPUT,
            names::ANTHROPIC_COMPACTION_MODEL,
        ],
    ),
    (
        "advisor_message",
        [
            names::ANTHROPIC_ADVISOR_INPUT,
            names::ANTHROPIC_ADVISOR_CACHE_READ,
            names::ANTHROPIC_ADVISOR_CACHE_WRITE,
            names::ANTHROPIC_ADVISOR_OUTPUT,
            names::ANTHROPIC_ADVISOR_MODEL,
        ],
    ),
    (
        "fallback_message",
        [
            names::ANTHROPIC_FALLBACK_INPUT,
            names::ANTHROPIC_FALLBACK_CACHE_READ,
            names::ANTHROPIC_FALLBACK_CACHE_WRITE,
            names::ANTHROPIC_FALLBACK_OUTPUT,
            names::ANTHROPIC_FALLBACK_MODEL,
        ],
    ),
];

/// The sum of those that are known; unknown if none is.
fn sum<const N: usize>(counts: [Count; N]) -> Option<u64> {
    counts.into_iter().filter_map(|count| count.0).reduce(u64::saturating_add)
}
