//! What holds for every view.

use opentelemetry::trace::{SpanId, TraceId};
use spanledger::CallContext;

use super::{Known, costs, rows};

const VIEWS: &[&str] = &["ai_usage_log", "ai_call", "ai_call_logs", "model_usage"];

#[tokio::test]
async fn only_leaves_count_and_the_ledger_itself_has_every_row() {
    let mut known = Known::new().await;
    let trace = TraceId::from_bytes([7; 16]);
    let (agent, chat) = (SpanId::from_bytes([1; 8]), SpanId::from_bytes([2; 8]));
    known.call(0, "gpt-4o", (30, 3), |call| (call.identity.trace_id, call.identity.span_id) = (trace, agent)).await;
    known
        .call(1, "gpt-4o", (30, 3), |call| {
            (call.identity.trace_id, call.identity.span_id) = (trace, chat);
            call.identity.ai_parent_span_id = Some(agent);
        })
        .await;
    for view in VIEWS {
        let sql: &'static str = format!("SELECT count(*), sum(input_tokens) FROM {view}").leak();
        let sql = if *view == "ai_usage_log" { "SELECT count(*), sum(prompt_tokens) FROM ai_usage_log" } else { sql };
        assert_eq!(known.ask(sql).await, rows![[1, 30]], "{view}");
    }
    assert_eq!(known.ask("SELECT count(*) FROM usage_log").await, rows![[2]]);
}

#[tokio::test]
async fn a_model_is_called_what_the_front_end_called_it() {
    let mut known = Known::new().await;
    known
        .call(0, "gpt-4.1", (1, 1), |call| {
            call.response.model = Some("gpt-4.1-2025-04-14".to_owned());
            call.context = CallContext::default().model_alias("smart");
        })
        .await;
    known
        .call(1, "", (1, 1), |call| {
            call.request.model = None;
            call.response.model = Some("gpt-4.1-2025-04-14".to_owned());
        })
        .await;
    assert_eq!(
        known.ask("SELECT model FROM model_usage ORDER BY created_at").await,
        rows![["smart"], ["gpt-4.1-2025-04-14"]]
    );
    assert_eq!(
        known.ask("SELECT modelname, version FROM ai_model").await,
        rows![["gpt-4.1", "2025-04-14"]],
        "the model that answered is the one that has a version"
    );
}

#[tokio::test]
async fn money_keeps_its_scale_and_its_sums_do_not_overflow() {
    let mut known = Known::new().await;
    known
        .call(0, "text-embedding-3-small", (20, 0), |call| {
            call.context = CallContext::default().user("small");
            costs(call, "0.0000004");
        })
        .await;
    for at in 1..=3 {
        known
            .call(at, "gpt-4o", (1, 1), |call| {
                call.context = CallContext::default().user("large").configuration("c").job("j");
                costs(call, "9000000");
            })
            .await;
    }
    let sql = "SELECT user_id, cost_usd FROM ai_usage_tracking ORDER BY user_id";
    assert_eq!(known.ask(sql).await, rows![["large", 27_000_000.0], ["small", 0.000_000_4]]);
    assert_eq!(known.ask("SELECT average_cost FROM configuration_usage").await, rows![[27_000_000.0]]);
    assert_eq!(
        known.ask("SELECT total_cost FROM model_performance_analytics ORDER BY 1 DESC LIMIT 1").await,
        rows![[27_000_000.0]]
    );
}

#[tokio::test]
async fn an_answer_that_the_caller_abandoned_is_a_success() {
    let mut known = Known::new().await;
    known.call(0, "gpt-4o", (1, 1), |call| call.outcome.ending = spanledger::call::Ending::Cancelled).await;
    assert_eq!(
        known.ask("SELECT c.status, u.ending FROM ai_call c JOIN usage_log u USING (id)").await,
        rows![["success", "cancelled"]]
    );
}

#[tokio::test]
async fn filters_by_what_teams_filter_by_use_an_index() {
    let mut known = Known::new().await;
    for column in [
        "user_id",
        "conversation_id",
        "model_identifier",
        "request_model",
        "task",
        "job_id",
        "action",
        "configuration_id",
    ] {
        let sql: &'static str = format!(
            "EXPLAIN QUERY PLAN SELECT id FROM usage_log WHERE {column} = 'x' AND started_at > '2026' ORDER BY started_at DESC"
        )
        .leak();
        let plan = known.ask(sql).await;
        let plan: Vec<&str> = plan.iter().filter_map(|row| row[3].as_str()).collect();
        assert!(
            plan.len() == 1 && plan[0].contains(&format!("usage_log_{column} ({column}=? AND started_at>?)")),
            "{plan:?}"
        );
    }
}
