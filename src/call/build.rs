//! Building a call by hand, for what never crosses HTTP: a local model, a batch job.

use std::time::Duration;

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;

use super::{Call, Ending, Name, PricingStatus, Timestamp, UsageSource, Usd};
use crate::{
    confidence::{Action, Confidence},
    context::CallContext,
};

/// Setters that can be chained, in any order. What is not said stays unknown, and counts may be given as they are known:
/// `150` or `Some(150)` or `None`.
///
/// ```
/// use std::time::Duration;
/// use spanledger::{Call, CallContext};
///
/// let call = Call::new("ollama", "chat")
///     .model("llama3.1")
///     .tokens(150, 80)
///     .duration(Duration::from_millis(420))
///     .context(CallContext::new("session_memory").user(7));
/// assert_eq!(call.usage.total_tokens(), Some(230));
/// ```
impl Call {
    /// A call of a provider (`openai`, `ollama`, a name of your own for a local model) and an operation (`chat`,
    /// `embeddings`, `text_completion`, …).
    #[must_use]
    pub fn new(provider: impl Into<Name>, operation: impl Into<Name>) -> Self {
        Self { provider: provider.into(), operation: operation.into(), ..Self::default() }
    }

    /// A call of a model by its identifier, `provider:model` or `client:<node id>:<model>`, which names provider and model.
    #[must_use]
    pub fn of_model(identifier: impl Into<String>, operation: impl Into<Name>) -> Self {
        Self::new("", operation).context(CallContext::default().model_identifier(identifier))
    }

    /// The model that was asked for: what is priced, unless another one answered.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.request.model = Some(model.into());
        self
    }

    /// The model that answered.
    #[must_use]
    pub fn response_model(mut self, model: impl Into<String>) -> Self {
        self.response.model = Some(model.into());
        self
    }

    /// The provider's id of the answer.
    #[must_use]
    pub fn response_id(mut self, id: impl Into<String>) -> Self {
        self.response.id = Some(id.into());
        self
    }

    /// Why generation stopped, one for each choice.
    #[must_use]
    pub fn finish_reason(mut self, reason: impl Into<String>) -> Self {
        self.response.finish_reasons.push(reason.into());
        self
    }

    /// Whether the answer was a stream.
    #[must_use]
    pub const fn streamed(mut self, streamed: bool) -> Self {
        self.request.stream = Some(streamed);
        self
    }

    /// The sampling temperature.
    #[must_use]
    pub const fn temperature(mut self, temperature: f64) -> Self {
        self.request.temperature = Some(temperature);
        self
    }

    /// All input tokens, cached ones included, and all output tokens, reasoning included.
    #[must_use]
    pub fn tokens(mut self, input: impl Into<Option<u64>>, output: impl Into<Option<u64>>) -> Self {
        self.usage.input_tokens = input.into();
        self.usage.output_tokens = output.into();
        self
    }

    /// Input tokens that were read from a cache and written to one: parts of the input.
    #[must_use]
    pub fn cache_tokens(mut self, read: impl Into<Option<u64>>, written: impl Into<Option<u64>>) -> Self {
        self.usage.cache_read_tokens = read.into();
        self.usage.cache_write_tokens = written.into();
        self
    }

    /// Reasoning tokens: a part of the output.
    #[must_use]
    pub fn reasoning_tokens(mut self, count: impl Into<Option<u64>>) -> Self {
        self.usage.reasoning_tokens = count.into();
        self
    }

    /// A rarer unit (`images`, `input_audio_seconds`, `web_searches`, …) by the name that prices have for it.
    #[must_use]
    pub fn unit(mut self, name: impl Into<Name>, amount: f64) -> Self {
        self.usage.details.insert(name.into(), amount);
        self
    }

    /// Says that the counts are estimates.
    #[must_use]
    pub const fn estimated(mut self) -> Self {
        self.usage.source = UsageSource::Estimated;
        self
    }

    /// What the call cost, as the application knows it: no price is looked up. `Usd::ZERO` says that it was free.
    ///
    /// The row's `pricing_status` is `provider_reported` (nobody but who states it can redo it) and its `price_source` is
    /// `caller`.
    #[must_use]
    pub fn cost(mut self, amount: impl Into<Option<Usd>>) -> Self {
        self.cost.total = amount.into();
        self.cost.status = self.cost.total.map(|_| PricingStatus::ProviderReported);
        self.cost.price_source = self.cost.total.map(|_| Name::Borrowed("caller"));
        self
    }

    /// How long it took. A call that says neither when it started nor when it ended ended when it is recorded.
    #[must_use]
    pub fn duration(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.duration = duration.into();
        self
    }

    /// When it started.
    #[must_use]
    pub fn started_at(mut self, moment: impl Into<Timestamp>) -> Self {
        self.started_at = moment.into();
        self
    }

    /// When it ended.
    #[must_use]
    pub fn ended_at(mut self, moment: impl Into<Timestamp>) -> Self {
        self.ended_at = moment.into();
        self
    }

    /// How long a stream took to its first content.
    #[must_use]
    pub const fn time_to_first_chunk(mut self, duration: Duration) -> Self {
        self.time_to_first_chunk = Some(duration);
        self
    }

    /// Who asked, and for what. What it does not say, an earlier one does.
    #[must_use]
    pub fn context(mut self, context: CallContext) -> Self {
        self.context = context.or(&self.context);
        self
    }

    /// The call failed: the kind of failure (`timeout`, `out_of_memory`, `429`, …) and words on it.
    #[must_use]
    pub fn error(mut self, kind: impl Into<String>, message: impl Into<String>) -> Self {
        self.outcome.ending = Ending::Failed;
        self.outcome.error_type = Some(kind.into());
        self.outcome.error_message = Some(message.into()).filter(|message: &String| !message.is_empty());
        self
    }

    /// The HTTP status, where there was one. 400 and up is an error.
    #[must_use]
    pub const fn http_status(mut self, status: u16) -> Self {
        self.outcome.http_status = Some(status);
        self
    }

    /// How far the answer can be trusted.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.trust.confidence = Some(confidence);
        self
    }

    /// The answer was used.
    #[must_use]
    pub const fn accepted(mut self) -> Self {
        self.trust.action = Some(Action::UseAiResult);
        self
    }

    /// The answer was not used, and why.
    #[must_use]
    pub fn fell_back(mut self, reason: impl Into<String>) -> Self {
        self.trust.action = Some(Action::FallbackToRules);
        self.trust.fallback_reason = Some(reason.into());
        self
    }

    /// Attaches data about the answer. Data about the request is [`CallContext::request_data`].
    #[must_use]
    pub fn response_data(mut self, data: impl Into<Value>) -> Self {
        self.trust.response_data = Some(data.into());
        self
    }

    /// Any further attribute by its name (`gen_ai.request.top_p`, `my.shop.region`, …): kept in `extra`.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// The ids of its span, for a call that has a span already or that may be recorded twice: with the same ids and the same
    /// start it is one row.
    #[must_use]
    pub const fn ids(mut self, trace_id: TraceId, span_id: SpanId) -> Self {
        self.identity.trace_id = trace_id;
        self.identity.span_id = span_id;
        self
    }
}
