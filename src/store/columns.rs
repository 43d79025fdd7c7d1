//! A call as a row: the one list of columns, in the order of the ledger's contract.
//!
//! Every database inserts from [`COLUMNS`], and [`row_json`] prints from it. To add a column: one line here, one migration
//! for each database, one line in the documentation of the ledger.

use std::borrow::Cow;

use opentelemetry::trace::{SpanId, TraceId};
use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value, json};

use super::{clean, moment, row_id};
use crate::{
    Confidence,
    call::{Call, Source, Timestamp, Usd},
    hex,
};

/// The version of the rules by which attributes become columns.
pub const MAPPING_VERSION: i64 = 1;
/// The attribute by which `span::read` says in which dialect a span of another library was written.
pub const DIALECT: &str = "spanledger.dialect";

/// One column of `usage_log`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name: the contract.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What it says of a call.
    pub of: for<'a> fn(&'a Call) -> Cell<'a>,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, clean and not too long.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// True or false.
    Bool,
    /// A moment in UTC.
    Moment,
    /// An exact amount of US dollars.
    Money,
    /// JSON, clean and not too long.
    Json,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named after the kinds")]
pub enum Cell<'a> {
    /// Unknown.
    Null,
    Text(Cow<'a, str>),
    Integer(i64),
    Real(f64),
    Bool(bool),
    Moment(Timestamp),
    Money(Usd),
    Json(Cow<'a, Value>),
    /// JSON too: an object, by its members in the order of their names.
    Object(Vec<(&'a str, Cow<'a, Value>)>),
}

impl Cell<'_> {
    /// As JSON has it: moments in RFC 3339, money as a decimal string.
    #[must_use]
    pub fn into_json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Integer(number) => number.into(),
            Self::Real(number) => number.into(),
            Self::Bool(flag) => flag.into(),
            Self::Moment(moment) => moment::rfc3339(moment).into(),
            Self::Money(amount) => amount.to_string().into(),
            Self::Json(value) => value.into_owned(),
            Self::Object(members) => {
                members.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect()
            }
        }
    }
}

/// The row that would be recorded, by the names of the columns. What is not known yet (`model_id`, `created_at`,
/// `updated_at`, and the ids of a call without a span) is null.
#[must_use]
pub fn row_json(call: &Call) -> Map<String, Value> {
    COLUMNS.iter().map(|column| (column.name.to_owned(), (column.of)(call).into_json())).collect()
}

/// Serializes a call as its row, the columns in their order: what [`row_json`] has, ready to print.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a>(pub &'a Call);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(COLUMNS.iter().map(|column| (column.name, (column.of)(self.0).into_json())))
    }
}

/// What the values of a query's result column are, by its name: those of the contract, and what queries add to them.
#[must_use]
pub fn kind(name: &str) -> Option<Kind> {
    match name {
        "scores" => Some(Kind::Json),
        "first_started_at" | "last_started_at" => Some(Kind::Moment),
        _ => column(name).map(|column| column.kind),
    }
}

/// The column of a name.
#[must_use]
pub fn column(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

macro_rules! columns {
    ($($name:ident: $kind:ident = $of:expr,)*) => {
        /// Every column of `usage_log` that people meet, in order.
        pub const COLUMNS: &[Column] = &[$(Column { name: stringify!($name), kind: Kind::$kind, of: $of },)*];
    };
}

columns! {
    id: Text = |call| if known(call) { Cell::Text(row_id(call).to_string().into()) } else { Cell::Null },
    trace_id: Text = |call| trace(call.identity.trace_id),
    span_id: Text = |call| span(Some(call.identity.span_id)),
    parent_span_id: Text = |call| span(call.identity.parent_span_id),
    ai_parent_span_id: Text = |call| span(call.identity.ai_parent_span_id),
    service_name: Text = |call| maybe(call.service_name.as_deref()),
    environment: Text = |call| maybe(call.environment.as_deref()),

    started_at: Moment = |call| Cell::Moment(call.started_at),
    ended_at: Moment = |call| Cell::Moment(call.ended_at),
    duration_ms: Real = |call| real(duration_ms(call)),
    time_to_first_chunk_ms: Real = |call| real(call.time_to_first_chunk.map(|time| time.as_secs_f64() * 1e3)),

    provider: Text = |call| text(&call.provider),
    operation: Text = |call| text(&call.operation),
    request_model: Text = |call| maybe(call.request.model.as_deref()),
    response_model: Text = |call| maybe(call.response.model.as_deref()),
    model_id: Text = |_| Cell::Null,
    model_alias: Text = |call| maybe(call.context.model_alias.as_deref()),
    model_identifier: Text = model_identifier,
    node_id: Text = |call| maybe(call.context.node_id.as_deref().or_else(|| node_of_identifier(call))),
    response_id: Text = |call| maybe(call.response.id.as_deref()),
    streamed: Bool = |call| call.was_streamed().map_or(Cell::Null, Cell::Bool),
    temperature: Real = |call| real(call.request.temperature),
    service_tier: Text = |call| maybe(call.response.service_tier.as_deref().or(call.request.service_tier.as_deref())),
    finish_reasons: Json = |call| json_unless(call.response.finish_reasons.is_empty(), || json!(call.response.finish_reasons)),

    task: Text = |call| maybe(call.context.task.as_deref()),
    user_id: Text = |call| maybe(call.context.user_id.as_deref()),
    conversation_id: Text = |call| maybe(call.context.conversation_id.as_deref()),
    job_id: Text = |call| maybe(call.context.job_id.as_deref()),
    configuration_id: Text = |call| maybe(call.context.configuration_id.as_deref()),
    variant: Text = |call| maybe(call.context.variant.as_deref()),
    attempt: Integer = |call| integer(call.context.attempt.map(i64::from)),
    previous_id: Text = |call| maybe(call.context.previous_id.as_deref()),
    tags: Json = |call| object(members(&call.context.tags).collect()),

    input_tokens: Integer = |call| integer(clean::tokens(call.usage.input_tokens)),
    output_tokens: Integer = |call| integer(clean::tokens(call.usage.output_tokens)),
    total_tokens: Integer = |call| integer(clean::tokens(call.usage.total_tokens())),
    cache_read_tokens: Integer = |call| integer(clean::tokens(call.usage.cache_read_tokens)),
    cache_write_tokens: Integer = |call| integer(clean::tokens(call.usage.cache_write_tokens)),
    reasoning_tokens: Integer = |call| integer(clean::tokens(call.usage.reasoning_tokens)),
    usage_details: Json = |call| json_unless(call.usage.details.is_empty(), || usage_details(call)),
    usage_source: Text = |call| text(call.usage.source.as_str()),

    cost_usd: Money = |call| money(call.cost.total),
    input_cost_usd: Money = |call| money(call.cost.input),
    output_cost_usd: Money = |call| money(call.cost.output),
    pricing_status: Text = |call| maybe(call.cost.status.map(|status| status.as_str())),
    price_source: Text = |call| maybe(call.cost.price_source.as_deref()),
    price_version: Text = |call| maybe(call.cost.price_version.as_deref()),

    confidence_score: Real = |call| real(call.trust.confidence.as_ref().and_then(Confidence::score)),
    confidence_breakdown: Json = |call| call.trust.confidence.as_ref().map_or(Cell::Null, breakdown),
    action: Text = |call| maybe(call.trust.action.map(|action| action.as_str())),
    fallback_reason: Text = |call| maybe(call.trust.fallback_reason.as_deref()),

    status: Text = |call| text(if call.outcome.is_error() { "error" } else { "success" }),
    ending: Text = |call| text(call.outcome.ending.as_str()),
    http_status: Integer = |call| integer(call.outcome.http_status.map(i64::from)),
    error_type: Text = |call| maybe(call.outcome.error_type.as_deref()),
    error_message: Text = |call| {
        let said = call.outcome.error_message.as_deref().filter(|said| !said.is_empty());
        maybe(said.or(call.outcome.error_type.as_deref()))
    },

    billable: Bool = |call| Cell::Bool(call.billable.unwrap_or(true)),
    dialect: Text = dialect,
    mapping_version: Integer = |_| Cell::Integer(MAPPING_VERSION),
    extra: Json = |call| object(extra(call)),
    created_at: Moment = |_| Cell::Null,
    updated_at: Moment = |_| Cell::Null,
}

fn known(call: &Call) -> bool {
    call.identity.trace_id != TraceId::INVALID && call.identity.span_id != SpanId::INVALID
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(clean::text(text))
}

fn maybe(known: Option<&str>) -> Cell<'_> {
    known.map_or(Cell::Null, text)
}

fn integer(known: Option<i64>) -> Cell<'static> {
    known.map_or(Cell::Null, Cell::Integer)
}

fn real(known: Option<f64>) -> Cell<'static> {
    known.filter(|number| number.is_finite()).map_or(Cell::Null, Cell::Real)
}

fn money(known: Option<Usd>) -> Cell<'static> {
    known.map_or(Cell::Null, Cell::Money)
}

fn json_unless(empty: bool, value: impl FnOnce() -> Value) -> Cell<'static> {
    if empty { Cell::Null } else { Cell::Json(clean::json(Cow::Owned(value()))) }
}

fn object<'a>(members: Vec<(&'a str, Cow<'a, Value>)>) -> Cell<'a> {
    clean::object(members).map_or_else(|value| Cell::Json(Cow::Owned(value)), Cell::Object)
}

fn members(object: &Map<String, Value>) -> impl Iterator<Item = (&str, Cow<'_, Value>)> {
    object.iter().map(|(name, value)| (name.as_str(), Cow::Borrowed(value)))
}

fn trace(id: TraceId) -> Cell<'static> {
    if id == TraceId::INVALID { Cell::Null } else { digits(&id.to_bytes()) }
}

fn span(id: Option<SpanId>) -> Cell<'static> {
    id.filter(|id| *id != SpanId::INVALID).map_or(Cell::Null, |id| digits(&id.to_bytes()))
}

fn digits(id: &[u8]) -> Cell<'static> {
    Cell::Text(id.iter().flat_map(|byte| hex::pair(*byte)).map(char::from).collect::<String>().into())
}

/// By the monotonic clock, else by the timestamps; a clock that went backwards leaves it unknown, and so does a call of which
/// only one moment is known.
#[expect(clippy::cast_precision_loss, reason = "microseconds of a duration are far below 2^53")]
fn duration_ms(call: &Call) -> Option<f64> {
    let by_clock = || call.ended_at.micros().checked_sub(call.started_at.micros()).filter(|micros| *micros > 0);
    call.duration.map(|time| time.as_secs_f64() * 1e3).or_else(|| by_clock().map(|micros| micros as f64 / 1e3))
}

/// The application's, else `provider:model`, or `client:<node id>:<model>` where only the machine was said. The model that
/// was asked for; where none was, the one that answered.
fn model_identifier(call: &Call) -> Cell<'_> {
    if let Some(identifier) = &call.context.model_identifier {
        return text(identifier);
    }
    let Some(model) = call.request.model.as_ref().or(call.response.model.as_ref()) else { return Cell::Null };
    let identifier = match &call.context.node_id {
        Some(node) => format!("client:{node}:{model}"),
        None => format!("{}:{model}", call.provider),
    };
    Cell::Text(clean::text(&identifier).into_owned().into())
}

/// The machine of `client:<node id>:<model>`.
fn node_of_identifier(call: &Call) -> Option<&str> {
    let (node, _) = call.context.model_identifier.as_deref()?.strip_prefix("client:")?.split_once(':')?;
    Some(node).filter(|node| !node.is_empty())
}

/// Whole numbers as integers, as people expect to read counts.
#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
fn usage_details(call: &Call) -> Value {
    let number = |amount: f64| {
        if amount.fract() == 0.0 && amount.abs() < 9e15 {
            Some(Number::from(amount as i64))
        } else {
            Number::from_f64(amount)
        }
    };
    let known =
        call.usage.details.iter().filter_map(|(unit, amount)| Some((unit.to_string(), number(*amount)?.into())));
    Value::Object(known.collect())
}

/// The named parts of a confidence score.
pub(super) fn breakdown(confidence: &Confidence) -> Cell<'static> {
    json_unless(confidence.components().is_empty(), || json!(confidence.components()))
}

fn dialect(call: &Call) -> Cell<'_> {
    match call.source {
        Source::Capture => Cell::Text("spanledger".into()),
        Source::Otlp | Source::Foreign => maybe(call.extra.get(DIALECT).and_then(Value::as_str)),
    }
}

/// The member of `extra` that holds the tier that was asked for, where no answer says that it was served.
const REQUEST_SERVICE_TIER: &str = "request_service_tier";
/// The member of `extra` that holds the counts that no call can have.
pub(super) const IMPLAUSIBLE_TOKENS: &str = "implausible_tokens";

/// The tiers that a row's column and its `extra` stand for: the one that was asked for, and the one that was served.
pub(super) fn service_tiers(column: Option<String>, extra: &Map<String, Value>) -> (Option<String>, Option<String>) {
    let asked = extra.get(REQUEST_SERVICE_TIER).and_then(Value::as_str).map(str::to_owned);
    let served = column.filter(|tier| asked.as_ref() != Some(tier));
    (asked, served)
}

/// Every attribute that has no column, and what a view reads from here: `request_data` and `response_data`.
fn extra<'a>(call: &'a Call) -> Vec<(&'a str, Cow<'a, Value>)> {
    let mut extra: Vec<_> = members(&call.extra).filter(|(name, _)| *name != DIALECT).collect();
    let mut put = |name: &'a str, value: Option<Cow<'a, Value>>| {
        let Some(value) = value else { return };
        match extra.iter_mut().find(|(there, _)| *there == name) {
            Some(member) => member.1 = value,
            None => extra.push((name, value)),
        }
    };
    let own = |value: Value| Cow::Owned(value);
    put("server.address", call.server.address.as_deref().map(|address| own(address.into())));
    put("server.port", call.server.port.map(|port| own(port.into())));
    let asked =
        call.request.service_tier.as_deref().filter(|asked| call.response.service_tier.as_deref() != Some(asked));
    put(REQUEST_SERVICE_TIER, asked.map(|asked| own(asked.into())));
    put("request_data", call.context.request_data.as_ref().map(Cow::Borrowed));
    put("response_data", call.trust.response_data.as_ref().map(Cow::Borrowed));
    if let Some(confidence) = &call.trust.confidence {
        put("confidence_derived_from", confidence.derivation().map(|source| own(source.into())));
        put("confidence_out_of_range", confidence.out_of_range().then_some(own(Value::Bool(true))));
    }
    put(IMPLAUSIBLE_TOKENS, implausible_tokens(call).map(own));
    extra.sort_unstable_by_key(|(name, _)| *name);
    extra
}

/// The counts that no call can have: their columns are unknown, but what was said is not lost.
fn implausible_tokens(call: &Call) -> Option<Value> {
    let usage = &call.usage;
    let counts = [
        ("input_tokens", usage.input_tokens),
        ("output_tokens", usage.output_tokens),
        ("cache_read_tokens", usage.cache_read_tokens),
        ("cache_write_tokens", usage.cache_write_tokens),
        ("reasoning_tokens", usage.reasoning_tokens),
    ];
    let implausible = counts.into_iter().filter(|(_, count)| count.is_some() && clean::tokens(*count).is_none());
    let implausible: Map<_, _> = implausible.map(|(name, count)| (name.to_owned(), json!(count))).collect();
    (!implausible.is_empty()).then_some(Value::Object(implausible))
}
