//! A stream of each protocol, and what its whole says. A new one is an entry of [`STREAMS`], with a file in
//! `fixtures/streams/`.

/// A stream, and what its whole says.
pub(crate) struct Stream {
    pub(crate) protocol: &'static str,
    pub(crate) body: &'static [u8],
    pub(crate) content_type: &'static str,
    pub(crate) url: &'static str,
    pub(crate) model: Option<&'static str>,
    pub(crate) finish_reason: &'static str,
    /// Input, output, and what was read from the cache.
    pub(crate) counts: (Option<u64>, Option<u64>, Option<u64>),
    /// Whether the protocol has a last message.
    pub(crate) says_when_it_is_over: bool,
}

const COUNTS: (Option<u64>, Option<u64>, Option<u64>) = (Some(1424), Some(208), Some(1024));
const UNCACHED: (Option<u64>, Option<u64>, Option<u64>) = (Some(1424), Some(208), None);
const EVENTS: &str = "text/event-stream; charset=utf-8";

macro_rules! stream {
    ($file:literal) => {
        include_bytes!(concat!("../fixtures/streams/", $file))
    };
}

/// Gemini has two: as events, and as an array.
pub(crate) const STREAMS: [Stream; 16] = [
    Stream {
        protocol: "openai_chat",
        body: stream!("openai_chat.sse"),
        content_type: EVENTS,
        url: "https://api.openai.com/v1/chat/completions",
        model: Some("gpt-4o-mini-2024-07-18"),
        finish_reason: "stop",
        counts: COUNTS,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "openai_responses",
        body: stream!("openai_responses.sse"),
        content_type: EVENTS,
        url: "https://api.openai.com/v1/responses",
        model: Some("gpt-4o-mini-2024-07-18"),
        finish_reason: "",
        counts: COUNTS,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "openai_completions",
        body: stream!("openai_completions.sse"),
        content_type: EVENTS,
        url: "https://api.openai.com/v1/completions",
        model: Some("gpt-3.5-turbo-instruct:20230824-v2"),
        finish_reason: "stop",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "openai_images",
        body: stream!("openai_images.sse"),
        content_type: EVENTS,
        url: "https://api.openai.com/v1/images/generations",
        model: None,
        finish_reason: "",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "openai_speech",
        body: stream!("openai_speech.sse"),
        content_type: EVENTS,
        url: "https://api.openai.com/v1/audio/speech",
        model: None,
        finish_reason: "",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "openai_transcription",
        body: stream!("openai_transcription.sse"),
        content_type: EVENTS,
        url: "https://api.openai.com/v1/audio/transcriptions",
        model: None,
        finish_reason: "",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "anthropic_messages",
        body: stream!("anthropic_messages.sse"),
        content_type: "text/event-stream",
        url: "https://api.anthropic.com/v1/messages",
        model: Some("claude-sonnet-4-5-20250929"),
        finish_reason: "end_turn",
        counts: COUNTS,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "anthropic_complete",
        body: stream!("anthropic_complete.sse"),
        content_type: "text/event-stream",
        url: "https://api.anthropic.com/v1/complete",
        model: Some("claude-2.1"),
        finish_reason: "stop_sequence",
        counts: (None, None, None),
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "gemini_generate",
        body: stream!("gemini_generate.sse"),
        content_type: "text/event-stream",
        url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        model: Some("gemini-2.5-flash"),
        finish_reason: "STOP",
        counts: COUNTS,
        says_when_it_is_over: false,
    },
    Stream {
        protocol: "gemini_generate",
        body: stream!("gemini_generate.json"),
        content_type: "application/json; charset=UTF-8",
        url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        model: Some("gemini-2.5-flash"),
        finish_reason: "STOP",
        counts: COUNTS,
        says_when_it_is_over: false,
    },
    Stream {
        protocol: "gemini_interactions",
        body: stream!("gemini_interactions.sse"),
        content_type: "text/event-stream",
        url: "https://generativelanguage.googleapis.com/v1beta/interactions",
        model: Some("gemini-2.5-flash"),
        finish_reason: "",
        counts: COUNTS,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "mistral_conversations",
        body: stream!("mistral_conversations.sse"),
        content_type: EVENTS,
        url: "https://api.mistral.ai/v1/conversations",
        model: Some("mistral-small-2506"),
        finish_reason: "",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "lm_studio",
        body: stream!("lm_studio.sse"),
        content_type: "text/event-stream",
        url: "http://localhost:1234/api/v1/chat",
        model: Some("qwen3-8b"),
        finish_reason: "",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "llama_cpp",
        body: stream!("llama_cpp.sse"),
        content_type: "text/event-stream",
        url: "http://localhost:8080/completion",
        model: Some("/models/oak.gguf"),
        finish_reason: "eos",
        counts: COUNTS,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "ollama_chat",
        body: stream!("ollama_chat.ndjson"),
        content_type: "application/x-ndjson",
        url: "http://localhost:11434/api/chat",
        model: Some("llama3.2:1b"),
        finish_reason: "stop",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
    Stream {
        protocol: "ollama_generate",
        body: stream!("ollama_generate.ndjson"),
        content_type: "application/x-ndjson",
        url: "http://localhost:11434/api/generate",
        model: Some("llama3.2:1b"),
        finish_reason: "stop",
        counts: UNCACHED,
        says_when_it_is_over: true,
    },
];

/// Protocols whose answers are never streams.
pub(crate) const WHOLE: [&str; 13] = [
    "mistral_ocr",
    "ollama_embed",
    "openai_embeddings",
    "gemini_embed",
    "gemini_predict",
    "openai_moderations",
    "openai_batches",
    "openai_count_tokens",
    "anthropic_count_tokens",
    "anthropic_batches",
    "gemini_count_tokens",
    "gemini_batches",
    "gemini_caches",
];
