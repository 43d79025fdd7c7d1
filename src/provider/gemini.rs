//! Gemini and Vertex AI, `POST …/models/{model}:{generateContent,streamGenerateContent}`.
//!
//! - *The model and whether it streams* are only in the path; the stream is SSE with `?alt=sse`, else a JSON array in pieces.
//!   Every piece is a whole answer. There is neither an event's name nor a `[DONE]`.
//! - *Usage*: [`gemini_usage`](super::gemini_usage). What an explicit cache saved is in `cachedContentTokenCount`; creating
//!   the cache is another call, which bills no inference (see [`unbilled`](super::unbilled)).
//! - *Model and id*: `modelVersion` and `responseId`. Headers have no request id.
//! - *Finish reasons*: `candidates[].finishReason` by `index` (absent: 0), as spelled on the wire, which is an integer where
//!   the client asked for integers (1 `STOP`, 2 `MAX_TOKENS`, 3 `SAFETY`, 4 `RECITATION`, 5 `OTHER`). A tool call ends with
//!   `STOP`. It may come twice, with counts still growing in between: the last one wins, and only the end of the body is
//!   the end.
//! - *A blocked prompt* is a 200 without candidates: why is kept as an attribute.
//! - *Errors inside a 200*: `{"error": {code, message, status}}`. With status 400 and up the same, also in an array; a bad key
//!   is a 400 `INVALID_ARGUMENT`.
//! - *Confidence*: from `candidates[].logprobsResult.chosenCandidates[]`, else from `avgLogprobs` of the first candidate.
//!
//! The Live API (`BidiGenerateContent`) is a WebSocket: no request and answer, and no call here. What is asked of the older
//! names (`generateText`, `generateMessage`) is not understood.
//!
//! Sources: the API references of AI Studio (<https://ai.google.dev/api/generate-content>) and Vertex AI
//! (<https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest>).

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill,
    fill::{extra, extra_list, extra_text},
    finish_reasons::FinishReasons,
    gemini_usage::{GeminiCounts, GeminiUsage},
    google,
    lenient::{self, Count, Filled, Integer, List, Number, Object, Objects, Text},
    logprobs::LogProbs,
};
use crate::{
    call::{Call, UsageSource},
    framing::Message,
    span::names,
};

/// The protocol.
#[derive(Debug)]
pub(super) struct GeminiGenerate;

impl Provider for GeminiGenerate {
    fn name(&self) -> &'static str {
        "gemini_generate"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        google::detect(head, &["generateContent", "streamGenerateContent"], "generate_content")
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<GeminiReader>::default()
    }
}

#[derive(Debug, Default)]
struct GeminiReader {
    counts: GeminiCounts,
    finish_reasons: FinishReasons,
    logprobs: LogProbs,
}

impl Reader for GeminiReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let Some(asked) = lenient::read::<Request<'_>>(body) else { return };
        fill::last(&mut call.request.service_tier, &asked.service_tier);
        let Object(Some(config)) = asked.generation_config else { return };
        call.request.temperature = config.temperature.0;
        extra(call, names::REQUEST_TOP_P, config.top_p.0);
        extra(call, names::REQUEST_TOP_K, config.top_k.0);
        extra(call, names::REQUEST_MAX_TOKENS, config.max_output_tokens.0);
        extra(call, names::REQUEST_SEED, config.seed.0);
        extra(call, names::REQUEST_FREQUENCY_PENALTY, config.frequency_penalty.0);
        extra(call, names::REQUEST_PRESENCE_PENALTY, config.presence_penalty.0);
        extra(call, names::REQUEST_CHOICE_COUNT, config.candidate_count.0.filter(|count| *count != 1));
        extra_list(call, names::REQUEST_STOP_SEQUENCES, &config.stop_sequences);
        extra_text(call, names::REQUEST_REASONING_LEVEL, &config.thinking_config.0.unwrap_or_default().thinking_level);
        let wanted = |word: &str| config.response_modalities.0.iter().any(|modality| modality.is(word));
        let kind = match config.response_mime_type.get() {
            _ if wanted("IMAGE") => Some("image"),
            _ if wanted("AUDIO") => Some("speech"),
            Some("application/json") => Some("json"),
            Some("text/plain") => Some("text"),
            _ => None,
        };
        extra(call, names::OUTPUT_TYPE, kind);
    }

    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        served_tier(headers, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let mut content = false;
        self.logprobs.come_from(message);
        for chunk in lenient::read_all::<Chunk<'_>>(message.data) {
            if let Some(problem) = &chunk.error.0 {
                problem.inside_success(call);
                return Progress::OVER;
            }
            fill::first(&mut call.response.id, &chunk.response_id);
            fill::first(&mut call.response.model, &chunk.model_version);
            if let Some(feedback) = &chunk.prompt_feedback.0 {
                extra_text(call, names::GEMINI_BLOCK_REASON, &feedback.block_reason);
            }
            if let Some(usage) = &chunk.usage_metadata.0 {
                self.counts.merge(usage, call);
            }
            for candidate in &chunk.candidates.0 {
                content |= candidate.content.0.unwrap_or_default().parts.0;
                self.candidate(candidate);
            }
            let queries = chunk.candidates.0.iter().filter_map(Candidate::queries).reduce(u64::saturating_add);
            // Down to the candidates, or to the queries in them.
            if message.is_whole_to(if queries.is_some() { 5 } else { 3 }) {
                self.counts.searched(queries);
            } else {
                call.usage.source = UsageSource::Partial;
            }
        }
        Progress { content, over: false, ..Progress::QUIET }
    }

    fn finish(&mut self, call: &mut Call) {
        self.counts.apply(call);
        self.finish_reasons.finish(call);
        self.logprobs.finish(call);
    }
}

/// The tier, which a header states too.
pub(super) fn served_tier(headers: &HeaderMap, call: &mut Call) {
    let tier = headers.get("x-gemini-service-tier").and_then(|tier| tier.to_str().ok());
    call.response.service_tier = tier.map(fill::name).or(call.response.service_tier.take());
}

impl GeminiReader {
    fn candidate(&mut self, candidate: &Candidate<'_>) {
        let index = candidate.index.0.unwrap_or(0);
        self.finish_reasons.note(index, &candidate.finish_reason);
        if index == 0 {
            self.logprobs.stated_mean(candidate.avg_logprobs);
        }
        let tokens = candidate.logprobs_result.0.iter().flat_map(|result| &result.chosen_candidates.0);
        tokens.for_each(|token| self.logprobs.add(token.log_probability));
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow, alias = "generationConfig")]
    generation_config: Object<GenerationConfig<'a>>,
    #[serde(borrow, alias = "serviceTier")]
    service_tier: Text<'a>,
}

/// Taken in both spellings.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GenerationConfig<'a> {
    temperature: Number,
    #[serde(alias = "topP")]
    top_p: Number,
    #[serde(alias = "topK")]
    top_k: Number,
    #[serde(alias = "candidateCount")]
    candidate_count: Count,
    #[serde(alias = "maxOutputTokens")]
    max_output_tokens: Count,
    #[serde(borrow, alias = "stopSequences")]
    stop_sequences: List<Text<'a>>,
    seed: Integer,
    #[serde(alias = "presencePenalty")]
    presence_penalty: Number,
    #[serde(alias = "frequencyPenalty")]
    frequency_penalty: Number,
    #[serde(borrow, alias = "responseMimeType")]
    response_mime_type: Text<'a>,
    #[serde(borrow, alias = "responseModalities")]
    response_modalities: List<Text<'a>>,
    #[serde(borrow, alias = "thinkingConfig")]
    thinking_config: Object<ThinkingConfig<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ThinkingConfig<'a> {
    #[serde(borrow, alias = "thinkingLevel")]
    thinking_level: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Objects<Candidate<'a>>,
    #[serde(borrow)]
    prompt_feedback: Object<PromptFeedback<'a>>,
    #[serde(borrow)]
    model_version: Text<'a>,
    #[serde(borrow)]
    response_id: Text<'a>,
    #[serde(borrow)]
    usage_metadata: Object<GeminiUsage<'a>>,
    #[serde(borrow)]
    error: Object<Problem<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow)]
    block_reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Candidate<'a> {
    index: Count,
    content: Object<Content>,
    #[serde(borrow)]
    finish_reason: Text<'a>,
    avg_logprobs: Number,
    logprobs_result: Object<LogprobsResult>,
    #[serde(borrow)]
    grounding_metadata: Object<Grounding<'a>>,
}

impl Candidate<'_> {
    /// How often it was searched for. Empty queries are not searched for.
    fn queries(&self) -> Option<u64> {
        let queries = &self.grounding_metadata.0.as_ref()?.web_search_queries.0;
        Some(queries.iter().filter(|query| query.get().is_some()).count() as u64)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Grounding<'a> {
    #[serde(borrow)]
    web_search_queries: List<Text<'a>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LogprobsResult {
    chosen_candidates: Objects<ChosenToken>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ChosenToken {
    log_probability: Number,
}

#[cfg(test)]
mod tests {
    use crate::{
        call::{Call, UsageSource},
        provider::{
            Progress,
            testing::{Exchange, summary},
        },
    };

    const HOST: &str = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro";

    fn whole(body: &str) -> Call {
        Exchange::post(&format!("{HOST}:generateContent"), "{}").json(body)
    }

    fn streamed(data: &[&str]) -> (Call, Vec<Progress>) {
        Exchange::post(&format!("{HOST}:streamGenerateContent?alt=sse"), "{}").stream(data)
    }

    #[test]
    fn thoughts_are_output_and_tool_prompts_are_input() {
        let call = whole(
            r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"modelVersion":"gemini-2.5-pro","responseId":"r1","usageMetadata":{"promptTokenCount":32,"candidatesTokenCount":25,"thoughtsTokenCount":37,"toolUsePromptTokenCount":4610,"cachedContentTokenCount":8,"totalTokenCount":4704,"promptTokensDetails":[{"modality":"TEXT","tokenCount":20},{"modality":"AUDIO","tokenCount":9},{"modality":"IMAGE","tokenCount":2},{"modality":"DOCUMENT","tokenCount":1}]}}"#,
        );
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(4642), Some(62)));
        assert_eq!((call.usage.cache_read_tokens, call.usage.reasoning_tokens), (Some(8), Some(37)));
        assert_eq!((call.usage.details["input_audio_tokens"], call.usage.details["input_image_tokens"]), (9.0, 3.0));
        assert_eq!(call.usage.details["input_tool_tokens"], 4610.0);
        assert_eq!((call.request.model.as_deref(), call.request.stream), (Some("gemini-2.5-pro"), Some(false)));
        assert_eq!((call.response.id.as_deref(), call.response.model.as_deref()), (Some("r1"), Some("gemini-2.5-pro")));
        assert_eq!(call.response.finish_reasons, ["STOP"]);
    }

    #[test]
    fn a_field_that_the_last_chunk_lacks_keeps_what_an_earlier_one_said() {
        let (call, _) = streamed(&[
            r#"{"usageMetadata":{"promptTokenCount":87,"candidatesTokenCount":21,"thoughtsTokenCount":78}}"#,
            r#"{"usageMetadata":{"promptTokenCount":87,"thoughtsTokenCount":78}}"#,
        ]);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(87), Some(99)));
    }

    #[test]
    fn the_last_count_wins_also_when_it_is_smaller() {
        let (call, _) = streamed(&[
            r#"{"usageMetadata":{"promptTokenCount":78,"totalTokenCount":78}}"#,
            r#"{"usageMetadata":{"promptTokenCount":33,"candidatesTokenCount":12,"totalTokenCount":45}}"#,
        ]);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(33), Some(12)));
    }

    #[test]
    fn a_finish_reason_may_come_twice_and_is_not_the_end() {
        let chunk = |reason: &str, tokens: u32| {
            format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"text":"x"}}]}},"finishReason":"{reason}"}}],"usageMetadata":{{"candidatesTokenCount":{tokens}}}}}"#
            )
        };
        let (call, progress) = streamed(&[&chunk("STOP", 3), &chunk("MAX_TOKENS", 9)]);
        assert_eq!(
            (call.response.finish_reasons.as_slice(), call.usage.output_tokens),
            (&["MAX_TOKENS".to_owned()][..], Some(9))
        );
        assert!(progress.iter().all(|one| one.content && !one.over));
    }

    #[test]
    fn enums_may_be_integers() {
        let call = whole(
            r#"{"candidates":[{"finishReason":2}],"usageMetadata":{"trafficType":1,"promptTokensDetails":[{"modality":4,"tokenCount":6}]}}"#,
        );
        assert_eq!(
            (call.response.finish_reasons.as_slice(), call.usage.details["input_audio_tokens"]),
            (&["2".to_owned()][..], 6.0)
        );
    }

    #[test]
    fn a_blocked_prompt_has_no_candidates_and_no_counts() {
        let call =
            whole(r#"{"promptFeedback":{"blockReason":"MODEL_ARMOR"},"usageMetadata":{"trafficType":"ON_DEMAND"}}"#);
        assert!(call.usage.is_empty() && call.response.finish_reasons.is_empty());
        assert_eq!(call.extra["spanledger.gemini.block_reason"], "MODEL_ARMOR");
    }

    #[test]
    fn the_tier_that_was_served_is_stated_in_three_ways() {
        let tier = |call: Call| call.response.service_tier;
        assert_eq!(tier(whole(r#"{"usageMetadata":{"serviceTier":"flex"}}"#)).as_deref(), Some("flex"));
        assert_eq!(tier(whole(r#"{"usageMetadata":{"trafficType":"ON_DEMAND_FLEX"}}"#)).as_deref(), Some("flex"));
        assert_eq!(tier(whole(r#"{"usageMetadata":{"trafficType":"ON_DEMAND"}}"#)), None);
        let told = Exchange::post(&format!("{HOST}:generateContent"), "{}")
            .header("x-gemini-service-tier", "standard")
            .json("{}");
        assert_eq!(tier(told).as_deref(), Some("standard"));
    }

    #[test]
    fn a_whole_array_and_an_error_in_it_are_read() {
        let array = whole(r#"[{"usageMetadata":{"promptTokenCount":1}},{"usageMetadata":{"candidatesTokenCount":2}}]"#);
        assert_eq!((array.usage.input_tokens, array.usage.output_tokens), (Some(1), Some(2)));
        let (failed, progress) = streamed(&[r#"{"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}"#]);
        assert_eq!((failed.outcome.error_type.as_deref(), progress[0].over), (Some("UNAVAILABLE"), true));
    }

    #[test]
    fn sampling_is_read_in_both_spellings() {
        for body in [
            r#"{"generationConfig":{"temperature":0.5,"topK":40,"maxOutputTokens":9,"stopSequences":["a"],"candidateCount":2,"responseMimeType":"application/json","thinkingConfig":{"thinkingLevel":"low"}}}"#,
            r#"{"generation_config":{"temperature":0.5,"top_k":40,"max_output_tokens":9,"stop_sequences":["a"],"candidate_count":2,"response_mime_type":"application/json","thinking_config":{"thinking_level":"low"}}}"#,
        ] {
            let call = Exchange::post(&format!("{HOST}:generateContent"), body).json("{}");
            assert_eq!(
                (call.request.temperature, call.extra["gen_ai.request.max_tokens"].as_u64()),
                (Some(0.5), Some(9))
            );
            assert_eq!(
                (call.extra["gen_ai.request.top_k"].as_f64(), call.extra["gen_ai.request.choice.count"].as_u64()),
                (Some(40.0), Some(2))
            );
            assert_eq!(
                (&call.extra["gen_ai.output.type"], &call.extra["gen_ai.request.reasoning.level"]),
                (&"json".into(), &"low".into())
            );
        }
    }

    #[test]
    fn single_tokens_tell_more_than_the_stated_mean() {
        let tokens = r#""logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-2.0},{"token":"b","logProbability":0.0}]}"#;
        for (fields, mean) in
            [(format!(r#""avgLogprobs":-0.5,{tokens}"#), -1.0), (r#""avgLogprobs":-0.5"#.to_owned(), -0.5)]
        {
            let call = whole(&format!(r#"{{"candidates":[{{{fields}}}]}}"#));
            assert!((call.trust.confidence.unwrap().score().unwrap() - f64::exp(mean)).abs() < 1e-9);
        }
    }

    /// Everything at once, as 2.5 Flash would answer.
    const WHOLE: &str = r#"{"candidates":[{"content":{"parts":[{"text":"secret"}],"role":"model"},"finishReason":"STOP","index":0,"groundingMetadata":{"webSearchQueries":["secret a","secret b",""],"groundingChunks":[]}}],"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":40,"totalTokenCount":1150,"cachedContentTokenCount":200,"thoughtsTokenCount":60,"toolUsePromptTokenCount":50,"promptTokensDetails":[{"modality":"TEXT","tokenCount":850},{"modality":"AUDIO","tokenCount":100},{"modality":"IMAGE","tokenCount":50},{"modality":"VIDEO"}],"cacheTokensDetails":[{"modality":"TEXT","tokenCount":180},{"modality":"AUDIO","tokenCount":20}],"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":40}],"toolUsePromptTokensDetails":[{"modality":"TEXT","tokenCount":40},{"modality":"AUDIO","tokenCount":10}]},"modelVersion":"gemini-2.5-flash","responseId":"r1","createTime":"2026-11-01T00:00:00Z"}"#;

    /// What [`WHOLE`] is read as.
    const READ: [&str; 5] = [
        "id r1",
        "finish STOP",
        "tokens input=1050 read=200 output=100 reasoning=60",
        "units cache_audio_read_tokens=20 input_audio_tokens=110 input_audio_tool_tokens=10 input_image_tokens=50 \
         input_tool_tokens=50 web_searches=1",
        // 760 × $0.30, 90 of audio × $1, 180 cached × $0.03, 20 cached of audio × $0.10, 100 × $2.50 per million, and one
        // prompt that searched for $0.035.
        "cost 0.0355754: exact",
    ];

    #[test]
    fn a_whole_answer_is_priced_by_modality_cache_and_search() {
        for (host, provider) in [
            ("https://generativelanguage.googleapis.com/v1beta", "gcp.gemini"),
            ("https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google", "gcp.vertex_ai"),
            (
                "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google",
                "gcp.vertex_ai",
            ),
            ("https://aiplatform.googleapis.com/v1beta1/publishers/google", "gcp.vertex_ai"),
        ] {
            let call = Exchange::post(&format!("{host}/models/gemini-2.5-flash:generateContent"), "{}").json(WHOLE);
            assert_eq!(summary(&call)[0], format!("{provider} generate_content gemini-2.5-flash -> gemini-2.5-flash"));
            assert_eq!(summary(&call)[1..], READ);
        }
    }

    #[test]
    fn a_stream_is_sse_with_crlf_or_an_array_over_many_lines_and_says_the_same() {
        let first = r#"{"candidates":[{"content":{"parts":[{"text":"secret"}]}}],"usageMetadata":{"promptTokenCount":1000,"totalTokenCount":1000},"modelVersion":"gemini-2.5-flash","responseId":"r1"}"#;
        let sse = format!("data: {first}\r\n\r\ndata: {WHOLE}\r\n\r\n");
        let array = format!("[{},\r\n{}]\n", first.replace(',', ",\r\n  "), WHOLE.replace(",\"", ",\r\n    \""));
        let url = HOST.replace("2.5-pro", "2.5-flash");
        for (query, content_type, body) in
            [("?alt=sse", "text/event-stream", sse), ("", "application/json; charset=UTF-8", array)]
        {
            let call = Exchange::post(&format!("{url}:streamGenerateContent{query}"), "{}").body(content_type, &body);
            assert_eq!(summary(&call)[1..], READ, "{body}");
            assert_eq!(call.request.stream, Some(true));
        }
    }

    #[test]
    fn search_is_billed_by_the_query_from_gemini_3_on() {
        for (model, searches) in [
            ("gemini-2.5-pro", 1.0),
            ("models/gemini-2.0-flash", 1.0),
            ("gemini-3-pro-preview", 2.0),
            ("gemini-4-argon", 2.0),
        ] {
            let call = whole(&WHOLE.replace("\"gemini-2.5-flash\"", &format!("\"{model}\"")));
            assert_eq!(call.usage.details["web_searches"], searches, "{model}");
        }
        let repeated =
            r#"{"candidates":[{"groundingMetadata":{"webSearchQueries":["a","b"]}}],"modelVersion":"gemini-3-flash"}"#;
        assert_eq!(streamed(&[repeated, repeated]).0.usage.details["web_searches"], 2.0, "the same two");
    }

    #[test]
    fn a_tool_call_ends_with_stop_and_several_candidates_each_have_a_reason() {
        let call = whole(
            r#"{"candidates":[{"index":1,"finishReason":"MAX_TOKENS"},{"content":{"parts":[{"functionCall":{"name":"secret","args":{}}}]},"finishReason":"STOP"}]}"#,
        );
        assert_eq!(call.response.finish_reasons, ["STOP", "MAX_TOKENS"]);
        for reason in ["RECITATION", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "MODEL_ARMOR", "NO_IMAGE"] {
            let call = whole(&format!(r#"{{"candidates":[{{"finishReason":"{reason}","finishMessage":"secret"}}]}}"#));
            assert_eq!((call.response.finish_reasons, call.outcome.error_type), (vec![reason.to_owned()], None));
        }
    }

    #[test]
    fn a_blocked_prompt_on_ai_studio_counts_what_was_sent() {
        let call = whole(
            r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","safetyRatings":[]},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"gemini-2.5-flash"}"#,
        );
        assert_eq!(
            summary(&call)[1..],
            ["tokens input=9", "extra spanledger.gemini.block_reason=PROHIBITED_CONTENT", "cost 0.0000027: partial",]
        );
    }

    #[test]
    fn errors_say_their_status_and_a_bad_key_is_a_400() {
        let url = format!("{HOST}:streamGenerateContent");
        for (body, message) in [
            (
                r#"[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"48s"}]}}]"#,
                "Quota exceeded",
            ),
            (
                r#"{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#,
                "API key not valid",
            ),
        ] {
            let call = Exchange::post(&url, "{}").fails(body);
            assert_eq!(call.outcome.error_message.as_deref(), Some(message));
            assert_eq!((call.request.model.as_deref(), call.usage.is_empty()), (Some("gemini-2.5-pro"), true));
        }
    }

    #[test]
    fn what_is_painted_or_spoken_has_tokens_of_its_own() {
        let answer = |model: &str, modality: &str| {
            whole(&format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"inlineData":{{"mimeType":"x/y","data":"AAAA"}}}}]}},"finishReason":"STOP"}}],"usageMetadata":{{"promptTokenCount":10,"candidatesTokenCount":1290,"totalTokenCount":1300,"promptTokensDetails":[{{"modality":"TEXT","tokenCount":10}}],"candidatesTokensDetails":[{{"modality":"{modality}","tokenCount":1290}}]}},"modelVersion":"{model}"}}"#
            ))
        };
        // 10 × $0.30 and 1290 × $30 of image per million.
        let painted =
            ["finish STOP", "tokens input=10 output=1290", "units output_image_tokens=1290", "cost 0.038703: exact"];
        assert_eq!(summary(&answer("gemini-2.5-flash-image", "IMAGE"))[1..], painted);
        // 10 × $0.50 and 1290 × $10 of audio per million.
        let spoken =
            ["finish STOP", "tokens input=10 output=1290", "units output_audio_tokens=1290", "cost 0.012905: exact"];
        assert_eq!(summary(&answer("gemini-2.5-flash-tts", "AUDIO"))[1..], spoken);
    }

    #[test]
    fn reserved_capacity_is_not_billed_by_the_token() {
        let answer = |traffic: &str| {
            let usage = format!(r#"{{"promptTokenCount":1000,"candidatesTokenCount":100,"trafficType":"{traffic}"}}"#);
            whole(&format!(r#"{{"modelVersion":"gemini-2.5-flash","usageMetadata":{usage}}}"#))
        };
        assert_eq!(
            summary(&answer("PROVISIONED_THROUGHPUT"))[1..],
            [
                "tokens input=1000 output=100",
                "extra spanledger.gemini.traffic_type=PROVISIONED_THROUGHPUT",
                "cost unknown: unpriced",
            ]
        );
        assert_eq!(summary(&answer("ON_DEMAND")).last().unwrap(), "cost 0.00055: exact");
    }

    #[test]
    fn of_an_answer_too_long_to_be_held_what_was_left_out_is_not_counted() {
        let answer = |inside: &str| {
            let body = format!(r#"{{"candidates":[{{"avgLogprobs":-1.0,{inside}}}]}}"#);
            let url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:generateContent";
            Exchange::post(url, "{}").body("application/json", &body)
        };
        let list = |one: &str, count: usize| vec![one; count].join(",");
        let searched = |count: usize| {
            answer(&format!(r#""groundingMetadata":{{"webSearchQueries":[{}]}}"#, list(r#""a long query""#, count)))
                .usage
        };
        assert_eq!(searched(30).details["web_searches"], 30.0);
        assert_eq!((searched(20_000).details.len(), searched(20_000).source), (0, UsageSource::Partial));
        let call = answer(&format!(
            r#""logprobsResult":{{"chosenCandidates":[{}]}}"#,
            list(r#"{"token":"a","logProbability":0.0}"#, 5000)
        ));
        assert!((call.trust.confidence.unwrap().score().unwrap() - (-1f64).exp()).abs() < 1e-9, "the stated mean");
        assert_eq!(call.usage.source, UsageSource::None);
    }
}
