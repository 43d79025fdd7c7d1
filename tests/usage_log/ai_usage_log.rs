//! `ai_usage_log` and `ai_usage_tracking`: who used which model for what, and what a day came to.

use serde_json::json;

use super::{DAY, Known, SECOND, costs, failed, rows};

/// Three calls of two users over two days, one of them failed, and one of which nobody knows the usage.
async fn known() -> Known {
    let mut known = Known::new().await;
    known
        .call(0, "llama3.1", (150, 80), |call| {
            call.context = spanledger::CallContext::new("chat")
                .user(7)
                .conversation("abc")
                .model_identifier("client:1:llama3.1")
                .tag("business_type", "restaurant");
            costs(call, "0.25");
        })
        .await;
    known
        .call(60, "gpt-4o", (1000, 500), |call| {
            call.context = spanledger::CallContext::new("knowledge_qa").user(7).job("j-1").tag("async", true);
            costs(call, "0.5");
        })
        .await;
    known
        .call(DAY / SECOND, "gpt-4o", (10, 0), |call| {
            call.context = spanledger::CallContext::new("intent_detection").user(8);
            failed(call, "The model is overloaded");
        })
        .await;
    known
        .call(DAY / SECOND + 1, "gpt-4o", (0, 0), |call| {
            call.usage.input_tokens = None;
            call.usage.output_tokens = None;
            call.context = spanledger::CallContext::default().user(7);
        })
        .await;
    known
}

#[tokio::test]
async fn the_columns_are_those_that_the_teams_know() {
    let mut known = Known::new().await;
    assert_eq!(
        known.columns("SELECT * FROM ai_usage_log").await.join(" "),
        "id user_id conversation_id model_identifier endpoint section prompt_tokens response_tokens completion_tokens \
         total_tokens latency_ms response_time_ms success model_name error_message metadata created_at"
    );
    assert_eq!(
        known.columns("SELECT * FROM ai_usage_tracking").await.join(" "),
        "user_id date total_requests successful_requests failed_requests prompt_tokens completion_tokens total_tokens \
         average_response_time_ms cost_usd"
    );
}

#[tokio::test]
async fn usage_is_counted_by_model() {
    let sql = "SELECT model_identifier, COUNT(*), SUM(total_tokens) FROM ai_usage_log
               GROUP BY model_identifier ORDER BY 2 DESC, 1";
    let rows = known().await.ask(sql).await;
    assert_eq!(rows, rows![["openai:gpt-4o", 3, 1510], ["client:1:llama3.1", 1, 230]]);
}

#[tokio::test]
async fn usage_is_counted_by_user_and_section() {
    let sql = "SELECT user_id, section, SUM(prompt_tokens), SUM(completion_tokens), SUM(total_tokens), COUNT(*)
               FROM ai_usage_log GROUP BY user_id, section ORDER BY user_id, section";
    let rows = known().await.ask(sql).await;
    assert_eq!(
        rows,
        rows![
            ["7", "chat", 150, 80, 230, 2],
            ["7", "knowledge_qa", 1000, 500, 1500, 1],
            ["8", "intent_detection", 10, 0, 10, 1],
        ]
    );
}

#[tokio::test]
async fn a_users_last_calls_are_the_newest_first() {
    let sql = "SELECT created_at, endpoint, model_name FROM ai_usage_log WHERE user_id = '7'
               ORDER BY created_at DESC LIMIT 10";
    let rows = known().await.ask(sql).await;
    assert_eq!(
        rows,
        rows![
            ["2026-03-02 12:00:01.000000", "chat", "gpt-4o"],
            ["2026-03-01 12:01:00.000000", "knowledge_qa", "gpt-4o"],
            ["2026-03-01 12:00:00.000000", "chat", "llama3.1"],
        ]
    );
}

#[tokio::test]
async fn calls_are_found_by_success_date_and_words_in_the_error() {
    let mut known = known().await;
    let sql = "SELECT user_id, section FROM ai_usage_log
               WHERE success = FALSE AND date(created_at) = '2026-03-02' AND error_message LIKE '%overloaded%'";
    assert_eq!(known.ask(sql).await, rows![["8", "intent_detection"]]);
    let sql = "SELECT COUNT(*), SUM(success), SUM(NOT success), SUM(total_tokens) FROM ai_usage_log
               WHERE user_id LIKE '%7%' OR section LIKE '%7%' OR model_name LIKE '%7%' OR error_message LIKE '%7%'";
    assert_eq!(known.ask(sql).await, rows![[3, 3, 0, 1730]]);
}

#[tokio::test]
async fn metadata_holds_the_tags_with_their_types_and_what_the_call_belongs_to() {
    let sql = "SELECT metadata, json_extract(metadata, '$.business_type') FROM ai_usage_log ORDER BY created_at";
    let rows = known().await.ask(sql).await;
    let metadata: Vec<serde_json::Value> =
        rows.iter().map(|row| serde_json::from_str(row[0].as_str().unwrap()).unwrap()).collect();
    assert_eq!(
        metadata,
        [
            json!({"business_type": "restaurant", "conversation_id": "abc"}),
            json!({"async": true, "job_id": "j-1"}),
            json!({}),
            json!({}),
        ]
    );
    assert_eq!(rows[0][1], "restaurant");
}

#[tokio::test]
async fn a_day_of_a_user_is_one_row_and_equals_the_sum_of_its_calls() {
    let mut known = known().await;
    let sql = "SELECT user_id, date, total_requests, successful_requests, failed_requests, prompt_tokens,
                      completion_tokens, total_tokens, average_response_time_ms, cost_usd
               FROM ai_usage_tracking ORDER BY date, user_id";
    assert_eq!(
        known.ask(sql).await,
        rows![
            ["7", "2026-03-01", 2, 2, 0, 1150, 580, 1730, 1000.0, 0.75],
            ["7", "2026-03-02", 1, 1, 0, null, null, null, 1000.0, null],
            ["8", "2026-03-02", 1, 0, 1, 10, 0, 10, 1000.0, null],
        ]
    );
    let sql = "SELECT (SELECT SUM(total_tokens) FROM ai_usage_tracking) = (SELECT SUM(total_tokens) FROM ai_usage_log),
                      (SELECT SUM(total_requests) FROM ai_usage_tracking) = (SELECT COUNT(*) FROM ai_usage_log)";
    assert_eq!(known.ask(sql).await, rows![[1, 1]]);
}

#[tokio::test]
async fn a_users_name_is_joined_where_one_is_known() {
    let mut known = known().await;
    known.ask("INSERT INTO ai_user (id, name, email) VALUES ('7', 'Ada', 'ada@example.org')").await;
    let sql = "SELECT coalesce(ai_user.name, ai_usage_log.user_id), COUNT(*)
               FROM ai_usage_log LEFT JOIN ai_user ON ai_user.id = ai_usage_log.user_id GROUP BY 1 ORDER BY 1";
    assert_eq!(known.ask(sql).await, rows![["8", 1], ["Ada", 3]]);
}
