//! `model_usage`, `configuration_usage` and their performance views: what was configured, what was used, and how it went.

use spanledger::{CallContext, call::RowId};

use super::{Known, costs, failed, rows};

/// Two jobs of one configuration, of which one failed in its last stage, and an accuracy for each.
async fn known() -> Known {
    let mut known = Known::new().await;
    let steps = [
        (0, "j-1", "extract", "gpt-4.1", false, Some(0.8)),
        (10, "j-1", "review", "o3", true, None),
        (20, "j-1", "review", "o3", false, None), // a retry: the last call of the stage counts
        (100, "j-2", "extract", "gpt-4.1", false, Some(0.6)),
        (110, "j-2", "review", "gpt-4o", true, None),
    ];
    for (at, job, stage, model, fails, accuracy) in steps {
        let id = known
            .call(at, model, (100, 10), |call| {
                call.context = CallContext::new(stage).job(job).configuration("c-1");
                costs(call, "0.5");
                if fails {
                    failed(call, "overloaded");
                }
            })
            .await;
        if let Some(accuracy) = accuracy {
            score(&mut known, id, accuracy).await;
        }
    }
    let sql = r#"INSERT INTO ai_configuration (id, name, model_config) VALUES
        ('c-1', 'First', '{"temperature": 0.2, "stage_models": {"extract": ["gpt-4.1", "o3"], "review": ["o3"]}}'),
        ('c-2', 'Never used', '{}')"#;
    known.ask(sql).await;
    known
}

async fn score(known: &mut Known, id: RowId, accuracy: f64) {
    let sql = "INSERT INTO ai_call_score (call_id, name, score, recorded_at, content_hash)
               VALUES (?, 'accuracy', ?, '2026-03-01 13:00:00.000000', 0)";
    sqlx::query(sql).bind(id.to_string()).bind(accuracy).execute(&mut known.connection).await.unwrap();
}

#[tokio::test]
async fn the_columns_are_those_that_the_team_knows() {
    let mut known = Known::new().await;
    assert_eq!(
        known.columns("SELECT * FROM model_usage").await.join(" "),
        "id queue_item_id stage model provider input_tokens output_tokens total_tokens response_time_ms cost success \
         error_message configuration_id created_at"
    );
    let mut known = self::known().await;
    assert_eq!(
        known.columns("SELECT * FROM configuration_usage").await.join(" "),
        "configuration_id name times_used average_accuracy average_cost average_duration_ms success_rate first_used_at \
         last_used_at"
    );
    assert_eq!(
        known.columns("SELECT * FROM model_performance_analytics").await.join(" "),
        "provider model stage calls success_rate average_response_time_ms input_tokens output_tokens total_cost \
         average_cost average_confidence average_accuracy last_used_at"
    );
    assert_eq!(
        known.columns("SELECT * FROM configuration_performance").await.join(" "),
        "configuration_id name stage calls success_rate average_response_time_ms input_tokens output_tokens total_cost \
         average_cost average_confidence average_accuracy last_used_at configured_models used_models models_match"
    );
}

#[tokio::test]
async fn a_job_lists_its_stages() {
    let sql = "SELECT stage, model, total_tokens, cost, success, error_message FROM model_usage
               WHERE queue_item_id = 'j-2' ORDER BY created_at";
    assert_eq!(
        known().await.ask(sql).await,
        rows![["extract", "gpt-4.1", 110, 0.5, 1, null], ["review", "gpt-4o", 110, 0.5, 0, "overloaded"]]
    );
}

#[tokio::test]
async fn a_configuration_is_judged_by_its_jobs() {
    let sql =
        "SELECT configuration_id, name, times_used, ROUND(average_accuracy, 3), average_cost, average_duration_ms,
                      success_rate, first_used_at, last_used_at
               FROM configuration_usage ORDER BY configuration_id";
    let first = "2026-03-01 12:00:00.000000";
    assert_eq!(
        known().await.ask(sql).await,
        rows![
            // 21 s from the first start to the last end, and 11 s.
            ["c-1", "First", 2, 0.7, 1.25, 16000.0, 0.5, first, "2026-03-01 12:01:50.000000"],
            ["c-2", "Never used", 0, null, null, null, null, null, null],
        ]
    );
}

#[tokio::test]
async fn a_configuration_that_nobody_described_is_judged_too_and_a_call_without_a_job_is_a_job() {
    let mut known = Known::new().await;
    for at in [0, 5] {
        known.call(at, "o3", (1, 1), |call| call.context = CallContext::new("extract").configuration("c-9")).await;
    }
    let sql = "SELECT configuration_id, name, times_used, average_cost, average_duration_ms, success_rate
               FROM configuration_usage";
    assert_eq!(known.ask(sql).await, rows![["c-9", null, 2, null, 1000.0, 1.0]]);
}

#[tokio::test]
async fn models_are_compared_by_stage() {
    let sql = "SELECT provider, model, stage, calls, ROUND(success_rate, 2), input_tokens, total_cost, average_cost,
                      ROUND(average_accuracy, 3)
               FROM model_performance_analytics ORDER BY stage, model";
    assert_eq!(
        known().await.ask(sql).await,
        rows![
            ["openai", "gpt-4.1", "extract", 2, 1.0, 200, 1.0, 0.5, 0.7],
            ["openai", "gpt-4o", "review", 1, 0.0, 100, 0.5, 0.5, null],
            ["openai", "o3", "review", 2, 0.5, 200, 1.0, 0.5, null],
        ]
    );
}

#[tokio::test]
async fn models_that_were_configured_are_held_against_those_that_were_used() {
    let sql = "SELECT stage, calls, configured_models, used_models, models_match FROM configuration_performance
               WHERE configuration_id = 'c-1' ORDER BY stage";
    assert_eq!(
        known().await.ask(sql).await,
        rows![
            ["extract", 2, r#"["gpt-4.1","o3"]"#, r#"["gpt-4.1"]"#, 1],
            ["review", 3, r#"["o3"]"#, r#"["o3","gpt-4o"]"#, 0],
        ]
    );
}
