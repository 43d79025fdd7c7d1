//! Call → attributes.

use opentelemetry::{Array, Key, KeyValue, StringValue};
use serde_json::Value;

use super::{Dialect, MAX_JSON, MAX_JSON_DEPTH, MAX_TEXT, names};
use crate::{
    call::{Call, Cost, Name, Score, Usage},
    confidence::Trust,
    context::CallContext,
};

/// The name of an attribute: one of ours, or one with a variable end.
#[derive(Clone, Copy, Debug)]
pub enum AttributeName<'a> {
    /// One of [`names`].
    Fixed(&'static str),
    /// A prefix of ours and the caller's word.
    Prefixed(&'static str, &'a str),
    /// A name that came with the call.
    Given(&'a str),
}

/// The value of an attribute, with the type that it keeps.
#[derive(Clone, Copy, Debug)]
pub enum AttributeValue<'a> {
    /// A text.
    Text(&'a str),
    /// A word of ours, which nobody needs to copy.
    Word(&'static str),
    /// A whole number.
    Int(i64),
    /// A number. Never NaN or infinite: OTLP's JSON has neither.
    Double(f64),
    /// A truth.
    Bool(bool),
    /// A list of texts.
    Texts(&'a [String]),
    /// Any JSON.
    Json(&'a Value),
}

/// What attributes are written to: the user's span or a spool line.
pub trait Attributes {
    /// Takes one attribute. No name comes twice.
    fn put(&mut self, name: AttributeName<'_>, value: AttributeValue<'_>);
}

/// The span's name: `{operation} {model}`.
#[must_use]
pub fn span_name(call: &Call) -> String {
    let (operation, model) = name_parts(call);
    model.map_or_else(|| operation.to_owned(), |model| [operation, " ", model].concat())
}

/// The two words of [`span_name`].
pub(super) fn name_parts(call: &Call) -> (&str, Option<&str>) {
    (&call.operation, call.request.model.as_deref().map(cap))
}

/// Writes everything known of a call, except its ids, times and status: those are the span's own fields.
pub fn write(call: &Call, dialect: Dialect, to: &mut impl Attributes) {
    write_start(call, to);
    write_end(call, dialect, to);
}

/// Writes the attributes that are known when the span starts, and that samplers look at.
pub(crate) fn write_start(call: &Call, to: &mut impl Attributes) {
    let mut to = Writer(to);
    to.name(names::OPERATION_NAME, Some(&call.operation));
    to.name(names::PROVIDER_NAME, Some(&call.provider).filter(|name| !name.is_empty()));
    to.text(names::SERVER_ADDRESS, call.server.address.as_deref());
    to.int(names::SERVER_PORT, call.server.port.map(i64::from));
    to.text(names::REQUEST_MODEL, call.request.model.as_deref());
}

/// How many attributes [`write_start`] writes at most.
pub(crate) const AT_START: usize = 5;

/// Writes all the others.
pub(crate) fn write_end(call: &Call, dialect: Dialect, to: &mut impl Attributes) {
    let mut to = Writer(to);
    to.bool(names::REQUEST_STREAM, call.request.stream);
    to.double(names::REQUEST_TEMPERATURE, call.request.temperature);
    to.text(names::OPENAI_REQUEST_SERVICE_TIER, call.request.service_tier.as_deref());

    to.text(names::RESPONSE_ID, call.response.id.as_deref());
    to.text(names::RESPONSE_MODEL, call.response.model.as_deref());
    if !call.response.finish_reasons.is_empty() {
        to.put(names::RESPONSE_FINISH_REASONS, AttributeValue::Texts(&call.response.finish_reasons));
    }
    to.text(names::OPENAI_RESPONSE_SERVICE_TIER, call.response.service_tier.as_deref());
    to.double(names::RESPONSE_TIME_TO_FIRST_CHUNK, call.time_to_first_chunk.map(|time| time.as_secs_f64()));

    write_usage(&call.usage, dialect, &mut to);
    write_cost(&call.cost, &mut to);

    to.word(names::ENDING, Some(call.outcome.ending.as_str()));
    to.int(names::HTTP_STATUS, call.outcome.http_status.map(i64::from));
    to.text(names::ERROR_TYPE, call.outcome.error_type.as_deref());
    to.text(names::ERROR_MESSAGE, call.outcome.error_message.as_deref());
    to.double(names::DURATION_MS, call.duration.map(|time| time.as_secs_f64() * 1e3));
    to.bool(names::BILLABLE, call.billable);
    if let Some(parent) = call.identity.ai_parent_span_id {
        to.text(names::AI_PARENT_SPAN_ID, Some(&parent.to_string()));
    }

    write_context(&call.context, &mut to);
    write_trust(&call.trust, &mut to);
    for (name, value) in &call.extra {
        let value = match (name.as_str(), dialect, value.as_f64()) {
            (names::REQUEST_TOP_K, Dialect::V1_41, Some(number)) => &Value::from(number),
            _ => value,
        };
        let name = names::usual(name).map_or(AttributeName::Given(name), AttributeName::Fixed);
        to.json(name, Some(value));
    }
}

/// Writes what was learnt of an answer after its end.
pub(crate) fn write_learnt(trust: &Trust, to: &mut impl Attributes) {
    write_trust(trust, &mut Writer(to));
}

/// Writes a score as the semantic conventions have it.
pub(crate) fn write_score(score: &Score, to: &mut impl Attributes) {
    let mut to = Writer(to);
    to.text(names::EVALUATION_NAME, Some(&score.name));
    to.double(names::EVALUATION_SCORE, score.score);
    to.text(names::EVALUATION_LABEL, score.label.as_deref());
    to.json(AttributeName::Fixed(names::EVALUATION_EXPLANATION), score.explanation.as_ref());
}

fn write_usage(usage: &Usage, dialect: Dialect, to: &mut Writer<'_, impl Attributes>) {
    let cache_write = match dialect {
        Dialect::V1_41 => names::USAGE_CACHE_CREATION,
        Dialect::Latest => names::USAGE_CACHE_WRITE,
    };
    to.count(names::USAGE_INPUT, usage.input_tokens);
    to.count(names::USAGE_OUTPUT, usage.output_tokens);
    to.count(names::USAGE_CACHE_READ, usage.cache_read_tokens);
    to.count(cache_write, usage.cache_write_tokens);
    to.count(names::USAGE_REASONING, usage.reasoning_tokens);
    for (unit, amount) in &usage.details {
        let name = names::usage_detail(unit).map(AttributeName::Fixed);
        let name = name.unwrap_or(AttributeName::Prefixed(names::USAGE_DETAIL_PREFIX, unit));
        to.0.put(name, AttributeValue::Double(*amount));
    }
    to.word(names::USAGE_SOURCE, Some(usage.source.as_str()));
}

fn write_cost(cost: &Cost, to: &mut Writer<'_, impl Attributes>) {
    to.double(names::USAGE_COST, cost.total.map(crate::call::Usd::to_f64));
    for (name, amount) in
        [(names::COST_USD, cost.total), (names::COST_INPUT_USD, cost.input), (names::COST_OUTPUT_USD, cost.output)]
    {
        if let Some(amount) = amount {
            to.text(name, Some(amount.digits(&mut Default::default())));
        }
    }
    to.word(names::PRICING_STATUS, cost.status.map(crate::call::PricingStatus::as_str));
    to.name(names::PRICING_SOURCE, cost.price_source.as_ref());
    to.text(names::PRICING_VERSION, cost.price_version.as_deref());
}

fn write_context(context: &CallContext, to: &mut Writer<'_, impl Attributes>) {
    to.text(names::TASK, context.task.as_deref());
    to.text(names::USER_ID, context.user_id.as_deref());
    to.text(names::CONVERSATION_ID, context.conversation_id.as_deref());
    to.text(names::JOB_ID, context.job_id.as_deref());
    to.text(names::CONFIGURATION_ID, context.configuration_id.as_deref());
    to.text(names::VARIANT, context.variant.as_deref());
    to.int(names::ATTEMPT, context.attempt.map(i64::from));
    to.text(names::PREVIOUS_ID, context.previous_id.as_deref());
    to.text(names::MODEL_IDENTIFIER, context.model_identifier.as_deref());
    to.text(names::MODEL_ALIAS, context.model_alias.as_deref());
    to.text(names::NODE_ID, context.node_id.as_deref());
    to.json(AttributeName::Fixed(names::REQUEST_DATA), context.request_data.as_ref());
    for (name, value) in &context.tags {
        to.json(AttributeName::Prefixed(names::TAG_PREFIX, cap(name)), Some(value));
    }
}

/// Writes what was learnt of an answer.
pub(super) fn write_trust(trust: &Trust, to: &mut Writer<'_, impl Attributes>) {
    if let Some(confidence) = &trust.confidence {
        to.double(names::CONFIDENCE_SCORE, confidence.given());
        for (part, value) in confidence.components() {
            to.0.put(AttributeName::Prefixed(names::CONFIDENCE_PREFIX, cap(part)), AttributeValue::Double(*value));
        }
        to.text(names::CONFIDENCE_DERIVED_FROM, confidence.derivation());
        to.bool(names::CONFIDENCE_OUT_OF_RANGE, confidence.out_of_range().then_some(true));
    }
    to.word(names::ACTION, trust.action.map(crate::confidence::Action::as_str));
    to.text(names::FALLBACK_REASON, trust.fallback_reason.as_deref());
    to.json(AttributeName::Fixed(names::RESPONSE_DATA), trust.response_data.as_ref());
}

/// Writes typed optional values: `None` writes nothing.
pub(super) struct Writer<'a, A>(pub(super) &'a mut A);

impl<A: Attributes> Writer<'_, A> {
    fn put(&mut self, name: &'static str, value: AttributeValue<'_>) {
        self.0.put(AttributeName::Fixed(name), value);
    }

    pub(super) fn text(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, AttributeValue::Text(cap(value)));
        }
    }

    fn word(&mut self, name: &'static str, value: Option<&'static str>) {
        if let Some(value) = value {
            self.put(name, AttributeValue::Word(value));
        }
    }

    fn name(&mut self, name: &'static str, value: Option<&Name>) {
        match value {
            Some(Name::Borrowed(value)) => self.put(name, AttributeValue::Word(cap(value))),
            Some(Name::Owned(value)) => self.text(name, Some(value)),
            None => {}
        }
    }

    fn int(&mut self, name: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.put(name, AttributeValue::Int(value));
        }
    }

    fn count(&mut self, name: &'static str, value: Option<u64>) {
        self.int(name, value.and_then(|count| i64::try_from(count).ok()));
    }

    fn double(&mut self, name: &'static str, value: Option<f64>) {
        if let Some(value) = value.filter(|number| number.is_finite()) {
            self.put(name, AttributeValue::Double(value));
        }
    }

    fn bool(&mut self, name: &'static str, value: Option<bool>) {
        if let Some(value) = value {
            self.put(name, AttributeValue::Bool(value));
        }
    }

    fn json(&mut self, name: AttributeName<'_>, value: Option<&Value>) {
        let Some(value) = value else { return };
        match value {
            Value::String(_) | Value::Array(_) | Value::Object(_) => {
                let bytes = json_size(value);
                if bytes > MAX_JSON || is_deeper(value, MAX_JSON_DEPTH) {
                    let note = serde_json::json!({"truncated": true, "bytes": bytes});
                    return self.0.put(name, AttributeValue::Json(&note));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        self.0.put(name, AttributeValue::Json(value));
    }
}

/// About how many bytes a value takes as JSON.
fn json_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_size(item) + 1).sum::<usize>(),
        Value::Object(members) => {
            2 + members.iter().map(|(name, item)| name.len() + 4 + json_size(item)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// Whether lists and objects lie in each other deeper than so many levels.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|item| is_deeper(item, levels - 1)),
        _ => false,
    }
}

/// Cuts a text at [`MAX_TEXT`] bytes, at a character.
fn cap(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

/// The user's span: integers stay integers, lists of texts stay lists, other JSON becomes its text.
impl Attributes for Vec<KeyValue> {
    fn put(&mut self, name: AttributeName<'_>, value: AttributeValue<'_>) {
        let key: Key = match name {
            AttributeName::Fixed(name) => Key::from_static_str(name),
            AttributeName::Prefixed(prefix, rest) => [prefix, rest].concat().into(),
            AttributeName::Given(name) => name.to_owned().into(),
        };
        let strings = |texts: &mut dyn Iterator<Item = &str>| {
            opentelemetry::Value::Array(Array::String(texts.map(|text| StringValue::from(text.to_owned())).collect()))
        };
        let value: opentelemetry::Value = match value {
            AttributeValue::Text(text) => text.to_owned().into(),
            AttributeValue::Word(word) => word.into(),
            AttributeValue::Int(number) => number.into(),
            AttributeValue::Double(number) => number.into(),
            AttributeValue::Bool(truth) => truth.into(),
            AttributeValue::Texts(texts) => strings(&mut texts.iter().map(String::as_str)),
            AttributeValue::Json(Value::Bool(truth)) => (*truth).into(),
            AttributeValue::Json(Value::String(text)) => text.clone().into(),
            AttributeValue::Json(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => whole.into(),
                (None, Some(number)) => number.into(),
                (None, None) => return,
            },
            AttributeValue::Json(Value::Null) => return,
            AttributeValue::Json(Value::Array(items)) if items.iter().all(Value::is_string) => {
                strings(&mut items.iter().filter_map(Value::as_str))
            }
            AttributeValue::Json(other) => other.to_string().into(),
        };
        self.push(KeyValue::new(key, value));
    }
}
