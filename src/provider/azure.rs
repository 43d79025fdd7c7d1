//! What Azure adds to the protocols of OpenAI, which it speaks under its own paths.
//!
//! | what | where | how it is read |
//! | --- | --- | --- |
//! | the model that was asked for | the body's `model`, else the deployment in the path (`/openai/deployments/{name}/…?api-version=…`) | a deployment's name is the customer's and no model |
//! | the model that answered | the body's `model`; where answers have none (pictures, sound) the header `x-ms-served-model` | the one that is priced |
//! | a first chunk that says nothing | `choices: []`, `id: ""`, `model: ""`, `prompt_filter_results` | the first id and model that are not empty count |
//! | a prompt that the filter stopped | a 400 with `error.code: "content_filter"` | the code is `spanledger.error.code` |
//! | an answer that the filter stopped | `finish_reason: "content_filter"` | as it stands |
//! | what the filters found | `prompt_filter_results`, `content_filter_results`, `innererror.content_filter_result` | not read: it is about what was said |
//! | the tier that was served | the body's `service_tier`, else the header `azureai-processed-tier` | it prices the call |
//! | reserved capacity that was full | the header `x-ms-is-spilled-over: true` | kept: such a call is billed by the token |
//! | `usage.latency_checkpoint` | times, no tokens | not read |
//! | a price | hosted models of xAI have `cost_in_usd_ticks` | means nothing there: see [`stated_cost`](super::stated_cost) |
//!
//! Hosts: `*.openai.azure.com` (`.us`, `.cn`) and `*.cognitiveservices.azure.com`; one host of Foundry, `*.services.ai.azure.com`, serves
//! `/openai/v1/…`, Anthropic's `/anthropic/v1/messages` and Azure AI Inference (`/models/…`, with the model in the body).
//!
//! Source: <https://learn.microsoft.com/azure/ai-foundry/openai/reference>.

use http::HeaderMap;

use super::fill;
use crate::{call::Call, span::names};

/// Operations whose answers name no model.
const NAMELESS: [&str; 3] = ["image_generation", "speech", "transcription"];

/// Reads the head of an answer of Azure's. What the body says later wins.
pub(super) fn headers(headers: &HeaderMap, call: &mut Call) {
    if !call.provider.starts_with("azure.") {
        return;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    if let Some(tier) = text("azureai-processed-tier") {
        call.response.service_tier = Some(fill::name(tier));
    }
    if NAMELESS.contains(&call.operation.as_ref()) {
        call.response.model = text("x-ms-served-model").map(fill::name).or(call.response.model.take());
    }
    let spilled = text("x-ms-is-spilled-over").filter(|spilled| spilled.eq_ignore_ascii_case("true"));
    fill::extra(call, names::AZURE_SPILLED_OVER, spilled.map(|_| true));
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::{Exchange, summary};

    const DEPLOYED: &str =
        "https://acme.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";

    const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-2024-08-06","choices":[{"index":0,"finish_reason":"stop","content_filter_results":{"hate":{"filtered":false,"severity":"secret"}},"message":{"role":"assistant","content":"secret"}}],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"jailbreak":{"detected":false}}}],"system_fingerprint":"fp_1","usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"completion_tokens_details":{"reasoning_tokens":0},"prompt_tokens_details":{"cached_tokens":0},"latency_checkpoint":{"engine_ttft_ms":31,"service_ttft_ms":60}}}"#;

    #[test]
    fn the_deployment_is_what_was_asked_and_the_answer_names_the_model() {
        let call = Exchange::post(DEPLOYED, r#"{"messages":[{"role":"user","content":"secret"}]}"#)
            .header("apim-request-id", "a-1")
            .header("x-ms-region", "Sweden Central")
            .header("x-ms-deployment-name", "my-gpt")
            .header("azureai-processed-tier", "default")
            .json(ANSWER);
        assert_eq!(
            summary(&call),
            [
                "azure.ai.openai chat my-gpt -> gpt-4o-2024-08-06",
                "id chatcmpl-1",
                "finish stop",
                "tier default",
                "tokens input=1000 read=0 output=100 reasoning=0",
                "extra openai.api.type=chat_completions openai.response.system_fingerprint=fp_1",
                // 1000 × $2.50 + 100 × $10 per million, as at OpenAI.
                "cost 0.0035: alias",
            ]
        );
    }

    #[test]
    fn a_model_in_the_body_is_nearer_to_the_truth_than_the_deployment() {
        let call = Exchange::post(DEPLOYED, r#"{"model":"gpt-4o","messages":[]}"#).json("{}");
        assert_eq!(call.request.model.as_deref(), Some("gpt-4o"));
    }

    #[test]
    fn a_stream_opens_with_a_decoy_and_ends_with_the_counts() {
        let (call, progress) = Exchange::post(DEPLOYED, r#"{"stream":true,"stream_options":{"include_usage":true}}"#).stream(&[
            r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}"#,
            r#"{"id":"chatcmpl-2","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null,"content_filter_results":{}}],"usage":null}"#,
            r#"{"id":"chatcmpl-2","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null,"content_filter_results":{"hate":{"filtered":false}}}],"usage":null}"#,
            r#"{"id":"chatcmpl-2","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"content_filter","content_filter_results":{"violence":{"filtered":true}}}],"usage":null}"#,
            r#"{"id":"chatcmpl-2","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":15,"completion_tokens":19,"total_tokens":34}}"#,
            "[DONE]",
        ]);
        assert_eq!(
            summary(&call),
            [
                "azure.ai.openai chat my-gpt -> gpt-4o-2024-08-06",
                "id chatcmpl-2",
                "finish content_filter",
                "tokens input=15 output=19",
                "extra openai.api.type=chat_completions",
                "cost 0.0002275: alias",
            ]
        );
        assert_eq!(
            progress.iter().map(|one| (one.content, one.over)).collect::<Vec<_>>(),
            [(false, false), (false, false), (true, false), (false, false), (false, false), (false, true)]
        );
    }

    #[test]
    fn a_prompt_that_the_filter_stopped_says_so_by_its_code() {
        let call = Exchange::post(DEPLOYED, "{}").fails(
            r#"{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"secret"}}}}}"#,
        );
        assert_eq!(call.extra["spanledger.error.code"], "content_filter");
        assert_eq!(call.outcome.error_message.as_deref(), Some("The response was filtered"));
        assert!(!format!("{call:?}").contains("secret"));
    }

    #[test]
    fn codes_of_errors_are_words_or_digits() {
        for (body, code) in [
            (r#"{"error":{"code":"401","message":"Access denied"}}"#, "401"),
            (r#"{"error":{"code":"DeploymentNotFound","message":"No such deployment"}}"#, "DeploymentNotFound"),
            (
                r#"{"error":{"code":"RateLimitReached","message":"Slow down","details":"after 6 s"}}"#,
                "RateLimitReached",
            ),
        ] {
            let call = Exchange::post(DEPLOYED, "{}").fails(body);
            assert_eq!((call.extra["spanledger.error.code"].as_str(), call.usage.is_empty()), (Some(code), true));
        }
    }

    #[test]
    fn pictures_name_their_model_in_a_header_only() {
        let url = "https://acme.openai.azure.com/openai/deployments/my-pictures/images/generations?api-version=2025-04-01-preview";
        let call = Exchange::post(url, r#"{"prompt":"p"}"#)
            .header("x-ms-served-model", "gpt-image-1")
            .json(r#"{"created":1,"data":[{"b64_json":"AAAA"}],"usage":{"input_tokens":10,"input_tokens_details":{"text_tokens":10,"image_tokens":0},"output_tokens":1000,"total_tokens":1010}}"#);
        assert_eq!(
            (call.request.model.as_deref(), call.response.model.as_deref()),
            (Some("my-pictures"), Some("gpt-image-1"))
        );
    }

    #[test]
    fn an_answer_that_names_its_model_is_not_corrected_by_a_header() {
        let url = "https://acme.openai.azure.com/openai/deployments/d/embeddings?api-version=2023-07-01-preview";
        let call = Exchange::post(url, r#"{"input":"x"}"#)
            .header("x-ms-served-model", "text-embedding-ada-002")
            .json(r#"{"object":"list","data":[{"index":0,"embedding":[0.1]}],"model":"ada","usage":{"prompt_tokens":8,"total_tokens":8}}"#);
        assert_eq!((call.response.model.as_deref(), call.usage.input_tokens), (Some("ada"), Some(8)));
    }

    #[test]
    fn calls_that_spilled_over_from_reserved_capacity_are_marked() {
        for (said, kept) in [("true", true), ("True", true), ("false", false)] {
            let call = Exchange::post(DEPLOYED, "{}").header("x-ms-is-spilled-over", said).json(ANSWER);
            assert_eq!(call.extra.contains_key("spanledger.azure.spilled_over"), kept, "{said}");
        }
        let elsewhere = Exchange::post("https://api.openai.com/v1/chat/completions", "{}")
            .header("x-ms-is-spilled-over", "true")
            .json(ANSWER);
        assert!(!elsewhere.extra.contains_key("spanledger.azure.spilled_over"), "the header means nothing elsewhere");
    }

    #[test]
    fn inference_has_the_model_in_the_body_and_no_price_in_its_ticks() {
        let url = "https://acme.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview";
        let call = Exchange::post(url, r#"{"model":"grok-4","messages":[]}"#).json(
            r#"{"id":"g1","model":"grok-4","choices":[{"index":0,"finish_reason":"stop","message":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"num_sources_used":0,"cost_in_usd_ticks":0}}"#,
        );
        assert_eq!((call.provider.as_ref(), call.cost.total), ("azure.ai.inference", None));
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(9), Some(5)));
    }

    #[test]
    fn responses_are_the_same_under_azures_own_paths() {
        for url in [
            "https://acme.openai.azure.com/openai/v1/responses",
            "https://acme.openai.azure.com/openai/responses?api-version=2025-04-01-preview",
            "https://acme.cognitiveservices.azure.com/openai/v1/responses",
        ] {
            let call = Exchange::post(url, r#"{"model":"my-gpt5","input":"x"}"#).json(
                r#"{"id":"resp_1","object":"response","status":"completed","model":"gpt-4o-2024-08-06","content_filters":[{"blocked":false}],"output":[],"usage":{"input_tokens":18,"input_tokens_details":{"cached_tokens":0},"output_tokens":16,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":34}}"#,
            );
            assert_eq!(
                summary(&call),
                [
                    "azure.ai.openai chat my-gpt5 -> gpt-4o-2024-08-06",
                    "id resp_1",
                    "tokens input=18 read=0 output=16 reasoning=0",
                    "extra gen_ai.response.status=completed openai.api.type=responses spanledger.finish_reason.derived=stop",
                    "cost 0.000205: alias",
                ],
                "{url}"
            );
        }
    }
}
