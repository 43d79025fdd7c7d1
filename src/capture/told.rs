//! A call that the application tells of itself: one that never crossed HTTP.
//!
//! What it does not say follows from what it says, as it would for a watched call. It becomes a span too, unless it has the
//! ids of one already.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context,
    trace::{SpanId, TraceContextExt as _, TraceId},
};
use serde_json::Value;

use super::{Recorder, baggage, meter::Meter, telemetry};
use crate::{
    call::{Call, Ending, Name, PricingStatus, RowId, Source, Timestamp, UsageSource},
    content::Captured,
    context,
    model::ModelIdentifier,
    span::read::doubles,
};

/// Records a call: to the spool first, to a span second. `None`: it could not be taken. With what was asked and answered, where
/// that is told too.
pub(crate) fn record(recorder: &Recorder, mut call: Call, said: Option<&[Value; 2]>) -> Option<RowId> {
    let told = || {
        complete(recorder, &mut call, said);
        let span = begin(recorder, &mut call);
        let (of_span, of_row) = said.map_or_else(Default::default, |said| content(recorder, &mut call, said));
        let sink = recorder.sink.as_ref()?;
        let row_id = sink.call(&mut call);
        if let (Some(row_id), Some(captured)) = (row_id, of_row) {
            sink.content(row_id, captured, &call);
        }
        if let Some(span) = span {
            end(&span, recorder, &mut call, row_id, of_span);
        }
        row_id
    };
    // Our own failure is never the caller's.
    catch_unwind(AssertUnwindSafe(told)).ok().flatten()
}

/// What span and row get of what was said: nothing, unless that was asked for.
fn content(recorder: &Recorder, call: &mut Call, said: &[Value; 2]) -> ([Option<String>; 2], Option<Captured>) {
    let Some(capture) = recorder.captures() else { return Default::default() };
    let captured = Captured::told(capture, said, call);
    let of_span = if capture.to_spans && recorder.spans { captured.on_span() } else { Default::default() };
    (of_span, capture.to_ledger.then_some(captured))
}

/// Everything that follows from what was told.
fn complete(recorder: &Recorder, call: &mut Call, said: Option<&[Value; 2]>) {
    call.source = Source::Capture;
    call.context = context::resolve(Some(&call.context));
    if recorder.baggage {
        call.context = std::mem::take(&mut call.context).or(&baggage::context());
    }
    name_model(call);
    recorder.models.apply(call);
    recorder.models.apply_to_answer(call);
    let unknown = |name: &mut Name| {
        if name.trim().is_empty() {
            *name = Name::Borrowed("unknown");
        }
    };
    unknown(&mut call.provider);
    unknown(&mut call.operation);
    time(call, Timestamp::now());
    fail(call);
    call.usage.check();
    if call.usage.is_empty() {
        call.usage.source = UsageSource::None;
    } else if call.usage.source == UsageSource::None {
        call.usage.source = UsageSource::Provider;
    }
    if let Some(said) = said.filter(|_| recorder.estimates && !call.outcome.is_error()) {
        let mut meter = Meter::of(call);
        meter.told(said);
        meter.fill(call);
    }
    if !call.extra.is_empty() {
        doubles::take_out(call);
    }
    if call.cost.total.is_some() && call.cost.status.is_none() {
        call.cost.status = Some(PricingStatus::ProviderReported);
        call.cost.price_source.get_or_insert(Name::Borrowed("caller"));
    }
    // Whatever a price list holds, it costs no row.
    if let Ok(cost) = catch_unwind(AssertUnwindSafe(|| recorder.prices.price(call))) {
        call.cost = cost;
    }
}

/// Where only the identifier of a model was said, it names provider and model.
fn name_model(call: &mut Call) {
    let Some(Ok(identifier)) = call.context.model_identifier.as_deref().map(str::parse::<ModelIdentifier>) else {
        return;
    };
    if call.provider.is_empty() {
        call.provider = identifier.provider().map_or(Name::Borrowed("client"), |name| name.to_owned().into());
    }
    call.request.model.get_or_insert_with(|| identifier.model().to_owned());
}

/// When it began and ended: what is not said follows from the rest, at last from now.
fn time(call: &mut Call, now: Timestamp) {
    let said = |moment: Timestamp| Some(moment).filter(|moment| *moment != Timestamp::default());
    let lasted = call.duration.unwrap_or(Duration::ZERO);
    (call.started_at, call.ended_at) = match (said(call.started_at), said(call.ended_at)) {
        (Some(started), Some(ended)) => (started, ended),
        (Some(started), None) if call.duration.is_some() => (started, started.after(lasted)),
        (Some(started), None) => (started, now),
        (None, ended) => {
            let ended = ended.unwrap_or(now);
            (ended.before(lasted), ended)
        }
    };
    call.ended_at = call.ended_at.max(call.started_at);
}

/// An error has a kind; so has what broke, and an HTTP status of 400 and up.
fn fail(call: &mut Call) {
    let outcome = &mut call.outcome;
    let status = outcome.http_status.filter(|status| *status >= 400);
    let broken = outcome.ending == Ending::Failed || outcome.error_message.is_some();
    if outcome.error_type.is_none() {
        outcome.error_type = status.map(|status| status.to_string()).or_else(|| broken.then(|| "_OTHER".to_owned()));
    }
    if outcome.error_type.is_some() && outcome.error_message.is_none() {
        outcome.error_message = outcome.error_type.clone();
    }
}

/// Gives the call its ids, and begins its span. A call that has ids has a span.
fn begin(recorder: &Recorder, call: &mut Call) -> Option<Context> {
    let identity = &call.identity;
    if identity.trace_id != TraceId::INVALID && identity.span_id != SpanId::INVALID {
        return None;
    }
    let spans = recorder.spans && !Context::is_current_telemetry_suppressed();
    // A sampler or a span processor that panics costs the span, and not the row.
    let begun = catch_unwind(AssertUnwindSafe(|| telemetry::start(call, recorder.dialect, spans)))
        .unwrap_or_else(|_| telemetry::start(call, recorder.dialect, false));
    call.identity = begun.identity;
    begun.has_span.then_some(begun.context)
}

fn end(span: &Context, recorder: &Recorder, call: &mut Call, row_id: Option<RowId>, content: [Option<String>; 2]) {
    let trust = std::mem::take(&mut call.trust);
    let end = || {
        telemetry::finish(span, call, recorder.dialect, row_id);
        telemetry::content(span, content);
        telemetry::learnt(span, &trust);
        span.span().end_with_timestamp(SystemTime::from(call.ended_at));
    };
    let _ = catch_unwind(AssertUnwindSafe(end));
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

    fn timed(call: Call) -> (i64, i64) {
        let mut call = call;
        time(&mut call, NOW);
        (call.started_at.micros() - NOW.micros(), call.ended_at.micros() - NOW.micros())
    }

    #[test]
    fn what_is_not_said_of_the_time_follows_from_the_rest() {
        let call = || Call::new("ollama", "chat");
        let (second, at) = (Duration::from_secs(1), |micros: i64| Timestamp::from_micros(NOW.micros() + micros));
        assert_eq!(timed(call()), (0, 0));
        assert_eq!(timed(call().duration(second)), (-1_000_000, 0));
        assert_eq!(timed(call().started_at(at(-5))), (-5, 0));
        assert_eq!(timed(call().started_at(at(-5)).duration(second)), (-5, 999_995));
        assert_eq!(timed(call().duration(second).started_at(at(-5))), (-5, 999_995), "in any order");
        assert_eq!(timed(call().ended_at(at(-5)).duration(second)), (-1_000_005, -5));
        assert_eq!(timed(call().started_at(at(-5)).ended_at(at(-3))), (-5, -3));
        assert_eq!(timed(call().started_at(at(-3)).ended_at(at(-5))), (-3, -3), "it never ends before it starts");
    }

    #[test]
    fn an_error_has_a_kind_and_words() {
        let failed = |mut call: Call| {
            fail(&mut call);
            (call.outcome.error_type.unwrap_or_default(), call.outcome.error_message.unwrap_or_default())
        };
        let both = |kind: &str, message: &str| (kind.to_owned(), message.to_owned());
        let call = || Call::new("ollama", "chat");
        assert_eq!(failed(call()), both("", ""));
        assert_eq!(failed(call().http_status(429)), both("429", "429"));
        assert_eq!(failed(call().error("timeout", "after 30 s")), both("timeout", "after 30 s"));
        assert_eq!(failed(call().error("timeout", "")), both("timeout", "timeout"));
        let mut only_words = call();
        only_words.outcome.error_message = Some("out of memory".to_owned());
        assert_eq!(failed(only_words), both("_OTHER", "out of memory"));
    }
}
