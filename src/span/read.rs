//! Attributes → call: the only place that knows what an attribute means.
//!
//! Reads what [`write`](super::write) writes, in both dialects, and the deprecated names that other instrumentations of the
//! semantic conventions still emit (`gen_ai.system`, `gen_ai.usage.prompt_tokens`, …; the list is in the conventions'
//! registry). A span without any `gen_ai.*` attribute is no AI call. What has no column stays in [`Call::extra`].
//!
//! Prompts, answers, headers and whole URLs that others put on their spans are dropped.
//!
//! Input from outside is never trusted to be well formed: a span that cannot be read is reported and its neighbours are
//! kept, an attribute of an unexpected type is kept as it is in `extra`.

use std::time::Duration;

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::{Map, Value};

use super::{json::Json, names};
use crate::{
    call::{Call, Ending, Identity, Later, PricingStatus, Record, Source, Timestamp, UsageSource, Usd},
    confidence::{Action, Confidence, Trust},
};

/// What a line held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The AI calls, and what was learnt later of some.
    pub records: Vec<Record>,
    /// How many spans and log records were no AI calls.
    pub skipped: usize,
    /// Why spans could not be read, one sentence each.
    pub rejected: Vec<String>,
}

/// Reads one line of OTLP JSON: an `ExportTraceServiceRequest` or an `ExportLogsServiceRequest`. No call is believed to come
/// from a better source than `trusted`.
///
/// # Errors
///
/// A sentence, if the line is no JSON object of either kind.
pub fn line(bytes: &[u8], trusted: Source) -> Result<Line, String> {
    let document = Json::read(bytes).map_err(|error| format!("not JSON: {error}"))?;
    let mut line = Line::default();
    let spans = document.get("resourceSpans").and_then(Json::as_array);
    let logs = document.get("resourceLogs").and_then(Json::as_array);
    if spans.is_none() && logs.is_none() {
        return Err("neither resourceSpans nor resourceLogs is there".to_owned());
    }
    for of_resource in spans.into_iter().flatten() {
        let resource = attributes(of_resource.get("resource").and_then(|resource| resource.get("attributes")));
        for span in nested(of_resource, "scopeSpans", "spans") {
            match read_span(span, &resource, trusted) {
                Ok(Some(call)) => line.records.push(Record::Call(Box::new(call))),
                Ok(None) => line.skipped += 1,
                Err(reason) => line.rejected.push(reason),
            }
        }
    }
    for record in logs.into_iter().flatten().flat_map(|of_resource| nested(of_resource, "scopeLogs", "logRecords")) {
        match read_later(record) {
            Ok(Some(later)) => line.records.push(Record::Later(Box::new(later))),
            Ok(None) => line.skipped += 1,
            Err(reason) => line.rejected.push(reason),
        }
    }
    Ok(line)
}

fn nested<'a>(of_resource: &'a Json<'a>, scopes: &str, items: &'a str) -> impl Iterator<Item = &'a Json<'a>> {
    let scopes = of_resource.get(scopes).and_then(Json::as_array);
    scopes.into_iter().flatten().filter_map(move |scope| scope.get(items)?.as_array()).flatten()
}

/// OTLP's list of `{"key", "value"}` as a map; of two with one key the later counts.
fn attributes(list: Option<&Json<'_>>) -> Map<String, Value> {
    let entries = list.and_then(Json::as_array).into_iter().flatten();
    entries.filter_map(|entry| Some((entry.get("key")?.as_str()?.to_owned(), any_value(entry.get("value")?)))).collect()
}

/// OTLP's `AnyValue` as plain JSON.
fn any_value(value: &Json<'_>) -> Value {
    let Some((kind, inner)) = value.members().and_then(|members| members.iter().rev().min_by(|a, b| a.0.cmp(&b.0)))
    else {
        return Value::Null;
    };
    let values = || inner.get("values").and_then(Json::as_array).into_iter().flatten();
    match kind.as_ref() {
        "stringValue" | "boolValue" | "bytesValue" => inner.to_value(),
        "intValue" => match inner {
            Json::Text(digits) => digits.parse::<i64>().map_or_else(|_| inner.to_value(), Value::from),
            number => number.to_value(),
        },
        "doubleValue" => inner.as_f64().map_or(Value::Null, Value::from),
        "arrayValue" => Value::Array(values().map(any_value).collect()),
        "kvlistValue" => Value::Object(attributes(inner.get("values"))),
        _ => Value::Null,
    }
}

fn read_span(span: &Json<'_>, resource: &Map<String, Value>, trusted: Source) -> Result<Option<Call>, String> {
    let mut taken = Taken(attributes(span.get("attributes")));
    if !taken.0.keys().any(|name| name.starts_with("gen_ai.")) || taken.0.contains_key(names::NO_CALL) {
        return Ok(None);
    }
    taken.0.retain(|name, _| !names::is_content(name));
    taken.modernise();
    let mut call = Call {
        identity: identity(span, &mut taken)?,
        started_at: time(span, "startTimeUnixNano")?,
        ended_at: time(span, "endTimeUnixNano")?,
        ..Call::default()
    };
    call.ended_at = call.ended_at.max(call.started_at);
    let ours = taken.0.keys().any(|name| name.starts_with("spanledger."));
    let claimed = taken.word(names::SOURCE, Source::from_word);
    call.source = claimed.unwrap_or(if ours { Source::Otlp } else { Source::Foreign }).min(trusted);
    call.service_name = resource.get(names::SERVICE_NAME).and_then(Value::as_str).map(str::to_owned);
    call.environment = resource.get(names::ENVIRONMENT).and_then(Value::as_str).map(str::to_owned);
    taken.text(names::OPERATION_NAME, |value| call.operation = value.into());
    taken.text(names::PROVIDER_NAME, |value| call.provider = value.into());
    read_exchange(&mut taken, &mut call);
    read_usage(&mut taken, &mut call);
    read_cost(&mut taken, &mut call);
    read_outcome(&mut taken, span, &mut call);
    read_context(&mut taken, &mut call);
    call.trust = read_trust(&mut taken);
    // The row's id follows from the key; the attribute only tells that a row exists.
    taken.0.remove(names::ROW_ID);
    call.extra = taken.0;
    Ok(Some(call))
}

fn identity(span: &Json<'_>, taken: &mut Taken) -> Result<Identity, String> {
    let field = |name| span.get(name).and_then(Json::as_str).unwrap_or_default();
    let span_id = |hex: &str| SpanId::from_hex(hex).ok().filter(|id| *id != SpanId::INVALID && hex.len() == 16);
    let trace_id = TraceId::from_hex(field("traceId"))
        .ok()
        .filter(|id| *id != TraceId::INVALID && field("traceId").len() == 32)
        .ok_or("a span without a valid trace id (32 hexadecimal digits, not all zero)")?;
    Ok(Identity {
        trace_id,
        span_id: span_id(field("spanId"))
            .ok_or_else(|| format!("a span of trace {trace_id} without a valid span id (16 hexadecimal digits)"))?,
        parent_span_id: span_id(field("parentSpanId")),
        ai_parent_span_id: taken.take_str(names::AI_PARENT_SPAN_ID).as_deref().and_then(span_id),
    })
}

fn time(span: &Json<'_>, field: &str) -> Result<Timestamp, String> {
    match span.get(field) {
        Some(Json::Text(digits)) => digits.parse().ok(),
        Some(Json::Number(number)) => number.as_u64(),
        _ => None,
    }
    .map(Timestamp::from_unix_nanos)
    .ok_or_else(|| format!("a span whose {field} is no number of nanoseconds"))
}

fn read_exchange(taken: &mut Taken, call: &mut Call) {
    call.server.address = taken.take_str(names::SERVER_ADDRESS);
    call.server.port = taken.take_int(names::SERVER_PORT).and_then(|port| port.try_into().ok());
    call.request.model = taken.take_str(names::REQUEST_MODEL);
    call.request.stream = taken.take_bool(names::REQUEST_STREAM);
    call.request.temperature = taken.take_number(names::REQUEST_TEMPERATURE);
    call.request.service_tier = taken.take_str(names::OPENAI_REQUEST_SERVICE_TIER);
    call.response.id = taken.take_str(names::RESPONSE_ID);
    call.response.model = taken.take_str(names::RESPONSE_MODEL);
    call.response.service_tier = taken.take_str(names::OPENAI_RESPONSE_SERVICE_TIER);
    call.response.finish_reasons = taken.take_texts(names::RESPONSE_FINISH_REASONS);
    call.time_to_first_chunk = taken.take_duration(names::RESPONSE_TIME_TO_FIRST_CHUNK, 1.0);
    call.duration = taken.take_duration(names::DURATION_MS, 1e-3);
    call.billable = taken.take_bool(names::BILLABLE);
}

fn read_usage(taken: &mut Taken, call: &mut Call) {
    let usage = &mut call.usage;
    usage.input_tokens = taken.take_count(names::USAGE_INPUT);
    usage.output_tokens = taken.take_count(names::USAGE_OUTPUT);
    usage.cache_read_tokens = taken.take_count(names::USAGE_CACHE_READ);
    usage.cache_write_tokens = taken.take_count(names::USAGE_CACHE_WRITE);
    usage.reasoning_tokens = taken.take_count(names::USAGE_REASONING);
    for (unit, amount) in taken.take_prefixed(names::USAGE_DETAIL_PREFIX) {
        if let Some(amount) = amount.as_f64() {
            usage.details.insert(unit.into(), amount);
        }
    }
    let known = if usage.is_empty() { UsageSource::None } else { UsageSource::Provider };
    usage.source = taken.word(names::USAGE_SOURCE, UsageSource::from_word).unwrap_or(known);
    usage.check();
}

fn read_cost(taken: &mut Taken, call: &mut Call) {
    let double = taken.take_number(names::USAGE_COST).and_then(Usd::from_f64);
    let cost = &mut call.cost;
    cost.total = taken.take_usd(names::COST_USD).or(double);
    cost.input = taken.take_usd(names::COST_INPUT_USD);
    cost.output = taken.take_usd(names::COST_OUTPUT_USD);
    cost.status = taken.word(names::PRICING_STATUS, PricingStatus::from_word);
    cost.price_source = taken.take_str(names::PRICING_SOURCE).map(Into::into);
    cost.price_version = taken.take_str(names::PRICING_VERSION);
}

fn read_outcome(taken: &mut Taken, span: &Json<'_>, call: &mut Call) {
    let status = span.get("status");
    let failed = status.and_then(|status| status.get("code")).is_some_and(|code| match code {
        Json::Number(code) => code.as_u64() == Some(2),
        Json::Text(code) => code == "STATUS_CODE_ERROR" || code == "2",
        _ => false,
    });
    let outcome = &mut call.outcome;
    outcome.http_status = taken.take_int(names::HTTP_STATUS).and_then(|code| code.try_into().ok());
    outcome.error_type = taken.take_str(names::ERROR_TYPE).or_else(|| failed.then(|| "_OTHER".to_owned()));
    outcome.error_message = taken.take_str(names::ERROR_MESSAGE).or_else(|| {
        let message = status?.get("message")?.as_str().filter(|text| failed && !text.is_empty())?;
        Some(message.to_owned())
    });
    let ended = if failed { Ending::Failed } else { Ending::Complete };
    outcome.ending = taken.word(names::ENDING, Ending::from_word).unwrap_or(ended);
}

fn read_context(taken: &mut Taken, call: &mut Call) {
    let context = &mut call.context;
    context.task = taken.take_str(names::TASK);
    context.user_id = taken.take_str(names::USER_ID);
    context.conversation_id = taken.take_str(names::CONVERSATION_ID);
    context.job_id = taken.take_str(names::JOB_ID);
    context.configuration_id = taken.take_str(names::CONFIGURATION_ID);
    context.variant = taken.take_str(names::VARIANT);
    context.attempt = taken.take_int(names::ATTEMPT).and_then(|number| number.try_into().ok());
    context.previous_id = taken.take_str(names::PREVIOUS_ID);
    context.model_identifier = taken.take_str(names::MODEL_IDENTIFIER);
    context.model_alias = taken.take_str(names::MODEL_ALIAS);
    context.node_id = taken.take_str(names::NODE_ID);
    context.request_data = taken.0.remove(names::REQUEST_DATA);
    context.tags = taken.take_prefixed(names::TAG_PREFIX).collect();
}

fn read_trust(taken: &mut Taken) -> Trust {
    let given = taken.take_number(names::CONFIDENCE_SCORE);
    let parts: Vec<_> = taken.take_prefixed(names::CONFIDENCE_PREFIX).collect();
    let derived_from = taken.take_str(names::CONFIDENCE_DERIVED_FROM);
    let out_of_range = taken.take_bool(names::CONFIDENCE_OUT_OF_RANGE) == Some(true);
    let known = given.is_some() || !parts.is_empty() || derived_from.is_some() || out_of_range;
    let confidence = known.then(|| {
        let mut confidence = given.map(Confidence::new).unwrap_or_default();
        for (part, value) in parts {
            confidence = confidence.component(part, value.as_f64().unwrap_or(f64::NAN));
        }
        if let Some(source) = derived_from {
            confidence = confidence.derived_from(source);
        }
        if out_of_range {
            confidence.mark_out_of_range();
        }
        confidence
    });
    Trust {
        confidence,
        action: taken.word(names::ACTION, Action::from_word),
        fallback_reason: taken.take_str(names::FALLBACK_REASON),
        response_data: taken.0.remove(names::RESPONSE_DATA),
    }
}

fn read_later(record: &Json<'_>) -> Result<Option<Later>, String> {
    if record.get("eventName").and_then(Json::as_str) != Some(names::LATER_EVENT) {
        return Ok(None);
    }
    let mut taken = Taken(attributes(record.get("attributes")));
    let row_id = taken.take_str(names::ROW_ID).unwrap_or_default();
    Ok(Some(Later {
        row_id: row_id.parse().map_err(|error| format!("{}: {error}", names::LATER_EVENT))?,
        recorded_at: time(record, "timeUnixNano")?,
        trust: read_trust(&mut taken),
    }))
}

/// Attributes that are taken out one by one; what remains has no field. A value of an unexpected type remains.
struct Taken(Map<String, Value>);

impl Taken {
    /// Deprecated names become today's, where today's is not there itself.
    fn modernise(&mut self) {
        const RENAMED: &[(&str, &str)] = &[
            ("gen_ai.system", names::PROVIDER_NAME),
            ("gen_ai.usage.prompt_tokens", names::USAGE_INPUT),
            ("gen_ai.usage.completion_tokens", names::USAGE_OUTPUT),
            (names::USAGE_CACHE_CREATION, names::USAGE_CACHE_WRITE),
            ("gen_ai.openai.request.seed", names::REQUEST_SEED),
            ("gen_ai.openai.request.service_tier", names::OPENAI_REQUEST_SERVICE_TIER),
            ("gen_ai.openai.response.service_tier", names::OPENAI_RESPONSE_SERVICE_TIER),
            ("gen_ai.openai.response.system_fingerprint", names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT),
        ];
        const PROVIDERS: &[(&str, &str)] = &[
            ("xai", "x_ai"),
            ("az.ai.openai", "azure.ai.openai"),
            ("az.ai.inference", "azure.ai.inference"),
            ("vertex_ai", "gcp.vertex_ai"),
            ("gemini", "gcp.gemini"),
        ];
        for (old, new) in RENAMED {
            if let Some(value) = self.0.remove(*old) {
                self.0.entry(*new).or_insert(value);
            }
        }
        if let Some(Value::String(name)) = self.0.get_mut(names::PROVIDER_NAME)
            && let Some((_, new)) = PROVIDERS.iter().find(|(old, _)| old == name)
        {
            *name = (*new).to_owned();
        }
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = read(self.0.get(name)?)?;
        self.0.remove(name);
        Some(value)
    }

    fn take_str(&mut self, name: &str) -> Option<String> {
        self.take(name, |value| value.as_str().map(str::to_owned))
    }

    fn text(&mut self, name: &str, set: impl FnOnce(String)) {
        if let Some(value) = self.take_str(name) {
            set(value);
        }
    }

    fn take_bool(&mut self, name: &str) -> Option<bool> {
        self.take(name, Value::as_bool)
    }

    fn take_int(&mut self, name: &str) -> Option<i64> {
        self.take(name, Value::as_i64)
    }

    /// A count; some instrumentations send it as a double or as text.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
    fn take_count(&mut self, name: &str) -> Option<u64> {
        self.take(name, |value| match value {
            Value::Number(number) => number
                .as_u64()
                .or_else(|| number.as_f64().filter(|n| (0.0..9e15).contains(n) && n.fract() == 0.0).map(|n| n as u64)),
            Value::String(digits) => digits.parse().ok(),
            _ => None,
        })
    }

    fn take_number(&mut self, name: &str) -> Option<f64> {
        self.take(name, Value::as_f64)
    }

    fn take_usd(&mut self, name: &str) -> Option<Usd> {
        self.take(name, |value| value.as_str()?.parse().ok())
    }

    fn take_duration(&mut self, name: &str, seconds: f64) -> Option<Duration> {
        // Rounded to nanoseconds, so that a duration survives the way through a double.
        self.take(name, |value| Duration::try_from_secs_f64(value.as_f64()? * seconds).ok())
    }

    fn take_texts(&mut self, name: &str) -> Vec<String> {
        self.take(name, |value| match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()),
            Value::String(one) => Some(vec![one.clone()]),
            _ => None,
        })
        .unwrap_or_default()
    }

    fn word<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.take(name, |value| read(value.as_str()?))
    }

    fn take_prefixed(&mut self, prefix: &str) -> impl Iterator<Item = (String, Value)> + use<> {
        let names: Vec<String> = self.0.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        let taken: Vec<(String, Value)> = names
            .into_iter()
            .filter_map(|name| Some((name[prefix.len()..].to_owned(), self.0.remove(&name)?)))
            .collect();
        taken.into_iter()
    }
}
