//! `ai_call_logs`: a pipeline's steps, how far each can be trusted, and what was done with it.

use spanledger::{
    CallContext, Confidence,
    confidence::{Action, Trust},
};

use super::{Known, costs, failed, rows};

const JOB: &str = "7d9f1f6e-0b1c-4c39-9a5e-3f3e6d0c1a2b";

/// The four steps of one job: three with the confidences of that team's own log, one that failed.
async fn known() -> Known {
    let mut known = Known::new().await;
    let steps = [
        ("product_classification_stage1", "claude-haiku", [0.90, 0.85, 0.88, 0.80], Action::UseAiResult, "0.001"),
        ("product_enrichment_stage2", "claude-sonnet", [0.95, 0.90, 0.93, 0.88], Action::UseAiResult, "0.02"),
        ("image_vision_analysis", "claude-sonnet", [0.98, 1.0, 0.95, 0.90], Action::FallbackToRules, "0.04"),
    ];
    for (at, (task, model, [model_confidence, completeness, consistency, validation], action, cost)) in
        (0i64..).zip(steps)
    {
        known
            .call(at * 10, model, (1500, 200), |call| {
                call.context =
                    CallContext::new(task).job(JOB).tag("image", at).request_data(serde_json::json!({"n": at}));
                call.trust.confidence = Some(Confidence::from_components([
                    ("model_confidence", model_confidence),
                    ("completeness", completeness),
                    ("consistency", consistency),
                    ("validation", validation),
                ]));
                call.trust.action = Some(action);
                if action == Action::FallbackToRules {
                    call.trust.fallback_reason = Some("the image is too dark".to_owned());
                }
                costs(call, cost);
            })
            .await;
    }
    known
        .call(30, "claude-sonnet", (1500, 0), |call| {
            call.context = CallContext::new("image_vision_analysis").job(JOB).tag("image", 2);
            failed(call, "overloaded");
        })
        .await;
    known
}

#[tokio::test]
async fn the_columns_are_those_that_the_team_knows() {
    let mut known = Known::new().await;
    assert_eq!(
        known.columns("SELECT * FROM ai_call_logs").await.join(" "),
        "id timestamp job_id task model input_tokens output_tokens cost latency_ms confidence_score confidence_breakdown \
         action fallback_reason request_data response_data error_message created_at"
    );
}

#[tokio::test]
async fn confidence_is_the_teams_own_sum_of_its_parts() {
    let sql = "SELECT task, ROUND(confidence_score, 2), json_extract(confidence_breakdown, '$.completeness')
               FROM ai_call_logs WHERE confidence_score IS NOT NULL ORDER BY timestamp";
    assert_eq!(
        known().await.ask(sql).await,
        rows![
            ["product_classification_stage1", 0.87, 0.85],
            ["product_enrichment_stage2", 0.92, 0.90],
            ["image_vision_analysis", 0.96, 1.0],
        ]
    );
}

#[tokio::test]
async fn confidence_is_grouped_by_model_and_task_and_as_a_histogram() {
    let mut known = known().await;
    let sql = "SELECT model, task, COUNT(confidence_score), ROUND(AVG(confidence_score), 3) FROM ai_call_logs
               GROUP BY model, task ORDER BY model, task";
    assert_eq!(
        known.ask(sql).await,
        rows![
            ["claude-haiku", "product_classification_stage1", 1, 0.866],
            ["claude-sonnet", "image_vision_analysis", 1, 0.962],
            ["claude-sonnet", "product_enrichment_stage2", 1, 0.922],
        ]
    );
    let sql = "SELECT CAST(confidence_score * 10 AS INTEGER) / 10.0 AS bucket, COUNT(*) FROM ai_call_logs
               WHERE confidence_score IS NOT NULL GROUP BY bucket ORDER BY bucket";
    assert_eq!(known.ask(sql).await, rows![[0.8, 1], [0.9, 2]]);
}

#[tokio::test]
async fn the_fallback_rate_is_over_the_calls_that_have_an_action() {
    let sql = "SELECT task, SUM(action = 'fallback_to_rules') * 1.0 / COUNT(action) FROM ai_call_logs
               GROUP BY task ORDER BY task";
    assert_eq!(
        known().await.ask(sql).await,
        rows![
            ["image_vision_analysis", 1.0],
            ["product_classification_stage1", 0.0],
            ["product_enrichment_stage2", 0.0],
        ]
    );
}

#[tokio::test]
async fn a_running_job_shows_what_each_step_cost_and_the_total_so_far() {
    let sql = "SELECT task, model, input_tokens + output_tokens, cost, latency_ms,
                      ROUND(SUM(cost) OVER (ORDER BY timestamp), 6)
               FROM ai_call_logs WHERE job_id = '7d9f1f6e-0b1c-4c39-9a5e-3f3e6d0c1a2b' ORDER BY timestamp";
    assert_eq!(
        known().await.ask(sql).await,
        rows![
            ["product_classification_stage1", "claude-haiku", 1700, 0.001, 1000.0, 0.001],
            ["product_enrichment_stage2", "claude-sonnet", 1700, 0.02, 1000.0, 0.021],
            ["image_vision_analysis", "claude-sonnet", 1700, 0.04, 1000.0, 0.061],
            ["image_vision_analysis", "claude-sonnet", 1500, null, 1000.0, 0.061],
        ]
    );
}

#[tokio::test]
async fn cost_per_image_is_told_by_tag_and_model() {
    let sql =
        "SELECT u.tags ->> 'image', l.model, COUNT(*), SUM(l.cost) FROM ai_call_logs l JOIN usage_log u USING (id)
               GROUP BY 1, 2 ORDER BY 1, 2";
    assert_eq!(
        known().await.ask(sql).await,
        rows![[0, "claude-haiku", 1, 0.001], [1, "claude-sonnet", 1, 0.02], [2, "claude-sonnet", 2, 0.04],]
    );
}

#[tokio::test]
async fn what_the_application_attached_is_there_without_capture() {
    let mut known = Known::new().await;
    let id = known
        .call(0, "gpt-4o", (1, 1), |call| {
            call.context = CallContext::new("material_classification").request_data(serde_json::json!({"sku": 17}));
        })
        .await;
    let mut trust = Trust::default();
    trust.response_data = Some(serde_json::json!({"label": "oak"}));
    known.learn(id, trust).await;
    let sql = "SELECT request_data, response_data FROM ai_call_logs";
    assert_eq!(known.ask(sql).await, rows![[r#"{"sku":17}"#, r#"{"label":"oak"}"#]]);
}

#[tokio::test]
async fn task_and_model_are_never_null() {
    let mut known = Known::new().await;
    known.call(0, "gpt-4o", (1, 1), |call| call.request.model = None).await;
    assert_eq!(known.ask("SELECT task, model FROM ai_call_logs").await, rows![["chat", "unknown"]]);
}
