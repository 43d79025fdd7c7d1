//! Writing without HTTP: calls, scores and configurations that the application tells of.

use serde_json::Value;

use super::Ledger;
use crate::{
    Call,
    call::{Configuration, Configured, RowId, Score, Timestamp},
    capture::{recorder::Sink as _, told},
    span::line,
    store,
};

impl Ledger {
    /// Records a call that never crosses the middleware: a local model, a batch job. Its row's id; `None`: the spool could
    /// not take it, which [`health`](Self::health) counts.
    ///
    /// It never fails and never waits for the store, and needs no runtime. What the call does not say follows from what it
    /// says: a duration alone means that it ended now (a start or an end that is left at its default is not said), a model
    /// alone is priced by the ledger's prices, an identifier (`client:1:llama3.1`) names provider and model. The scope around
    /// it ([`CallContext::scope`](crate::CallContext::scope)) adds to its context. It becomes a span under the current one,
    /// as a watched call does, unless it has ids already.
    ///
    /// A call without ids gets random ones and is a new row each time. For one that may be recorded twice, give it the same
    /// [ids](Call::ids) and the same start: then it is one row.
    ///
    /// ```no_run
    /// # fn demo() -> Result<(), spanledger::ledger::Error> {
    /// use std::time::{Duration, Instant};
    /// use spanledger::{Call, CallContext, Ledger};
    ///
    /// let ledger = Ledger::open_blocking("sqlite://usage.db")?;
    /// let start = Instant::now();
    /// // … the model runs …
    /// let call = Call::new("llama.cpp", "chat").model("llama3.1").tokens(150, 80).duration(start.elapsed());
    /// let row_id = ledger.record(call.context(CallContext::new("session_memory").user(7)));
    /// let left = ledger.shutdown_blocking(Duration::from_secs(5));
    /// # let _ = (row_id, left); Ok(()) }
    /// ```
    pub fn record(&self, call: Call) -> Option<RowId> {
        told::record(&self.recorder, call, None)
    }

    /// As [`record`](Self::record), with what was asked (a text, a list of messages, or a whole request) and what was
    /// answered (a text or JSON). Give `Value::Null` for what is not known.
    ///
    /// Neither is kept, unless content capture was asked for ([`content`](crate::content)): then both pass the redaction hook
    /// and the caps, as those of a watched call do. A text call that says no token counts gets estimates of them.
    pub fn record_with_content(
        &self,
        call: Call,
        asked: impl Into<Value>,
        answered: impl Into<Value>,
    ) -> Option<RowId> {
        told::record(&self.recorder, call, Some(&[asked.into(), answered.into()]))
    }

    /// Records how a call was judged, now or much later, also before its row is there or in another process. Of two scores
    /// of one call with one name the later one stands.
    ///
    /// `false`: the score says nothing that can be kept ([`Score::check`] tells why), or the spool could not take it, which
    /// [`health`](Self::health) counts. It never fails and never waits for the store, and needs no runtime.
    ///
    /// ```no_run
    /// # fn demo(ledger: spanledger::Ledger) -> Result<(), Box<dyn std::error::Error>> {
    /// use spanledger::call::Score;
    ///
    /// let row_id = "0f8fad5b-d9cb-569f-a165-70867728950e".parse()?;
    /// ledger.score(row_id, Score::new("accuracy", 0.93).label("pass"));
    /// # Ok(()) }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "whoever scores need not look")]
    pub fn score(&self, row_id: RowId, score: Score) -> bool {
        self.inner.score(row_id, score)
    }

    /// Records a configuration, and gives its id for [`CallContext::configuration`](crate::CallContext::configuration). The
    /// id is hashed from the content, so equal content has the same id, in every process and for ever; of two names for it
    /// the later one stands.
    ///
    /// It never fails and never waits for the store, and needs no runtime. What the spool could not take is counted by
    /// [`health`](Self::health).
    ///
    /// ```no_run
    /// # fn demo(ledger: spanledger::Ledger) {
    /// use serde_json::json;
    /// use spanledger::{CallContext, call::Configuration};
    ///
    /// let id = ledger.configuration(Configuration::new("cheap", json!({"stage_models": {"extract": ["gpt-4.1"]}})));
    /// let context = CallContext::new("extract").configuration(id);
    /// # let _ = context; }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "it may be recorded for its own sake")]
    pub fn configuration(&self, configuration: Configuration) -> String {
        let id = store::configuration_id(&configuration.content);
        let configured = Configured { id, recorded_at: Timestamp::now(), configuration };
        self.inner.append(line::configuration(&configured));
        configured.id
    }
}
