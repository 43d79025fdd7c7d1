//! Whose protocol is it, and what did it say: one file per wire protocol.
//!
//! A [`Provider`] recognises requests of its protocol by host and path and hands out a [`Reader`], which reads one
//! exchange. A whole JSON body is simply one [`Message`], so calls that stream and calls that do not share all code.
//!
//! Reading is best effort by design: nothing here can fail. What cannot be understood leaves fields empty.
//!
//! # What a reader fills
//!
//! Models, ids, finish reasons, tiers, counts, a cost that the provider itself states, errors inside a success, and the
//! sampling attributes. Never: prompts, answers, credentials, who the customer is (`user`, `metadata`, organisation ids).
//! It leaves to its caller what the wire does not say: times, [`Usage::source`](crate::call::Usage::source), and the error
//! type of an answer with status 400 or more, whose body goes to [`error::read`] and to no reader.
//!
//! Only a `POST` is a call: lists, files and the polling of background answers are not.
//!
//! # Adding a provider
//!
//! 1. A host that speaks a protocol we know: one line in `hosts.rs`.
//! 2. A new protocol: `provider/<name>.rs` with its tests, one line in [`PROVIDERS`], and a page that says what the
//!    provider reports and how it is read. Its messages are structs of the types in `lenient.rs`.

use std::{borrow::Cow, fmt};

use http::HeaderMap;

use crate::{
    call::{Call, Name},
    framing::Message,
};

pub mod error;
mod hosts;

mod anthropic;
mod anthropic_complete;
mod gemini;
mod gemini_embed;
mod gemini_interactions;
mod gemini_predict;
mod llama_cpp;
mod lm_studio;
mod mistral_conversations;
mod mistral_ocr;
mod ollama;
mod ollama_embed;
mod openai_audio;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_images;
mod openai_responses;
mod unbilled;

mod anthropic_usage;
mod azure;
mod gemini_usage;
mod google;
mod openai;
mod openai_chunks;
mod openai_usage;
mod stated_cost;

mod fill;
mod finish_reasons;
mod form;
mod lenient;
mod logprobs;
mod pattern;
mod secrets;
mod skim;

#[cfg(test)]
pub(crate) mod dialects;
#[cfg(test)]
mod testing;

pub use hosts::Hosts;
#[cfg(feature = "cli")]
pub(crate) use hosts::names;

/// Every protocol that is understood. The first that recognises a request reads it.
pub static PROVIDERS: &[&dyn Provider] = &[
    &openai_chat::OpenAiChat,
    &openai_responses::OpenAiResponses,
    &openai_completions::OpenAiCompletions,
    &ollama_embed::OllamaEmbed,
    &openai_embeddings::OpenAiEmbeddings,
    &openai_images::OpenAiImages,
    &openai_audio::OpenAiSpeech,
    &openai_audio::OpenAiTranscription,
    &anthropic::AnthropicMessages,
    &anthropic_complete::AnthropicComplete,
    &gemini::GeminiGenerate,
    &gemini_embed::GeminiEmbed,
    &gemini_predict::GeminiPredict,
    &gemini_interactions::GeminiInteractions,
    &ollama::OLLAMA_CHAT,
    &ollama::OLLAMA_GENERATE,
    &llama_cpp::LlamaCpp,
    &lm_studio::LmStudio,
    &mistral_conversations::MistralConversations,
    &mistral_ocr::MistralOcr,
    &unbilled::OPENAI_MODERATIONS,
    &unbilled::OPENAI_BATCHES,
    &unbilled::OPENAI_COUNT_TOKENS,
    &unbilled::ANTHROPIC_COUNT_TOKENS,
    &unbilled::ANTHROPIC_BATCHES,
    &unbilled::GEMINI_COUNT_TOKENS,
    &unbilled::GEMINI_BATCHES,
    &unbilled::GEMINI_CACHES,
];

/// Whether a request is an AI call, by whose protocol, and to whom it goes. `None`: it is none of our business.
#[must_use]
pub fn detect(head: &RequestHead<'_>, hosts: &Hosts) -> Option<(&'static dyn Provider, Detected)> {
    if head.method != "POST" {
        return None;
    }
    let path = clean(head.path);
    let head = RequestHead { path: &path, ..*head };
    let (provider, mut detected) = PROVIDERS.iter().find_map(|provider| Some((*provider, provider.detect(&head)?)))?;
    if let Some(name) = hosts.named(&head) {
        detected.provider = name.clone();
        detected.certain = true;
    }
    Some((provider, detected))
}

/// The path without doubled slashes and without one at its end.
fn clean(path: &str) -> Cow<'_, str> {
    let path = path.trim_end_matches('/');
    // (Searching for a text begins with a plan, which costs more than looking at so few bytes.)
    if !path.as_bytes().windows(2).any(|two| two == b"//") {
        return Cow::Borrowed(path);
    }
    let mut parts = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        parts.push('/');
        parts.push_str(part);
    }
    Cow::Owned(parts)
}

/// A part of a path in clear: `%3A` is `:` again.
fn decoded(part: &str) -> String {
    fill::name(&String::from_utf8_lossy(&percent_decoded(part.as_bytes())))
}

/// The bytes that percent-encoding stands for; what only looks like it stays.
pub(crate) fn percent_decoded(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    bytes
}

/// One AI API's wire protocol.
pub trait Provider: fmt::Debug + Send + Sync {
    /// The protocol's name, unique in [`PROVIDERS`]: `openai_chat`, `anthropic_messages`, …
    fn name(&self) -> &'static str;

    /// Recognises a request of this protocol. A path that other APIs might use too is only a hint: see [`Detected::certain`].
    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected>;

    /// A reader for one exchange.
    fn reader(&self) -> Box<dyn Reader>;
}

/// Reads one exchange. The calls come in this order, each at most once except `message`.
pub trait Reader: fmt::Debug + Send + Sync {
    /// The request body that comes next was too long to be held: strings were cut or members left out.
    fn request_is_cut(&mut self) {}

    /// The whole request body, decoded; not called where it cannot be known.
    fn request(&mut self, body: &[u8], call: &mut Call);

    /// The head of the response. Not called for requests that got none.
    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        let _ = (headers, call);
    }

    /// One message of a successful response: the whole JSON body, or one event of a stream.
    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress;

    /// The end, however it came: what was gathered becomes totals.
    fn finish(&mut self, call: &mut Call) {
        let _ = call;
    }
}

/// What a message meant for the course of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// It carried content: text, a tool call, reasoning, audio, a vector.
    pub content: bool,
    /// The protocol says that the answer is over: whatever the caller does next, the call is complete.
    pub over: bool,
    /// Where the text of the message is, if that is known already.
    pub words: Option<Words>,
}

/// The part of a message that is text: the inside of a JSON string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Where it begins, in bytes.
    pub start: u32,
    /// Its first byte that is none.
    pub end: u32,
}

impl Words {
    /// The bytes from one place to another; `None`: too far away for one message.
    pub(crate) fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self { start: start.try_into().ok()?, end: end.try_into().ok()? })
    }

    /// The text, in the message that it was found in.
    pub(crate) fn of(self, data: &[u8]) -> &[u8] {
        data.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl Progress {
    /// Neither content nor the end: a ping, a role, a count.
    pub const QUIET: Self = Self { content: false, over: false, words: None };
    /// Content.
    pub const CONTENT: Self = Self { content: true, over: false, words: None };
    /// The end.
    pub const OVER: Self = Self { content: false, over: true, words: None };
}

/// What a request looks like from outside: all that [`Provider::detect`] may look at.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The host, in lower case and without port.
    pub host: &'a str,
    /// The port, if it is not the scheme's own.
    pub port: Option<u16>,
    /// The path, percent-encoded as sent. ([`detect`] takes it raw and hands it to providers without doubled slashes and
    /// without one at its end.)
    pub path: &'a str,
    /// The raw query, without `?`. It may hold a key: read single parameters from it, never record it.
    pub query: Option<&'a str>,
    /// The headers. They hold credentials: read single ones, never record them.
    pub headers: &'a HeaderMap,
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A request that was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// `gen_ai.provider.name`.
    pub provider: Name,
    /// `gen_ai.operation.name`.
    pub operation: &'static str,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Whether it streams, where the path says so.
    pub stream: Option<bool>,
    /// `false`: an unknown host on a path that other APIs use too; it counts only if its JSON body names a model.
    pub certain: bool,
    /// `false`: no billed inference (token counting, moderation, creating a batch).
    pub billable: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{testing::detected, *};

    #[test]
    fn every_protocol_has_its_own_name() {
        let names: HashSet<_> = PROVIDERS.iter().map(|provider| provider.name()).collect();
        assert_eq!(names.len(), PROVIDERS.len());
    }

    /// Every line of the table: where, protocol, provider, operation, and the model and stream that the path names.
    #[test]
    fn host_and_path_tell_protocol_and_provider() {
        for line in include_str!("../../tests/fixtures/detection.txt").lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (url, expected) = line.split_once(" -> ").unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                detected(url, &Hosts::default()).unwrap_or_else(|| "nothing".to_owned()),
                expected.trim(),
                "{url}"
            );
        }
    }

    #[test]
    fn every_protocol_is_in_the_table_of_detection() {
        let table = include_str!("../../tests/fixtures/detection.txt");
        for provider in PROVIDERS {
            let line = format!(" -> {} ", provider.name());
            assert!(table.contains(&line), "tests/fixtures/detection.txt has no line for {}", provider.name());
        }
    }

    /// Whatever comes in whatever place: no reader panics, and none keeps what it should not.
    #[test]
    fn no_protocol_stumbles_over_odd_messages_or_keeps_what_was_said() {
        let odd = [
            "null",
            "[]",
            "{}",
            "7",
            "-1.5",
            "1e400",
            r#""secret""#,
            r#"["secret",null,[{}]]"#,
            r#"{"content":"secret","text":{"secret":0}}"#,
        ];
        let keys = [
            "id",
            "type",
            "object",
            "error",
            "message",
            "messages",
            "choices",
            "usage",
            "delta",
            "response",
            "output",
            "candidates",
            "usageMetadata",
            "done",
            "content",
            "contents",
            "prompt",
            "input",
            "system",
            "user",
            "metadata",
            "generationConfig",
            "options",
        ];
        for provider in PROVIDERS {
            let mut call = Call::default();
            let mut reader = provider.reader();
            let mut messages: Vec<String> = odd.iter().map(ToString::to_string).collect();
            for key in keys {
                messages.extend(odd.iter().map(|odd| format!(r#"{{"{key}":{odd}}}"#)));
                messages.push(format!(r#"{{"{key}":"#));
            }
            for body in &messages {
                reader.request(body.as_bytes(), &mut call);
                for event in [None, Some("message_start"), Some("x.delta"), Some("x.done")] {
                    reader.message(Message::whole(event, body.as_bytes()), &mut call);
                }
            }
            reader.finish(&mut call);
            // What stands where an id or a message of an error belongs is one.
            (call.response.id, call.outcome, call.extra) = Default::default();
            assert!(!format!("{call:?}").contains("secret"), "{} keeps what was said: {call:?}", provider.name());
        }
    }

    #[test]
    fn what_the_user_named_is_certain_and_wins() {
        let hosts = Hosts::default().name("llm.internal", "vllm").name("api.openai.com", "my_openai");
        assert_eq!(detected("http://llm.internal/v1/embeddings", &hosts).unwrap(), "openai_embeddings vllm embeddings");
        assert_eq!(
            detected("https://api.openai.com/v1/chat/completions", &hosts).unwrap(),
            "openai_chat my_openai chat"
        );
        assert_eq!(detected("http://llm.internal/metrics", &hosts), None);
    }

    #[test]
    fn only_a_post_is_a_call() {
        let head = RequestHead {
            method: "GET",
            host: "api.openai.com",
            port: None,
            path: "/v1/responses",
            query: None,
            headers: &HeaderMap::new(),
        };
        assert!(detect(&head, &Hosts::default()).is_none());
    }

    #[test]
    fn parts_of_a_path_are_decoded_and_broken_escapes_left_alone() {
        assert_eq!(decoded("a%3Ab%2fc"), "a:b/c");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
