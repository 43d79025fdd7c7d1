//! Attributes → call: the only place that knows what an attribute means.
//!
//! Reads what [`write`](super::write) writes, in both dialects, and the deprecated names that other instrumentations of the
//! semantic conventions still emit (`gen_ai.system`, `gen_ai.usage.prompt_tokens`, …; the list is in the conventions'
//! registry). A span without any `gen_ai.*` attribute is no AI call. What has no column stays in [`Call::extra`].
//!
//! Prompts, answers, headers and whole URLs that others put on their spans are dropped.
//!
//! Input from outside is never trusted to be well formed: a span that cannot be read is reported and its neighbours are
//! kept, an attribute of an unexpected type is kept as it is in `extra`, unless its field is known from elsewhere.

use std::borrow::Cow;

use opentelemetry::trace::{SpanId, TraceId};

use super::{
    json::Json,
    names,
    otlp::{self, Attributes, Span},
};
use crate::call::{Call, Ending, Identity, Name, PricingStatus, Record, Source, Timestamp, UsageSource, Usd};
use crate::framing;

mod ancestors;
pub(crate) mod doubles;
mod event;
mod trust;
mod values;

pub use ancestors::{Ancestors, Link};
use trust::Learnt;
use values::{count, duration, int, number, put, text, texts, truth, usd, word};

/// What a line held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The AI calls, what was learnt of some later, scores and configurations.
    pub records: Vec<Record>,
    /// How many spans and log records were no AI calls.
    pub skipped: usize,
    /// Why spans could not be read, one sentence each.
    pub rejected: Vec<String>,
    /// Which spans lie under which; of a line of ours with one span nothing is said.
    pub links: Vec<Link>,
}

/// Reads one line of OTLP JSON: an `ExportTraceServiceRequest` or an `ExportLogsServiceRequest`. No call is believed to come
/// from a better source than `trusted`.
///
/// # Errors
///
/// A sentence, if the line is no JSON object of either kind.
pub fn line(bytes: &[u8], trusted: Source) -> Result<Line, String> {
    let joined;
    let document = match otlp::Line::read(bytes) {
        Ok(document) => document,
        Err(error) => {
            joined = framing::joined(bytes);
            otlp::Line::read(&joined).map_err(|_| format!("not JSON: {error}"))?
        }
    };
    if document.spans.is_none() && document.logs.is_none() {
        return Err("neither resourceSpans nor resourceLogs is there".to_owned());
    }
    let mut line = Line::default();
    // Our own lines have one span each, and nothing lies between calls there.
    let several =
        document.spans.iter().flatten().flat_map(|of| &of.scopes).map(|scope| scope.0.len()).sum::<usize>() > 1;
    for of_resource in document.spans.into_iter().flatten() {
        let service_name = resource(&of_resource.resource, names::SERVICE_NAME);
        let environment = resource(&of_resource.resource, names::ENVIRONMENT);
        for span in of_resource.scopes.into_iter().flat_map(|scope| scope.0) {
            if several || trusted != Source::Capture {
                line.links.extend(link(&span));
            }
            line.add(read_span(span, trusted).map(|call| {
                let named = |call| Call {
                    service_name: service_name.map(str::to_owned),
                    environment: environment.map(str::to_owned),
                    ..call
                };
                call.map(|call| Record::Call(Box::new(named(call))))
            }));
        }
    }
    for of_resource in document.logs.into_iter().flatten() {
        for record in of_resource.scopes.into_iter().flat_map(|scope| scope.0) {
            line.add(event::read(record));
        }
    }
    ancestors::within(&line.links, &mut line.records, trusted);
    Ok(line)
}

impl Line {
    fn add(&mut self, read: Result<Option<Record>, String>) {
        match read {
            Ok(Some(record)) => self.records.push(record),
            Ok(None) => self.skipped += 1,
            Err(reason) => self.rejected.push(reason),
        }
    }
}

/// What a resource says of itself.
fn resource<'a>(attributes: &'a Attributes<'_>, name: &str) -> Option<&'a str> {
    attributes.iter().rfind(|(given, _)| given == name)?.1.as_str()
}

fn read_span(span: Span<'_>, trusted: Source) -> Result<Option<Call>, String> {
    if !is_call(&span) {
        return Ok(None);
    }
    let mut reading = Reading::default();
    reading.call.identity = identity(&span)?;
    reading.call.started_at = time(&span.start, "startTimeUnixNano")?;
    reading.call.ended_at = time(&span.end, "endTimeUnixNano")?.max(reading.call.started_at);
    let mut attributes = span.attributes;
    modernise(&mut attributes);
    for (name, value) in attributes {
        reading.attribute(name, value);
    }
    let mut call = reading.finish(&span.status, trusted);
    // What we wrote ourselves has none.
    if trusted != Source::Capture && !call.extra.is_empty() {
        doubles::take_out(&mut call);
    }
    Ok(Some(call))
}

/// Whether a span is an AI call. A tool that a model asked for is none, unless it says what it used.
fn is_call(span: &Span<'_>) -> bool {
    let named = |is: fn(&str) -> bool| span.attributes.iter().any(|(name, _)| is(name));
    if !named(|name| name.starts_with("gen_ai.")) || named(|name| name == names::NO_CALL) {
        return false;
    }
    let is_tool = |(name, value): &(Cow<'_, str>, Json<'_>)| {
        name == names::OPERATION_NAME && value.as_str() == Some(names::EXECUTE_TOOL)
    };
    !span.attributes.iter().any(is_tool) || named(names::makes_a_call_of_a_tool)
}

/// What lies under it needs to know of a span.
fn link(span: &Span<'_>) -> Option<Link> {
    let Identity { trace_id, span_id, parent_span_id, .. } = identity(span).ok()?;
    Some(Link { trace_id, span_id, parent_span_id, is_call: is_call(span) })
}

fn identity(span: &Span<'_>) -> Result<Identity, String> {
    let trace_id = span.trace_id.as_str().unwrap_or_default();
    let trace_id = TraceId::from_hex(trace_id)
        .ok()
        .filter(|id| *id != TraceId::INVALID && trace_id.len() == 32)
        .ok_or("a span without a valid trace id (32 hexadecimal digits, not all zero)")?;
    Ok(Identity {
        trace_id,
        span_id: span_id(span.span_id.as_str())
            .ok_or_else(|| format!("a span of trace {trace_id} without a valid span id (16 hexadecimal digits)"))?,
        parent_span_id: span_id(span.parent_span_id.as_str()),
        ai_parent_span_id: None,
    })
}

fn span_id(hex: Option<&str>) -> Option<SpanId> {
    let hex = hex.filter(|hex| hex.len() == 16)?;
    SpanId::from_hex(hex).ok().filter(|id| *id != SpanId::INVALID)
}

fn time(given: &Json<'_>, field: &str) -> Result<Timestamp, String> {
    match given {
        Json::Text(digits) => digits.parse().ok(),
        Json::Number(number) => number.as_u64(),
        _ => None,
    }
    .map(Timestamp::from_unix_nanos)
    .ok_or_else(|| format!("a span whose {field} is no number of nanoseconds"))
}

/// Deprecated names become today's; where today's is there itself, they are dropped.
fn modernise(attributes: &mut Attributes<'_>) {
    fn today(name: &str) -> Option<&'static str> {
        Some(match name {
            "gen_ai.system" => names::PROVIDER_NAME,
            "gen_ai.usage.prompt_tokens" => names::USAGE_INPUT,
            "gen_ai.usage.completion_tokens" => names::USAGE_OUTPUT,
            names::USAGE_CACHE_CREATION => names::USAGE_CACHE_WRITE,
            "gen_ai.openai.request.seed" => names::REQUEST_SEED,
            "gen_ai.openai.request.service_tier" => names::OPENAI_REQUEST_SERVICE_TIER,
            "gen_ai.openai.response.service_tier" => names::OPENAI_RESPONSE_SERVICE_TIER,
            "gen_ai.openai.response.system_fingerprint" => names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
            _ => return None,
        })
    }
    let mut wanted: Vec<_> = attributes.iter().filter_map(|(name, _)| today(name)).collect();
    if wanted.is_empty() {
        return;
    }
    wanted.retain(|today| attributes.iter().all(|(name, _)| name != today));
    attributes.retain_mut(|(name, _)| {
        let Some(today) = today(name) else { return true };
        *name = Cow::Borrowed(today);
        wanted.contains(&today)
    });
}

/// Today's name of a provider.
fn modern_provider(name: String) -> Name {
    Name::Borrowed(match name.as_str() {
        "xai" => "x_ai",
        "az.ai.openai" => "azure.ai.openai",
        "az.ai.inference" => "azure.ai.inference",
        "vertex_ai" => "gcp.vertex_ai",
        "gemini" => "gcp.gemini",
        _ => return name.into(),
    })
}

/// A call of which attributes are still to come, and what can be decided only at their end.
#[derive(Default)]
struct Reading {
    call: Call,
    learnt: Learnt,
    /// The cost as a double, for where there is no exact one.
    cost: Option<f64>,
    usage_source: Option<UsageSource>,
    ending: Option<Ending>,
    source: Option<Source>,
    /// There is an attribute that only we write.
    ours: bool,
}

/// What comes of an attribute: nothing is left of it, or its value, because it has no field or does not fit there.
type Left<'a> = Result<(), Json<'a>>;

impl Reading {
    fn attribute(&mut self, name: Cow<'_, str>, value: Json<'_>) {
        let ours = name.starts_with("spanledger.");
        self.ours |= ours;
        let left = if ours { self.own(&name, value) } else { self.standard(&name, value) };
        let extra = &mut self.call.extra;
        match left {
            // Of two with one name the later counts.
            Ok(()) if extra.is_empty() => {}
            Ok(()) => drop(extra.remove(&*name)),
            Err(_) if names::is_content(&name) => {}
            Err(value) => drop(extra.insert(name.into_owned(), value.into_value())),
        }
    }

    /// The attributes of the semantic conventions.
    fn standard<'a>(&mut self, name: &str, value: Json<'a>) -> Left<'a> {
        let Call { request, response, server, usage, context, outcome, .. } = &mut self.call;
        match name {
            names::OPERATION_NAME => put(&mut self.call.operation, text(value)),
            names::PROVIDER_NAME => put(&mut self.call.provider, text(value).map(modern_provider)),
            names::SERVER_ADDRESS => put(&mut server.address, text(value)),
            names::SERVER_PORT => put(&mut server.port, int(value).map(|port| port.try_into().ok())),
            names::REQUEST_MODEL => put(&mut request.model, text(value)),
            names::REQUEST_STREAM => put(&mut request.stream, truth(value)),
            names::REQUEST_TEMPERATURE => put(&mut request.temperature, number(value)),
            names::OPENAI_REQUEST_SERVICE_TIER => put(&mut request.service_tier, text(value)),
            names::RESPONSE_ID => put(&mut response.id, text(value)),
            names::RESPONSE_MODEL => put(&mut response.model, text(value)),
            names::OPENAI_RESPONSE_SERVICE_TIER => put(&mut response.service_tier, text(value)),
            names::RESPONSE_FINISH_REASONS => put(&mut response.finish_reasons, texts(value)),
            names::RESPONSE_TIME_TO_FIRST_CHUNK => put(&mut self.call.time_to_first_chunk, duration(value, 1.0)),
            names::USAGE_INPUT => put(&mut usage.input_tokens, count(value)),
            names::USAGE_OUTPUT => put(&mut usage.output_tokens, count(value)),
            names::USAGE_CACHE_READ => put(&mut usage.cache_read_tokens, count(value)),
            names::USAGE_CACHE_WRITE => put(&mut usage.cache_write_tokens, count(value)),
            names::USAGE_REASONING => put(&mut usage.reasoning_tokens, count(value)),
            names::USAGE_COST => put(&mut self.cost, number(value)),
            names::HTTP_STATUS => put(&mut outcome.http_status, int(value).map(|code| code.try_into().ok())),
            names::ERROR_TYPE => put(&mut outcome.error_type, text(value)),
            names::USER_ID => put(&mut context.user_id, text(value)),
            names::CONVERSATION_ID => put(&mut context.conversation_id, text(value)),
            _ => Err(value),
        }
    }

    /// Our own attributes.
    fn own<'a>(&mut self, name: &str, value: Json<'a>) -> Left<'a> {
        let Call { identity, cost, context, outcome, .. } = &mut self.call;
        match name {
            names::AI_PARENT_SPAN_ID => {
                put(&mut identity.ai_parent_span_id, text(value).map(|hex| span_id(Some(&hex))))
            }
            names::DURATION_MS => put(&mut self.call.duration, duration(value, 1e-3)),
            names::BILLABLE => put(&mut self.call.billable, truth(value)),
            names::SOURCE => put(&mut self.source, word(value, Source::from_word)),
            names::USAGE_SOURCE => put(&mut self.usage_source, word(value, UsageSource::from_word)),
            names::COST_USD => put(&mut cost.total, usd(value)),
            names::COST_INPUT_USD => put(&mut cost.input, usd(value)),
            names::COST_OUTPUT_USD => put(&mut cost.output, usd(value)),
            names::PRICING_STATUS => put(&mut cost.status, word(value, PricingStatus::from_word)),
            names::PRICING_SOURCE => put(&mut cost.price_source, text(value).map(Name::from)),
            names::PRICING_VERSION => put(&mut cost.price_version, text(value)),
            names::ENDING => put(&mut self.ending, word(value, Ending::from_word)),
            names::ERROR_MESSAGE => put(&mut outcome.error_message, text(value)),
            names::TASK => put(&mut context.task, text(value)),
            names::JOB_ID => put(&mut context.job_id, text(value)),
            names::CONFIGURATION_ID => put(&mut context.configuration_id, text(value)),
            names::VARIANT => put(&mut context.variant, text(value)),
            names::ATTEMPT => put(&mut context.attempt, int(value).map(|number| number.try_into().ok())),
            names::PREVIOUS_ID => put(&mut context.previous_id, text(value)),
            names::MODEL_IDENTIFIER => put(&mut context.model_identifier, text(value)),
            names::MODEL_ALIAS => put(&mut context.model_alias, text(value)),
            names::NODE_ID => put(&mut context.node_id, text(value)),
            names::REQUEST_DATA => put(&mut context.request_data, Ok(value.into_value())),
            // The row's id follows from the key; the attribute only tells that a row exists.
            names::ROW_ID => Ok(()),
            _ => self.own_by_prefix(name, value),
        }
    }

    fn own_by_prefix<'a>(&mut self, name: &str, value: Json<'a>) -> Left<'a> {
        if let Some(tag) = name.strip_prefix(names::TAG_PREFIX) {
            self.call.context.tags.insert(tag.to_owned(), value.into_value());
        } else if let Some(unit) = name.strip_prefix(names::USAGE_DETAIL_PREFIX) {
            let details = &mut self.call.usage.details;
            match value.as_f64() {
                Some(amount) => details.insert(unit.to_owned().into(), amount),
                None => details.remove(unit),
            };
        } else {
            return self.learnt.attribute(name, value);
        }
        Ok(())
    }

    /// The call, once all attributes are known.
    fn finish(self, status: &Json<'_>, trusted: Source) -> Call {
        let mut call = self.call;
        call.source = self.source.unwrap_or(if self.ours { Source::Otlp } else { Source::Foreign }).min(trusted);
        call.cost.total = call.cost.total.or(self.cost.and_then(Usd::from_f64));
        let known = if call.usage.is_empty() { UsageSource::None } else { UsageSource::Provider };
        call.usage.source = self.usage_source.unwrap_or(known);
        call.usage.check();
        call.trust = self.learnt.finish();

        let outcome = &mut call.outcome;
        let failed = status.get("code").is_some_and(|code| match code {
            Json::Number(code) => code.as_u64() == Some(2),
            Json::Text(code) => code == "STATUS_CODE_ERROR" || code == "2",
            _ => false,
        });
        if failed {
            outcome.error_type.get_or_insert_with(|| "_OTHER".to_owned());
            if outcome.error_message.is_none() {
                let message = status.get("message").and_then(Json::as_str).filter(|text| !text.is_empty());
                outcome.error_message = message.map(str::to_owned);
            }
        }
        outcome.ending = self.ending.unwrap_or(if failed { Ending::Failed } else { Ending::Complete });
        call
    }
}
