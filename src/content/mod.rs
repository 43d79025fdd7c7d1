//! What was asked and answered, kept only where somebody asked for it.
//!
//! Without a [`ContentCapture`] nothing of this runs: no body is copied, parsed or held. With one, the messages of the
//! request and the answer of each call are gathered while they pass, shown to the redaction hook, capped, and then given to
//! the ledger (a record of its own, which becomes a row of `ai_call_content`), to the span, or to both.
//!
//! # Asking for it
//!
//! In code with [`Recorder::with_content`](crate::Recorder::with_content) or the ledger's builder (`capture_content`), which
//! win over the environment; else with `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`:
//!
//! | value (in any case) | ledger | span |
//! | --- | --- | --- |
//! | `true`, `SPAN_AND_EVENT` | yes | yes |
//! | `EVENT_ONLY` (the ledger's record is an event) | yes | |
//! | `SPAN_ONLY` | | yes |
//! | `false`, `NO_CONTENT`, empty, anything else | | |
//!
//! # What is kept
//!
//! | | |
//! | --- | --- |
//! | `request` | the messages, always a list, each as its protocol spells it; a system prompt that stands apart comes first, and a prompt or input that is a text becomes a message of the user |
//! | `prompt` | the text of the last of them that is the user's |
//! | `response` | the answer as its protocol spells it; that of a stream is put together from its pieces, in the shape of an answer that is no stream |
//! | on the span | `gen_ai.input.messages` and `gen_ai.output.messages`, in the shape of the semantic conventions |
//!
//! Streams are put together for the protocols of OpenAI (chat, completions, responses), Anthropic, Gemini and Ollama, and for
//! what speaks like them; of other streams the messages are kept as a list. The beginning of an abandoned stream is kept.
//!
//! Never kept: headers, the keys of the request (where they are repeated in what is said, `[key]` stands for them), sampling parameters and definitions of tools, forms (an upload of a recording or a picture),
//! the vectors of embeddings, errors and what a refusal (HTTP 400 and up) says, and bodies that are no JSON, such as audio.
//!
//! # Redaction
//!
//! The hook of [`ContentCapture::redaction`] gets each [`Part`] before anything leaves the process, and gives back what may be
//! kept. The prompt is taken from what it leaves of the request, so it cannot differ. A hook that panics or refuses costs
//! the value and never the row, whose `extra` then says so under `spanledger.content.dropped` (`redaction failed`, or
//! `redacted` where the hook kept nothing). A panic is told once, as the `tracing` event
//! `spanledger.content.redaction_failed`, and each is counted in `Ledger::health()`.
//!
//! # Caps
//!
//! Each part is at most [`ContentCapture::limit`] bytes of JSON: long strings are shortened and say by how much, then lists
//! lose their older items. It stays valid JSON, and the hook sees it before.
//!
//! What a call in flight holds is bounded too. A request that the client has in one piece (reqwest) is held up to 256 KiB; of
//! a longer one, of one that passes in pieces (tower) beyond 64 KiB, and of an answer beyond 64 KiB that is no stream, there
//! is only the short form that [`Elided`](crate::framing::Elided) describes, in at most 136 KiB. That is what the hook then
//! sees. Of a request it is said in the row's `extra`, under `spanledger.content.shortened`.
//!
//! # Adding a protocol's stream
//!
//! A `fold` in `answer/`, a line in `answer::Shape::of`, and a stream in its tests.

mod answer;
mod cap;
mod gathered;
mod request;
mod semantic;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde_json::Value;

pub(crate) use gathered::{Captured, Gathered};

/// The environment variable that asks for content.
pub const VARIABLE: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

/// What a part takes at most if nobody says otherwise, in bytes of JSON.
pub const LIMIT: usize = 64 * 1024;

/// One of the two sides of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The messages that are sent.
    Request,
    /// The answer.
    Response,
}

type Redaction = dyn Fn(Part, Value) -> Option<Value> + Send + Sync;

/// Asks for what is said in calls to be kept: where, how much of it, and through which hook.
///
/// ```
/// use serde_json::Value;
/// use spanledger::{ContentCapture, content::Part};
///
/// let capture = ContentCapture::new().redaction(|part, value| match part {
///     Part::Request => Some(value),
///     Part::Response => None, // answers are not kept
///     _ => None,
/// });
/// ```
#[derive(Clone)]
#[must_use]
pub struct ContentCapture {
    pub(crate) to_ledger: bool,
    pub(crate) to_spans: bool,
    limit: usize,
    redaction: Option<Arc<Redaction>>,
}

/// Without the hook, which has no text.
impl fmt::Debug for ContentCapture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentCapture")
            .field("to_ledger", &self.to_ledger)
            .field("to_spans", &self.to_spans)
            .field("limit", &self.limit)
            .field("redaction", &self.redaction.is_some())
            .finish()
    }
}

impl Default for ContentCapture {
    fn default() -> Self {
        Self::new()
    }
}

impl ContentCapture {
    /// Content goes to the ledger, and not to spans.
    pub const fn new() -> Self {
        Self { to_ledger: true, to_spans: false, limit: LIMIT, redaction: None }
    }

    /// What the environment asks for; `None`: nothing.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        Self::named(&std::env::var(VARIABLE).ok()?)
    }

    /// What a value of [`VARIABLE`] asks for; `None`: nothing.
    fn named(value: &str) -> Option<Self> {
        let (to_ledger, to_spans) = match value.trim().to_ascii_lowercase().as_str() {
            "true" | "span_and_event" => (true, true),
            "event_only" => (true, false),
            "span_only" => (false, true),
            _ => return None,
        };
        Some(Self { to_ledger, to_spans, ..Self::new() })
    }

    /// Whether content goes to the ledger; yes by default.
    pub const fn to_ledger(mut self, wanted: bool) -> Self {
        self.to_ledger = wanted;
        self
    }

    /// Whether content goes to the span, and with it to whatever your spans are exported to; no by default.
    pub const fn to_spans(mut self, wanted: bool) -> Self {
        self.to_spans = wanted;
        self
    }

    /// The most that a part may take, in bytes of JSON: [`LIMIT`] by default, and at most that for what is no stream.
    pub const fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Shows each part to a hook before it leaves the process, and keeps what the hook gives back; `None`: nothing of it.
    ///
    /// It runs where the body of the answer ends, on the caller's thread, so it should be quick. If it panics, the value is
    /// dropped.
    pub fn redaction(mut self, hook: impl Fn(Part, Value) -> Option<Value> + Send + Sync + 'static) -> Self {
        self.redaction = Some(Arc::new(hook));
        self
    }

    /// What may be kept of a value.
    fn redacted(&self, part: Part, value: Value) -> Result<Value, Dropped> {
        let Some(hook) = &self.redaction else { return Ok(value) };
        match catch_unwind(AssertUnwindSafe(|| hook(part, value))) {
            Ok(kept) => kept.ok_or(Dropped::Redacted),
            Err(_) => Err(Dropped::Failed),
        }
    }
}

/// Why a value was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dropped {
    /// The hook kept nothing of it.
    Redacted,
    /// The hook panicked.
    Failed,
}

impl Dropped {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Redacted => "redacted",
            Self::Failed => "redaction failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_asks_in_the_words_of_opentelemetry() {
        for (value, wanted) in [
            ("true", Some((true, true))),
            ("SPAN_AND_EVENT", Some((true, true))),
            (" event_only ", Some((true, false))),
            ("SPAN_ONLY", Some((false, true))),
            ("false", None),
            ("NO_CONTENT", None),
            ("", None),
            ("yes please", None),
        ] {
            let asked = ContentCapture::named(value).map(|capture| (capture.to_ledger, capture.to_spans));
            assert_eq!(asked, wanted, "{value:?}");
        }
    }

    #[test]
    fn a_hook_that_panics_costs_the_value() {
        let capture = ContentCapture::new().redaction(|part, value| match part {
            Part::Request => panic!("on purpose"),
            Part::Response => value.is_string().then_some(value),
        });
        assert_eq!(capture.redacted(Part::Request, Value::Null), Err(Dropped::Failed));
        assert_eq!(capture.redacted(Part::Response, Value::Null), Err(Dropped::Redacted));
        assert_eq!(capture.redacted(Part::Response, "a".into()), Ok("a".into()));
    }
}
