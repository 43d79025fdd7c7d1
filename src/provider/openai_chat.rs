//! OpenAI chat completions, `POST …/chat/completions`, and the many that speak its dialects (also Mistral's
//! `…/fim/completions` and `…/agents/completions`, and Mistral on Vertex AI).
//!
//! - *Ids and models*: the first that is not empty. Azure opens a stream with a decoy chunk without either.
//! - *Finish reasons*: one per choice, in the order of `index`, as spelled on the wire.
//! - *Usage*: [`openai_usage`](super::openai_usage). A stream has it only if the request said
//!   `stream_options.include_usage`, or the dialect sends it anyway; Groq puts it into `x_groq`, with or without another one
//!   in `usage`. It comes in any chunk, with or without choices.
//! - *Service tier*: the last that is stated: the one that was served.
//! - *The end* is `[DONE]`: after a finish reason the usage is still to come. Perplexity has no `[DONE]` and ends with an
//!   object `chat.completion.done`.
//! - *Errors inside a 200*: an event `error`, a chunk with `error` (OpenRouter, TGI, vLLM), or an `error` inside a choice.
//! - *Confidence*: from `choices[].logprobs`; see [`logprobs`](super::logprobs).

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
