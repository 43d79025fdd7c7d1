//! The OpenTelemetry side of a call: its span, its ids, and the context that the inner call runs in.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use http::HeaderMap;
use opentelemetry::{
    Context, InstrumentationScope, KeyValue, global,
    propagation::Injector,
    trace::{
        SpanContext, SpanId, SpanKind, SpanRef, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
        Tracer as _,
    },
};

use crate::{
    call::{Call, Identity, RowId, Score},
    confidence::Trust,
    span::{
        Dialect, names,
        write::{self, AttributeName, AttributeValue, Attributes},
    },
};

/// One for each dialect: its schema says what the attributes mean.
static SCOPES: LazyLock<[InstrumentationScope; 2]> = LazyLock::new(|| {
    ["https://opentelemetry.io/schemas/1.41.0", "https://opentelemetry.io/schemas/gen-ai/1.42.0"].map(|schema| {
        InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(schema)
            .build()
    })
});

fn scope(dialect: Dialect) -> &'static InstrumentationScope {
    let [stable, latest] = &*SCOPES;
    match dialect {
        Dialect::V1_41 => stable,
        Dialect::Latest => latest,
    }
}

/// Marks the OpenTelemetry context inside an AI call: the nearest AI ancestor of what is called there.
#[derive(Clone, Copy, Debug)]
struct AiAncestor(TraceId, SpanId);

/// A started call: its ids, the context for the inner call, and whether the span is a real one.
pub(super) struct Started {
    pub(super) identity: Identity,
    pub(super) context: Context,
    pub(super) has_span: bool,
}

/// Starts the span (or, without a tracer provider, just makes ids) as a child of the current context.
pub(super) fn start(call: &Call, dialect: Dialect, spans: bool) -> Started {
    let parent = Context::current();
    let parent_span = parent.span().span_context().clone();
    let mut context = if spans { parent.with_span(start_span(call, dialect, &parent)) } else { parent.clone() };
    let own = context.span().span_context().clone();
    // The no-op tracer returns the parent's context: two calls under one parent would share their ids.
    let has_span = spans && own.is_valid() && own.span_id() != parent_span.span_id();
    let own = if has_span {
        own
    } else {
        let made = made_up(&parent_span);
        context = parent.with_remote_span_context(made.clone());
        made
    };
    let ancestor = parent.get::<AiAncestor>().filter(|ancestor| ancestor.0 == own.trace_id());
    let identity = Identity {
        trace_id: own.trace_id(),
        span_id: own.span_id(),
        parent_span_id: parent_span.is_valid().then(|| parent_span.span_id()),
        ai_parent_span_id: ancestor.map(|ancestor| ancestor.1),
    };
    let context = context.with_value(AiAncestor(own.trace_id(), own.span_id()));
    Started { identity, context, has_span }
}

fn start_span(call: &Call, dialect: Dialect, parent: &Context) -> global::BoxedSpan {
    // Looked up per call: a tracer taken before the provider is set stays silent for ever.
    let tracer = global::tracer_with_scope(scope(dialect).clone());
    let mut attributes: Vec<KeyValue> = Vec::with_capacity(write::AT_START);
    write::write_start(call, &mut attributes);
    tracer
        .span_builder(write::span_name(call))
        .with_kind(SpanKind::Client)
        .with_start_time(SystemTime::from(call.started_at))
        .with_attributes(attributes)
        .start_with_context(&tracer, parent)
}

/// Ids of our own: in the parent's trace, if there is one.
fn made_up(parent: &SpanContext) -> SpanContext {
    let (trace_id, flags, state) = if parent.is_valid() {
        (parent.trace_id(), parent.trace_flags(), parent.trace_state().clone())
    } else {
        let trace_id = TraceId::from(u128::from(random()) << 64 | u128::from(random()));
        (trace_id, TraceFlags::default(), TraceState::default())
    };
    SpanContext::new(trace_id, SpanId::from(random()), flags, true, state)
}

/// Writes the end of a call onto its span. The span is ended by whoever holds it.
pub(super) fn finish(context: &Context, call: &Call, dialect: Dialect, row_id: Option<RowId>) {
    let span = context.span();
    if !span.is_recording() {
        return;
    }
    // Not those that it started with: the SDK keeps an attribute that is set twice twice.
    let mut attributes = Batches { span: &span, batch: Vec::with_capacity(BATCH) };
    write::write_end(call, dialect, &mut attributes);
    let mut last = attributes.batch;
    if let Some(row_id) = row_id {
        last.push(KeyValue::new(names::ROW_ID, row_id.text()));
    }
    span.set_attributes(last);
    if let Some(kind) = &call.outcome.error_type {
        let message = call.outcome.error_message.clone().unwrap_or_else(|| kind.clone());
        span.set_status(Status::error(message));
    }
}

/// So many attributes at once: allocators are slow with what is larger than 1 KiB.
const BATCH: usize = 1024 / size_of::<KeyValue>();

/// Gives attributes to a span, many at once: each time locks it.
struct Batches<'a, 'c> {
    span: &'a SpanRef<'c>,
    batch: Vec<KeyValue>,
}

impl Attributes for Batches<'_, '_> {
    fn put(&mut self, name: AttributeName<'_>, value: AttributeValue<'_>) {
        if self.batch.len() >= BATCH {
            self.span.set_attributes(self.batch.drain(..));
        }
        self.batch.put(name, value);
    }
}

/// What was asked and what was answered, as JSON, onto a span.
pub(super) fn content(context: &Context, [input, output]: [Option<String>; 2]) {
    let named = [(names::INPUT_MESSAGES, input), (names::OUTPUT_MESSAGES, output)];
    let attributes: Vec<_> = named.into_iter().filter_map(|(name, said)| Some(KeyValue::new(name, said?))).collect();
    if !attributes.is_empty() {
        context.span().set_attributes(attributes);
    }
}

/// Marks a span that was begun for what turned out to be no AI call, so that no reader takes it for one.
pub(super) fn disown(context: &Context) {
    context.span().set_attribute(KeyValue::new(names::NO_CALL, true));
}

/// Writes what was learnt of the answer onto the span, and the standard event for a score.
pub(super) fn learnt(context: &Context, trust: &Trust) {
    if trust.is_empty() || !context.span().is_recording() {
        return;
    }
    let mut attributes: Vec<KeyValue> = Vec::new();
    write::write_learnt(trust, &mut attributes);
    context.span().set_attributes(attributes);
    if let Some(score) = trust.confidence.as_ref().and_then(crate::Confidence::score) {
        let attributes =
            vec![KeyValue::new(names::EVALUATION_NAME, "confidence"), KeyValue::new(names::EVALUATION_SCORE, score)];
        context.span().add_event(names::EVALUATION_RESULT, attributes);
    }
}

/// Writes a score onto the span: the standard event.
pub(super) fn scored(context: &Context, score: &Score) {
    if context.span().is_recording() {
        let mut attributes: Vec<KeyValue> = Vec::new();
        write::write_score(score, &mut attributes);
        context.span().add_event(names::EVALUATION_RESULT, attributes);
    }
}

/// The trace's headers, by the global propagator.
pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    struct Headers<'a>(&'a mut HeaderMap);
    impl Injector for Headers<'_> {
        fn set(&mut self, key: &str, value: String) {
            if let (Ok(name), Ok(value)) = (key.parse::<http::HeaderName>(), value.parse::<http::HeaderValue>()) {
                self.0.insert(name, value);
            }
        }
    }
    global::get_text_map_propagator(|propagator| propagator.inject_context(context, &mut Headers(headers)));
}

/// A random number that is not zero: the standard library's keyed hash of a counter, the process (a fork inherits the keys)
/// and the clock.
fn random() -> u64 {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut hasher = KEYS.build_hasher();
    hasher.write_u64(COUNTER.fetch_add(1, Ordering::Relaxed));
    hasher.write_u32(std::process::id());
    hasher.write_i64(crate::call::Timestamp::now().micros());
    hasher.finish().max(1)
}
