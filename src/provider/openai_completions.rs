//! OpenAI legacy completions, `POST …/completions`, and the servers that still speak it (vLLM, Together, llama.cpp).
//!
//! - Everything is as in [`openai_chat`](super::openai_chat), with `text` for `message` and `delta`; one choice for each `n`
//!   and each prompt.
//! - *Usage*: plain counts; `completion_tokens` may be absent. A stream has it only if asked.
//! - *Confidence*: from `choices[].logprobs.token_logprobs`, whose first is `null` with `echo`.
//!
//! Sources: OpenAI's API reference (legacy), vLLM's and llama.cpp's servers.

use super::{Detected, Provider, Reader, RequestHead, openai, openai_chunks::ChunkReader};

/// The protocol.
#[derive(Debug)]
pub(super) struct OpenAiCompletions;

impl Provider for OpenAiCompletions {
    fn name(&self) -> &'static str {
        "openai_completions"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        if ["/chat/completions", "/agents/completions", "/fim/completions"].iter().any(|end| head.path.ends_with(end)) {
            return None;
        }
        openai::detect(head, "/completions", "text_completion")
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(ChunkReader::new("completions"))
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    const URL: &str = "http://localhost:8000/v1/completions";

    #[test]
    fn an_answer_is_read_and_an_absent_output_count_stays_unknown() {
        let call = Exchange::post(URL, r#"{"model":"davinci-002","prompt":"p"}"#).json(
            r#"{"id":"cmpl-1","model":"davinci:2023","choices":[{"text":"","index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
        );
        assert_eq!(call.operation, "text_completion");
        assert_eq!(
            (call.response.id.as_deref(), call.response.model.as_deref()),
            (Some("cmpl-1"), Some("davinci:2023"))
        );
        assert_eq!(call.response.finish_reasons, ["stop"]);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(4), None));
        assert_eq!(call.extra["openai.api.type"], "completions");
    }

    #[test]
    fn several_choices_and_prompts_finish_one_by_one_and_usage_comes_if_asked() {
        let asked = r#"{"model":"m","prompt":["a","b"],"n":2,"stream":true,"stream_options":{"include_usage":true}}"#;
        let choice = |index: u32, reason: &str| {
            format!(r#"{{"id":"cmpl-1","choices":[{{"text":"x","index":{index},"finish_reason":{reason}}}]}}"#)
        };
        let choices: Vec<_> =
            [(3, "\"length\""), (0, "null"), (0, "\"stop\""), (2, "\"stop\""), (1, "\"content_filter\"")]
                .map(|(index, reason)| choice(index, reason))
                .into();
        let usage =
            r#"{"id":"cmpl-1","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":4,"total_tokens":6}}"#;
        for asked_for_usage in [true, false] {
            let mut messages: Vec<_> = choices.iter().map(String::as_str).collect();
            messages.extend(asked_for_usage.then_some(usage));
            let (call, _) = Exchange::post(URL, asked).stream(&messages);
            assert_eq!(call.response.finish_reasons, ["stop", "content_filter", "stop", "length"]);
            assert_eq!(call.extra["gen_ai.request.choice.count"], 2);
            assert_eq!(call.usage.output_tokens, asked_for_usage.then_some(4));
        }
    }

    #[test]
    fn the_null_of_an_echoed_first_token_is_no_log_probability() {
        let call = Exchange::post(URL, r#"{"model":"m","echo":true}"#)
            .json(r#"{"choices":[{"text":"ab","logprobs":{"tokens":["a","b"],"token_logprobs":[null,-0.6931471805599453]}}]}"#);
        let score = call.trust.confidence.unwrap().score().unwrap();
        assert!((score - 0.5).abs() < 1e-9);
    }

    #[test]
    fn an_answer_too_long_to_be_held_has_no_confidence() {
        let tokens = |count: usize| vec![r#"-1.0"#; count].join(",");
        let answer = |count: usize| {
            let body = format!(r#"{{"choices":[{{"logprobs":{{"token_logprobs":[{}]}}}}]}}"#, tokens(count));
            Exchange::post("https://api.openai.com/v1/completions", "{}")
                .body("application/json", &body)
                .trust
                .confidence
        };
        assert!(answer(10).is_some());
        assert_eq!(answer(20_000), None);
    }
}
