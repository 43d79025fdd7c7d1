//! Ollama's embeddings, `POST …/api/embed`, and the old `POST …/api/embeddings`.
//!
//! *Usage*: input only, `prompt_eval_count`; the old path has none. There is no id and no finish reason.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill,
    lenient::{self, Count, Filled, Text},
    ollama, openai,
};
use crate::{call::Call, framing::Message};

/// The protocol.
#[derive(Debug)]
pub(super) struct OllamaEmbed;

impl Provider for OllamaEmbed {
    fn name(&self) -> &'static str {
        "ollama_embed"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        ["/api/embed", "/api/embeddings"].into_iter().find_map(|end| ollama::detect(head, end, "embeddings"))
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(EmbedReader)
    }
}

#[derive(Debug)]
struct EmbedReader;

impl Reader for EmbedReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        openai::request(body, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        if answer.error.0 {
            Problem::read(message.data).inside_success(call);
        }
        fill::first(&mut call.response.model, &answer.model);
        call.usage.input_tokens = answer.prompt_eval_count.0;
        Progress::CONTENT
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt_eval_count: Count,
    error: Filled,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    #[test]
    fn the_new_path_counts_and_the_old_one_does_not() {
        let new = Exchange::post("http://localhost:11434/api/embed", r#"{"model":"nomic","input":"x"}"#)
            .json(r#"{"model":"nomic","embeddings":[[0.1]],"prompt_eval_count":4}"#);
        assert_eq!((new.provider.as_ref(), new.usage.input_tokens), ("ollama", Some(4)));
        let old = Exchange::post("http://localhost:11434/api/embeddings", r#"{"model":"nomic"}"#)
            .json(r#"{"embedding":[0.1]}"#);
        assert!(old.usage.is_empty());
    }
}
