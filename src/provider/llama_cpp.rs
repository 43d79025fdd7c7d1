//! llama.cpp's own completions, `POST /completion` and `POST /infill`, and the `timings` that it adds to the OpenAI protocols.
//!
//! - *Where*: any host, so it counts only where the user has named it ([`Hosts`](super::Hosts)); by its path it is a guess.
//! - *Usage*: `tokens_evaluated` is the whole prompt, `tokens_predicted` the output, both so far in every message of a stream.
//!   What came from the cache is `timings.cache_n`, beside `timings.prompt_n`, the part that was read anew. `tokens_cached`
//!   is how full the cache is afterwards, output included, and no count of ours.
//! - *Finish reason*: `stop_type` (`eos`, `limit`, `word`) of the last message, the one with `stop: true`, which is the end.
//! - *Model*: `model` is an alias or the path of a file. There is no id.
//! - *Confidence*: from `completion_probabilities[].logprob`, which come if `n_probs` was asked for.
//! - *In the OpenAI protocols* `timings` stands in the last chunk whether or not usage was asked for, so that
//!   `prompt_n + cache_n` and `predicted_n` are known where there is no `usage`.
//!
//! Sources: llama.cpp's `tools/server/README.md`, and `server-task.cpp` for what the counts hold.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill, hosts,
    lenient::{self, Count, Filled, Flag, Object, Objects, Text},
    logprobs::{LogProbs, Token},
    openai,
};
use crate::{
    call::{Call, Usage},
    framing::Message,
};

/// The protocol.
#[derive(Debug)]
pub(super) struct LlamaCpp;

impl Provider for LlamaCpp {
    fn name(&self) -> &'static str {
        "llama_cpp"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        if hosts::known(head).is_some() {
            return None;
        }
        let detected =
            ["/completion", "/infill"].into_iter().find_map(|end| openai::detect(head, end, "text_completion"));
        detected.map(|detected| Detected { provider: "llama_cpp".into(), ..detected })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<LlamaReader>::default()
    }
}

#[derive(Debug, Default)]
struct LlamaReader {
    logprobs: LogProbs,
}

impl Reader for LlamaReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        openai::request(body, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        if answer.error.0 || message.event == Some("error") {
            Problem::read(message.data).inside_success(call);
            return Progress::OVER;
        }
        fill::first(&mut call.response.model, &answer.model);
        answer.timings.0.unwrap_or_default().apply(call);
        let (input_tokens, output_tokens) = (answer.tokens_evaluated.0, answer.tokens_predicted.0);
        fill::counts(call, &Usage { input_tokens, output_tokens, ..Usage::default() });
        self.logprobs.come_from(message);
        self.logprobs.extend(&answer.completion_probabilities);
        let over = answer.stop.0 == Some(true);
        if over {
            call.response.finish_reasons = answer.stop_type.get().map(fill::name).into_iter().collect();
        }
        Progress { content: answer.content.0, over, ..Progress::QUIET }
    }

    fn finish(&mut self, call: &mut Call) {
        self.logprobs.finish(call);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    content: Filled,
    stop: Flag,
    #[serde(borrow)]
    stop_type: Text<'a>,
    tokens_evaluated: Count,
    tokens_predicted: Count,
    timings: Object<Timings>,
    completion_probabilities: Objects<Token>,
    error: Filled,
}

/// How long what took, and how many tokens it was.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timings {
    prompt_n: Count,
    cache_n: Count,
    predicted_n: Count,
}

impl Timings {
    /// The counts as usage. Without `cache_n` (older servers) the prompt may be longer than `prompt_n` and is unknown.
    pub(super) fn apply(self, call: &mut Call) {
        let usage = Usage {
            input_tokens: self.prompt_n.0.zip(self.cache_n.0).and_then(|(new, cached)| new.checked_add(cached)),
            output_tokens: self.predicted_n.0,
            cache_read_tokens: self.cache_n.0,
            ..Usage::default()
        };
        fill::counts(call, &usage);
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    const URL: &str = "http://localhost:8080/completion";

    #[test]
    fn the_cache_is_what_timings_say_and_not_how_full_it_is() {
        let call = Exchange::post(URL, r#"{"prompt":"p","n_predict":9}"#).json(
            r#"{"content":"x","model":"/models/a.gguf","stop":true,"stop_type":"limit","tokens_predicted":9,"tokens_evaluated":30,"tokens_cached":38,"timings":{"cache_n":20,"prompt_n":10,"predicted_n":9}}"#,
        );
        let usage = &call.usage;
        assert_eq!(
            (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens),
            (Some(30), Some(9), Some(20)),
            "38 is the whole context"
        );
        assert_eq!(
            (call.response.model.as_deref(), call.extra["gen_ai.request.max_tokens"].as_u64()),
            (Some("/models/a.gguf"), Some(9))
        );
        assert_eq!(call.response.finish_reasons, ["limit"]);
    }

    #[test]
    fn timings_of_each_token_count_a_chat_that_breaks_off() {
        let word = |n: u32| {
            format!(
                r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{{"content":"a"}},"finish_reason":null}}],"timings":{{"cache_n":2,"prompt_n":3,"predicted_n":{n}}}}}"#
            )
        };
        let words = [word(1), word(2), word(3)];
        let (call, _) = Exchange::post("http://localhost:8080/v1/chat/completions", r#"{"timings_per_token":true}"#)
            .stream(&words.each_ref().map(String::as_str));
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(5), Some(3)));
    }

    #[test]
    fn a_stream_counts_as_it_goes_and_its_log_probabilities_are_joined() {
        let (call, progress) = Exchange::post(URL, r#"{"prompt":"p","stream":true,"n_predict":-1}"#).stream(&[
            r#"{"content":"a","stop":false,"tokens_predicted":1,"tokens_evaluated":4,"completion_probabilities":[{"token":"a","logprob":-0.6931471805599453}]}"#,
            r#"{"content":"b","stop":false,"tokens_predicted":2,"tokens_evaluated":4,"completion_probabilities":[{"token":"b","logprob":-0.6931471805599453}]}"#,
            r#"{"content":"","stop":true,"stop_type":"eos","model":"m","tokens_predicted":3,"tokens_evaluated":4,"timings":{"prompt_n":4,"predicted_n":3}}"#,
        ]);
        assert_eq!(
            progress.iter().map(|one| (one.content, one.over)).collect::<Vec<_>>(),
            [(true, false), (true, false), (false, true)]
        );
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(4), Some(3)));
        assert!(!call.extra.contains_key("gen_ai.request.max_tokens"), "-1 is no limit");
        assert!((call.trust.confidence.unwrap().score().unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn an_answer_too_long_to_be_held_has_no_confidence() {
        let tokens = |count: usize| vec![r#"{"token":"a","logprob":-1.0}"#; count].join(",");
        let answer = |count: usize| {
            let body = format!(r#"{{"stop":true,"completion_probabilities":[{}]}}"#, tokens(count));
            Exchange::post("http://localhost:8080/completion", "{}").body("application/json", &body).trust.confidence
        };
        assert!(answer(10).is_some());
        assert_eq!(answer(5000), None);
    }
}
