//! OpenAI chat completions, `POST …/chat/completions`, and the many that speak its dialects (also Mistral's
//! `…/fim/completions` and `…/agents/completions`, and Mistral on Vertex AI).
//!
//! - *Ids and models*: the first that is not empty. Azure opens a stream with a decoy chunk without either.
//! - *Finish reasons*: one per choice, in the order of `index`, as spelled on the wire.
//! - *Usage*: [`openai_usage`](super::openai_usage). A stream has it only if the request said
//!   `stream_options.include_usage`, or the dialect sends it anyway; Groq puts it into `x_groq`, with or without another one
//!   in `usage`. It comes in any chunk, with or without choices.
//! - *Service tier*: the last that is stated: the one that was served.
//! - *Refusals*: `message.refusal` or `delta.refusal` becomes `spanledger.refused`; the finish reason is `stop` all the same.
//! - *Content filters* are the finish reason `content_filter`, or on Azure a 400 with the code `content_filter`.
//! - *The end* is `[DONE]`: after a finish reason the usage is still to come. Perplexity has no `[DONE]` and ends with an
//!   object `chat.completion.done`.
//! - *Errors inside a 200*: an event `error`, a chunk with `error` (OpenRouter, TGI, vLLM), `x_groq.error`, an `error` inside a
//!   choice, or the finish reason `error` (OpenRouter, Mistral).
//! - *Confidence*: from `choices[].logprobs.content[]` and `.refusal[]`, of all choices together, joined over a stream; see
//!   [`logprobs`](super::logprobs). What DeepSeek states of its reasoning is not the answer's and is left out.
//!
//! # Dialects
//!
//! `tests/fixtures/dialects` has a whole answer of each, as JSON and as a stream, with what is read from it.
//!
//! | who | what is theirs |
//! | --- | --- |
//! | Azure | a decoy chunk first; `prompt_filter_results`, `content_filter_results` and `latency_checkpoint` are passed over |
//! | Mistral | `usage.service_tier`; finish reasons `model_length`, `error`; content as an array of parts; usage always, in the last chunk |
//! | Groq | usage in `x_groq` and again in `usage`; `usage_breakdown` names the models of a compound system (`spanledger.models_used`); an id `stub` there |
//! | DeepSeek | blank lines and comments while queued; the finish reason `insufficient_system_resource` |
//! | xAI | reasoning apart, sources searched, cost in ticks; `deferred` answers have neither counts nor model |
//! | OpenRouter | comments; the cost; `provider` is who served it (`spanledger.upstream.provider`) |
//! | Perplexity | cumulative usage in every chunk; the cost; no `[DONE]`; `…/async/chat/completions` answers without counts |
//! | Together | `text` beside `delta`; the finish reason `eos`; usage unasked |
//! | Fireworks | headers `fireworks-prompt-tokens` and `fireworks-cached-prompt-tokens`, which are known before the stream; the body's counts win |
//! | Cerebras, SambaNova, Hyperbolic, Novita, Nebius, Z.ai, Venice, Vercel | rates and times are passed over; Vercel states the cost |
//! | Hugging Face | the upstream's dialect; the header `x-inference-provider` is who served it |
//! | vLLM | usage in every chunk with `continuous_usage_stats`; `prompt_logprobs` are those of the question and left out |
//! | llama.cpp | `timings`: see [`llama_cpp`](super::llama_cpp) |
//! | LM Studio | `/api/v0/…` with `stats` and `runtime`, which say nothing of the bill |
//!
//! Sources: OpenAI's API reference and Python client, each house's own API reference and client library, vLLM's and
//! llama.cpp's server sources, and recorded answers.

use super::{Detected, Provider, Reader, RequestHead, google, openai, openai_chunks::ChunkReader};

/// The protocol.
#[derive(Debug)]
pub(super) struct OpenAiChat;

impl Provider for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        openai::detect(head, "/chat/completions", "chat")
            .or_else(|| openai::detect(head, "/agents/completions", "chat"))
            .or_else(|| openai::detect(head, "/fim/completions", "text_completion"))
            .or_else(|| google::raw_predict(head, "mistralai", "chat"))
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(ChunkReader::new("chat_completions"))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        call::Call,
        provider::testing::{Exchange, chat_answer},
    };

    const OPENAI: &str = "https://api.openai.com/v1/chat/completions";
    const ASKED: &str = r#"{"model":"m","stream":true}"#;

    fn answered(url: &str, usage: &str) -> Call {
        Exchange::post(url, r#"{"model":"m"}"#).json(&chat_answer(usage))
    }

    fn tokens(call: &Call) -> [Option<u64>; 5] {
        let usage = &call.usage;
        [
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
            usage.reasoning_tokens,
        ]
    }

    #[test]
    fn a_whole_answer_is_read() {
        let call = answered(
            OPENAI,
            r#"{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":4,"audio_tokens":3},"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":0}}"#,
        );
        assert_eq!((call.provider.as_ref(), call.operation.as_ref()), ("openai", "chat"));
        assert_eq!((call.response.id.as_deref(), call.response.model.as_deref()), (Some("chatcmpl-1"), Some("m")));
        assert_eq!(call.response.finish_reasons, ["stop"]);
        assert_eq!(tokens(&call), [Some(10), Some(7), Some(0), Some(4), Some(5)]);
        assert_eq!(
            call.usage.details.iter().map(|(unit, n)| (unit.as_ref(), *n)).collect::<Vec<_>>(),
            [("input_audio_tokens", 3.0)]
        );
        assert_eq!(call.extra["openai.api.type"], "chat_completions");
    }

    #[test]
    fn the_decoy_chunk_of_azure_names_neither_id_nor_model() {
        let (call, progress) = Exchange::post("https://a.openai.azure.com/openai/deployments/d/chat/completions", ASKED).stream(&[
            r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
            r#"{"id":"chatcmpl-9","model":"gpt-4.1-mini-2025-04-14","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"{"id":"chatcmpl-9","model":"gpt-4.1-mini-2025-04-14","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#,
            r#"{"id":"chatcmpl-9","model":"gpt-4.1-mini-2025-04-14","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            "[DONE]",
        ]);
        assert_eq!(
            (call.response.id.as_deref(), call.response.model.as_deref()),
            (Some("chatcmpl-9"), Some("gpt-4.1-mini-2025-04-14"))
        );
        assert_eq!(progress.iter().map(|one| one.content).collect::<Vec<_>>(), [false, false, true, false, false]);
        assert_eq!(progress.iter().map(|one| one.over).collect::<Vec<_>>(), [false, false, false, false, true]);
        assert!(call.usage.is_empty(), "nobody asked for usage");
    }

    #[test]
    fn usage_comes_after_the_finish_reason_and_a_later_null_does_not_take_it_away() {
        let (call, progress) = Exchange::post(OPENAI, ASKED).stream(&[
            r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":null}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#,
            r#"{"choices":[],"usage":null,"moderation":{}}"#,
        ]);
        assert_eq!(tokens(&call)[..2], [Some(3), Some(1)]);
        assert!(progress.iter().all(|one| !one.over), "only [DONE] is the end");
    }

    #[test]
    fn usage_in_every_chunk_is_cumulative() {
        let (call, _) = Exchange::post("https://api.hyperbolic.xyz/v1/chat/completions", ASKED).stream(&[
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}"#,
            r#"{"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
        ]);
        assert_eq!(tokens(&call)[..2], [Some(5), Some(2)]);
    }

    #[test]
    fn a_stream_under_way_is_skimmed_and_misses_nothing() {
        let word = r#"{"id":"c","model":"m","service_tier":"default","choices":[{"index":0,"delta":{"content":"\"usage\":{"},"logprobs":null,"finish_reason":null}],"usage":null}"#;
        let last = [
            r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason" : null},{"index":1,"delta":{},"finish_reason":"length"}]}"#,
            r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason": "stop"}],"x_groq":{"usage":{"prompt_tokens":1}}}"#,
            r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":null,"logprobs":{"content":[{"logprob":-1.0}]}}]}"#,
            r#"{"id":"c","choices":[{"delta":{},"finish_reason":null}],"usage": {"completion_tokens":2}}"#,
            r#"{"choices":[{"finish_reason":null}],"error":{"code":"overloaded"}}"#,
        ];
        let (call, progress) = Exchange::post(OPENAI, ASKED).stream(&[&[word, word, word], &last[..]].concat());
        assert_eq!(tokens(&call)[..2], [Some(1), Some(2)]);
        assert_eq!(call.response.finish_reasons, ["stop", "length"]);
        assert_eq!(call.outcome.error_type.as_deref(), Some("overloaded"));
        assert!(call.trust.confidence.is_some() && progress[..3].iter().all(|one| one.content));
    }

    #[test]
    fn groq_sends_its_usage_twice_and_it_counts_once() {
        let twice = [
            r#"{"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"prompt_tokens":12,"completion_tokens":24,"total_tokens":36}}}"#,
            r#"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":24,"total_tokens":36}}"#,
        ];
        for sent in [&twice[..1], &twice[..]] {
            let (call, _) = Exchange::post("https://api.groq.com/openai/v1/chat/completions", ASKED).stream(sent);
            assert_eq!(tokens(&call)[..2], [Some(12), Some(24)]);
        }
    }

    #[test]
    fn completion_tokens_that_leave_reasoning_out_are_proved_by_the_total() {
        let xai = "https://api.x.ai/v1/chat/completions";
        let usage = |total| {
            format!(
                r#"{{"prompt_tokens":10,"completion_tokens":5,"total_tokens":{total},"completion_tokens_details":{{"reasoning_tokens":3}}}}"#
            )
        };
        assert_eq!(tokens(&answered(xai, &usage(18)))[1], Some(8), "10 + 5 + 3 = 18: it was left out");
        assert_eq!(tokens(&answered(xai, &usage(15)))[1], Some(5), "10 + 5 = 15: it is in");
        assert_eq!(tokens(&answered(OPENAI, &usage(18)))[1], Some(8), "by arithmetic, not by name");
    }

    #[test]
    fn reasoning_beyond_the_output_that_no_total_proves_is_unknown() {
        let usage = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"completion_tokens_details":{"reasoning_tokens":30}}"#;
        assert_eq!(
            tokens(&answered("https://ai-gateway.vercel.sh/v1/chat/completions", usage)),
            [Some(10), Some(5), None, None, None]
        );
    }

    #[test]
    fn every_dialect_has_its_own_place_for_cached_tokens() {
        for (host, field) in [
            ("api.deepseek.com", r#""prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6"#),
            ("api.together.xyz/v1", r#""cached_tokens":4"#),
            ("api.mistral.ai/v1", r#""num_cached_tokens":4"#),
            ("api.venice.ai/api/v1", r#""cache_read_input_tokens":4"#),
            ("localhost:8000/v1", r#""prompt_tokens_details":{"cached_tokens":4}"#),
        ] {
            let url = format!("https://{host}/chat/completions");
            assert_eq!(tokens(&answered(&url, &format!(r#"{{"prompt_tokens":10,{field}}}"#)))[2], Some(4), "{host}");
        }
        let nothing =
            answered(OPENAI, r#"{"prompt_tokens":10,"prompt_tokens_details":null,"completion_tokens_details":null}"#);
        assert_eq!(tokens(&nothing), [Some(10), None, None, None, None]);
    }

    #[test]
    fn deep_research_of_perplexity_bills_reasoning_and_citations_apart() {
        let usage = r#"{"prompt_tokens":9,"completion_tokens":100,"total_tokens":109,"citation_tokens":40,"reasoning_tokens":500,"num_search_queries":6}"#;
        let call = answered("https://api.perplexity.ai/chat/completions", usage);
        assert_eq!(tokens(&call), [Some(9), Some(640), None, None, Some(500)]);
        assert_eq!((call.usage.details["output_citation_tokens"], call.usage.details["web_searches"]), (40.0, 6.0));
    }

    #[test]
    fn perplexity_ends_without_done() {
        let (_, progress) = Exchange::post("https://api.perplexity.ai/chat/completions", ASKED).stream(&[
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}"#,
            r#"{"object":"chat.completion.done","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"},"delta":{}}]}"#,
        ]);
        assert_eq!(progress.iter().map(|one| one.over).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn several_choices_finish_in_any_order_and_are_listed_by_index() {
        let (call, _) = Exchange::post(OPENAI, ASKED).stream(&[
            r#"{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"length"}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#,
        ]);
        assert_eq!(call.response.finish_reasons, ["stop", "length"]);
    }

    #[test]
    fn one_choice_may_refuse_while_another_is_under_way() {
        let word = |index: u32, said: &str| {
            format!(
                r#"{{"id":"c","model":"m","choices":[{{"index":{index},"delta":{{{said}}},"finish_reason":null}}]}}"#
            )
        };
        let (a, b, no) = (word(0, r#""content":"a""#), word(0, r#""content":"b""#), word(1, r#""refusal":"no""#));
        let (call, _) = Exchange::post(OPENAI, ASKED).stream(&[&a, &b, &no]);
        assert_eq!(call.extra.get("spanledger.refused"), Some(&true.into()));
        let (call, _) = Exchange::post(OPENAI, ASKED).stream(&[&a, &b, &a]);
        assert_eq!(call.extra.get("spanledger.refused"), None);
    }

    #[test]
    fn googles_endpoint_names_its_thoughts_nowhere_but_in_the_total() {
        let usage = r#"{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109}"#;
        let google = "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions";
        assert_eq!(tokens(&answered(google, usage)), [Some(35), Some(74), None, None, Some(62)]);
        assert_eq!(
            tokens(&answered(OPENAI, usage)),
            [Some(35), Some(12), None, None, None],
            "elsewhere it proves nothing"
        );
        let exact = r#"{"prompt_tokens":35,"completion_tokens":12,"total_tokens":47}"#;
        assert_eq!(tokens(&answered(google, exact)), [Some(35), Some(12), None, None, None]);
    }

    #[test]
    fn the_tier_that_was_served_is_not_the_one_that_was_asked() {
        let call = Exchange::post(OPENAI, r#"{"model":"m","service_tier":"auto"}"#)
            .json(r#"{"service_tier":"priority","system_fingerprint":"fp_1"}"#);
        assert_eq!(
            (call.request.service_tier.as_deref(), call.response.service_tier.as_deref()),
            (Some("auto"), Some("priority"))
        );
        assert_eq!(call.extra["openai.response.system_fingerprint"], "fp_1");
    }

    #[test]
    fn an_error_inside_a_success_makes_the_call_an_error() {
        for (url, data, kind) in [
            (
                "https://api.groq.com/openai/v1/chat/completions",
                r#"{"error":{"message":"m","type":"invalid_request_error","code":"tool_use_failed","status_code":400}}"#,
                "tool_use_failed",
            ),
            (
                "https://router.huggingface.co/v1/chat/completions",
                r#"{"error":"Input validation error","error_type":"validation"}"#,
                "validation",
            ),
            (
                "http://localhost:8000/v1/chat/completions",
                r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
                "BadRequestError",
            ),
            (
                "https://openrouter.ai/api/v1/chat/completions",
                r#"{"error":{"code":502,"message":"m"},"choices":[{"index":0,"finish_reason":"error","delta":{"content":""}}]}"#,
                "502",
            ),
        ] {
            let (call, progress) = Exchange::post(url, ASKED).messages(&[(Some("error"), data)]);
            assert_eq!(call.outcome.error_type.as_deref(), Some(kind), "{url}");
            assert!(progress[0].over && call.outcome.error_message.is_some());
        }
        let call = Exchange::post("https://openrouter.ai/api/v1/chat/completions", "{}").json(
            r#"{"choices":[{"finish_reason":"error","error":{"code":"rate_limited","message":"slow"},"message":{}}]}"#,
        );
        assert_eq!((call.outcome.error_type.as_deref(), call.response.finish_reasons.len()), (Some("rate_limited"), 1));
    }

    #[test]
    fn log_probabilities_of_a_stream_are_joined() {
        let (call, _) = Exchange::post(OPENAI, ASKED).stream(&[
            r#"{"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-0.0}],"refusal":null}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"b"},"logprobs":{"content":[{"token":"b","logprob":-1.3862943611198906}]}}]}"#,
        ]);
        let confidence = call.trust.confidence.unwrap();
        assert!((confidence.score().unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(confidence.derivation(), Some("logprobs"));
    }

    #[test]
    fn nothing_of_prompt_answer_or_user_is_kept() {
        let asked = r#"{"model":"m","user":"secret","safety_identifier":"secret","metadata":{"a":"secret"},"messages":[{"content":"secret"}],"tools":[{"function":{"name":"secret"}}]}"#;
        let call = Exchange::post(OPENAI, asked)
            .header("openai-organization", "secret")
            .json(r#"{"id":"c","choices":[{"message":{"content":"secret","tool_calls":[{"function":{"arguments":"secret"}}]},"finish_reason":"tool_calls"}]}"#);
        assert!(!format!("{call:?}").contains("secret"));
    }

    #[test]
    fn broken_messages_cost_only_themselves() {
        let (call, _) = Exchange::post(OPENAI, "not json").stream(&[
            r#"{"id":"a","choices":[{"del"#,
            r#"{"id":{},"model":["x"],"choices":{"index":0,"finish_reason":"stop"},"usage":"many"}"#,
            "",
            r#"{"id":"b","choices":null,"usage":{"prompt_tokens":28.0,"completion_tokens":null}}"#,
        ]);
        assert_eq!(call.request.stream, None, "unknown is not false");
        assert_eq!((call.response.id.as_deref(), tokens(&call)[0]), (Some("b"), Some(28)));
        assert_eq!(call.response.finish_reasons, ["stop"]);
    }

    #[test]
    fn a_failed_call_keeps_what_was_asked_and_what_was_said() {
        let call = Exchange::post(OPENAI, r#"{"model":"gpt-9"}"#)
            .fails(r#"{"error":{"message":"No such model","code":"model_not_found"}}"#);
        assert_eq!(
            (call.request.model.as_deref(), call.outcome.error_message.as_deref()),
            (Some("gpt-9"), Some("No such model"))
        );
        assert_eq!(call.extra["spanledger.error.code"], "model_not_found");
    }

    #[test]
    fn an_answer_too_long_to_be_held_has_no_confidence() {
        let tokens = |count: usize| vec![r#"{"token":"a","logprob":-1.0}"#; count].join(",");
        let answer = |count: usize| {
            let body = format!(r#"{{"choices":[{{"logprobs":{{"content":[{}]}}}}]}}"#, tokens(count));
            Exchange::post("https://api.openai.com/v1/chat/completions", "{}")
                .body("application/json", &body)
                .trust
                .confidence
        };
        assert!(answer(10).is_some());
        assert_eq!(answer(5000), None);
    }
}
