//! One AI call: plain data that every other module speaks.
//!
//! `provider` fills a [`Call`] from the wire, `pricing` adds its [`Cost`], `span` turns it into OpenTelemetry attributes
//! and back, `spool` carries it and `store` keeps it as a row.
//!
//! Three rules hold everywhere:
//!
//! - **Unknown is not zero.** `None`: nobody said. `Some(0)`: somebody said zero.
//! - **Totals are inclusive**, as in the OpenTelemetry semantic conventions for generative AI: cache reads and writes are
//!   part of [`Usage::input_tokens`], reasoning is part of [`Usage::output_tokens`].
//! - **Money is decimal**: [`Usd`] is an exact number of pico-dollars (1e-12 USD), never a float.

mod build;
mod configuration;
mod content;
mod record;
mod row_id;
mod score;
mod timestamp;
mod usage;
mod usd;

use std::{borrow::Cow, time::Duration};

pub use configuration::{Configuration, Configured};
pub use content::Content;
pub use record::{Later, Record};
pub use row_id::{NotARowId, RowId};
pub use score::{NotAScore, Score, Scored};
pub use timestamp::Timestamp;
pub use usage::Usage;
pub use usd::{NotAnAmount, Usd};

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::{Map, Value};

use crate::{confidence::Trust, context::CallContext};

/// A string that is mostly one of ours (`"openai"`, `"chat"`), sometimes the caller's.
pub type Name = Cow<'static, str>;

/// One AI call and everything known about it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The ids of its span.
    pub identity: Identity,
    /// When the request was sent.
    pub started_at: Timestamp,
    /// When the response body ended, however it ended. Never before [`started_at`](Self::started_at).
    pub ended_at: Timestamp,
    /// How long it took by the monotonic clock; `None` where only the two timestamps are known.
    pub duration: Option<Duration>,
    /// From the request to the first *content* of a stream (comments, pings and role chunks are not content).
    pub time_to_first_chunk: Option<Duration>,
    /// `gen_ai.provider.name`: whose endpoint answered (`openai`, `anthropic`, `gcp.gemini`, `ollama`, …).
    pub provider: Name,
    /// `gen_ai.operation.name`: `chat`, `embeddings`, `generate_content`, `text_completion`, …
    pub operation: Name,
    /// What was asked.
    pub request: Request,
    /// What answered.
    pub response: Response,
    /// Host and port that were called.
    pub server: Server,
    /// Tokens and other units.
    pub usage: Usage,
    /// What it cost, as far as a price is known.
    pub cost: Cost,
    /// Who asked, and for what.
    pub context: CallContext,
    /// How far the answer can be trusted, and what was done with it.
    pub trust: Trust,
    /// How it ended.
    pub outcome: Outcome,
    /// Who told us of this call.
    pub source: Source,
    /// `Some(false)` for what is no billed inference (token counting, moderation, creating a batch); `None`: the ledger's
    /// rule for leaves decides.
    pub billable: Option<bool>,
    /// The service that made the call: OpenTelemetry's `service.name`.
    pub service_name: Option<String>,
    /// OpenTelemetry's `deployment.environment.name`.
    pub environment: Option<String>,
    /// Every further attribute by its name (`gen_ai.request.top_p`, `openai.response.system_fingerprint`, …).
    pub extra: Map<String, Value>,
}

impl Call {
    /// Whether the answer was a stream: one was asked for, and not refused. `None`: unknown.
    #[must_use]
    pub fn was_streamed(&self) -> Option<bool> {
        let refused = self.outcome.http_status.is_some_and(|status| status >= 400);
        self.request.stream.map(|asked| asked && !refused)
    }
}

/// The ids of a call's span. All zero: not known (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// The span it lies under.
    pub parent_span_id: Option<SpanId>,
    /// The nearest ancestor that is an AI call too, where that is known in this process.
    pub ai_parent_span_id: Option<SpanId>,
}

impl Default for Identity {
    fn default() -> Self {
        Self { trace_id: TraceId::INVALID, span_id: SpanId::INVALID, parent_span_id: None, ai_parent_span_id: None }
    }
}

/// What was asked. What has no column of its own (`top_p`, `max_tokens`, …) is in [`Call::extra`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The model that was asked for, as it was sent.
    pub model: Option<String>,
    /// Whether a stream was asked for. `None`: unknown.
    pub stream: Option<bool>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// The service tier that was asked for.
    pub service_tier: Option<String>,
}

/// What answered.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Response {
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Why generation stopped, one per choice, as spelled on the wire.
    pub finish_reasons: Vec<String>,
    /// The service tier that was served: the one that prices the call.
    pub service_tier: Option<String>,
}

/// Host and port that were called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// `server.address`.
    pub address: Option<String>,
    /// `server.port`.
    pub port: Option<u16>,
}

/// What a call cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The whole cost; `None`: not known.
    pub total: Option<Usd>,
    /// The part for input.
    pub input: Option<Usd>,
    /// The part for output.
    pub output: Option<Usd>,
    /// How the price was found; `None`: nobody has priced this call yet.
    pub status: Option<PricingStatus>,
    /// Where the price comes from: `provider`, `genai-prices`, or the user's price file.
    pub price_source: Option<Name>,
    /// Which version of that source, and which entry.
    pub price_version: Option<String>,
}

/// How a call ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Which ending the body had.
    pub ending: Ending,
    /// The HTTP status; `None`: no head arrived, or the call was not over HTTP.
    pub http_status: Option<u16>,
    /// OpenTelemetry's `error.type`: the HTTP status as text, a provider's code inside a 200, or the kind of failure.
    /// Present exactly when the call is an error.
    pub error_type: Option<String>,
    /// The provider's words, else the kind of failure.
    pub error_message: Option<String>,
}

impl Outcome {
    /// Whether the call failed: no answer, HTTP 400 and up, an error inside a 200, or a body that broke.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.error_type.is_some()
    }
}

/// Declares an enum of words: the variants, their spelling in columns and attributes, and the way back.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant,)* }

        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that columns and attributes use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value a word stands for.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How the body of the answer ended.
    #[derive(Default)]
    Ending {
        /// It ended, or the protocol said that it was over.
        #[default]
        Complete = "complete",
        /// The caller dropped it before that.
        Cancelled = "cancelled",
        /// No head arrived, or the body broke.
        Failed = "failed",
    }
}

words! {
    /// Where the counts of a [`Usage`] come from.
    #[derive(Default)]
    UsageSource {
        /// The provider reported them.
        Provider = "provider",
        /// The provider reported some, and the answer broke off before the rest, or was too long for all of it to be counted.
        Partial = "partial",
        /// We estimated them.
        Estimated = "estimated",
        /// There are none.
        #[default]
        None = "none",
    }
}

words! {
    /// How a price was found.
    PricingStatus {
        /// The provider stated the cost itself.
        ProviderReported = "provider_reported",
        /// A price of exactly this model.
        Exact = "exact",
        /// A price of the model that this name is an alias or a dated snapshot of.
        Alias = "alias",
        /// Some of what was used has no price: the cost is a lower bound.
        Partial = "partial",
        /// No price is known: the cost is unknown, not zero.
        Unpriced = "unpriced",
    }
}

words! {
    /// Who told us of a call. Of two versions of one row, the later in this list wins.
    #[derive(Default)]
    Source {
        /// A span of another library.
        Foreign = "foreign",
        /// A span with `spanledger.*` attributes, over OTLP.
        Otlp = "otlp",
        /// Our own capture, or `Ledger::record`.
        #[default]
        Capture = "capture",
    }
}
