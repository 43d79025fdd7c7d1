//! The application: a flooring shop whose catalogue, chat and search ask AI models.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::error::Error;

use reqwest_middleware::ClientWithMiddleware;
use spanledger::{CallContext, CallHandle, Confidence, call::RowId};

use crate::support::{Scenario, Servers, scenario};

/// A step of the application's day: which call, for what and for whom, and what becomes of the answer.
struct Step {
    task: &'static str,
    user: &'static str,
    job: Option<&'static str>,
    scenario: &'static str,
    then: Then,
}

/// What the application does with an answer.
#[derive(Clone, Copy)]
enum Then {
    /// Reads it.
    Read,
    /// Judges it: used if it is good [`ENOUGH`], else rules take over.
    Judge(f64),
    /// Leaves a stream after this many chunks.
    Leave(usize),
    /// Asks another model if this one refuses.
    OrAsk(&'static str),
}

/// The score from which on an answer is used.
const ENOUGH: f64 = 0.70;
const CATALOGUE: Option<&str> = Some("catalogue-7");

const fn step(task: &'static str, user: &'static str, scenario: &'static str, then: Then) -> Step {
    Step { task, user, job: None, scenario, then }
}

const fn in_job(task: &'static str, scenario: &'static str, then: Then) -> Step {
    Step { task, user: "anna", job: CATALOGUE, scenario, then }
}

const DAY: &[Step] = &[
    in_job("product_classification", "anthropic messages", Then::Judge(0.92)),
    in_job("product_enrichment", "anthropic messages, stream, cache and thinking", Then::Judge(0.88)),
    in_job("image_vision_validation", "gemini generate, cached and thoughts", Then::Judge(0.41)),
    in_job("text_embedding_generation", "openai embeddings", Then::Read),
    in_job("text_embedding_generation", "gemini embed", Then::Read),
    in_job("material_classification", "openai chat, 429", Then::OrAsk("anthropic messages, cache and thinking")),
    step("chat", "ben", "openai chat, stream", Then::Read),
    step("chat", "ben", "openai chat, stream without usage", Then::Read),
    step("chat", "carla", "anthropic messages, long stream", Then::Leave(14)),
    step("chat", "carla", "gemini generate, long stream", Then::Leave(12)),
    step("knowledge_qa", "ben", "openai chat, cached and reasoning", Then::Judge(0.83)),
    step("knowledge_qa", "carla", "openai responses, stream", Then::Judge(0.66)),
    step("rag_pipeline", "carla", "gemini generate, array", Then::Read),
    step("rag_pipeline", "carla", "gemini generate, 500", Then::Read),
    step("intent_detection", "ben", "ollama chat, stream", Then::Judge(0.95)),
    step("intent_detection", "carla", "openai chat, unpriced", Then::Judge(0.77)),
];

/// Lives through the day, call by call. Gives the row of the last answer that was not good enough.
pub(crate) async fn run(http: &ClientWithMiddleware, servers: &Servers) -> Result<Option<RowId>, Box<dyn Error>> {
    let mut doubtful = None;
    println!("{:<25}  {:<6}  {:<22}  {:<9}  how it ended", "task", "user", "model", "asked for");
    for step in DAY {
        let scenario = find(step.scenario)?;
        let mut context = CallContext::new(step.task).user(step.user).tag("shop", "floors");
        if let Some(job) = step.job {
            context = context.job(job).attempt(1);
        }
        let (call, end) = ask(http, servers, step, scenario, context.clone()).await?;
        tell(step, scenario, &end);
        if matches!(step.then, Then::Judge(score) if score < ENOUGH) {
            doubtful = call.row_id();
        }
        if let (Then::OrAsk(other), Some(refused)) = (step.then, call.row_id()) {
            let other = find(other)?;
            let (_, end) = ask(http, servers, step, other, context.attempt(2).previous(refused)).await?;
            tell(step, other, &end);
        }
    }
    Ok(doubtful)
}

fn find(name: &str) -> Result<&'static Scenario, String> {
    scenario::named(name).ok_or_else(|| format!("no scenario is called {name:?}"))
}

/// One call. With a tracer set up it is a span, under the span of this function.
#[tracing::instrument(skip_all, fields(task = step.task))]
async fn ask(
    http: &ClientWithMiddleware,
    servers: &Servers,
    step: &Step,
    scenario: &Scenario,
    context: CallContext,
) -> Result<(CallHandle, String), Box<dyn Error>> {
    let url = format!("{}{}", servers.url(scenario.api), scenario.path);
    let mut response = http.post(url).with_extension(context).json(&scenario.body()).send().await?;
    let call = CallHandle::from_response(&response);
    let status = response.status();

    let most = if let Then::Leave(chunks) = step.then { chunks } else { usize::MAX };
    let mut chunks = 0;
    while chunks < most && response.chunk().await?.is_some() {
        chunks += 1;
    }
    drop(response);

    let mut end = match step.then {
        _ if !status.is_success() => format!("refused: {status}"),
        Then::Leave(_) => format!("left after {chunks} chunks"),
        _ if scenario.streamed => format!("streamed in {chunks} chunks"),
        _ => "answered".to_owned(),
    };
    if let Then::Judge(score) = step.then {
        call.confidence(Confidence::new(score).component("completeness", 0.9));
        if score >= ENOUGH {
            call.accepted();
            end.push_str(&format!(", accepted at {score:.2}"));
        } else {
            call.fell_back(format!("below {ENOUGH:.2}"));
            end.push_str(&format!(", rules took over at {score:.2}"));
        }
    }
    Ok((call, end))
}

fn tell(step: &Step, scenario: &Scenario, end: &str) {
    let shape = if scenario.streamed { "a stream" } else { "an answer" };
    println!("{:<25}  {:<6}  {:<22}  {shape:<9}  {end}", step.task, step.user, scenario.model);
}
