//! A call as OpenTelemetry attributes, and back.
//!
//! [`names`] has every attribute name, once. [`mod@write`] turns a [`Call`](crate::call::Call) into attributes: of the user's
//! span, in the [`Dialect`] that they chose, and of a spool line, always in the newest. [`read`] is the only place that
//! knows what an attribute means: it reads spool lines, the collector's files and what `import` is given.
//!
//! A spool line is one line of the *OTLP file exporter* format: an `ExportTraceServiceRequest` as JSON for a call, an
//! `ExportLogsServiceRequest` with one event for everything else: `spanledger.call.later` for what was learnt afterwards,
//! the standard `gen_ai.evaluation.result` for a score, `spanledger.configuration` for a configuration,
//! `spanledger.call.content` for what was asked and answered, where its capture was asked for.
//!
//! | of a call | attribute |
//! | --- | --- |
//! | model, usage, finish reasons, … | `gen_ai.*`, by the semantic conventions |
//! | cost | `gen_ai.usage.cost` (a double), `spanledger.cost.*` (exact decimals as text), `spanledger.pricing.*` |
//! | confidence | `spanledger.confidence.*`, and the standard event `gen_ai.evaluation.result` |
//! | scores | that event |
//! | context | `user.id`, `gen_ai.conversation.id`, `spanledger.*` |
//! | outcome | status, `error.type`, `http.response.status_code`, `spanledger.ending` |
//!
//! Texts are capped at [`MAX_TEXT`] bytes, attached JSON at [`MAX_JSON`] and [`MAX_JSON_DEPTH`]; for calls within the caps,
//! reading what was written gives the same call back.

mod json;
pub mod names;
mod otlp;

#[cfg(feature = "ledger")]
pub(crate) mod line;
pub mod read;
pub mod write;

#[cfg(all(test, feature = "ledger"))]
mod round_trip;

/// The longest text that an attribute holds, in bytes; longer ones are cut at a character.
pub const MAX_TEXT: usize = 4 * 1024;
/// The largest JSON that `request_data`, `response_data` and a tag hold, in bytes; larger ones are replaced by a note.
pub const MAX_JSON: usize = 64 * 1024;
/// How deep it may be nested; deeper JSON is replaced by a note too. A line has four levels for each of these, and no reader
/// of JSON follows more than some hundred.
pub const MAX_JSON_DEPTH: usize = 24;

/// Which version of the semantic conventions a span speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// 1.41: what Jaeger and most backends read.
    #[default]
    V1_41,
    /// The newest of `semantic-conventions-genai`.
    Latest,
}

impl Dialect {
    /// What `OTEL_SEMCONV_STABILITY_OPT_IN` asks for: [`Latest`](Self::Latest) if it lists `gen_ai_latest_experimental`.
    #[must_use]
    pub fn from_env() -> Self {
        let asked = std::env::var("OTEL_SEMCONV_STABILITY_OPT_IN").unwrap_or_default();
        if asked.split(',').any(|word| word.trim() == "gen_ai_latest_experimental") {
            Self::Latest
        } else {
            Self::V1_41
        }
    }
}
