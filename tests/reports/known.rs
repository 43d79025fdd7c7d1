//! A ledger that can be added up by hand: a pipeline of two jobs over three images, a chat, a local model.

use std::time::Duration;

use spanledger::{
    CallContext, Confidence,
    call::{Call, Ending, PricingStatus, UsageSource},
    confidence::Action,
};

use super::{Made, call, failed, spent, took, with};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// From the first of March to the first of April.
const MARCH: i64 = 31 * DAY;

pub(crate) async fn ledger() -> Made {
    let made = Made::of(calls()).await;
    made.change("INSERT INTO ai_user (id, name, email) VALUES ('ada', 'Ada Lovelace', 'ada@example.com')").await;
    made.change(
        r#"INSERT INTO ai_configuration (id, name, model_config) VALUES
            ('c-1', 'First', '{"stage_models": {"product_classification_stage1": "claude-haiku",
                                                "image_vision_analysis": ["claude-sonnet", "o3"]}}'),
            ('c-2', 'Never used', '{"stage_models": {"image_vision_analysis": ["o3"]}}')"#,
    )
    .await;
    made
}

fn calls() -> Vec<Call> {
    let mut calls = pipeline();
    calls.extend(chat());
    calls
}

/// Two jobs. The three confidences are those that the team logged: 0.87, 0.92 and 0.96, to two places.
fn pipeline() -> Vec<Call> {
    let at = |number: u64, second: i64| call(number, 10 * HOUR + second);
    let step = |task: &str, image: u64| CallContext::new(task).job("job-1").configuration("c-1").tag("image", image);
    let [classify, enrich, vision] =
        ["product_classification_stage1", "product_enrichment_stage2", "image_vision_analysis"];
    let steps = vec![
        with(
            trusted(spent(took(at(1, 0), 800), "claude-haiku", (1500, 200), Some("0.001")), [0.90, 0.85, 0.88, 0.80]),
            step(classify, 1).tag("urgent", true),
        ),
        with(
            trusted(spent(took(at(2, 5), 1500), "claude-sonnet", (1500, 200), Some("0.02")), [0.95, 0.90, 0.93, 0.88]),
            step(enrich, 1),
        ),
        fell_back(with(
            trusted(spent(took(at(3, 10), 2500), "claude-sonnet", (1500, 200), Some("0.04")), [0.98, 1.0, 0.95, 0.90]),
            step(vision, 2).attempt(1),
        )),
        with(
            failed(asked(took(at(4, 20), 300), "claude-sonnet"), "overloaded_error", "Overloaded"),
            step(vision, 2).attempt(2),
        ),
        with(
            trusted(spent(took(at(5, 30), 4000), "claude-opus", (1500, 300), Some("0.2")), [0.4; 4]),
            step(vision, 2).attempt(3),
        ),
        with(
            trusted(spent(took(at(6, 5400), 900), "claude-haiku", (1500, 100), Some("0.001")), [1.0; 4]),
            CallContext::new(classify).job("job-2").tag("image", 3),
        ),
    ];
    let mut steps: Vec<_> = steps.into_iter().map(|call| of(call, "anthropic", "catalog", "production")).collect();
    let mut embedding = spent(took(at(7, 5410), 50), "text-embedding-3-small", (20, 0), Some("0.0000004"));
    embedding.operation = "embeddings".into();
    embedding.context = CallContext::new("text_embedding_generation").job("job-2");
    steps.push(of(embedding, "openai", "catalog", "production"));
    steps
}

/// A chat of Ada's, and what Bob tried.
fn chat() -> Vec<Call> {
    let ada = || CallContext::new("knowledge_qa").user("ada").conversation("conv-1");
    let mut cached = streamed(spent(call(8, 23 * HOUR + 1800), "gpt-4o", (150, 80), Some("0.001175")), Some(200));
    cached.usage.cache_read_tokens = Some(100);
    cached.context = ada().variant("a");
    let mut agent = spent(call(9, 23 * HOUR + 1799), "gpt-4o", (150, 80), Some("0.001175"));
    agent.operation = "invoke_agent".into();
    agent.identity.trace_id = cached.identity.trace_id;
    agent.context = ada();
    cached.identity.ai_parent_span_id = Some(agent.identity.span_id);

    let mut abandoned = streamed(spent(call(10, DAY + 900), "gpt-4o", (150, 0), Some("0.000375")), Some(300));
    abandoned.usage.output_tokens = None;
    abandoned.usage.source = UsageSource::Partial;
    abandoned.outcome.ending = Ending::Cancelled;
    abandoned.cost.status = Some(PricingStatus::Partial);
    abandoned.context = ada();

    let mut silent = streamed(asked(call(11, DAY + 9 * HOUR), "gpt-4o"), None);
    silent.extra.insert("openai.api.type".to_owned(), "chat_completions".into());
    silent.cost.status = Some(PricingStatus::Unpriced);
    silent.context = CallContext::new("knowledge_qa").user("bob");

    let local = spent(took(call(12, DAY + 10 * HOUR), 6000), "llama3.1:8b", (1000, 2000), None);
    let local = with(local, CallContext::default().user("bob"));
    let limited = failed(took(asked(call(13, DAY + 11 * HOUR), "gpt-4o"), 120), "429", "Rate limit reached");
    let mut april = spent(call(14, MARCH), "gpt-4o", (150, 80), Some("0.001175"));
    april.usage.cache_read_tokens = Some(0);
    let april = with(april, ada().variant("b"));
    vec![
        of(agent, "openai", "chat", "production"),
        of(cached, "openai", "chat", "production"),
        of(abandoned, "openai", "chat", "production"),
        of(silent, "openai", "chat", "staging"),
        of(local, "ollama", "chat", "staging"),
        of(with(limited, ada()), "openai", "chat", "production"),
        april,
    ]
}

fn of(mut call: Call, provider: &'static str, service: &str, environment: &str) -> Call {
    call.provider = provider.into();
    call.service_name = Some(service.to_owned());
    call.environment = Some(environment.to_owned());
    call
}

fn asked(mut call: Call, model: &str) -> Call {
    call.request.model = Some(model.to_owned());
    call
}

fn streamed(mut call: Call, first_chunk: Option<u64>) -> Call {
    call.request.stream = Some(true);
    call.time_to_first_chunk = first_chunk.map(Duration::from_millis);
    call
}

/// An answer that was used, with the four parts of its confidence.
fn trusted(mut call: Call, [model, completeness, consistency, validation]: [f64; 4]) -> Call {
    call.trust.confidence = Some(Confidence::from_components([
        ("model_confidence", model),
        ("completeness", completeness),
        ("consistency", consistency),
        ("validation", validation),
    ]));
    call.trust.action = Some(Action::UseAiResult);
    call
}

fn fell_back(mut call: Call) -> Call {
    call.trust.action = Some(Action::FallbackToRules);
    call.trust.fallback_reason = Some("the image is too dark".to_owned());
    call
}
