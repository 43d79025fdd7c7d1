//! The table of calls: what is asked, and what must be known of it afterwards.

use axum::Router;
use serde_json::{Value, json};

use super::{Pace, anthropic, gemini, ollama, openai};

/// An API that we can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    OpenAi,
    Anthropic,
    Gemini,
    Ollama,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Ollama];

    /// `gen_ai.provider.name`.
    pub const fn provider(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gcp.gemini",
            Self::Ollama => "ollama",
        }
    }

    /// Its server, as a value: `tower::ServiceExt::oneshot` calls it without a socket.
    pub fn app(self, pace: Pace) -> Router {
        match self {
            Self::OpenAi => openai::app(pace),
            Self::Anthropic => anthropic::app(pace),
            Self::Gemini => gemini::app(pace),
            Self::Ollama => ollama::app(pace),
        }
    }

    /// Its calls.
    pub const fn scenarios(self) -> &'static [Scenario] {
        match self {
            Self::OpenAi => openai::SCENARIOS,
            Self::Anthropic => anthropic::SCENARIOS,
            Self::Gemini => gemini::SCENARIOS,
            Self::Ollama => ollama::SCENARIOS,
        }
    }
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique over all APIs.
    pub name: &'static str,
    pub api: Api,
    pub path: &'static str,
    pub model: &'static str,
    pub prompt: &'static str,
    /// Whether the answer comes as a stream.
    pub streamed: bool,
    pub operation: &'static str,
    /// What the answer's head says.
    pub status: u16,
    /// What the row says if the answer is read to its end.
    pub counts: Counts,
    /// What the row says if the caller stops after three chunks; equal to `counts` for answers in one piece.
    pub abandoned: Counts,
    pub finish_reasons: &'static [&'static str],
    /// Whether somebody has a price for the model.
    pub priced: bool,
}

/// The counts of a row, totals inclusive. `None`: the provider does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub input: Option<u64>,
    pub output: Option<u64>,
    pub cache_read: Option<u64>,
    pub cache_write: Option<u64>,
    pub reasoning: Option<u64>,
}

impl Counts {
    /// The provider says nothing.
    pub const UNKNOWN: Self = Self { input: None, output: None, cache_read: None, cache_write: None, reasoning: None };

    /// Input and output, nothing else.
    pub const fn of(input: u64, output: u64) -> Self {
        Self { input: Some(input), output: Some(output), ..Self::UNKNOWN }
    }

    /// With tokens read from a cache.
    pub const fn read(mut self, cached: u64) -> Self {
        self.cache_read = Some(cached);
        self
    }

    /// With tokens written to a cache.
    pub const fn written(mut self, written: u64) -> Self {
        self.cache_write = Some(written);
        self
    }

    /// With reasoning.
    pub const fn reasoned(mut self, reasoning: u64) -> Self {
        self.reasoning = Some(reasoning);
        self
    }

    /// As long as the last word on the output is missing.
    pub const fn without_output(mut self) -> Self {
        self.output = None;
        self.reasoning = None;
        self
    }
}

impl Scenario {
    /// A chat in one piece, answered by `counts`.
    pub const fn new(name: &'static str, api: Api, path: &'static str, model: &'static str, counts: Counts) -> Self {
        Self {
            name,
            api,
            path,
            model,
            prompt: "Which finish suits this floor?",
            streamed: false,
            operation: "chat",
            status: 200,
            counts,
            abandoned: counts,
            finish_reasons: &["stop"],
            priced: true,
        }
    }

    pub const fn prompt(mut self, prompt: &'static str) -> Self {
        self.prompt = prompt;
        self
    }

    /// As a stream, of which `abandoned` is known after three chunks.
    pub const fn streamed(mut self, abandoned: Counts) -> Self {
        self.streamed = true;
        self.abandoned = abandoned;
        self
    }

    pub const fn operation(mut self, operation: &'static str) -> Self {
        self.operation = operation;
        self
    }

    pub const fn finish(mut self, reasons: &'static [&'static str]) -> Self {
        self.finish_reasons = reasons;
        self
    }

    /// Refused with this status.
    pub const fn refused(mut self, status: u16, prompt: &'static str) -> Self {
        self.status = status;
        self.prompt = prompt;
        self.counts = Counts::UNKNOWN;
        self.abandoned = Counts::UNKNOWN;
        self.finish_reasons = &[];
        self.priced = false;
        self
    }

    pub const fn unpriced(mut self) -> Self {
        self.priced = false;
        self
    }

    /// The request's body.
    pub fn body(&self) -> Value {
        let message = json!([{"role": "user", "content": self.prompt}]);
        let mut body = match (self.api, self.operation) {
            (Api::Gemini, "embeddings") => json!({"content": {"parts": [{"text": self.prompt}]}}),
            (Api::Gemini, _) => json!({"contents": [{"role": "user", "parts": [{"text": self.prompt}]}]}),
            (_, "embeddings") => json!({"model": self.model, "input": self.prompt}),
            (_, "text_completion") => json!({"model": self.model, "prompt": self.prompt}),
            (Api::Anthropic, _) => json!({"model": self.model, "max_tokens": 512, "messages": message}),
            _ if self.path.ends_with("/responses") => json!({"model": self.model, "input": self.prompt}),
            _ => json!({"model": self.model, "messages": message}),
        };
        if self.streamed && self.api != Api::Gemini {
            body["stream"] = true.into();
            if self.asks_for_usage() {
                body["stream_options"] = json!({"include_usage": true});
            }
        } else if self.api == Api::Ollama && self.operation != "embeddings" {
            body["stream"] = false.into();
        }
        body
    }

    /// An OpenAI stream has no usage unless it is asked for.
    fn asks_for_usage(&self) -> bool {
        let asks = self.path.ends_with("/completions");
        self.api == Api::OpenAi && asks && self.counts != Counts::UNKNOWN
    }
}

/// Every scenario of every API.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    Api::ALL.into_iter().flat_map(|api| api.scenarios())
}

/// The scenario of this name.
pub fn named(name: &str) -> Option<&'static Scenario> {
    all().find(|scenario| scenario.name == name)
}
