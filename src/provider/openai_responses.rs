//! OpenAI responses, `POST …/responses` (also `…/responses/compact`, billed alike), and the dialects of Azure, xAI, Bedrock
//! mantle, OpenRouter, DeepSeek and Ollama.
//!
//! - *Stream*: events with a `type`; the first and the last of them carry the whole response. Usage is only in the last one:
//!   `response.completed`, `response.incomplete` or `response.failed`, which is the end. There is no `[DONE]`.
//! - *Finish reasons*: the wire has none, and what is not on the wire does not pass for it. The status stands in
//!   `gen_ai.response.status`; an answer that is `incomplete` has its reason (`max_output_tokens`, `content_filter`) as the
//!   finish reason; of one that is `completed`, `spanledger.finish_reason.derived` says `tool_calls` if it asks the caller to
//!   call something (an item `function_call`, `custom_tool_call`, `computer_call`, …), else `stop`.
//! - *Refusals*: a content part `refusal` becomes `spanledger.refused`.
//! - *Usage*: [`openai_usage`](super::openai_usage). `tool_usage` stands beside it: web searches become `web_searches`, and
//!   tokens that the image tool made, which `usage` leaves out, are kept as `openai.tool_usage.image_gen.*`.
//! - *Hosted tools* are counted from the output items: searches in files as `storage_searches`, runs of code as
//!   `code_executions`, images as `image_generations`; web searches too where no count of them is stated (pages that were
//!   opened are none). Nobody lists a price for the middle two, so that a cost with them is `partial`. Of an answer too long
//!   to be held, items may be missing: then they are not counted, and the cost is `partial` too.
//! - *In the background* (`background: true`) the answer comes at once, `queued` and without usage: the tokens are only in
//!   the answer of a later `GET`, which is no call. Such a call has no counts. Streamed in the background, it has them.
//! - *Errors inside a 200*: `response.failed` with `error.{code, message}`, a bare `error` event, or a whole answer with
//!   status `failed`, with or without an `error`.
//! - *Service tier*: the last that is stated; `auto` in the first events is what was asked.
//! - *Confidence*: from the `logprobs` of the output texts, in a stream from `response.output_text.delta`.
//!
//! Sources: OpenAI's API reference and Python client (`Response`, `ResponseUsage`, the stream events), xAI's for its tools,
//! and recorded answers for `tool_usage`, which the reference does not list.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, azure,
    error::Problem,
    fill,
    lenient::{self, Count, Filled, Object, Objects, Text},
    logprobs::{LogProbs, Token},
    openai,
    openai_usage::{OpenAiUsage, amount},
    skim,
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct OpenAiResponses;

impl Provider for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai_responses"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        openai::detect(head, "/responses", "chat").or_else(|| openai::detect(head, "/responses/compact", "chat"))
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<ResponsesReader>::default()
    }
}

/// Items that ask the caller to do something. (What is done by OpenAI's own tools has an item too.)
const CALLS: [&str; 4] = ["function_call", "computer_call", "apply_patch_call", "local_shell_call"];

/// The log-probabilities of a stream's pieces, or of the whole answer that repeats them.
#[derive(Debug, Default)]
struct ResponsesReader {
    pieces: LogProbs,
    whole: Option<LogProbs>,
}

impl Reader for ResponsesReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        openai::request(body, call);
        openai::api_type(call, "responses");
    }

    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        azure::headers(headers, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        if message.event.is_some_and(|event| event.ends_with(".delta")) && skim::LOGPROBS.is_only("[]", message.data) {
            return Progress::CONTENT;
        }
        let Some(event) = lenient::read::<Event<'_>>(message.data) else {
            return Progress { over: message.data.trim_ascii() == b"[DONE]", ..Progress::QUIET };
        };
        if let Some(response) = &event.response.0 {
            self.response(response, message, 2, call);
        }
        match event.kind.get().or(message.event) {
            Some("response.completed" | "response.incomplete" | "response.failed" | "response.cancelled") => {
                Progress::OVER
            }
            Some("error") => {
                Problem::read(message.data).inside_success(call);
                Progress::OVER
            }
            Some(kind) if kind.ends_with(".delta") => {
                self.pieces.come_from(message);
                self.pieces.extend(&event.logprobs);
                Progress::CONTENT
            }
            Some(kind) if kind.ends_with(".partial_image") => Progress::CONTENT,
            Some(_) => Progress::QUIET,
            None => {
                self.response(&lenient::read(message.data).unwrap_or_default(), message, 1, call);
                Progress::CONTENT
            }
        }
    }

    fn finish(&mut self, call: &mut Call) {
        self.whole.unwrap_or(self.pieces).finish(call);
    }
}

impl ResponsesReader {
    /// The response lies so deep in its message.
    fn response(&mut self, response: &Response<'_>, message: Message<'_>, depth: usize, call: &mut Call) {
        fill::first(&mut call.response.id, &response.id);
        fill::first(&mut call.response.model, &response.model);
        fill::last(&mut call.response.service_tier, &response.service_tier);
        fill::extra_text(call, names::RESPONSE_STATUS, &response.status);
        if response.status.is("incomplete") {
            let reason = response.incomplete_details.0.as_ref().and_then(|details| details.reason.get());
            call.response.finish_reasons = reason.map(fill::name).into_iter().collect();
        }
        if let Some(problem) = &response.error.0 {
            problem.inside_success(call);
        } else if response.status.is("failed") {
            Problem::told("", "the answer has the status failed".to_owned()).inside_success(call);
        }
        let items = &response.output.0;
        if response.status.is("completed") {
            // xAI's custom tools run at xAI.
            let custom = |item: &Item<'_>| call.provider != "x_ai" && item.is("custom_tool_call");
            let calls = items.iter().any(|item| CALLS.iter().any(|kind| item.is(kind)) || custom(item));
            let all = message.is_whole_to(depth + 2);
            let reason = if calls { Some("tool_calls") } else { all.then_some("stop") };
            fill::extra(call, names::FINISH_REASON_DERIVED, reason);
        }
        if let Some(usage) = &response.usage.0 {
            self.output(items, message, depth, call);
            usage.apply(call);
        }
        if let Some(tools) = response.tool_usage.0 {
            tools.apply(call);
        }
    }

    fn output(&mut self, items: &[Item<'_>], message: Message<'_>, depth: usize, call: &mut Call) {
        for (unit, kind) in [
            ("web_searches", "web_search_call"),
            ("storage_searches", "file_search_call"),
            ("code_executions", "code_interpreter_call"),
            ("image_generations", "image_generation_call"),
        ] {
            let done = items.iter().filter(|item| item.is(kind) && !item.only_opens_a_page()).count();
            // Down to what an item does.
            fill::counted(call, unit, done, message, depth + 3);
        }
        let texts = || items.iter().flat_map(|item| &item.content.0);
        fill::extra(call, names::REFUSED, texts().any(|text| text.refusal.0).then_some(true));
        if message.left_out.is_none() && texts().any(|text| !text.logprobs.0.is_empty()) {
            let whole = self.whole.insert(LogProbs::default());
            texts().for_each(|text| whole.extend(&text.logprobs));
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    response: Object<Response<'a>>,
    logprobs: Objects<Token>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    incomplete_details: Object<Incomplete<'a>>,
    #[serde(borrow)]
    error: Object<Problem<'a>>,
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
    tool_usage: Object<ToolUsage>,
    #[serde(borrow)]
    output: Objects<Item<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Incomplete<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    action: Object<Action<'a>>,
    content: Objects<OutputText>,
}

impl Item<'_> {
    fn is(&self, kind: &str) -> bool {
        self.kind.get() == Some(kind)
    }

    /// A web search also opens pages and looks for words in them, which is not paid for.
    fn only_opens_a_page(&self) -> bool {
        self.action
            .0
            .as_ref()
            .is_some_and(|action| ["open_page", "find", "find_in_page"].iter().any(|kind| action.kind.is(kind)))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Action<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputText {
    refusal: Filled,
    logprobs: Objects<Token>,
}

/// What hosted tools used: it stands beside `usage`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct ToolUsage {
    image_gen: Object<ImageTokens>,
    web_search: Object<Requests>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct ImageTokens {
    input_tokens: Count,
    output_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Requests {
    num_requests: Count,
}

impl ToolUsage {
    fn apply(self, call: &mut Call) {
        if let Some(requests) = amount(self.web_search.0.unwrap_or_default().num_requests) {
            // It is stated: what was counted from the items no longer counts.
            call.usage.details.remove("web_searches");
            fill::unit(call, "web_searches", Some(requests));
        }
        let images = self.image_gen.0.unwrap_or_default();
        let some = |count: Count| count.0.filter(|count| *count > 0);
        fill::extra(call, names::OPENAI_IMAGE_TOOL_INPUT, some(images.input_tokens));
        fill::extra(call, names::OPENAI_IMAGE_TOOL_OUTPUT, some(images.output_tokens));
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        call::{Call, UsageSource},
        provider::testing::Exchange,
    };

    const URL: &str = "https://api.openai.com/v1/responses";

    fn answered(body: &str) -> Call {
        Exchange::post(URL, r#"{"model":"m","input":"hi"}"#).json(body)
    }

    #[test]
    fn a_stream_has_its_usage_in_the_last_event() {
        let (call, progress) = Exchange::post(URL, r#"{"model":"gpt-5","stream":true,"max_output_tokens":9,"reasoning":{"effort":"low"}}"#).messages(&[
            (Some("response.created"), r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","model":"gpt-5-2025","status":"in_progress","service_tier":"auto","usage":null}}"#),
            (Some("response.output_item.added"), r#"{"type":"response.output_item.added","item":{"type":"message","content":[]}}"#),
            (Some("response.output_text.delta"), r#"{"type":"response.output_text.delta","delta":"Hi","logprobs":[]}"#),
            (Some("response.completed"), r#"{"type":"response.completed","response":{"id":"resp_1","model":"gpt-5-2025","status":"completed","service_tier":"default","output":[{"type":"file_search_call"}],"usage":{"input_tokens":30,"input_tokens_details":{"cached_tokens":20},"output_tokens":8,"output_tokens_details":{"reasoning_tokens":6},"total_tokens":38},"tool_usage":{"image_gen":{"input_tokens":0,"output_tokens":70},"web_search":{"num_requests":2}}}}"#),
        ]);
        assert_eq!(
            (call.response.id.as_deref(), call.response.service_tier.as_deref()),
            (Some("resp_1"), Some("default"))
        );
        assert_eq!((call.usage.input_tokens, call.usage.cache_read_tokens), (Some(30), Some(20)));
        assert_eq!((call.usage.output_tokens, call.usage.reasoning_tokens), (Some(8), Some(6)));
        assert_eq!(call.response.finish_reasons, [""; 0], "the wire has none");
        assert_eq!(call.extra["spanledger.finish_reason.derived"], "stop");
        assert_eq!(call.extra["gen_ai.response.status"], "completed");
        assert_eq!((call.usage.details["web_searches"], call.usage.details["storage_searches"]), (2.0, 1.0));
        assert_eq!(call.extra["openai.tool_usage.image_gen.output_tokens"], 70, "tokens that usage leaves out");
        assert!(!call.extra.contains_key("openai.tool_usage.image_gen.input_tokens"));
        assert_eq!(
            (call.extra["gen_ai.request.max_tokens"].as_u64(), &call.extra["gen_ai.request.reasoning.level"]),
            (Some(9), &"low".into())
        );
        assert_eq!(progress.iter().map(|one| one.content).collect::<Vec<_>>(), [false, false, true, false]);
        assert_eq!(progress.iter().map(|one| one.over).collect::<Vec<_>>(), [false, false, false, true]);
    }

    #[test]
    fn an_incomplete_answer_has_its_reason_as_finish_reason() {
        let call = answered(
            r#"{"object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"error":null}"#,
        );
        assert_eq!(call.response.finish_reasons, ["max_output_tokens"]);
        assert_eq!(
            (call.extra["gen_ai.response.status"].as_str(), call.outcome.error_type),
            (Some("incomplete"), None)
        );
    }

    #[test]
    fn why_a_completed_answer_ended_is_derived_and_marked_as_such() {
        for (kind, reason) in [
            ("message", "stop"),
            ("function_call", "tool_calls"),
            ("custom_tool_call", "tool_calls"),
            ("computer_call", "tool_calls"),
            ("apply_patch_call", "tool_calls"),
            ("local_shell_call", "tool_calls"),
            ("mcp_call", "stop"),
            ("web_search_call", "stop"),
        ] {
            let call = answered(&format!(r#"{{"status":"completed","output":[{{"type":"{kind}"}}]}}"#));
            assert_eq!(call.extra["spanledger.finish_reason.derived"], reason, "{kind}");
            assert!(call.response.finish_reasons.is_empty(), "the wire has none");
        }
        for status in ["in_progress", "queued", "incomplete", "cancelled"] {
            let call = answered(&format!(r#"{{"status":"{status}","output":[]}}"#));
            assert!(!call.extra.contains_key("spanledger.finish_reason.derived"), "{status}");
        }
    }

    #[test]
    fn web_searches_are_counted_from_the_items_only_where_nothing_states_them() {
        let searched = |stated: &str| {
            let call = answered(&format!(
                r#"{{"status":"completed","output":[{{"type":"web_search_call","action":{{"type":"search"}}}},{{"type":"web_search_call","action":{{"type":"open_page"}}}},{{"type":"web_search_call","action":{{"type":"find_in_page"}}}},{{"type":"web_search_call"}}],"usage":{{"input_tokens":1}}{stated}}}"#
            ));
            call.usage.details.get("web_searches").copied()
        };
        assert_eq!(searched(""), Some(2.0), "pages that are opened are no searches");
        assert_eq!(searched(r#","tool_usage":{"web_search":{"num_requests":5}}"#), Some(5.0));
        assert_eq!(searched(r#","tool_usage":{"web_search":{"num_requests":0}}"#), None, "none is stated");
    }

    #[test]
    fn what_was_written_to_a_cache_is_the_sum_of_its_parts_where_only_those_are_stated() {
        let written = |rest: &str| {
            let call = answered(&format!(
                r#"{{"usage":{{"input_tokens":900,"input_tokens_details":{{"cache_write_tokens_details":{{"ttl_30m_tokens":100,"ttl_12h_tokens":200}}{rest}}}}}}}"#
            ));
            call.usage.cache_write_tokens
        };
        assert_eq!((written(""), written(r#","cache_write_tokens":400"#)), (Some(300), Some(400)));
    }

    #[test]
    fn an_answer_in_the_background_has_no_usage_yet() {
        let call = answered(r#"{"id":"resp_1","status":"queued","usage":null,"model":"m"}"#);
        assert!(call.usage.is_empty());
        assert_eq!(call.extra["gen_ai.response.status"], "queued");
    }

    #[test]
    fn a_failed_answer_is_an_error_inside_a_success() {
        let failed = r#"{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"Sorry"},"usage":null}}"#;
        let bare =
            r#"{"type":"error","code":"rate_limit_exceeded","message":"Slow down","param":null,"sequence_number":2}"#;
        for (data, kind) in [(failed, "server_error"), (bare, "rate_limit_exceeded")] {
            let (call, progress) = Exchange::post(URL, r#"{"stream":true}"#).stream(&[data]);
            assert_eq!(call.outcome.error_type.as_deref(), Some(kind));
            assert!(progress[0].over && call.outcome.error_message.is_some());
        }
    }

    #[test]
    fn log_probabilities_that_the_end_repeats_count_once() {
        let (call, _) = Exchange::post(URL, "{}").stream(&[
            r#"{"type":"response.output_text.delta","delta":"a","logprobs":[{"logprob":-2.0}]}"#,
            r#"{"type":"response.output_text.done","text":"ab","logprobs":[{"logprob":-2.0},{"logprob":0.0}]}"#,
            r#"{"type":"response.completed","response":{"usage":{},"output":[{"content":[{"type":"output_text","logprobs":[{"logprob":-2.0},{"logprob":0.0}]}]}]}}"#,
        ]);
        assert!((call.trust.confidence.unwrap().score().unwrap() - (-1f64).exp()).abs() < 1e-9);
    }

    #[test]
    fn items_of_an_answer_too_long_to_be_held_are_not_counted_too_low() {
        let searches = r#"{"type":"web_search_call","action":{"type":"search"}}"#.to_owned() + ",";
        let text = |length: usize| format!(r#"{{"type":"message","content":[{{"text":"{}"}}]}}"#, "x".repeat(length));
        let answer = |items: &str| {
            let body = format!(r#"{{"status":"completed","output":[{items}],"usage":{{"input_tokens":7}}}}"#);
            Exchange::post(URL, "{}").body("application/json", &body)
        };
        let call = answer(&(searches.repeat(30) + &text(100_000)));
        assert_eq!(
            (call.usage.details["web_searches"], call.usage.source),
            (30.0, UsageSource::None),
            "none is missing"
        );
        let call = answer(&((text(3000) + "," + &searches).repeat(200) + &text(1)));
        assert_eq!((call.usage.details.len(), call.usage.source), (0, UsageSource::Partial));
        assert_eq!(call.usage.input_tokens, Some(7), "what is stated is known");
        assert!(!call.extra.contains_key("spanledger.finish_reason.derived"));
    }

    #[test]
    fn pieces_give_the_confidence_where_the_whole_answer_is_too_long_to_be_held() {
        let tokens = |each: &str| format!("[{}]", vec![each; 5000].join(","));
        let (sure, unsure) = (tokens(r#"{"token":"a","logprob":0.0}"#), r#"[{"token":"b","logprob":-1e4}]"#);
        let last = format!(
            r#"{{"type":"response.completed","response":{{"status":"completed","usage":{{"input_tokens":7}},"output":[{{"type":"web_search_call"}},{{"content":[{{"logprobs":{sure}}}]}}]}}}}"#
        );
        let delta = r#"{"type":"response.output_text.delta","logprobs":[{"logprob":-1.0}]}"#;
        let stream = |events: &[&str]| {
            let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
            Exchange::post(URL, "{}").body("text/event-stream", &body)
        };
        let call = stream(&[delta, delta, &last]);
        assert!((call.trust.confidence.unwrap().score().unwrap() - (-1f64).exp()).abs() < 1e-9);
        assert_eq!((call.usage.details["web_searches"], call.usage.source), (1.0, UsageSource::None));
        assert_eq!(stream(&[&last]).trust.confidence, None);
        let long = format!(
            r#"{{"type":"response.output_text.delta","logprobs":{}}}"#,
            sure.replace(']', &format!(",{}", &unsure[1..]))
        );
        assert_eq!(stream(&[delta, &long, &last]).trust.confidence, None);
    }
}
