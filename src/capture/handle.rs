//! What the caller learns of a call, and says about it later.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Instant, SystemTime},
};

use http::Extensions;
use opentelemetry::{
    Context,
    trace::{SpanId, TraceContextExt as _, TraceId},
};
use serde_json::Value;

use super::{answered::Names, keeper, recorder::Recorder, telemetry};
use crate::{
    call::{Call, RowId, Score, Timestamp},
    confidence::{Action, Confidence, Trust},
    model::ModelIdentifier,
};

/// A handle of one call, for what is known only after the answer was looked at.
///
/// What is said before the body ended is part of the row; what is said later follows as a record of its own. While a handle
/// lives, the call's *span* stays open for it (for 60 seconds at most, see [`Recorder::with_handle_timeout`]), with the
/// body's end as its end time; the *row* never waits.
///
/// A handle of something that was no AI call is inert: every method works and does nothing.
///
/// ```no_run
/// # async fn demo(http: reqwest_middleware::ClientWithMiddleware) -> Result<(), Box<dyn std::error::Error>> {
/// use spanledger::{CallHandle, Confidence};
///
/// let response = http.post("https://api.openai.com/v1/chat/completions").send().await?;
/// let call = CallHandle::from_response(&response);
/// let answer = response.text().await?;
/// call.confidence(Confidence::new(0.87).component("completeness", 0.85));
/// if answer.len() > 20 { call.accepted() } else { call.fell_back("too short") };
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct CallHandle(Option<Arc<Hold>>);

impl CallHandle {
    /// The handle of the call that this response answers.
    #[must_use]
    pub fn from_response(response: &impl HasExtensions) -> Self {
        Self(response.extensions().get::<WeakHandle>().map(|handle| Shared::hold(&handle.0)))
    }

    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Some(Shared::hold(shared)))
    }

    /// Whether this is a call that we watch.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// States how far the answer can be trusted.
    pub fn confidence(&self, confidence: Confidence) -> &Self {
        self.learn(Trust { confidence: Some(confidence), ..Trust::default() })
    }

    /// States that the answer was used.
    pub fn accepted(&self) -> &Self {
        self.learn(Trust { action: Some(Action::UseAiResult), ..Trust::default() })
    }

    /// States that the answer was not used, and why.
    pub fn fell_back(&self, reason: impl Into<String>) -> &Self {
        let fallback_reason = Some(reason.into());
        self.learn(Trust { action: Some(Action::FallbackToRules), fallback_reason, ..Trust::default() })
    }

    /// Attaches data about the answer. It is the application's own choice: nothing is taken from the answer itself.
    pub fn response_data(&self, data: impl Into<Value>) -> &Self {
        self.learn(Trust { response_data: Some(data.into()), ..Trust::default() })
    }

    /// States how the answer was judged: a named number, a label, or both. Of two scores with one name the later one stands;
    /// one that says nothing ([`Score::check`]) is left out.
    pub fn score(&self, score: Score) -> &Self {
        if let Some(hold) = &self.0
            && score.check().is_ok()
        {
            hold.0.score(score);
        }
        self
    }

    /// The id of the call's row; known once the body has ended, with a ledger that could take it.
    #[must_use]
    pub fn row_id(&self) -> Option<RowId> {
        self.state()?.ended.as_ref()?.row_id
    }

    /// The id that the row will have, for those who must name it before the body ends. It is hashed from what is known when
    /// a call begins.
    #[cfg_attr(not(feature = "proxy"), expect(dead_code, reason = "only a proxy names rows beforehand"))]
    pub(crate) fn coming_row_id(&self) -> Option<RowId> {
        let shared = &self.0.as_ref()?.0;
        shared.recorder.sink.as_ref()?.row_id(shared.ids, shared.started_at)
    }

    /// The model that answered; known once the body has ended.
    #[must_use]
    pub fn model(&self) -> Option<String> {
        self.state()?.ended.as_ref()?.names.model().map(ToOwned::to_owned)
    }

    /// The resolved model, as the row has it: `provider:model` or `client:<node id>:<model>`; known once the body has ended.
    #[must_use]
    pub fn model_identifier(&self) -> Option<ModelIdentifier> {
        self.state()?.ended.as_ref()?.names.identifier()
    }

    /// Who answered, as a line fit to show: `Mac Studio (llama3.1)`, `OpenAI (gpt-4o)`; known once the body has ended. The
    /// names of machines are those of [`Models`](crate::Models).
    #[must_use]
    pub fn answered_by(&self) -> Option<String> {
        let models = &self.0.as_ref()?.0.recorder.models;
        self.state()?.ended.as_ref()?.names.line(models)
    }

    /// The trace that the call belongs to.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        Some(self.0.as_ref()?.0.ids.0)
    }

    /// The call's span.
    #[must_use]
    pub fn span_id(&self) -> Option<SpanId> {
        Some(self.0.as_ref()?.0.ids.1)
    }

    fn state(&self) -> Option<MutexGuard<'_, State>> {
        Some(self.0.as_ref()?.0.state())
    }

    fn learn(&self, learnt: Trust) -> &Self {
        if let Some(hold) = &self.0 {
            hold.0.learn(learnt);
        }
        self
    }
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallHandle").field("trace_id", &self.trace_id()).field("row_id", &self.row_id()).finish()
    }
}

/// What carries extensions: responses, their parts, and extensions themselves.
pub trait HasExtensions {
    /// Its extensions.
    fn extensions(&self) -> &Extensions;
}

impl HasExtensions for Extensions {
    fn extensions(&self) -> &Extensions {
        self
    }
}

impl<B> HasExtensions for http::Response<B> {
    fn extensions(&self) -> &Extensions {
        self.extensions()
    }
}

impl HasExtensions for http::response::Parts {
    fn extensions(&self) -> &Extensions {
        &self.extensions
    }
}

/// Our one entry among a response's extensions. It does not keep the span open.
#[derive(Clone, Debug)]
pub(super) struct WeakHandle(pub(super) Arc<Shared>);

/// Keeps the span open; the last handle to go ends it.
struct Hold(Arc<Shared>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.end_span();
    }
}

/// What the watched exchange and its handles share.
#[derive(Debug)]
pub(super) struct Shared {
    recorder: Arc<Recorder>,
    ids: (TraceId, SpanId),
    started_at: Timestamp,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    holder: Weak<Hold>,
    /// What was learnt before the row was written; from then on, what the span says of it when it ends. Mostly nothing.
    trust: Option<Box<Trust>>,
    /// What was scored before the row was written. Mostly nothing.
    scores: Vec<Score>,
    /// The span, while it is open.
    span: Option<Context>,
    ended: Option<Ended>,
}

impl State {
    fn learn(&mut self, learnt: Trust) {
        self.trust.get_or_insert_default().learn(learnt);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("open", &self.span.is_some()).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// What is known once the body has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) at: SystemTime,
    pub(super) row_id: Option<RowId>,
    pub(super) names: Names,
}

impl Shared {
    pub(super) fn new(recorder: Arc<Recorder>, call: &Call, span: Option<Context>) -> Arc<Self> {
        let (ids, started_at) = ((call.identity.trace_id, call.identity.span_id), call.started_at);
        Arc::new(Self { recorder, ids, started_at, state: Mutex::new(State { span, ..State::default() }) })
    }

    /// Whether its call goes where this recorder's go.
    pub(super) fn is_of(&self, recorder: &Recorder) -> bool {
        let [ours, theirs] = [&self.recorder, recorder].map(|recorder| recorder.sink.as_ref().map(Arc::as_ptr));
        ours.zip(theirs).is_some_and(|(ours, theirs)| std::ptr::addr_eq(ours, theirs))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(shared: &Arc<Self>) -> Arc<Hold> {
        let mut state = shared.state();
        state.holder.upgrade().unwrap_or_else(|| {
            let hold = Arc::new(Hold(Arc::clone(shared)));
            state.holder = Arc::downgrade(&hold);
            hold
        })
    }

    /// What was learnt so far; what comes from now on is learnt after the end.
    pub(super) fn take_trust(&self) -> Trust {
        self.state().trust.take().map(|trust| *trust).unwrap_or_default()
    }

    /// The body has ended. `finish` writes the end onto the span, if it is there; the span itself ends now, or with the last
    /// handle, and is then told what was learnt: all at once, because the SDK keeps an attribute that is set twice twice.
    pub(super) fn end(self: &Arc<Self>, ended: Ended, trust: Trust, finish: impl FnOnce(&Context)) {
        let row_id = ended.row_id;
        let (held, late, scores) = {
            let mut state = self.state();
            if let Some(span) = &state.span {
                finish(span);
            }
            state.ended = Some(ended);
            // Said while the row was being written.
            let late = std::mem::replace(&mut state.trust, (!trust.is_empty()).then(|| Box::new(trust)));
            if let Some(late) = &late {
                state.learn(Trust::clone(late));
            }
            let late = late.filter(|trust| !trust.is_empty()).zip(row_id);
            let held = state.span.is_some() && state.holder.strong_count() > 0;
            (held, late, std::mem::take(&mut state.scores))
        };
        if let Some(row_id) = row_id {
            scores.into_iter().for_each(|score| self.recorder.score(row_id, score));
        }
        if let Some((trust, row_id)) = late {
            self.recorder.later(row_id, *trust);
        }
        if held {
            keeper::keep(self, Instant::now() + self.recorder.handle_timeout);
        } else {
            self.end_span();
        }
    }

    fn learn(&self, learnt: Trust) {
        let mut state = self.state();
        let Some(ended) = &state.ended else { return state.learn(learnt) };
        let row_id = ended.row_id;
        if state.span.is_some() {
            state.learn(learnt.clone());
        }
        drop(state);
        if let Some(row_id) = row_id {
            self.recorder.later(row_id, learnt);
        }
    }

    /// A score is an event of the span, as long as that is open, and a record of its own once there is a row.
    fn score(&self, score: Score) {
        let mut state = self.state();
        let span = state.span.clone();
        let row_id = match &state.ended {
            Some(ended) => ended.row_id,
            None => {
                state.scores.push(score.clone());
                None
            }
        };
        drop(state);
        if let Some(span) = span {
            // A span processor that panics is not the caller's failure.
            let _ = catch_unwind(AssertUnwindSafe(|| telemetry::scored(&span, &score)));
        }
        if let Some(row_id) = row_id {
            self.recorder.score(row_id, score);
        }
    }

    /// Ends the span, once, if the body has ended.
    pub(super) fn end_span(&self) {
        let (span, trust, at) = {
            let mut state = self.state();
            let Some(at) = state.ended.as_ref().map(|ended| ended.at) else { return };
            let Some(span) = state.span.take() else { return };
            (span, state.trust.take().unwrap_or_default(), at)
        };
        let end = || {
            telemetry::learnt(&span, &trust);
            span.span().end_with_timestamp(at);
        };
        // A span processor that panics is not the caller's failure.
        let _ = catch_unwind(AssertUnwindSafe(end));
    }
}
