//! Gemini's interactions, `POST …/interactions`: the API beside [`gemini`] that keeps the conversation.
//!
//! - *Who answers* is a `model` or an `agent` (`deep-research-…`), both named in the body; an agent stands in
//!   `gen_ai.agent.id`, for it is no model and has no price.
//! - *Stream*: events with an `event_type`: `interaction.created`, then steps (`step.start`, `step.delta`, `step.stop`), then
//!   `interaction.completed` with the usage, which is the end, also of an interaction that is `incomplete`. `[DONE]` follows.
//!   A `step.stop` may state the usage so far. (Up to spring 2026 they were called `content.delta`, `interaction.complete`.)
//! - *Usage*: [`gemini_usage`](super::gemini_usage): thoughts and tools stand apart here too.
//! - *Finish reasons*: the wire has none. The status stands in `gen_ai.response.status` (`completed`, `incomplete`,
//!   `requires_action` for a tool call, `failed`, `cancelled`, `in_progress`).
//! - *In the background* (`background: true`) the answer comes at once, `in_progress` and without usage: the tokens are only in
//!   the answer of a later `GET`, which is no call. Such a call has no counts.
//! - *Errors inside a 200*: an event `error`, and the `error` of an interaction that `failed`.
//! - *Confidence*: log-probabilities are not offered.
//!
//! Source: <https://ai.google.dev/api/interactions-api>.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill,
    fill::{extra, extra_list, extra_text},
    gemini,
    gemini_usage::{GeminiCounts, GeminiUsage},
    google,
    lenient::{self, Count, Flag, Integer, List, Number, Object, Objects, Text},
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct GeminiInteractions;

impl Provider for GeminiInteractions {
    fn name(&self) -> &'static str {
        "gemini_interactions"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        google::detect_collection(head, "/interactions", "generate_content")
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<InteractionsReader>::default()
    }
}

#[derive(Debug, Default)]
struct InteractionsReader {
    counts: GeminiCounts,
}

impl Reader for InteractionsReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let Some(asked) = lenient::read::<Request<'_>>(body) else { return };
        fill::request_model(call, &asked.model);
        fill::stream(call, asked.stream, false);
        extra_text(call, names::AGENT_ID, &asked.agent);
        fill::last(&mut call.request.service_tier, &asked.service_tier);
        let wanted = |word: &str| asked.response_modalities.0.iter().any(|modality| modality.is(word));
        let format = asked.response_format.0.first().map(|format| &format.kind);
        let kind = match asked.response_mime_type.get().or(format.and_then(Text::get)) {
            _ if wanted("image") => Some("image"),
            _ if wanted("audio") => Some("speech"),
            Some("application/json" | "json_schema" | "object") => Some("json"),
            Some("image") => Some("image"),
            Some("audio") => Some("speech"),
            Some("text" | "text/plain") => Some("text"),
            _ => None,
        };
        extra(call, names::OUTPUT_TYPE, kind);
        let Object(Some(config)) = asked.generation_config else { return };
        call.request.temperature = config.temperature.0;
        extra(call, names::REQUEST_TOP_P, config.top_p.0);
        extra(call, names::REQUEST_MAX_TOKENS, config.max_output_tokens.0);
        extra(call, names::REQUEST_SEED, config.seed.0);
        extra_list(call, names::REQUEST_STOP_SEQUENCES, &config.stop_sequences);
        extra_text(call, names::REQUEST_REASONING_LEVEL, &config.thinking_level);
    }

    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        gemini::served_tier(headers, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(event) = lenient::read::<Event<'_>>(message.data) else {
            return Progress { over: message.data.trim_ascii() == b"[DONE]", ..Progress::QUIET };
        };
        if let Some(interaction) = &event.interaction.0 {
            self.interaction(interaction, call);
        }
        if let Some(usage) = &event.usage.0 {
            self.counts.merge(usage, call);
        }
        match event.kind.get().or(message.event) {
            Some("error") => {
                Problem::read(message.data).inside_success(call);
                Progress::OVER
            }
            Some(
                "interaction.completed"
                | "interaction.complete"
                | "interaction.failed"
                | "interaction.cancelled"
                | "interaction.incomplete",
            ) => Progress::OVER,
            // A signature is not for readers.
            Some("step.delta" | "content.delta") => {
                let signs = event.delta.0.is_some_and(|delta| delta.kind.is("thought_signature"));
                Progress { content: !signs, over: false, ..Progress::QUIET }
            }
            Some(_) => Progress::QUIET,
            None => {
                self.interaction(&lenient::read(message.data).unwrap_or_default(), call);
                Progress::CONTENT
            }
        }
    }

    fn finish(&mut self, call: &mut Call) {
        self.counts.apply(call);
    }
}

impl InteractionsReader {
    fn interaction(&mut self, interaction: &Interaction<'_>, call: &mut Call) {
        fill::first(&mut call.response.id, &interaction.id);
        fill::first(&mut call.response.model, &interaction.model);
        fill::last(&mut call.response.service_tier, &interaction.service_tier);
        extra_text(call, names::AGENT_ID, &interaction.agent);
        extra_text(call, names::RESPONSE_STATUS, &interaction.status);
        if let Some(usage) = &interaction.usage.0 {
            self.counts.merge(usage, call);
        }
        let problem = interaction.error.0.as_ref().or(interaction.errors.0.first());
        match problem {
            Some(problem) => problem.inside_success(call),
            None if interaction.status.is("failed") => Problem::default().inside_success(call),
            None => {}
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    agent: Text<'a>,
    stream: Flag,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    response_modalities: List<Text<'a>>,
    #[serde(borrow)]
    response_mime_type: Text<'a>,
    #[serde(borrow)]
    response_format: Objects<Format<'a>>,
    #[serde(borrow)]
    generation_config: Object<GenerationConfig<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GenerationConfig<'a> {
    temperature: Number,
    top_p: Number,
    max_output_tokens: Count,
    seed: Integer,
    #[serde(borrow)]
    stop_sequences: List<Text<'a>>,
    #[serde(borrow)]
    thinking_level: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow, rename = "event_type")]
    kind: Text<'a>,
    #[serde(borrow)]
    interaction: Object<Interaction<'a>>,
    #[serde(borrow)]
    delta: Object<Delta<'a>>,
    #[serde(borrow)]
    usage: Object<GeminiUsage<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Interaction<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    agent: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    usage: Object<GeminiUsage<'a>>,
    #[serde(borrow)]
    error: Object<Problem<'a>>,
    #[serde(borrow)]
    errors: Objects<Problem<'a>>,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::{Exchange, summary};

    const URL: &str = "https://generativelanguage.googleapis.com/v1beta/interactions";
    const USAGE: &str = r#"{"total_tokens":1346,"total_input_tokens":1000,"input_tokens_by_modality":[{"modality":"text","tokens":900},{"modality":"audio","tokens":100}],"total_cached_tokens":200,"total_output_tokens":90,"total_tool_use_tokens":11,"total_thought_tokens":245,"grounding_tool_count":[{"type":"google_search","count":2},{"type":"google_maps","count":1}]}"#;

    #[test]
    fn thoughts_and_tools_stand_apart_and_are_added() {
        let asked = r#"{"model":"gemini-3.5-flash","input":"secret","previous_interaction_id":"v1_0","generation_config":{"temperature":0.5,"max_output_tokens":99,"thinking_level":"low","stop_sequences":["END"],"seed":7},"response_format":{"type":"text","mime_type":"text/plain"}}"#;
        let call = Exchange::post(URL, asked).header("x-gemini-service-tier", "standard").json(&format!(
            r#"{{"id":"v1_1","object":"interaction","status":"completed","model":"gemini-3.5-flash","created":"2026-11-01T00:00:00Z","steps":[{{"type":"model_output","content":[{{"type":"text","text":"secret"}}]}}],"usage":{USAGE}}}"#
        ));
        assert_eq!(
            summary(&call),
            [
                "gcp.gemini generate_content gemini-3.5-flash -> gemini-3.5-flash",
                "id v1_1",
                "tier standard",
                "tokens input=1011 read=200 output=335 reasoning=245",
                "units input_audio_tokens=100 input_tool_tokens=11 web_searches=2",
                "extra gen_ai.output.type=text gen_ai.request.max_tokens=99 gen_ai.request.reasoning.level=low \
                 gen_ai.request.seed=7 gen_ai.request.stop_sequences=[\"END\"] gen_ai.response.status=completed",
                // 811 × $1.50 + 200 × $0.15 + 335 × $9 per million, and 2 × $14 per thousand searches.
                "cost 0.0322615: exact",
            ]
        );
        assert_eq!((call.request.temperature, call.request.stream), (Some(0.5), Some(false)));
    }

    #[test]
    fn a_stream_states_its_usage_where_it_is_completed() {
        let done = format!(
            r#"{{"interaction":{{"id":"v1_2","status":"completed","usage":{USAGE},"service_tier":"standard","object":"interaction","model":"gemini-3.5-flash"}},"event_type":"interaction.completed"}}"#
        );
        let (call, progress) = Exchange::post(URL, r#"{"model":"gemini-3.5-flash","input":"x","stream":true}"#).messages(&[
            (Some("interaction.created"), r#"{"interaction":{"id":"v1_2","status":"in_progress","object":"interaction","model":"gemini-3.5-flash"},"event_type":"interaction.created"}"#),
            (Some("interaction.status_update"), r#"{"interaction_id":"v1_2","status":"in_progress","event_type":"interaction.status_update"}"#),
            (Some("step.start"), r#"{"index":0,"step":{"type":"thought"},"event_type":"step.start"}"#),
            (Some("step.delta"), r#"{"index":0,"delta":{"signature":"AAAA","type":"thought_signature"},"event_type":"step.delta"}"#),
            (Some("step.delta"), r#"{"index":1,"delta":{"text":"1, 2","type":"text"},"event_type":"step.delta"}"#),
            (Some("step.stop"), r#"{"index":1,"usage":{"total_output_tokens":4},"event_type":"step.stop"}"#),
            (Some("interaction.completed"), &done),
            (Some("done"), "[DONE]"),
        ]);
        assert_eq!(
            summary(&call),
            [
                "gcp.gemini generate_content gemini-3.5-flash -> gemini-3.5-flash",
                "id v1_2",
                "tier standard",
                "tokens input=1011 read=200 output=335 reasoning=245",
                "units input_audio_tokens=100 input_tool_tokens=11 web_searches=2",
                "extra gen_ai.response.status=completed",
                "cost 0.0322615: exact",
            ]
        );
        assert_eq!(
            progress.iter().map(|one| one.content).collect::<Vec<_>>(),
            [false, false, false, false, true, false, false, false]
        );
        assert!(progress[6].over && progress[7].over && progress[..6].iter().all(|one| !one.over));
    }

    #[test]
    fn a_stream_that_broke_off_keeps_what_a_step_had_counted() {
        let (call, _) = Exchange::post(URL, r#"{"model":"gemini-3.5-flash","stream":true}"#).stream(&[
            r#"{"index":0,"usage":{"total_input_tokens":7,"total_output_tokens":4},"event_type":"step.stop"}"#,
        ]);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(7), Some(4)));
    }

    #[test]
    fn an_incomplete_interaction_ends_as_a_completed_one() {
        let (call, progress) = Exchange::post(URL, r#"{"model":"gemini-3.5-flash","stream":true}"#).stream(&[
            r#"{"interaction":{"id":"v1_3","status":"incomplete","model":"gemini-3.5-flash","usage":{"total_input_tokens":7,"total_output_tokens":4}},"event_type":"interaction.completed"}"#,
        ]);
        assert_eq!((call.extra["gen_ai.response.status"].as_str(), progress[0].over), (Some("incomplete"), true));
        assert_eq!((call.usage.total_tokens(), call.outcome.error_type), (Some(11), None));
    }

    #[test]
    fn the_events_of_the_first_months_are_understood_too() {
        let (call, progress) = Exchange::post(URL, r#"{"model":"gemini-3-flash-preview","stream":true}"#).stream(&[
            r#"{"event_type":"content.delta","index":0,"delta":{"type":"text","text":"x"}}"#,
            r#"{"event_type":"interaction.complete","interaction":{"id":"v1_4","status":"completed","usage":{"total_input_tokens":7,"total_output_tokens":4}}}"#,
        ]);
        assert_eq!((call.usage.total_tokens(), progress[0].content, progress[1].over), (Some(11), true, true));
    }

    #[test]
    fn an_agent_is_no_model_and_its_work_in_the_background_has_no_counts_yet() {
        let call = Exchange::post(URL, r#"{"agent":"deep-research-preview","input":"x","background":true}"#)
            .json(r#"{"id":"v1_5","object":"interaction","status":"in_progress","agent":"deep-research-preview"}"#);
        assert_eq!(
            summary(&call),
            [
                "gcp.gemini generate_content",
                "id v1_5",
                "extra gen_ai.agent.id=deep-research-preview gen_ai.response.status=in_progress",
                "cost unknown: unpriced",
            ]
        );
    }

    #[test]
    fn failures_come_as_an_event_as_an_interaction_and_without_a_reason() {
        for (data, kind) in [
            (r#"{"event_type":"error","error":{"code":"gateway_timeout","message":"m"}}"#, "gateway_timeout"),
            (r#"{"id":"v1_6","status":"failed","error":{"code":13,"message":"m","status":"INTERNAL"}}"#, "INTERNAL"),
            (r#"{"id":"v1_6","status":"failed","errors":[{"code":"INTERNAL","message":"m"}]}"#, "INTERNAL"),
            (r#"{"id":"v1_6","status":"failed"}"#, "_OTHER"),
        ] {
            let call = Exchange::post(URL, "{}").json(data);
            assert_eq!(call.outcome.error_type.as_deref(), Some(kind), "{data}");
        }
    }
}
