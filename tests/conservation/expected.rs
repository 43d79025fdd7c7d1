//! What must stand in the table: the row of a number, column by column, reckoned here and nowhere else.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::calls::{Kind, confidence, context, tokens};

/// Columns that depend on more than the number: [`crate::oracle`] looks whether they are plausible.
pub(crate) const PLAUSIBLE: &[&str] = &[
    "id",
    "trace_id",
    "span_id",
    "started_at",
    "ended_at",
    "duration_ms",
    "time_to_first_chunk_ms",
    "model_id",
    "price_version",
    "created_at",
    "updated_at",
    "content_hash",
];

/// Pico-dollars per token, as OpenAI lists them: input, cached input, output.
fn rates(kind: Kind) -> Option<(u64, u64, u64)> {
    match kind {
        Kind::Whole | Kind::Stream => Some((150_000, 75_000, 600_000)),
        Kind::Thinking => Some((1_100_000, 275_000, 4_400_000)),
        Kind::Unpriced | Kind::Refused => None,
    }
}

/// The row of a call to a server on this port.
pub(crate) fn row(number: u64, port: u16) -> BTreeMap<&'static str, Value> {
    let kind = Kind::of(number);
    let refused = kind == Kind::Refused;
    let context = context(number);
    let answered = |value: Value| if refused { Value::Null } else { value };
    let only_refused = |value: Value| if refused { value } else { Value::Null };
    let (input, output, cached, reasoned) = tokens(number);
    let cost = rates(kind).map(|(full, less, out)| ((input - cached) * full + cached * less, output * out));
    let score = confidence(number);
    let mut extra = Map::from_iter([
        ("openai.api.type".to_owned(), json!("chat_completions")),
        ("server.address".to_owned(), json!("127.0.0.1")),
        ("server.port".to_owned(), json!(port)),
    ]);
    if refused {
        extra.insert("spanledger.error.code".to_owned(), json!("rate_limit_exceeded"));
    }
    BTreeMap::from([
        ("service_name", json!("generator")),
        ("environment", json!("test")),
        ("provider", json!("openai")),
        ("operation", json!("chat")),
        ("request_model", json!(kind.model())),
        ("response_model", answered(json!(kind.model()))),
        ("model_identifier", json!(format!("openai:{}", kind.model()))),
        ("response_id", answered(json!(format!("chatcmpl-{number}")))),
        ("streamed", json!(i64::from(kind == Kind::Stream))),
        ("temperature", json!(0.5)),
        ("finish_reasons", answered(json!(["stop"]))),
        ("task", json!(context.task)),
        ("user_id", json!(context.user_id)),
        ("conversation_id", json!(context.conversation_id)),
        ("job_id", json!(context.job_id)),
        ("variant", json!(context.variant)),
        ("attempt", json!(context.attempt)),
        ("tags", Value::Object(context.tags)),
        ("input_tokens", answered(json!(input))),
        ("output_tokens", answered(json!(output))),
        ("total_tokens", answered(json!(input + output))),
        ("cache_read_tokens", answered(json!(cached))),
        ("reasoning_tokens", answered(json!(reasoned))),
        ("usage_source", json!(if refused { "none" } else { "provider" })),
        ("cost_picousd", json!(cost.map(|(input, output)| input + output))),
        ("input_cost_picousd", json!(cost.map(|(input, _)| input))),
        ("output_cost_picousd", json!(cost.map(|(_, output)| output))),
        ("cost_usd", json!(cost.map(|(input, output)| (input + output) as f64 / 1e12))),
        ("input_cost_usd", json!(cost.map(|(input, _)| input as f64 / 1e12))),
        ("output_cost_usd", json!(cost.map(|(_, output)| output as f64 / 1e12))),
        ("pricing_status", answered(json!(if cost.is_some() { "exact" } else { "unpriced" }))),
        ("price_source", json!(cost.map(|_| "genai-prices"))),
        ("confidence_score", json!(score)),
        ("confidence_breakdown", json!(score.map(|score| json!({ "completeness": score })))),
        ("confidence_given", json!(score.map(|_| 1))),
        ("action", json!(score.map(|_| "use_ai_result"))),
        ("status", json!(if refused { "error" } else { "success" })),
        ("ending", json!("complete")),
        ("http_status", json!(if refused { 429 } else { 200 })),
        ("error_type", only_refused(json!("429"))),
        ("error_message", only_refused(json!(format!("too many, {number}")))),
        ("billable", json!(1)),
        ("dialect", json!("spanledger")),
        ("mapping_version", json!(1)),
        ("source_rank", json!(2)),
        ("extra", Value::Object(extra)),
    ])
}
