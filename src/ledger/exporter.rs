//! A `SpanExporter` for the AI spans of other libraries.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::{Array, Value as OtelValue};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use serde_json::{Value, json};

use super::{
    Inner,
    under::{Place, Under},
};
use crate::span::names;

/// Appends the AI spans of *other* libraries (rig, genai, an agent framework, our layer without a ledger) to the spool.
///
/// It takes what has `gen_ai.*` attributes and no `spanledger.row.id`: calls that passed a layer of this ledger have their
/// row already. Use it with `with_simple_exporter`: appending is synchronous and quick, and nothing queues in front of it.
///
/// A call counts unless another one lies under it, with spans that are no AI calls between them or not. Spans end before
/// those that they lie under, so this is known when the outer one ends; a call that outlives the span it lies under, with
/// others between, is counted beside it.
///
/// Such spans are subject to your sampler and to what the other library says. The ledger's own layers are neither.
#[derive(Debug)]
pub struct LedgerSpanExporter {
    ledger: Arc<Inner>,
    resource: Mutex<Vec<Value>>,
    under: Mutex<Under>,
}

impl LedgerSpanExporter {
    pub(super) fn new(ledger: Arc<Inner>) -> Self {
        Self { ledger, resource: Mutex::default(), under: Mutex::default() }
    }
}

impl SpanExporter for LedgerSpanExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let resource = self.resource.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut refused = 0;
        for span in &batch {
            let is_call = is_call(span);
            let place = self.under.lock().unwrap_or_else(PoisonError::into_inner).ended(span, is_call);
            if is_call && !has_row(span) && !self.ledger.append(encode(span, &resource, place)) {
                refused += 1;
            }
        }
        match refused {
            0 => Ok(()),
            count => Err(OTelSdkError::InternalFailure(format!("the spool could not take {count} AI spans"))),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        let text = |name: &'static str| {
            let value = resource.get(&opentelemetry::Key::from_static_str(name))?.to_string();
            // What the SDK says of a service that nobody named.
            (!value.starts_with("unknown_service")).then_some(value)
        };
        self.ledger.learn_resource(text(names::SERVICE_NAME), text(names::ENVIRONMENT));
        let (service_name, environment) = self.ledger.service();
        let ours = [(names::SERVICE_NAME, service_name), (names::ENVIRONMENT, environment)];
        let others = resource.iter().filter(|(key, _)| ours.iter().all(|(name, _)| key.as_str() != *name));
        let mut attributes: Vec<Value> = others.map(|(key, value)| attribute(key.as_str(), value)).collect();
        attributes.extend(ours.into_iter().filter_map(|(name, value)| Some(attribute(name, &value?.into()))));
        *self.resource.lock().unwrap_or_else(PoisonError::into_inner) = attributes;
    }
}

/// Whether a span is an AI call. A tool that a model asked for is none, unless it says what it used.
fn is_call(span: &SpanData) -> bool {
    let has = |wanted: fn(&str) -> bool| span.attributes.iter().any(|attribute| wanted(attribute.key.as_str()));
    let is_tool = span
        .attributes
        .iter()
        .any(|kept| kept.key.as_str() == names::OPERATION_NAME && kept.value.as_str() == names::EXECUTE_TOOL);
    has(|name| name.starts_with("gen_ai."))
        && !has(|name| name == names::NO_CALL)
        && (!is_tool || has(names::makes_a_call_of_a_tool))
}

/// Whether one of our layers has written its row.
fn has_row(span: &SpanData) -> bool {
    span.attributes.iter().any(|attribute| attribute.key.as_str() == names::ROW_ID)
}

/// A span of the SDK as a line of OTLP JSON. Of an attribute that was set twice the reader takes the last.
fn encode(span: &SpanData, resource: &[Value], place: Place) -> Vec<u8> {
    let nanos = |time: std::time::SystemTime| crate::call::Timestamp::from(time).unix_nanos().to_string();
    let parent = span.parent_span_id;
    let parent = if parent == opentelemetry::trace::SpanId::INVALID { String::new() } else { parent.to_string() };
    let kept = span.attributes.iter().filter(|attribute| !names::is_content(attribute.key.as_str()));
    let mut attributes: Vec<Value> = kept.map(|kept| attribute(kept.key.as_str(), &kept.value)).collect();
    if place == Place::AroundCalls {
        attributes.push(attribute(names::BILLABLE, &false.into()));
    }
    let status = match &span.status {
        opentelemetry::trace::Status::Error { description } => json!({"code": 2, "message": description}),
        opentelemetry::trace::Status::Ok => json!({"code": 1}),
        opentelemetry::trace::Status::Unset => json!({}),
    };
    let scope = &span.instrumentation_scope;
    let line = json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{
            "scope": {"name": scope.name(), "version": scope.version().unwrap_or_default()},
            "spans": [{
                "traceId": span.span_context.trace_id().to_string(),
                "spanId": span.span_context.span_id().to_string(),
                "parentSpanId": parent,
                "name": span.name,
                "kind": 3,
                "startTimeUnixNano": nanos(span.start_time),
                "endTimeUnixNano": nanos(span.end_time),
                "attributes": attributes,
                "status": status,
            }],
        }],
    }]});
    line.to_string().into_bytes()
}

fn attribute(key: &str, value: &OtelValue) -> Value {
    json!({"key": key, "value": any_value(value)})
}

fn any_value(value: &OtelValue) -> Value {
    let list = |values: Vec<Value>| json!({"arrayValue": {"values": values}});
    let int = |number: &i64| json!({"intValue": number.to_string()});
    // OTLP's JSON has no NaN.
    let double = |number: &f64| if number.is_finite() { json!({"doubleValue": number}) } else { json!({}) };
    match value {
        OtelValue::Bool(truth) => json!({"boolValue": truth}),
        OtelValue::I64(number) => int(number),
        OtelValue::F64(number) => double(number),
        OtelValue::String(text) => json!({"stringValue": text.as_str()}),
        OtelValue::Array(Array::Bool(values)) => list(values.iter().map(|truth| json!({"boolValue": truth})).collect()),
        OtelValue::Array(Array::I64(values)) => list(values.iter().map(int).collect()),
        OtelValue::Array(Array::F64(values)) => list(values.iter().map(double).collect()),
        OtelValue::Array(Array::String(values)) => {
            list(values.iter().map(|text| json!({"stringValue": text.as_str()})).collect())
        }
        other => json!({"stringValue": other.to_string()}),
    }
}
