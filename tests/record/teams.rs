//! The helpers of five teams, each as that team would wrap `Ledger::record`, and each read back through its own view: every
//! argument has its place.

use std::time::Duration;

use serde_json::{Map, Value, json};
use spanledger::{
    Call, CallContext, Confidence, ContentCapture, Ledger,
    call::{Configuration, RowId, Score, Usd},
    content::Part,
};

use super::{Desk, rows};

fn milliseconds(time: f64) -> Duration {
    Duration::from_secs_f64(time / 1e3)
}

/// System 1.
fn log_ai_usage(
    ledger: &Ledger,
    user_id: i64,
    model_identifier: &str,
    endpoint: &str,
    (prompt_tokens, response_tokens): (u64, u64),
    conversation_id: Option<&str>,
    latency_ms: f64,
) {
    let mut context = CallContext::new(endpoint).user(user_id);
    context.conversation_id = conversation_id.map(str::to_owned);
    let call = Call::of_model(model_identifier, "chat").tokens(prompt_tokens, response_tokens);
    ledger.record(call.duration(milliseconds(latency_ms)).context(context));
}

#[test]
fn log_ai_usage_of_system_1() {
    let desk = Desk::open();
    log_ai_usage(&desk.ledger, 7, "client:1:llama3.1", "chat", (150, 80), Some("abc"), 1250.5);
    log_ai_usage(&desk.ledger, 8, "openai:gpt-4o", "knowledge_qa", (1000, 500), None, 900.0);
    let sql =
        "SELECT user_id, model_identifier, endpoint, prompt_tokens, response_tokens, total_tokens, conversation_id,
                      latency_ms, model_name, success FROM ai_usage_log ORDER BY user_id";
    assert_eq!(
        desk.ask(sql),
        rows![
            ["7", "client:1:llama3.1", "chat", 150, 80, 230, "abc", 1250.5, "llama3.1", 1],
            ["8", "openai:gpt-4o", "knowledge_qa", 1000, 500, 1500, null, 900.0, "gpt-4o", 1],
        ]
    );
    let sql =
        "SELECT provider, request_model, node_id, pricing_status, cost_picousd IS NULL FROM usage_log ORDER BY user_id";
    assert_eq!(
        desk.ask(sql),
        rows![["client", "llama3.1", "1", "unpriced", 1], ["openai", "gpt-4o", null, "exact", 0]],
        "the identifier names provider and model, and what has a price is priced"
    );
}

/// System 5.
struct Track<'a> {
    user: &'a str,
    section: &'a str,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    response_time_ms: Option<f64>,
    success: bool,
    model_name: &'a str,
    error_message: Option<&'a str>,
    metadata: Value,
}

fn track_ai_usage_safe(ledger: &Ledger, track: Track<'_>) {
    let mut context = CallContext::new(track.section).user(track.user);
    if let Value::Object(metadata) = track.metadata {
        context.tags = metadata;
    }
    let mut call = Call::new("openai", "chat")
        .model(track.model_name)
        .tokens(track.prompt_tokens, track.completion_tokens)
        .duration(track.response_time_ms.map(milliseconds))
        .context(context);
    if !track.success {
        call = call.error("failed", track.error_message.unwrap_or_default());
    }
    ledger.record(call);
}

#[test]
fn track_ai_usage_safe_of_system_5() {
    let desk = Desk::open();
    let answered = Track {
        user: "someone@example.org",
        section: "web_knowledge",
        prompt_tokens: Some(12),
        completion_tokens: Some(3),
        response_time_ms: Some(420.0),
        success: true,
        model_name: "gpt-4o-mini",
        error_message: None,
        metadata: json!({"page_title": "Oak", "content_length": 1234}),
    };
    track_ai_usage_safe(&desk.ledger, answered);
    let failed = Track {
        user: "other",
        section: "intent_detection",
        prompt_tokens: None,
        completion_tokens: None,
        response_time_ms: None,
        success: false,
        model_name: "gpt-4o-mini",
        error_message: Some("The model is overloaded"),
        metadata: json!({"async": true}),
    };
    track_ai_usage_safe(&desk.ledger, failed);
    let sql = "SELECT user_id, section, prompt_tokens, completion_tokens, total_tokens, response_time_ms, success,
                      model_name, error_message, metadata FROM ai_usage_log ORDER BY user_id DESC";
    let metadata = r#"{"content_length":1234,"page_title":"Oak"}"#;
    assert_eq!(
        desk.ask(sql),
        rows![
            ["someone@example.org", "web_knowledge", 12, 3, 15, 420.0, 1, "gpt-4o-mini", null, metadata],
            [
                "other",
                "intent_detection",
                null,
                null,
                null,
                null,
                0,
                "gpt-4o-mini",
                "The model is overloaded",
                r#"{"async":true}"#
            ],
        ],
        "what nobody said is unknown, the time included"
    );
    let sql =
        "SELECT total_requests, successful_requests, failed_requests FROM ai_usage_tracking WHERE user_id = 'other'";
    assert_eq!(desk.ask(sql), rows![[1, 0, 1]]);
}

/// System 2.
struct Metrics {
    input_tokens: u64,
    reasoning_tokens: u64,
    output_tokens: u64,
    cost_usd: Usd,
    duration_ms: f64,
    status: &'static str,
    extra: Map<String, Value>,
}

fn record_ai_call(
    ledger: &Ledger,
    (name, version): (&str, &str),
    (prompt, response): (&str, Value),
    metrics: Metrics,
    call_type: &str,
    user_id: &str,
) {
    let mut context = CallContext::new(call_type).user(user_id);
    context.tags = metrics.extra;
    let mut call = Call::new("anthropic", "chat")
        .model(format!("{name}-{version}"))
        .tokens(metrics.input_tokens, metrics.output_tokens)
        .reasoning_tokens(metrics.reasoning_tokens)
        .cost(metrics.cost_usd)
        .duration(milliseconds(metrics.duration_ms))
        .context(context);
    if metrics.status != "success" {
        call = call.error(metrics.status, "");
    }
    ledger.record_with_content(call, prompt, response);
}

const OF_SYSTEM_2: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn metrics() -> Metrics {
    Metrics {
        input_tokens: 100,
        reasoning_tokens: 20,
        output_tokens: 50,
        cost_usd: "0.000120000001".parse().unwrap(),
        duration_ms: 800.0,
        status: "success",
        extra: json!({"batch": 3}).as_object().cloned().unwrap(),
    }
}

#[test]
fn record_ai_call_of_system_2() {
    let desk = Desk::open();
    let said = ("Sum this up.", json!({"summary": "oak"}));
    record_ai_call(&desk.ledger, ("claude-3-sonnet", "20240229"), said, metrics(), "summary", OF_SYSTEM_2);
    let sql =
        "SELECT modelname, version, input_tokens, reasoning_tokens, output_tokens, cost_usd, duration_ms, call_type,
                      status, user_id, ai_call.extra
               FROM ai_call JOIN ai_model ON ai_model.id = ai_call.model_id";
    assert_eq!(
        desk.ask(sql),
        rows![[
            "claude-3-sonnet",
            "20240229",
            100,
            20,
            50,
            0.000_120_000_001,
            800.0,
            "summary",
            "success",
            OF_SYSTEM_2,
            r#"{"batch":3}"#
        ]]
    );
    assert_eq!(
        desk.ask("SELECT cost_picousd, pricing_status, price_source FROM usage_log"),
        rows![[120_000_001, "provider_reported", "caller"]],
        "a cost that is stated stands to the last digit, and the row says who stated it"
    );
    assert_eq!(
        desk.ask("SELECT prompt, response FROM ai_call"),
        rows![[null, null]],
        "prompts and answers are kept only where that was asked for"
    );
}

#[test]
fn the_prompt_and_the_response_of_system_2_where_content_is_asked_for() {
    let capture = ContentCapture::new().redaction(|part, value| match (part, value) {
        (Part::Response, Value::Object(mut answer)) => {
            answer.remove("secret");
            Some(answer.into())
        }
        (_, value) => Some(value),
    });
    let desk = Desk::of(|builder| builder.capture_content(capture));
    let said = ("Sum this up.", json!({"summary": "oak", "secret": "canary"}));
    record_ai_call(&desk.ledger, ("claude-3-sonnet", "20240229"), said, metrics(), "summary", OF_SYSTEM_2);
    assert_eq!(
        desk.ask("SELECT prompt, response FROM ai_call"),
        rows![["Sum this up.", r#"{"summary":"oak"}"#]],
        "behind the redaction hook"
    );
}

/// System 3.
#[expect(clippy::too_many_arguments, reason = "as that team calls it")]
fn log_ai_call(
    ledger: &Ledger,
    job_id: &str,
    task: &str,
    model: &str,
    (input_tokens, output_tokens): (u64, u64),
    cost: Usd,
    latency_ms: f64,
    breakdown: [f64; 4],
    fallback_reason: Option<&str>,
    (request_data, response_data): (Value, Value),
) -> Option<RowId> {
    let names = ["model_confidence", "completeness", "consistency", "validation"];
    let call = Call::new("anthropic", "chat")
        .model(model)
        .tokens(input_tokens, output_tokens)
        .cost(cost)
        .duration(milliseconds(latency_ms))
        .confidence(Confidence::from_components(names.into_iter().zip(breakdown)))
        .response_data(response_data)
        .context(CallContext::new(task).job(job_id).request_data(request_data));
    ledger.record(match fallback_reason {
        Some(reason) => call.fell_back(reason),
        None => call.accepted(),
    })
}

#[test]
fn the_call_logger_of_system_3() {
    let desk = Desk::open();
    let job = "11111111-2222-4333-8444-555555555555";
    let cost: Usd = "0.0021".parse().unwrap();
    let data = || (json!({"image_id": 17}), json!({"material": "oak"}));
    let used = log_ai_call(
        &desk.ledger,
        job,
        "material_classification",
        "claude-haiku-4-5",
        (1200, 90),
        cost,
        640.0,
        [0.90, 0.85, 0.88, 0.80],
        None,
        data(),
    );
    let fell_back = log_ai_call(
        &desk.ledger,
        job,
        "image_vision_analysis",
        "claude-haiku-4-5",
        (10, 5),
        Usd::ZERO,
        64.0,
        [0.2, 0.1, 0.3, 0.0],
        Some("below 0.70"),
        data(),
    );
    assert!(used.is_some() && fell_back.is_some() && used != fell_back);
    let sql = "SELECT job_id, task, model, input_tokens, output_tokens, cost, latency_ms, round(confidence_score, 2),
                      confidence_breakdown, action, fallback_reason, request_data, response_data, error_message
               FROM ai_call_logs ORDER BY cost DESC";
    let (request, response) = (r#"{"image_id":17}"#, r#"{"material":"oak"}"#);
    let first = r#"{"completeness":0.85,"consistency":0.88,"model_confidence":0.9,"validation":0.8}"#;
    let second = r#"{"completeness":0.1,"consistency":0.3,"model_confidence":0.2,"validation":0.0}"#;
    assert_eq!(
        desk.ask(sql),
        rows![
            [
                job,
                "material_classification",
                "claude-haiku-4-5",
                1200,
                90,
                0.0021,
                640.0,
                0.87,
                first,
                "use_ai_result",
                null,
                request,
                response,
                null
            ],
            [
                job,
                "image_vision_analysis",
                "claude-haiku-4-5",
                10,
                5,
                0,
                64.0,
                0.16,
                second,
                "fallback_to_rules",
                "below 0.70",
                request,
                response,
                null
            ],
        ]
    );
}

/// System 4.
struct QueueItem<'a> {
    id: &'a str,
    configuration_id: &'a str,
}

fn record_model_usage(ledger: &Ledger, item: &QueueItem<'_>, stage: &str, model: &str, cost: &str) -> Option<RowId> {
    ledger.record(
        Call::new("openai", "chat")
            .model(model)
            .tokens(10, 2)
            .cost(cost.parse::<Usd>().ok())
            .duration(milliseconds(100.0))
            .context(CallContext::new(stage).job(item.id).configuration(item.configuration_id)),
    )
}

#[test]
fn configuration_queue_item_and_stage_of_system_4() {
    let desk = Desk::open();
    let content = json!({
        "temperature": 0.2, "orchestrator_model": "gpt-4.1", "orchestrator_prompt": "Be brief.",
        "stage_models": {"extract": ["gpt-4.1", "o3"], "check": ["gpt-4o"]},
    });
    let configuration = desk.ledger.configuration(Configuration::new("cheap", content));
    let item = QueueItem { id: "item-1", configuration_id: &configuration };
    let extract = record_model_usage(&desk.ledger, &item, "extract", "o3", "0.25").unwrap();
    record_model_usage(&desk.ledger, &item, "check", "gpt-4o", "0.5").unwrap();
    desk.ledger.score(extract, Score::new("accuracy", 0.75));
    let sql = "SELECT queue_item_id, stage, model, provider, input_tokens, output_tokens, total_tokens, response_time_ms, cost,
                      success, error_message FROM model_usage ORDER BY stage";
    assert_eq!(
        desk.ask(sql),
        rows![
            ["item-1", "check", "gpt-4o", "openai", 10, 2, 12, 100.0, 0.5, 1, null],
            ["item-1", "extract", "o3", "openai", 10, 2, 12, 100.0, 0.25, 1, null],
        ]
    );
    let sql = "SELECT name, times_used, average_accuracy, average_cost, success_rate FROM configuration_usage";
    assert_eq!(desk.ask(sql), rows![["cheap", 1, 0.75, 0.75, 1.0]]);
    let sql =
        "SELECT stage, configured_models, used_models, models_match FROM configuration_performance ORDER BY stage";
    assert_eq!(
        desk.ask(sql),
        rows![["check", r#"["gpt-4o"]"#, r#"["gpt-4o"]"#, 1], ["extract", r#"["gpt-4.1","o3"]"#, r#"["o3"]"#, 1]]
    );
}
