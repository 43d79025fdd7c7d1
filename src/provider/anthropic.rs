//! Anthropic messages, `POST …/messages`, wherever they are served: Anthropic, Azure, Bedrock mantle, DeepSeek, OpenRouter,
//! Ollama, and Vertex AI at `publishers/anthropic/models/{model}:{rawPredict,streamRawPredict}`, where model and stream are
//! in the path. (The path is common: on an unknown host it counts with an `anthropic-version` header, or if the body names
//! a model.)
//!
//! - *Stream*: `message_start` with the message so far, content blocks, `message_delta` with stop reason and usage,
//!   `message_stop`. There is no `[DONE]`. A `ping` or an `error` may come anywhere. The answer is over with the stop reason:
//!   some clients (rig) read no further.
//! - *Usage*: see [`anthropic_usage`](super::anthropic_usage). `message_start` has true input counts and a placeholder for
//!   the output; each `message_delta` states totals, field by field, and the last one wins. A stream cut before the first
//!   `message_delta` has no output count.
//! - *Finish reason*: `stop_reason`: `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `pause_turn` (a server tool took
//!   too long: the caller goes on with another call), `refusal`, `model_context_window_exceeded`, `compaction`.
//! - *Errors inside a 200*: an event `error`, mostly `overloaded_error`. With status 400 and up the same body; on Vertex AI it
//!   may be Google's.
//! - *On Bedrock and Vertex AI* the model is not in the body; the usage means the same everywhere.
//! - *Confidence*: log-probabilities are not offered.
//!
//! Counting tokens and creating a batch bill nothing: [`unbilled`](super::unbilled).
//!
//! Sources: <https://docs.claude.com/en/api/messages>, <https://docs.claude.com/en/docs/build-with-claude/streaming>.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    anthropic_usage::AnthropicUsage,
    error::Problem,
    fill,
    fill::{extra, extra_list, extra_text},
    google, hosts,
    lenient::{self, Count, Filled, Flag, List, Number, Object, Raw, Text},
    stated_cost::{Details as CostDetails, Statement},
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct AnthropicMessages;

impl Provider for AnthropicMessages {
    fn name(&self) -> &'static str {
        "anthropic_messages"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        let on_vertex = || google::raw_predict(head, "anthropic", "chat");
        detect(head, "/messages", "chat").or_else(|| on_vertex().filter(|_| detect_count_on_vertex(head).is_none()))
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<MessagesReader>::default()
    }
}

/// Recognises a path by its end.
pub(super) fn detect(head: &RequestHead<'_>, end: &str, operation: &'static str) -> Option<Detected> {
    head.path.strip_suffix(end)?;
    let known = hosts::known(head);
    Some(Detected {
        provider: known.unwrap_or("anthropic").into(),
        operation,
        model: None,
        stream: None,
        certain: known.is_some() || head.headers.contains_key("anthropic-version"),
        billable: true,
    })
}

/// Counting tokens on Vertex AI, where the last part of the path looks like a model and is none.
pub(super) fn detect_count_on_vertex(head: &RequestHead<'_>) -> Option<Detected> {
    let detected = google::raw_predict(head, "anthropic", "count_tokens")?;
    (detected.model.as_deref() == Some("count-tokens")).then_some(Detected { model: None, ..detected })
}

#[derive(Debug, Default)]
struct MessagesReader {
    usage: AnthropicUsage,
}

impl Reader for MessagesReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let Some(asked) = lenient::read::<Request<'_>>(body) else { return };
        fill::request_model(call, &asked.model);
        fill::stream(call, asked.stream, false);
        call.request.temperature = asked.temperature.0;
        fill::last(&mut call.request.service_tier, &asked.service_tier);
        extra(call, names::REQUEST_MAX_TOKENS, asked.max_tokens.0);
        extra(call, names::REQUEST_TOP_P, asked.top_p.0);
        extra(call, names::REQUEST_TOP_K, asked.top_k.0);
        extra_list(call, names::REQUEST_STOP_SEQUENCES, &asked.stop_sequences);
        let output = asked.output_config.0.unwrap_or_default();
        extra_text(call, names::REQUEST_REASONING_LEVEL, &output.effort);
        extra(call, names::OUTPUT_TYPE, output.format.0.then_some("json"));
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        if message.event == Some("content_block_delta") {
            return Progress::CONTENT;
        }
        let Some(event) = lenient::read::<Event<'_>>(message.data) else { return Progress::QUIET };
        match event.kind.get().or(message.event).unwrap_or_default() {
            "content_block_delta" => return Progress::CONTENT,
            "message_stop" => return Progress::OVER,
            "message_start" => {
                let body = event.message.0.unwrap_or_default();
                body.head(call);
                self.usage.merge(&body.usage.0.unwrap_or_default().without_output());
            }
            "message_delta" => {
                stated_cost(message.data, call);
                let has_stopped = stopped(&event.delta.0.unwrap_or_default().stop_reason, call);
                self.usage.merge(&event.usage.0.unwrap_or_default());
                if has_stopped {
                    return Progress::OVER;
                }
            }
            "error" => {
                Problem::read(message.data).inside_success(call);
                return Progress::OVER;
            }
            "message" | "" => {
                let body = lenient::read::<Body<'_>>(message.data).unwrap_or_default();
                body.head(call);
                stopped(&body.stop_reason, call);
                self.usage.merge(&body.usage.0.unwrap_or_default());
                stated_cost(message.data, call);
                return Progress::CONTENT;
            }
            _ => {}
        }
        Progress::QUIET
    }

    fn finish(&mut self, call: &mut Call) {
        std::mem::take(&mut self.usage).apply(call);
    }
}

/// Gateways that serve this protocol state what they charge.
fn stated_cost(data: &[u8], call: &mut Call) {
    if !["openrouter", "vercel"].contains(&call.provider.as_ref()) {
        return;
    }
    let Stated { usage: Object(Some(usage)) } = lenient::read::<Stated<'_>>(data).unwrap_or_default() else { return };
    let Charged { cost, is_byok, cost_details: details } = usage;
    Statement { cost, ticks: Count(None), is_byok, details }.apply(call);
}

/// Whether there is a stop reason.
fn stopped(reason: &Text<'_>, call: &mut Call) -> bool {
    let Some(reason) = reason.get() else { return false };
    call.response.finish_reasons = vec![fill::name(reason)];
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    stream: Flag,
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    #[serde(borrow)]
    stop_sequences: List<Text<'a>>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    output_config: Object<OutputConfig<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputConfig<'a> {
    #[serde(borrow)]
    effort: Text<'a>,
    format: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    message: Object<Body<'a>>,
    #[serde(borrow)]
    delta: Object<Delta<'a>>,
    usage: Object<AnthropicUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stated<'a> {
    #[serde(borrow)]
    usage: Object<Charged<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Charged<'a> {
    #[serde(borrow)]
    cost: Raw<'a>,
    is_byok: Flag,
    #[serde(borrow)]
    cost_details: Object<CostDetails<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    stop_reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    stop_reason: Text<'a>,
    usage: Object<AnthropicUsage>,
}

impl Body<'_> {
    fn head(&self, call: &mut Call) {
        fill::first(&mut call.response.id, &self.id);
        fill::first(&mut call.response.model, &self.model);
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        call::Call,
        provider::testing::{Exchange, summary},
    };

    const URL: &str = "https://api.anthropic.com/v1/messages";
    const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1,"service_tier":"standard"}}}"#;

    fn streamed(data: &[&str]) -> Call {
        Exchange::post(URL, r#"{"model":"claude","stream":true,"max_tokens":5}"#).stream(data).0
    }

    #[test]
    fn input_is_the_sum_of_three_exclusive_counts() {
        let call = Exchange::post(URL, r#"{"model":"claude","max_tokens":100,"top_k":5,"stop_sequences":["END"],"metadata":{"user_id":"secret"}}"#).json(
            r#"{"id":"msg_1","type":"message","model":"claude-x","stop_reason":"end_turn","content":[{"type":"text","text":"secret"}],"usage":{"input_tokens":4,"cache_creation_input_tokens":3522,"cache_read_input_tokens":1150,"output_tokens":113,"output_tokens_details":{"thinking_tokens":0},"server_tool_use":{"web_search_requests":2,"web_fetch_requests":1},"service_tier":"priority","speed":"fast","inference_geo":"us"}}"#,
        );
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(4676), Some(113)));
        assert_eq!((call.usage.cache_read_tokens, call.usage.cache_write_tokens), (Some(1150), Some(3522)));
        assert_eq!((call.usage.reasoning_tokens, call.usage.details["web_searches"]), (Some(0), 2.0));
        assert_eq!(
            (call.response.finish_reasons.as_slice(), call.response.service_tier.as_deref()),
            (&["end_turn".to_owned()][..], Some("priority"))
        );
        assert_eq!(
            (&call.extra["spanledger.anthropic.speed"], &call.extra["spanledger.anthropic.inference_geo"]),
            (&"fast".into(), &"us".into())
        );
        assert_eq!(
            (call.extra["gen_ai.request.max_tokens"].as_u64(), call.extra["gen_ai.request.top_k"].as_f64()),
            (Some(100), Some(5.0))
        );
        assert!(!format!("{call:?}").contains("secret"));
    }

    #[test]
    fn a_stream_is_merged_field_by_field_and_null_never_overwrites() {
        let delta = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"input_tokens":12,"cache_read_input_tokens":null,"output_tokens":50,"output_tokens_details":{"thinking_tokens":40}}}"#;
        let (call, progress) = Exchange::post(URL, r#"{"stream":true}"#).stream(&[
            START,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}   }"#,
            delta,
            r#"{"type":"message_stop"      }"#,
        ]);
        assert_eq!(
            (call.response.id.as_deref(), call.response.model.as_deref()),
            (Some("msg_1"), Some("claude-sonnet-4-5"))
        );
        assert_eq!(
            (call.usage.input_tokens, call.usage.output_tokens, call.usage.reasoning_tokens),
            (Some(62), Some(50), Some(40))
        );
        assert_eq!((call.usage.cache_read_tokens, call.usage.cache_write_tokens), (Some(20), Some(30)));
        assert_eq!(
            (call.usage.details["cache_write_5m_tokens"], call.usage.details["cache_write_1h_tokens"]),
            (10.0, 20.0)
        );
        assert_eq!(
            (call.response.finish_reasons.as_slice(), call.response.service_tier.as_deref()),
            (&["tool_use".to_owned()][..], Some("standard"))
        );
        assert_eq!(
            progress.iter().map(|one| one.content).collect::<Vec<_>>(),
            [false, false, false, true, false, false]
        );
        assert_eq!(progress.iter().map(|one| one.over).collect::<Vec<_>>(), [false, false, false, false, true, true]);
    }

    #[test]
    fn a_stream_cut_before_the_delta_has_true_input_and_no_output() {
        let call =
            streamed(&[START, r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#]);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(60), None));
    }

    #[test]
    fn of_several_deltas_the_last_wins() {
        let delta = |output| format!(r#"{{"type":"message_delta","delta":{{}},"usage":{{"output_tokens":{output}}}}}"#);
        assert_eq!(streamed(&[START, &delta(5), &delta(9)]).usage.output_tokens, Some(9));
    }

    #[test]
    fn a_split_of_cache_writes_that_no_longer_adds_up_is_left_out() {
        let grown =
            r#"{"type":"message_delta","delta":{},"usage":{"cache_creation_input_tokens":99,"output_tokens":1}}"#;
        let call = streamed(&[START, grown]);
        assert_eq!((call.usage.cache_write_tokens, call.usage.details.len()), (Some(99), 0));
    }

    #[test]
    fn tokens_of_compaction_and_advisor_are_in_no_total_but_kept() {
        let call = Exchange::post(URL, "{}").json(
            r#"{"type":"message","usage":{"input_tokens":220,"output_tokens":8,"iterations":[{"type":"compaction","input_tokens":100,"cache_creation_input_tokens":50000,"output_tokens":125},{"type":"advisor_message","model":"claude-opus","input_tokens":2518,"output_tokens":22},{"type":"message","input_tokens":220,"output_tokens":8}]}}"#,
        );
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(220), Some(8)));
        let kept = |name: &str| call.extra[&format!("anthropic.usage.{name}")].clone();
        assert_eq!((kept("compaction.input_tokens"), kept("compaction.output_tokens")), (50100.into(), 125.into()));
        assert_eq!((kept("advisor.input_tokens"), kept("advisor.model")), (2518.into(), "claude-opus".into()));
    }

    #[test]
    fn an_error_may_come_at_any_point_of_a_stream() {
        let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let (call, progress) = Exchange::post(URL, r#"{"stream":true}"#)
            .messages(&[(Some("message_start"), START), (Some("error"), error)]);
        assert_eq!(
            (call.outcome.error_type.as_deref(), call.outcome.error_message.as_deref()),
            (Some("overloaded_error"), Some("Overloaded"))
        );
        assert_eq!((progress[1].over, call.usage.input_tokens), (true, Some(60)));
    }

    #[test]
    fn on_vertex_model_and_stream_are_in_the_path() {
        let url = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict";
        let (call, _) = Exchange::post(url, r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":5}"#).stream(&[
            START,
            r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":5}}"#,
            r#"{"type":"message_stop"}"#,
        ]);
        assert_eq!(call.request.stream, Some(true));
        assert_eq!(
            summary(&call),
            [
                "gcp.vertex_ai chat claude-sonnet-4@20250514 -> claude-sonnet-4-5",
                "id msg_1",
                "finish max_tokens",
                "tier standard",
                "tokens input=60 read=20 write=30 output=5",
                "units cache_write_1h_tokens=20 cache_write_5m_tokens=10",
                "extra gen_ai.request.max_tokens=5",
                // 10 × $3 + 20 × $0.30 + 10 × $3.75 + 20 × $6 + 5 × $15 per million.
                "cost 0.0002685: exact",
            ]
        );
    }

    const WHOLE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"text","text":"secret"}],"stop_reason":"end_turn","stop_sequence":null,"stop_details":null,"container":null,"usage":{"input_tokens":1000,"cache_creation_input_tokens":400,"cache_read_input_tokens":2000,"cache_creation":{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":100},"output_tokens":500,"output_tokens_details":{"thinking_tokens":120},"server_tool_use":{"web_search_requests":2,"web_fetch_requests":3},"service_tier":"standard","inference_geo":"not_available"}}"#;

    #[test]
    fn a_whole_answer_is_priced_with_both_kinds_of_cache_writes_and_its_searches() {
        let call = Exchange::post(URL, r#"{"model":"claude-sonnet-4-5","max_tokens":1000}"#).json(WHOLE);
        assert_eq!(
            summary(&call),
            [
                "anthropic chat claude-sonnet-4-5 -> claude-sonnet-4-5-20250929",
                "id msg_1",
                "finish end_turn",
                "tier standard",
                "tokens input=3400 read=2000 write=400 output=500 reasoning=120",
                "units cache_write_1h_tokens=100 cache_write_5m_tokens=300 web_searches=2",
                "extra gen_ai.request.max_tokens=1000 spanledger.anthropic.web_fetches=3",
                // 1000 × $3 + 2000 × $0.30 + 300 × $3.75 + 100 × $6 + 500 × $15 per million, and 2 × $10 per thousand.
                "cost 0.032825: alias",
            ]
        );
    }

    #[test]
    fn the_same_answer_on_vertex_is_googles() {
        let url = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict";
        let call = Exchange::post(url, r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":1000}"#)
            .json(&WHOLE.replace("msg_1", "msg_vrtx_1"));
        assert_eq!(
            summary(&call),
            [
                "gcp.vertex_ai chat claude-sonnet-4-5@20250929 -> claude-sonnet-4-5-20250929",
                "id msg_vrtx_1",
                "finish end_turn",
                "tier standard",
                "tokens input=3400 read=2000 write=400 output=500 reasoning=120",
                "units cache_write_1h_tokens=100 cache_write_5m_tokens=300 web_searches=2",
                "extra gen_ai.request.max_tokens=1000 spanledger.anthropic.web_fetches=3",
                // The same tokens at the same rates; for its searches Google's list has none.
                "cost 0.012825: partial",
            ]
        );
        assert_eq!(call.request.stream, Some(false));
    }

    #[test]
    fn a_gateway_states_what_it_charges() {
        let usage = r#"{"input_tokens":10,"output_tokens":5,"cost":0.00012,"is_byok":false,"cost_details":{"upstream_inference_cost":null}}"#;
        let url = "https://openrouter.ai/api/v1/messages";
        let whole = Exchange::post(url, "{}").json(&format!(r#"{{"type":"message","usage":{usage}}}"#));
        let delta = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{usage}}}"#);
        let (stream, _) = Exchange::post(url, r#"{"stream":true}"#).stream(&[&delta]);
        for call in [whole, stream] {
            assert_eq!(summary(&call).last().unwrap(), "cost 0.00012: provider_reported");
        }
        let elsewhere = Exchange::post(URL, "{}").json(&format!(r#"{{"type":"message","usage":{usage}}}"#));
        assert_eq!(elsewhere.cost.total, None, "Anthropic states none");
    }

    #[test]
    fn compaction_and_advisors_are_on_the_bill() {
        let answer = |iterations: &str| {
            Exchange::post(URL, "{}").json(&format!(
                r#"{{"type":"message","model":"claude-sonnet-4-6","usage":{{"input_tokens":1000,"output_tokens":100,"service_tier":"standard","iterations":[{{"type":"message","input_tokens":1000,"output_tokens":100}},{iterations}]}}}}"#
            ))
        };
        // 1000 × $3 + 100 × $15 per million are the call's own.
        let compacted = answer(
            r#"{"type":"compaction","input_tokens":100,"cache_read_input_tokens":1000,"cache_creation_input_tokens":2000,"output_tokens":10}"#,
        );
        assert_eq!(
            summary(&compacted)[2..],
            [
                "tokens input=1000 output=100",
                "extra anthropic.usage.compaction.cache_read.input_tokens=1000 \
                 anthropic.usage.compaction.cache_write.input_tokens=2000 anthropic.usage.compaction.input_tokens=3100 \
                 anthropic.usage.compaction.output_tokens=10",
                // And 100 × $3 + 1000 × $0.30 + 2000 × $3.75 + 10 × $15.
                "cost 0.01275: exact",
            ]
        );
        let advised = answer(
            r#"{"type":"advisor_message","model":"claude-opus-4-8","input_tokens":1000,"output_tokens":10},{"type":"advisor_message","model":"claude-opus-4-8","input_tokens":1000,"output_tokens":10}"#,
        );
        // And 2000 × $5 + 20 × $25.
        assert_eq!(summary(&advised).last().unwrap(), "cost 0.015: exact");
        let unknown =
            answer(r#"{"type":"advisor_message","model":"claude-next","input_tokens":1000,"output_tokens":10}"#);
        assert_eq!(summary(&unknown).last().unwrap(), "cost 0.0045: partial");
    }

    #[test]
    fn speed_and_place_have_prices_that_no_list_has() {
        for dearer in [r#""speed":"fast""#, r#""inference_geo":"us""#] {
            let call = Exchange::post(URL, "{}").json(&format!(
                r#"{{"type":"message","model":"claude-sonnet-4-6","usage":{{"input_tokens":1000,"output_tokens":100,{dearer}}}}}"#
            ));
            assert_eq!(summary(&call).last().unwrap(), "cost 0.0045: partial");
        }
        let usual = r#"{"type":"message","model":"claude-sonnet-4-6","usage":{"input_tokens":1000,"output_tokens":100,"speed":"standard","inference_geo":"global"}}"#;
        assert_eq!(summary(&Exchange::post(URL, "{}").json(usual)).last().unwrap(), "cost 0.0045: exact");
    }

    #[test]
    fn errors_on_vertex_may_be_googles() {
        let url = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-x:rawPredict";
        for (body, code) in [
            (
                r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}"#,
                "RESOURCE_EXHAUSTED",
            ),
            (r#"[{"error":{"code":404,"message":"No such model","status":"NOT_FOUND"}}]"#, "NOT_FOUND"),
            (
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"},"request_id":"r"}"#,
                "rate_limit_error",
            ),
        ] {
            let call = Exchange::post(url, "{}").fails(body);
            assert_eq!(call.extra["spanledger.error.code"], code);
            assert!(call.outcome.error_message.is_some());
        }
    }

    #[test]
    fn server_tools_may_put_more_into_the_prompt_than_the_start_of_the_stream_knew() {
        let call = streamed(&[
            START,
            r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn","stop_sequence":null},"usage":{"input_tokens":404500,"cache_creation_input_tokens":30,"cache_read_input_tokens":20,"output_tokens":943,"output_tokens_details":{"thinking_tokens":261},"server_tool_use":{"web_search_requests":10,"web_fetch_requests":0}}}"#,
            r#"{"type":"message_stop"}"#,
        ]);
        assert_eq!(
            summary(&call)[2..6],
            [
                "finish pause_turn",
                "tier standard",
                "tokens input=404550 read=20 write=30 output=943 reasoning=261",
                "units cache_write_1h_tokens=20 cache_write_5m_tokens=10 web_searches=10",
            ]
        );
    }

    #[test]
    fn what_a_delta_does_not_state_stays_as_the_start_said() {
        let call = streamed(&[
            START,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":50,"input_tokens":null,"cache_read_input_tokens":null}}"#,
        ]);
        assert_eq!(summary(&call)[4], "tokens input=60 read=20 write=30 output=50", "null does not overwrite");
    }

    #[test]
    fn code_that_ran_is_a_unit_without_a_price() {
        let call = Exchange::post(URL, r#"{"model":"claude-sonnet-4-5"}"#).json(
            r#"{"type":"message","model":"claude-sonnet-4-5","usage":{"input_tokens":1000,"output_tokens":100,"server_tool_use":{"web_search_requests":0,"code_execution_requests":2}}}"#,
        );
        assert_eq!(summary(&call)[2..], ["units code_executions=2", "cost 0.0045: partial"]);
    }

    #[test]
    fn every_reason_to_stop_is_kept_as_it_is_spelled() {
        for reason in [
            "end_turn",
            "max_tokens",
            "stop_sequence",
            "tool_use",
            "pause_turn",
            "refusal",
            "model_context_window_exceeded",
            "compaction",
        ] {
            let delta = format!(
                r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_details":{{"type":"{reason}","explanation":"secret"}}}},"usage":{{"output_tokens":7}}}}"#
            );
            let call = streamed(&[START, &delta]);
            assert_eq!((call.response.finish_reasons, call.usage.output_tokens), (vec![reason.to_owned()], Some(7)));
        }
    }

    #[test]
    fn the_wire_may_have_pings_padding_and_deltas_of_every_kind() {
        let wire = format!(
            "event: message_start\ndata: {START}\n\nevent: ping\ndata: {{\"type\": \"ping\"}}\n\n\
             event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"thinking\",\"thinking\":\"\"}}}}\n\n\
             event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"thinking_delta\",\"thinking\":\"secret\"}}        }}\n\n\
             event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":0   }}\n\n\
             event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"refusal\"}},\"usage\":{{\"output_tokens\":7}}            }}\n\n\
             event: message_stop\ndata: {{\"type\":\"message_stop\"     }}\n\n"
        );
        let call =
            Exchange::post(URL, r#"{"model":"claude","stream":true}"#).body("text/event-stream; charset=utf-8", &wire);
        assert_eq!(
            summary(&call)[1..6],
            [
                "id msg_1",
                "finish refusal",
                "tier standard",
                "tokens input=60 read=20 write=30 output=7",
                "units cache_write_1h_tokens=20 cache_write_5m_tokens=10",
            ]
        );
    }
}
