//! Ollama's embeddings, `POST …/api/embed`, and the old `POST …/api/embeddings`.
//!
//! *Usage*: input only, `prompt_eval_count`, and the durations that [`ollama`] has too; the old path has none of it. There is no
//! id and no finish reason. On hosts that nobody knows, the old path is taken for OpenAI's, which gateways serve there.
//!
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead,
    error::Problem,
    fill,
    lenient::{self, Count, Filled, Text},
    ollama::{self, Durations},
    openai,
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
        let old = || ollama::detect(head, "/api/embeddings", "embeddings").filter(|found| found.certain);
        ollama::detect(head, "/api/embed", "embeddings").or_else(old)
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
        Durations::keep(message.data, call);
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
    use crate::provider::testing::{Exchange, summary};

    #[test]
    fn the_new_path_counts_and_the_old_one_does_not() {
        let new = Exchange::post("http://localhost:11434/api/embed", r#"{"model":"nomic","input":"x"}"#)
            .json(r#"{"model":"nomic","embeddings":[[0.1]],"prompt_eval_count":4,"total_duration":14143917,"load_duration":1019500}"#);
        assert_eq!(
            summary(&new),
            [
                "ollama embeddings nomic -> nomic",
                "tokens input=4",
                "extra spanledger.ollama.load_ms=1.019 spanledger.ollama.total_ms=14.143",
                "cost unknown: unpriced",
            ]
        );
        let old = Exchange::post("http://localhost:11434/api/embeddings", r#"{"model":"nomic"}"#)
            .json(r#"{"embedding":[0.1]}"#);
        assert!(old.usage.is_empty());
    }
}
