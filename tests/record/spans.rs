//! A call that is told becomes a span too. The tracer provider is global, so this file has one test.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    Value as OtelValue, global,
    trace::{Span as _, SpanKind, TraceContextExt as _, Tracer as _},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use spanledger::{Call, Confidence, call::Timestamp};

use super::{Desk, SOON, rows};

fn attribute<'a>(span: &'a SpanData, name: &str) -> Option<&'a OtelValue> {
    let found: Vec<_> = span.attributes.iter().filter(|attribute| attribute.key.as_str() == name).collect();
    assert!(found.len() < 2, "{name} comes twice");
    found.first().map(|attribute| &attribute.value)
}

#[test]
fn a_call_that_is_told_is_a_span_under_the_current_one_and_knows_its_row() {
    let desk = Desk::open();
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .with_simple_exporter(desk.ledger.span_exporter())
        .build();
    global::set_tracer_provider(provider.clone());
    let outer = global::tracer("test").start("job");
    let outer_context = outer.span_context().clone();
    let started = Timestamp::from_micros(1_790_000_000_000_000);
    let (row, marked) = {
        let _active = opentelemetry::Context::current_with_span(outer).attach();
        let call = Call::new("mine", "chat").model("m").tokens(1, 2).confidence(Confidence::new(0.5));
        let row = desk.ledger.record(call.started_at(started).duration(Duration::from_secs(2))).unwrap();
        // One that has a span already gets no second one.
        let marked = Call::new("mine", "chat").ids(7.into(), 8.into());
        (row, desk.ledger.record(marked))
    };
    assert!(marked.is_some());
    provider.force_flush().unwrap();
    let spans: Vec<_> = spans.get_finished_spans().unwrap().into_iter().filter(|span| span.name == "chat m").collect();
    let [span] = spans.as_slice() else { unreachable!("one span: {spans:?}") };
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.parent_span_id, outer_context.span_id());
    assert_eq!(
        (span.start_time, span.end_time),
        (SystemTime::from(started), SystemTime::from(started.after(Duration::from_secs(2))))
    );
    assert_eq!(attribute(span, "spanledger.row.id"), Some(&OtelValue::from(row.to_string())));
    assert_eq!(attribute(span, "gen_ai.usage.input_tokens"), Some(&OtelValue::from(1)));
    assert_eq!(attribute(span, "spanledger.confidence.score"), Some(&OtelValue::from(0.5)));
    assert_eq!(span.events[0].name, "gen_ai.evaluation.result");
    assert_eq!(desk.ledger.flush_blocking(SOON).waiting, 0);
    let sql = "SELECT count(*), count(parent_span_id) FROM usage_log";
    assert_eq!(desk.ask(sql), rows![[2, 1]], "the exporter of the same ledger writes no second row");
}
