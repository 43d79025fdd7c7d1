//! `ai_model` and `ai_call`: models, their versions and their calls.

use super::{Known, costs, rows};

const USER: &str = "0F8FAD5B-D9CB-469F-A165-70867728950E";

#[tokio::test]
async fn the_columns_are_those_that_the_team_knows() {
    let mut known = Known::new().await;
    assert_eq!(
        known.columns("SELECT * FROM ai_call").await.join(" "),
        "id model_id prompt response input_tokens reasoning_tokens output_tokens cost_usd duration_ms call_type status \
         user_id extra created_at updated_at"
    );
    assert_eq!(
        known.columns("SELECT * FROM ai_model").await.join(" "),
        "id modelname version extra created_at updated_at"
    );
}

#[tokio::test]
async fn a_models_usage_is_joined_by_name_and_version() {
    let mut known = Known::new().await;
    for (model, cost) in [("claude-3-sonnet-20240229", "0.1"), ("claude-3-sonnet-20240229", "0.2"), ("gpt-4-0125", "1")]
    {
        known
            .call(0, model, (100, 50), |call| {
                call.usage.reasoning_tokens = Some(20);
                costs(call, cost);
            })
            .await;
    }
    let sql = "SELECT m.modelname, m.version, COUNT(*), SUM(c.input_tokens), SUM(c.reasoning_tokens),
                      SUM(c.output_tokens), ROUND(SUM(c.cost_usd), 6), AVG(c.duration_ms)
               FROM ai_call c JOIN ai_model m ON m.id = c.model_id
               WHERE c.status = 'success' GROUP BY m.modelname, m.version ORDER BY m.modelname";
    assert_eq!(
        known.ask(sql).await,
        rows![
            ["claude-3-sonnet", "20240229", 2, 200, 40, 100, 0.3, 1000.0],
            ["gpt-4", "0125", 1, 100, 20, 50, 1.0, 1000.0]
        ]
    );
}

#[tokio::test]
async fn a_user_is_a_uuid_or_unknown_and_the_text_stays_in_the_ledger() {
    let mut known = Known::new().await;
    for (at, user) in [(0, USER), (1, "ada@example.org"), (2, "0f8fad5b-d9cb-469f-a165-70867728950")] {
        known.call(at, "gpt-4o", (1, 1), |call| call.context = spanledger::CallContext::default().user(user)).await;
    }
    let sql = "SELECT c.user_id, u.user_id FROM ai_call c JOIN usage_log u USING (id) ORDER BY c.created_at";
    assert_eq!(
        known.ask(sql).await,
        rows![[USER.to_lowercase(), USER], [null, "ada@example.org"], [null, "0f8fad5b-d9cb-469f-a165-70867728950"],]
    );
}

#[tokio::test]
async fn extra_is_what_has_no_column_and_prompts_are_unknown_unless_captured() {
    let mut known = Known::new().await;
    let id = known
        .call(0, "gpt-4o", (1, 1), |call| {
            call.extra.insert("gen_ai.request.top_p".to_owned(), 0.5.into());
            call.context = spanledger::CallContext::new("review").tag("page", 3);
        })
        .await;
    let sql = "SELECT call_type, prompt, response, extra FROM ai_call";
    assert_eq!(known.ask(sql).await, rows![["review", null, null, r#"{"gen_ai.request.top_p":0.5,"page":3}"#]]);
    known.call(1, "gpt-4o", (1, 1), |_| ()).await;
    assert_eq!(known.ask("SELECT extra FROM ai_call ORDER BY created_at DESC LIMIT 1").await, rows![["{}"]]);

    sqlx::query(
        "INSERT INTO ai_call_content (call_id, prompt, response, started_at) VALUES (?, 'Oak?', '\"yes\"', '2026')",
    )
    .bind(id.to_string())
    .execute(&mut known.connection)
    .await
    .unwrap();
    assert_eq!(
        known.ask("SELECT prompt, response FROM ai_call WHERE prompt IS NOT NULL").await,
        rows![["Oak?", "\"yes\""]]
    );
}

#[tokio::test]
async fn deleting_a_model_deletes_its_calls_with_their_content_and_scores() {
    let mut known = Known::new().await;
    let id = known.call(0, "gpt-4-0125", (1, 1), |_| ()).await;
    known.call(1, "gpt-4o", (1, 1), |_| ()).await;
    let mut trust = spanledger::confidence::Trust::default();
    trust.confidence = Some(spanledger::Confidence::new(0.5));
    known.learn(id, trust).await;
    sqlx::query("INSERT INTO ai_call_content (call_id, prompt, started_at) VALUES (?, 'Oak?', '2026')")
        .bind(id.to_string())
        .execute(&mut known.connection)
        .await
        .unwrap();
    known.ask("DELETE FROM ai_model WHERE modelname = 'gpt-4'").await;
    let sql = "SELECT (SELECT count(*) FROM usage_log), (SELECT count(*) FROM ai_call_score),
                      (SELECT count(*) FROM ai_call_content)";
    assert_eq!(known.ask(sql).await, rows![[1, 0, 0]]);
}
