//! Ollama's own protocol, `POST …/api/chat` and `POST …/api/generate`.
//!
//! - *It streams unless told not to*: newline-delimited JSON. The last line has `done: true`, which is the end.
//! - *Usage* is on that line: input `prompt_eval_count` (older versions leave it out when the whole prompt was cached: then it
//!   is unknown), of which `prompt_eval_cached_count` came from the cache (0.33.3 and later); output `eval_count`.
//! - *Finish reason*: `done_reason`: `stop` (also for a tool call), `length`. A model that was only loaded or unloaded says
//!   `load` or `unload`, has no counts and is no inference: it is marked as not billed.
//! - *Where the time went* is on the last line too, in nanoseconds: `total_duration`, `load_duration` (long where the model
//!   was not in memory), `prompt_eval_duration`, `eval_duration`. They are kept as `spanledger.ollama.*_ms`.
//! - *Errors inside a 200*: a line with `error`.
//! - *Confidence*: from the `logprobs` of each line. There is no id.
//!
//! The paths are common: on a port other than Ollama's own they count only if the body names a model. What manages models
//! (`/api/pull`, `/api/show`, …) is no AI call.
//!
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill,
    fill::extra,
    hosts,
    lenient::{self, Count, Filled, Flag, Integer, List, Number, Object, Objects, Text, TextOr},
    logprobs::{LogProbs, Token},
    pattern::Pattern,
    skim,
};
use crate::{call::Call, framing::Message, span::names};

/// One of the two protocols, which differ in where the words stand.
#[derive(Debug)]
pub(super) struct Ollama {
    name: &'static str,
    path: &'static str,
    operation: &'static str,
}

/// With messages.
pub(super) static OLLAMA_CHAT: Ollama = Ollama { name: "ollama_chat", path: "/api/chat", operation: "chat" };

/// With a prompt.
pub(super) static OLLAMA_GENERATE: Ollama =
    Ollama { name: "ollama_generate", path: "/api/generate", operation: "text_completion" };

impl Provider for Ollama {
    fn name(&self) -> &'static str {
        self.name
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        detect(head, self.path, self.operation)
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<OllamaReader>::default()
    }
}

/// Recognises a path by its end.
pub(super) fn detect(head: &RequestHead<'_>, end: &str, operation: &'static str) -> Option<Detected> {
    head.path.strip_suffix(end)?;
    let known = hosts::known(head);
    Some(Detected {
        provider: known.unwrap_or("ollama").into(),
        operation,
        model: None,
        stream: None,
        certain: known.is_some(),
        billable: true,
    })
}

#[derive(Debug, Default)]
struct OllamaReader {
    /// Model and content came: from now on only lines that can say more are parsed.
    under_way: bool,
    /// The last line that said nothing new.
    pattern: Pattern,
    logprobs: LogProbs,
}

impl OllamaReader {
    /// What a line means that is one more word of the answer and nothing else.
    fn more_of_the_same(&mut self, line: &[u8]) -> Option<Progress> {
        if let Some(progress) = self.pattern.fit(line) {
            return Some(progress);
        }
        let silent = [&skim::ERROR, &skim::LOGPROBS].into_iter().all(|key| !key.is_in(line));
        let same = silent && skim::DONE.is_there_with_only("false", line);
        same.then(|| self.pattern.learn(line))
    }
}

impl Reader for OllamaReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        let Some(asked) = lenient::read::<Request<'_>>(body) else { return };
        fill::request_model(call, &asked.model);
        fill::stream(call, asked.stream, true);
        let format = match &asked.format {
            TextOr::Object(Schema {}) => Some("json"),
            TextOr::Text(text) if text.is("json") => Some("json"),
            _ => None,
        };
        extra(call, names::OUTPUT_TYPE, format);
        fill::extra_text(call, names::REQUEST_REASONING_LEVEL, &asked.think);
        let Object(Some(options)) = asked.options else { return };
        call.request.temperature = options.temperature.0;
        extra(call, names::REQUEST_TOP_P, options.top_p.0);
        extra(call, names::REQUEST_TOP_K, options.top_k.0);
        extra(call, names::REQUEST_MAX_TOKENS, options.num_predict.0);
        extra(call, names::REQUEST_SEED, options.seed.0);
        extra(call, names::REQUEST_FREQUENCY_PENALTY, options.frequency_penalty.0);
        extra(call, names::REQUEST_PRESENCE_PENALTY, options.presence_penalty.0);
        fill::extra_list(call, names::REQUEST_STOP_SEQUENCES, &options.stop);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        if self.under_way
            && let Some(progress) = self.more_of_the_same(message.data)
        {
            return progress;
        }
        let Some(line) = lenient::read::<Line<'_>>(message.data) else { return Progress::QUIET };
        if line.error.0 {
            Problem::read(message.data).inside_success(call);
            return Progress::OVER;
        }
        fill::first(&mut call.response.model, &line.model);
        self.logprobs.come_from(message);
        self.logprobs.extend(&line.logprobs);
        let over = line.done.0 == Some(true);
        if over {
            call.response.finish_reasons = line.done_reason.get().map(fill::name).into_iter().collect();
            call.usage.input_tokens = line.prompt_eval_count.0;
            call.usage.cache_read_tokens = line.prompt_eval_cached_count.0;
            call.usage.output_tokens = line.eval_count.0;
            Durations::keep(message.data, call);
            if ["load", "unload"].into_iter().any(|reason| line.done_reason.is(reason)) && call.usage.is_empty() {
                call.billable = Some(false);
            }
        }
        let content = line.has_content();
        self.under_way |= content && call.response.model.is_some();
        Progress { content, over, ..Progress::QUIET }
    }

    fn finish(&mut self, call: &mut Call) {
        self.logprobs.finish(call);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    stream: Flag,
    /// A level, where it is not just yes or no.
    #[serde(borrow)]
    think: Text<'a>,
    #[serde(borrow)]
    format: TextOr<'a, Schema>,
    #[serde(borrow)]
    options: Object<Options<'a>>,
}

/// What the answer must look like: not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Schema {}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Options<'a> {
    temperature: Number,
    top_p: Number,
    top_k: Number,
    num_predict: Count,
    seed: Integer,
    frequency_penalty: Number,
    presence_penalty: Number,
    #[serde(borrow)]
    stop: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    message: Object<Said>,
    response: Filled,
    thinking: Filled,
    done: Flag,
    #[serde(borrow)]
    done_reason: Text<'a>,
    prompt_eval_count: Count,
    prompt_eval_cached_count: Count,
    eval_count: Count,
    logprobs: Objects<Token>,
    error: Filled,
}

/// Where the time went, in nanoseconds: in the last line, or in the one answer of an embedding.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Durations {
    total_duration: Count,
    load_duration: Count,
    prompt_eval_duration: Count,
    eval_duration: Count,
}

impl Durations {
    pub(super) fn keep(answer: &[u8], call: &mut Call) {
        let Some(stated) = lenient::read::<Self>(answer) else { return };
        for (name, nanos) in [
            (names::OLLAMA_TOTAL_MS, stated.total_duration),
            (names::OLLAMA_LOAD_MS, stated.load_duration),
            (names::OLLAMA_PROMPT_EVAL_MS, stated.prompt_eval_duration),
            (names::OLLAMA_EVAL_MS, stated.eval_duration),
        ] {
            extra(call, name, nanos.0.map(|nanos| (nanos / 1_000) as f64 / 1e3));
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    content: Filled,
    thinking: Filled,
    tool_calls: Filled,
}

impl Line<'_> {
    fn has_content(&self) -> bool {
        let said = self.message.0.unwrap_or_default();
        [self.response, self.thinking, said.content, said.thinking, said.tool_calls].into_iter().any(|part| part.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::{Exchange, summary};

    const CHAT: &str = "http://localhost:11434/api/chat";

    #[test]
    fn it_streams_unless_told_not_to() {
        let streams = |body| Exchange::post(CHAT, body).stream(&[]).0.request.stream;
        assert_eq!(streams(r#"{"model":"m"}"#), Some(true));
        assert_eq!(streams(r#"{"model":"m","stream":false}"#), Some(false));
        assert_eq!(streams("?"), None);
    }

    #[test]
    fn the_last_line_has_the_counts() {
        let asked = r#"{"model":"gemma3:1b","options":{"temperature":0.1,"num_predict":50,"stop":["\n"],"seed":7},"format":{"type":"object"}}"#;
        let (call, progress) = Exchange::post(CHAT, asked).stream(&[
            r#"{"model":"gemma3:1b","message":{"role":"assistant","content":""},"done":false}"#,
            r#"{"model":"gemma3:1b","message":{"role":"assistant","content":"Hi"},"done":false}"#,
            r#"{"model":"gemma3:1b","message":{"role":"assistant","content":""},"done":true,"done_reason":"length","prompt_eval_count":15,"prompt_eval_cached_count":10,"eval_count":50}"#,
        ]);
        assert_eq!(
            (call.usage.input_tokens, call.usage.output_tokens, call.usage.cache_read_tokens),
            (Some(15), Some(50), Some(10))
        );
        assert_eq!((call.response.finish_reasons.as_slice(), call.response.id), (&["length".to_owned()][..], None));
        assert_eq!((call.request.temperature, call.extra["gen_ai.request.max_tokens"].as_u64()), (Some(0.1), Some(50)));
        assert_eq!(call.extra["gen_ai.output.type"], "json");
        assert_eq!(
            progress.iter().map(|one| (one.content, one.over)).collect::<Vec<_>>(),
            [(false, false), (true, false), (false, true)]
        );
    }

    #[test]
    fn a_prompt_that_was_cached_whole_is_unknown_and_not_zero() {
        let url = "http://localhost:11434/api/generate";
        let call = Exchange::post(url, r#"{"model":"m","stream":false}"#)
            .json(r#"{"model":"m","response":"x","done":true,"done_reason":"stop","eval_count":3}"#);
        assert_eq!(
            (call.operation.as_ref(), call.usage.input_tokens, call.usage.output_tokens),
            ("text_completion", None, Some(3))
        );
    }

    #[test]
    fn a_model_that_was_only_loaded_has_no_counts() {
        let call = Exchange::post(CHAT, r#"{"model":"m"}"#)
            .json(r#"{"model":"m","message":{"content":""},"done_reason":"load","done":true}"#);
        assert!(call.usage.is_empty());
        assert_eq!(call.response.finish_reasons, ["load"]);
    }

    #[test]
    fn a_line_may_be_an_error() {
        let (call, progress) =
            Exchange::post(CHAT, r#"{"model":"m"}"#).stream(&[r#"{"error":"model runner has stopped"}"#]);
        assert_eq!(
            (call.outcome.error_type.as_deref(), call.outcome.error_message.as_deref()),
            (Some("_OTHER"), Some("model runner has stopped"))
        );
        assert!(progress[0].over);
    }

    #[test]
    fn log_probabilities_are_in_each_line() {
        let (call, _) = Exchange::post(CHAT, r#"{"model":"m","logprobs":true}"#).stream(&[
            r#"{"message":{"content":"a"},"logprobs":[{"token":"a","logprob":-0.5}]}"#,
            r#"{"done":true,"logprobs":[{"logprob":-1.5}]}"#,
        ]);
        assert!((call.trust.confidence.unwrap().score().unwrap() - (-1f64).exp()).abs() < 1e-9);
    }

    const LAST: &str = r#"{"model":"llama3.2:1b","created_at":"2026-11-01T00:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"secret","arguments":{}}}]},"done":true,"done_reason":"stop","total_duration":2043000123,"load_duration":1500000000,"prompt_eval_count":26,"prompt_eval_cached_count":20,"prompt_eval_duration":43000000,"eval_count":298,"eval_duration":500000499}"#;

    #[test]
    fn a_whole_answer_says_where_its_time_went() {
        let asked = r#"{"model":"llama3.2:1b","stream":false,"think":"low","messages":[],"options":{"num_predict":-1,"num_ctx":4096}}"#;
        let expected = [
            "ollama chat llama3.2:1b -> llama3.2:1b",
            "finish stop",
            "tokens input=26 read=20 output=298",
            "extra gen_ai.request.reasoning.level=low spanledger.ollama.eval_ms=500.0 spanledger.ollama.load_ms=1500.0 \
             spanledger.ollama.prompt_eval_ms=43.0 spanledger.ollama.total_ms=2043.0",
            "cost unknown: unpriced",
        ];
        assert_eq!(summary(&Exchange::post(CHAT, asked).json(LAST)), expected, "-1 is no limit");
        let streamed = asked.replace("false", "true");
        let word =
            r#"{"model":"llama3.2:1b","message":{"role":"assistant","content":"","thinking":"secret"},"done":false}"#;
        let wire = format!("{word}\n{word}\n{LAST}\n");
        assert_eq!(summary(&Exchange::post(CHAT, &streamed).body("application/x-ndjson", &wire)), expected);
    }

    #[test]
    fn a_model_that_was_only_loaded_or_unloaded_is_not_billed() {
        for reason in ["load", "unload"] {
            let call = Exchange::post("http://localhost:11434/api/generate", r#"{"model":"m","keep_alive":0}"#)
                .json(&format!(r#"{{"model":"m","response":"","done":true,"done_reason":"{reason}"}}"#));
            assert_eq!(summary(&call), ["ollama text_completion m -> m", &format!("finish {reason}"), "not billed"]);
        }
        assert_eq!(Exchange::post(CHAT, "{}").json(LAST).billable, None);
    }

    #[test]
    fn an_error_may_follow_what_was_already_said() {
        let wire = "{\"model\":\"m\",\"message\":{\"content\":\"Hi\"},\"done\":false}\n{\"error\":\"model runner has stopped\"}\n";
        let call = Exchange::post(CHAT, r#"{"model":"m"}"#).body("application/x-ndjson", wire);
        assert_eq!(
            summary(&call),
            ["ollama chat m -> m", "error _OTHER: model runner has stopped", "cost unknown: unpriced"]
        );
        let missing = Exchange::post(CHAT, r#"{"model":"m"}"#)
            .fails(r#"{"error":"model \"m\" not found, try pulling it first"}"#);
        assert_eq!(missing.outcome.error_message.as_deref(), Some(r#"model "m" not found, try pulling it first"#));
    }

    #[test]
    fn a_completion_is_the_same_with_other_words() {
        let url = "http://localhost:11434/api/generate";
        let last = r#"{"model":"llama3.2:1b","created_at":"2026-11-01T00:00:00Z","response":"secret","done":true,"done_reason":"length","context":[1,2,3],"total_duration":2000000,"load_duration":1000000,"prompt_eval_count":17,"prompt_eval_duration":400000,"eval_count":63,"eval_duration":500000}"#;
        let wire = format!("{{\"model\":\"llama3.2:1b\",\"response\":\"a\",\"done\":false}}\n{last}\n");
        let expected = [
            "ollama text_completion llama3.2:1b -> llama3.2:1b",
            "finish length",
            "tokens input=17 output=63",
            "extra spanledger.ollama.eval_ms=0.5 spanledger.ollama.load_ms=1.0 spanledger.ollama.prompt_eval_ms=0.4 \
             spanledger.ollama.total_ms=2.0",
            "cost unknown: unpriced",
        ];
        let whole = Exchange::post(url, r#"{"model":"llama3.2:1b","prompt":"x","stream":false}"#).json(last);
        let stream = Exchange::post(url, r#"{"model":"llama3.2:1b","prompt":"x"}"#).body("application/x-ndjson", &wire);
        assert_eq!(
            (summary(&whole), summary(&stream)),
            (expected.map(String::from).into(), expected.map(String::from).into())
        );
    }

    #[test]
    fn an_answer_too_long_to_be_held_has_no_confidence() {
        let tokens = |count: usize| vec![r#"{"token":"a","logprob":-1.0}"#; count].join(",");
        let answer = |count: usize| {
            let body = format!(r#"{{"done":true,"logprobs":[{}]}}"#, tokens(count));
            Exchange::post(CHAT, "{}").body("application/json", &body).trust.confidence
        };
        assert!(answer(10).is_some());
        assert_eq!(answer(5000), None);
    }
}
