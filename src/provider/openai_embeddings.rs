//! OpenAI embeddings, `POST …/embeddings`, and the houses that speak its shape (Mistral, Voyage, Jina, vLLM, …).
//!
//! - *Usage*: input only, `usage.prompt_tokens`, else `usage.total_tokens` (Voyage). An output of 0 that some servers state
//!   is no count. The vectors are passed over.
//! - There is no id worth the name and no finish reason.
//! - Voyage and Perplexity have `…/contextualizedembeddings` and `…/multimodalembeddings` beside it, of the same shape.
//!
//! Sources: OpenAI's API reference and Python client, and the API references of the houses.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, azure,
    error::Problem,
    fill, hosts,
    lenient::{self, Filled, Object, Text},
    openai,
    openai_usage::OpenAiUsage,
};
use crate::{call::Call, framing::Message};

/// The protocol.
#[derive(Debug)]
pub(super) struct OpenAiEmbeddings;

impl Provider for OpenAiEmbeddings {
    fn name(&self) -> &'static str {
        "openai_embeddings"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        let ends: &[_] = match hosts::known(head) {
            Some("voyage_ai" | "perplexity") => &["/embeddings", "/contextualizedembeddings", "/multimodalembeddings"],
            _ => &["/embeddings"],
        };
        ends.iter().find_map(|end| openai::detect(head, end, "embeddings"))
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(EmbeddingsReader)
    }
}

#[derive(Debug)]
struct EmbeddingsReader;

impl Reader for EmbeddingsReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        openai::request(body, call);
    }

    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        azure::headers(headers, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        if answer.error.0 {
            Problem::read(message.data).inside_success(call);
        }
        fill::first(&mut call.response.model, &answer.model);
        if let Some(usage) = answer.usage.0 {
            usage.apply_to_embedding(call);
        }
        Progress::CONTENT
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
    error: Filled,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    #[test]
    fn only_input_is_counted_and_the_stated_zero_of_output_is_not() {
        let call = Exchange::post("https://api.openai.com/v1/embeddings", r#"{"model":"e","input":"x","dimensions":8,"encoding_format":"base64"}"#)
            .json(r#"{"object":"list","data":[{"index":0,"embedding":"AAAA"}],"model":"e-large","usage":{"prompt_tokens":3,"total_tokens":3,"completion_tokens":0}}"#);
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(3), None));
        assert_eq!(call.response.model.as_deref(), Some("e-large"));
        assert_eq!(call.extra["gen_ai.embeddings.dimension.count"], 8);
        assert_eq!(call.extra["gen_ai.request.encoding_formats"][0], "base64");
    }

    #[test]
    fn a_total_alone_is_the_input() {
        let call = Exchange::post("https://api.voyageai.com/v1/embeddings", r#"{"model":"voyage-3"}"#)
            .json(r#"{"data":[],"model":"voyage-3","usage":{"total_tokens":12}}"#);
        assert_eq!((call.provider.as_ref(), call.usage.input_tokens), ("voyage_ai", Some(12)));
    }
}
