//! What all OpenAI protocols share: their paths, and the fields of their requests.
//!
//! A path is known by its end, because gateways put things in front of it (`/openai/v1/…`, `/api/paas/v4/…`). On a host
//! that nobody knows, only `/v1/chat/completions` and Azure's `/deployments/…` are beyond doubt: the rest is also the name
//! of other people's resources, and counts only if the body names a model.
//!
//! Azure's deployment is the model that is asked for, unless the body names one; so is the model in the paths of Hugging
//! Face's own inference (`/hf-inference/models/{model}/v1/chat/completions`).
//!
//! | field of the request | becomes |
//! | --- | --- |
//! | `model`, `stream`, `temperature`, `service_tier` | fields of [`Request`](crate::call::Request) |
//! | `max_completion_tokens`, else `max_tokens`, `max_output_tokens`, llama.cpp's `n_predict` (a negative one is none) | `gen_ai.request.max_tokens` |
//! | `top_p`, `top_k`, `seed` (Mistral `random_seed`), `frequency_penalty`, `presence_penalty`, `stop` | `gen_ai.request.*` |
//! | `n` unless 1 | `gen_ai.request.choice.count` |
//! | `response_format.type`, `text.format.type`, `modalities` | `gen_ai.output.type` |
//! | `reasoning.effort`, else `reasoning_effort` | `gen_ai.request.reasoning.level` |
//! | `dimensions`, `encoding_format` | `gen_ai.embeddings.dimension.count`, `gen_ai.request.encoding_formats` |
//! | `conversation` or its `id`; OpenRouter's `session_id` | the conversation, unless the caller named one |
//! | Mistral's `agent_id` | `gen_ai.agent.id` |
//!
//! Not kept: what identifies people (`user`, `safety_identifier`, `metadata`, `prompt_cache_key`), content (`messages`,
//! `input`, `prompt`, `instructions`, `tools`, `prediction`), and what changes no count (`store`, `truncation`, `verbosity`).
//!
//! Sources: OpenAI's API reference and Python client; the dialects' own for what is theirs.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Detected, RequestHead, decoded, fill,
    fill::{extra, extra_list, extra_text},
    hosts,
    lenient::{self, Count, Flag, Integer, List, Number, Object, Text, TextOr},
};
use crate::{call::Call, span::names};

/// Recognises a path by its end.
pub(super) fn detect(head: &RequestHead<'_>, end: &str, operation: &'static str) -> Option<Detected> {
    let before = head.path.strip_suffix(end)?;
    let deployment = before.rsplit_once("/deployments/").map(|(_, name)| name).filter(|name| !name.contains('/'));
    // Its paths end alike, its bodies are its own.
    let known = hosts::known(head);
    if known == Some("ibm.watsonx.ai") {
        return None;
    }
    let hugging_face = || before.strip_prefix("/hf-inference/models/")?.strip_suffix("/v1");
    let lm_studio = before.ends_with("/api/v0");
    let beyond_doubt = deployment.is_some() || (end == "/chat/completions" && before.ends_with("/v1"));
    Some(Detected {
        provider: known
            .unwrap_or(match deployment {
                Some(_) => "azure.ai.openai",
                None if lm_studio => "lm_studio",
                None => "openai",
            })
            .into(),
        operation,
        model: deployment.or_else(hugging_face).map(decoded),
        stream: None,
        certain: known.is_some() || beyond_doubt,
        billable: true,
    })
}

/// Reads the JSON request of any OpenAI protocol: one field means the same in all of them.
pub(super) fn request(body: &[u8], call: &mut Call) {
    let Some(asked) = lenient::read::<Request<'_>>(body) else { return };
    fill::request_model(call, &asked.model);
    fill::stream(call, asked.stream, false);
    call.request.temperature = asked.temperature.0.or(call.request.temperature);
    fill::last(&mut call.request.service_tier, &asked.service_tier);

    let limits = [asked.max_completion_tokens, asked.max_tokens, asked.max_output_tokens, asked.n_predict];
    extra(call, names::REQUEST_MAX_TOKENS, limits.into_iter().find_map(|limit| limit.0));
    extra(call, names::REQUEST_TOP_P, asked.top_p.0);
    extra(call, names::REQUEST_TOP_K, asked.top_k.0);
    extra(call, names::REQUEST_SEED, asked.seed.0.or(asked.random_seed.0));
    extra(call, names::REQUEST_FREQUENCY_PENALTY, asked.frequency_penalty.0);
    extra(call, names::REQUEST_PRESENCE_PENALTY, asked.presence_penalty.0);
    extra(call, names::REQUEST_CHOICE_COUNT, asked.n.0.filter(|n| *n != 1));
    extra(call, names::EMBEDDINGS_DIMENSION_COUNT, asked.dimensions.0);
    extra_list(call, names::REQUEST_ENCODING_FORMATS, &asked.encoding_format);
    extra_list(call, names::REQUEST_STOP_SEQUENCES, &asked.stop);
    let effort = asked.reasoning.0.unwrap_or_default().effort;
    extra_text(
        call,
        names::REQUEST_REASONING_LEVEL,
        if effort.get().is_some() { &effort } else { &asked.reasoning_effort },
    );

    let speech = asked.modalities.0.iter().any(|modality| modality.is("audio"));
    let format = asked.response_format.0.or(asked.text.0.unwrap_or_default().format.0).unwrap_or_default().kind;
    let kind = match format.get() {
        _ if speech => Some("speech"),
        Some("json_object" | "json_schema") => Some("json"),
        Some("text") => Some("text"),
        _ => None,
    };
    extra(call, names::OUTPUT_TYPE, kind);

    let conversation = match asked.conversation {
        TextOr::Text(id) | TextOr::Object(Conversation { id }) => id,
        TextOr::Neither => Text::default(),
    };
    fill::first(&mut call.context.conversation_id, &conversation);
    if call.provider == "openrouter" {
        fill::first(&mut call.context.conversation_id, &asked.session_id);
    }
    extra_text(call, names::AGENT_ID, &asked.agent_id);
}

/// Says which API it was: `openai.api.type`.
pub(super) fn api_type(call: &mut Call, name: &str) {
    extra(call, names::OPENAI_API_TYPE, Some(Value::from(name)));
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    stream: Flag,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    max_completion_tokens: Count,
    max_tokens: Count,
    max_output_tokens: Count,
    n_predict: Count,
    seed: Integer,
    random_seed: Integer,
    frequency_penalty: Number,
    presence_penalty: Number,
    n: Count,
    dimensions: Count,
    #[serde(borrow)]
    encoding_format: List<Text<'a>>,
    #[serde(borrow)]
    stop: List<Text<'a>>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    reasoning_effort: Text<'a>,
    #[serde(borrow)]
    reasoning: Object<Reasoning<'a>>,
    #[serde(borrow)]
    modalities: List<Text<'a>>,
    #[serde(borrow)]
    response_format: Object<Format<'a>>,
    #[serde(borrow)]
    text: Object<TextOptions<'a>>,
    #[serde(borrow)]
    conversation: TextOr<'a, Conversation<'a>>,
    #[serde(borrow)]
    session_id: Text<'a>,
    #[serde(borrow)]
    agent_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reasoning<'a> {
    #[serde(borrow)]
    effort: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TextOptions<'a> {
    #[serde(borrow)]
    format: Object<Format<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Conversation<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(body: &Value) -> Call {
        let mut call = Call::default();
        request(body.to_string().as_bytes(), &mut call);
        call
    }

    #[test]
    fn sampling_is_kept_under_the_names_of_the_conventions() {
        let call = asked(&json!({
            "model": "m", "stream": true, "temperature": 0.5, "top_p": 1, "max_completion_tokens": 9, "max_tokens": 8,
            "seed": -3, "stop": "END", "n": 2, "frequency_penalty": 0.25, "response_format": {"type": "json_schema"},
            "reasoning_effort": "low", "service_tier": "flex", "user": "u", "metadata": {"k": "v"}, "messages": [],
        }));
        assert_eq!(
            (call.request.model.as_deref(), call.request.stream, call.request.temperature),
            (Some("m"), Some(true), Some(0.5))
        );
        assert_eq!(call.request.service_tier.as_deref(), Some("flex"));
        assert_eq!(
            Value::from(call.extra),
            json!({
                "gen_ai.request.top_p": 1.0, "gen_ai.request.max_tokens": 9, "gen_ai.request.seed": -3,
                "gen_ai.request.stop_sequences": ["END"], "gen_ai.request.choice.count": 2,
                "gen_ai.request.frequency_penalty": 0.25, "gen_ai.output.type": "json",
                "gen_ai.request.reasoning.level": "low",
            })
        );
    }

    #[test]
    fn a_single_choice_is_not_worth_an_attribute_and_no_stream_is_the_default() {
        let call = asked(&json!({"model": "m", "n": 1, "max_tokens": -1}));
        assert_eq!((call.request.stream, call.extra.len()), (Some(false), 0));
    }

    #[test]
    fn a_conversation_is_a_text_or_an_object_and_the_callers_own_wins() {
        assert_eq!(asked(&json!({"conversation": "c"})).context.conversation_id.as_deref(), Some("c"));
        assert_eq!(asked(&json!({"conversation": {"id": "c"}})).context.conversation_id.as_deref(), Some("c"));
        let mut call = Call::default();
        call.context.conversation_id = Some("mine".to_owned());
        request(br#"{"conversation":"theirs"}"#, &mut call);
        assert_eq!(call.context.conversation_id.as_deref(), Some("mine"));
    }

    #[test]
    fn the_model_of_the_body_wins_over_the_deployment() {
        let mut call = Call::default();
        call.request.model = Some("deployment".to_owned());
        request(b"{}", &mut call);
        assert_eq!(call.request.model.as_deref(), Some("deployment"));
        request(br#"{"model":"gpt-4o"}"#, &mut call);
        assert_eq!(call.request.model.as_deref(), Some("gpt-4o"));
    }
}
