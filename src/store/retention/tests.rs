use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{
    call::{Call, Content, Later, Record, Score, Scored},
    confidence::{Confidence, Trust},
    store::{row_id, sqlite::Sqlite},
};

const DAY: i64 = 24 * 3_600_000_000;

/// Days from now; before it where they are negative.
fn day(days: i64) -> Timestamp {
    Timestamp::from_micros(Timestamp::now().micros().saturating_add(days.saturating_mul(DAY)))
}

async fn ledger() -> (TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
    store.migrate().await.unwrap();
    (folder, store)
}

fn call(number: u64, started_at: Timestamp) -> Call {
    let mut call = Call { provider: "openai".into(), operation: "chat".into(), started_at, ..Call::default() };
    call.identity.trace_id = u128::from(number).into();
    call.identity.span_id = number.into();
    call.ended_at = started_at;
    call.request.model = Some("gpt-4o".to_owned());
    call
}

/// A call with content and a score, all of which arrived so many days ago.
async fn store_all(store: &Sqlite, number: u64, started_at: Timestamp, arrived: i64) {
    let call = call(number, started_at);
    let row_id = row_id(&call);
    let content =
        Content { row_id, started_at, prompt: Some("hi".to_owned()), request: Some(json!(["hi"])), response: None };
    let scored = Scored {
        row_id,
        recorded_at: started_at,
        score: Score { name: "accuracy".to_owned(), score: Some(0.5), ..Score::default() },
    };
    let records = [Record::Call(Box::new(call)), Record::Content(Box::new(content)), Record::Score(Box::new(scored))];
    store.insert(&records).await.unwrap();
    arrived_at(store, &row_id.to_string(), day(-arrived)).await;
}

async fn arrived_at(store: &Sqlite, id: &str, at: Timestamp) {
    let change = |sql| Query::new(sql).bind(sql_text(at)).bind(id);
    let changes = [
        change("UPDATE usage_log SET created_at = ?1 WHERE id = ?2"),
        change("UPDATE ai_call_content SET created_at = ?1 WHERE call_id = ?2"),
        change("UPDATE ai_call_score SET created_at = ?1 WHERE call_id = ?2"),
    ];
    store.change(&changes).await.unwrap();
}

/// How many rows the three tables have.
async fn left(store: &Sqlite) -> [u64; 3] {
    let counts = "SELECT (SELECT count(*) FROM usage_log), (SELECT count(*) FROM ai_call_content), (SELECT count(*) FROM ai_call_score)";
    let table = store.query(&Query::new(counts)).await.unwrap();
    [0, 1, 2].map(|at| table.rows[0][at].as_u64().unwrap())
}

async fn delete(store: &Sqlite, sweeps: impl IntoIterator<Item = Sweep>) -> u64 {
    let mut deleted = 0;
    for mut sweep in sweeps {
        let found = sweep.found(store).await.unwrap().rows;
        let mut of_this = 0;
        while let Some(rows) = sweep.step(store).await.unwrap() {
            of_this += rows;
        }
        assert!(of_this >= found, "{}: {of_this} of {found}", sweep.what);
        deleted += of_this;
    }
    deleted
}

#[tokio::test]
async fn old_calls_go_with_their_content_and_scores_and_content_goes_alone() {
    let (_folder, store) = ledger().await;
    for (number, age) in [(1, 500), (2, 100), (3, 1)] {
        store_all(&store, number, day(-age), age).await;
    }
    let [calls, ahead] = Sweep::calls(day(-400));
    let found = calls.found(&store).await.unwrap();
    assert_eq!((found.rows, found.oldest.as_deref().map(|at| &at[..10])), (1, Some(&sql_text(day(-500))[..10])));
    assert_eq!(left(&store).await, [3, 3, 3], "looking deletes nothing");
    assert_eq!(delete(&store, [calls, ahead]).await, 1);
    assert_eq!(left(&store).await, [2, 2, 2]);
    assert_eq!(delete(&store, Sweep::content(day(-30))).await, 1);
    assert_eq!(left(&store).await, [2, 1, 2], "the calls stay");
    assert_eq!(delete(&store, Sweep::content(day(-30))).await, 0, "a second run finds nothing");
}

#[tokio::test]
async fn no_date_makes_a_call_older_than_its_arrival_or_keeps_it_for_ever() {
    let (_folder, store) = ledger().await;
    store_all(&store, 1, Timestamp::from_micros(0), 1).await;
    store_all(&store, 2, Timestamp::from_micros(i64::MIN), 1).await;
    store_all(&store, 3, day(100_000), 1).await;
    store_all(&store, 4, Timestamp::from_micros(i64::MAX), 1).await;
    assert_eq!(delete(&store, Sweep::content(day(-30))).await + delete(&store, Sweep::calls(day(-30))).await, 0);
    assert_eq!(left(&store).await, [4, 4, 4], "all of them came yesterday");
    store_all(&store, 5, Timestamp::from_micros(0), 31).await;
    store_all(&store, 6, Timestamp::from_micros(i64::MAX), 31).await;
    assert_eq!(delete(&store, Sweep::calls(day(-30))).await, 2);
    assert_eq!(left(&store).await, [4, 4, 4], "these came a month ago");
}

#[tokio::test]
async fn only_scores_whose_call_never_came_are_lost() {
    let (_folder, store) = ledger().await;
    store_all(&store, 1, day(-90), 90).await;
    for (number, age) in [(2, 90), (3, 1)] {
        let row_id = row_id(&call(number, day(0)));
        let trust = Trust { confidence: Some(Confidence::new(0.5)), ..Trust::default() };
        let later = Later { row_id, recorded_at: day(-age), trust };
        store.insert(&[Record::Later(Box::new(later))]).await.unwrap();
        arrived_at(&store, &row_id.to_string(), day(-age)).await;
    }
    assert_eq!(delete(&store, [Sweep::lost_scores(day(-30))]).await, 1);
    assert_eq!(left(&store).await, [1, 1, 2]);
}

#[tokio::test]
async fn more_rows_than_one_batch_go_even_where_all_have_one_date() {
    let (_folder, store) = ledger().await;
    let calls: Vec<_> =
        (1..=5001).map(|number| Record::Call(Box::new(call(number, Timestamp::from_micros(7))))).collect();
    store.insert(&calls).await.unwrap();
    let old = Query::new("UPDATE usage_log SET created_at = ?1").bind(sql_text(day(-90)));
    store.change(&[old]).await.unwrap();
    let [mut calls, _] = Sweep::calls(day(-30));
    let mut batches = Vec::new();
    while let Some(rows) = calls.step(&store).await.unwrap() {
        batches.push(rows);
    }
    assert_eq!(batches, [2000, 2000, 1001]);
}

#[tokio::test]
async fn each_walk_searches_an_index_and_sorts_nothing() {
    let (_folder, store) = ledger().await;
    let [calls, calls_ahead] = Sweep::calls(day(0));
    let [content, content_ahead] = Sweep::content(day(0));
    for sweep in [calls, calls_ahead, content, content_ahead, Sweep::lost_scores(day(0)), Sweep::of_model("x")] {
        let explain = Query::new("EXPLAIN QUERY PLAN SELECT key FROM (").and(sweep.rows).and(NEXT);
        let plan = format!("{:?}", store.query(&sweep.bound(explain)).await.unwrap().rows);
        assert!(plan.contains("SEARCH") && !plan.contains("TEMP B-TREE"), "{}: {plan}", sweep.what);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn exactly_what_is_old_by_both_clocks_goes(
        rows in prop::collection::vec((-1000..1000i64, 0..1000i64), 1..20), limit in 1..1000i64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = ledger().await;
            for (number, (age, arrived)) in (1..).zip(&rows) {
                store_all(&store, number, day(-age), *arrived).await;
            }
            delete(&store, Sweep::calls(day(-limit))).await;
            // A call that is dated ahead of today is judged by its arrival alone.
            let stays = rows.iter().filter(|(age, arrived)| !(*arrived >= limit && (*age >= limit || *age < -1)));
            let stays = stays.count() as u64;
            prop_assert_eq!(left(&store).await, [stays; 3]);
            Ok(())
        })?;
    }
}
