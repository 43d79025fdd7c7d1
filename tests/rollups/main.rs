//! Sums by hours: whatever happens to the rows, every report says what the rows say, with hours summed, changed since, or both.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod oracle;
mod world;

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use proptest::{prelude::*, sample::select};
use spanledger::{
    call::{Record, Timestamp},
    report::{REPORTS, Range, Report, Scope},
    spool::{Drain, Options, Spool},
    store::{Query, Store, sqlite::Sqlite},
};
use tempfile::TempDir;

use world::{MIDNIGHT, MINUTE, apply, first_versions, roll_up, step};

async fn ledger() -> (TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
    store.migrate().await.unwrap();
    (folder, store)
}

async fn count(store: &Sqlite, sql: &'static str) -> i64 {
    store.query(&Query::new(sql)).await.unwrap().rows[0][0].as_i64().unwrap()
}

/// Zones whose hours begin at the hour, half past and a quarter to, with clocks that go back by an hour and by half of one.
const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"];

fn scope() -> impl Strategy<Value = Scope> {
    let end =
        || prop::option::of((-2..26i64).prop_map(|halves| Timestamp::from_micros(MIDNIGHT + halves * 30 * MINUTE)));
    let edge = prop_oneof![4 => Just(0), 1 => -3..3i64, 1 => Just(20 * MINUTE)];
    let text = |words: &[&'static str]| prop_oneof![3 => Just(None), 1 => select(words.to_vec()).prop_map(|word| Some(word.to_owned()))];
    let filter = (text(&["openai"]), text(&["ocr", "chat"]), text(&["1"]), text(&["success", "error"]), text(&["o3"]));
    (end(), end(), edge, select(ZONES.to_vec()), filter).prop_map(|(since, until, edge, zone, filter)| {
        let mut scope = Scope::default();
        let since = since.map(|since| Timestamp::from_micros(since.micros() + edge));
        scope.range = Range { since, until };
        scope.zone = TimeZone::get(zone).unwrap();
        (scope.filter.provider, scope.filter.task, scope.filter.user_id, scope.filter.status, _) = filter;
        scope
    })
}

/// A runtime for all cases: a property is no async function.
static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_report_says_what_the_rows_say_after_every_step(
        steps in prop::collection::vec((step(), scope()), 1..16),
        begun in any::<bool>(),
    ) {
        RUNTIME.block_on(async {
            let (_folder, store) = ledger().await;
            let mut inserted = if begun { first_versions() } else { Vec::new() };
            store.insert(&inserted).await.unwrap();
            roll_up(&store, i64::MAX).await;
            for (step, scope) in &steps {
                apply(&store, step, &mut inserted).await;
                oracle::check(&store, scope).await;
            }
            store.close().await;
        });
    }
}

/// How many calls a report counts in all.
async fn calls(store: &Sqlite, scope: &Scope) -> i64 {
    let answer = Report::find("spend_by_task").unwrap().run(store, scope).await.unwrap();
    let at = answer.columns.iter().position(|column| column == "calls").unwrap();
    answer.rows.iter().map(|row| row[at].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn reports_read_sums_of_clean_hours_and_rows_where_hours_cannot_tell() {
    let (_folder, store) = ledger().await;
    store.insert(&first_versions()).await.unwrap();
    let all = Scope::default();
    roll_up(&store, i64::MAX).await;
    // A sum that is wrong shows who reads it.
    store.change(&[Query::new("UPDATE usage_hour SET calls = calls + 1000")]).await.unwrap();
    assert!(calls(&store, &all).await > 1000);
    let mut by_model = Scope::default();
    by_model.filter.model = Some("gpt-4o".to_owned());
    assert_eq!(calls(&store, &by_model).await, 12);
    let mut within_an_hour = Scope::default();
    within_an_hour.range.since = Some(Timestamp::from_micros(MIDNIGHT + 1));
    within_an_hour.range.until = Some(Timestamp::from_micros(MIDNIGHT + 60 * MINUTE));
    assert_eq!(calls(&store, &within_an_hour).await, 2);
    // What changes is read from rows until it is summed.
    store.change(&[Query::new("UPDATE usage_log SET task = 'ocr'")]).await.unwrap();
    assert_eq!(calls(&store, &all).await, 12);
    roll_up(&store, i64::MAX).await;
    assert_eq!(calls(&store, &all).await, 12);
    assert_eq!(count(&store, "SELECT sum(calls) FROM usage_hour").await, 12);
}

#[tokio::test]
async fn hours_that_are_not_over_are_left_to_their_rows() {
    let (_folder, store) = ledger().await;
    store.insert(&first_versions()).await.unwrap();
    roll_up(&store, MIDNIGHT + 60 * MINUTE).await;
    assert_eq!(count(&store, "SELECT count(DISTINCT hour) FROM usage_hour").await, 1, "those before one o'clock");
    let left = "SELECT count(*) FROM usage_hour_dirty WHERE hour >= '2026-10-24 23:00:00.000000'";
    assert_eq!(count(&store, left).await, count(&store, "SELECT count(*) FROM usage_hour_dirty").await);
}

#[tokio::test]
async fn a_ledger_of_an_older_schema_is_right_before_its_hours_are_summed_and_after() {
    let (_folder, store) = ledger().await;
    store.insert(&first_versions()).await.unwrap();
    store.revert(3).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(count(&store, "SELECT count(*) FROM usage_hour").await, 0);
    oracle::check(&store, &Scope::default()).await;
    roll_up(&store, i64::MAX).await;
    assert_eq!(count(&store, "SELECT count(*) FROM usage_hour_dirty").await, 0);
    oracle::check(&store, &Scope::default()).await;
}

#[tokio::test]
async fn the_drain_sums_hours_that_are_over() {
    let (folder, store) = ledger().await;
    let mut records = first_versions();
    for (record, years) in records.iter_mut().zip(1..) {
        let Record::Call(call) = record else { panic!("they are calls") };
        call.started_at = Timestamp::from_micros(years * 365 * 24 * 60 * MINUTE);
    }
    store.insert(&records).await.unwrap();
    let path = folder.path().join("usage.db");
    let spool = std::sync::Arc::new(Spool::open(folder.path().join("spool"), Options::default()).unwrap());
    let other: Box<dyn Store> = Box::new(Sqlite::open(path, false).unwrap());
    let drain = Drain::start(&spool, other, |_| Ok(Vec::new())).unwrap();
    let began = std::time::Instant::now();
    while count(&store, "SELECT count(*) FROM usage_hour_dirty").await > 0 {
        assert!(began.elapsed().as_secs() < 60, "{:?}", drain.health());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(count(&store, "SELECT sum(calls) FROM usage_hour").await, 12);
}

#[tokio::test]
async fn calls_whose_clocks_are_wrong_by_ages_are_in_every_report_of_every_zone() {
    let (_folder, store) = ledger().await;
    let mut records = first_versions();
    for (record, micros) in records.iter_mut().zip([i64::MIN, 0, i64::MAX]) {
        let Record::Call(call) = record else { panic!("they are calls") };
        (call.started_at, call.ended_at) = (Timestamp::from_micros(micros), Timestamp::from_micros(micros));
    }
    store.insert(&records).await.unwrap();
    for summed in [0, i64::MAX] {
        roll_up(&store, summed).await;
        for zone in ZONES {
            let mut scope = Scope::default();
            scope.zone = TimeZone::get(zone).unwrap();
            for report in REPORTS {
                let answer = report.run(&store, &scope).await.unwrap();
                assert_eq!(answer, report.run_over_rows(&store, &scope).await.unwrap(), "{}", report.name);
            }
            assert_eq!(calls(&store, &scope).await, 12, "{zone}");
        }
    }
}

/// A plan without the index reads, or even sorts, all rows that there are for a report of an hour.
#[tokio::test]
async fn every_report_finds_its_rows_by_an_index() {
    let (folder, store) = ledger().await;
    let database = rusqlite::Connection::open(folder.path().join("usage.db")).unwrap();
    for report in REPORTS {
        let query = report.query(&store, &Scope::default()).await.unwrap();
        let mut plan = database.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql())).unwrap();
        let values =
            query.parameters().iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let lines = plan.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        for line in lines.map(Result::unwrap).filter(|line| line.contains(" usage_log ")) {
            let by_start = line.starts_with("SEARCH usage_log USING INDEX usage_log_started_at (started_at>?");
            let silent = line.starts_with("SEARCH usage_log USING INDEX usage_log_silent_stream (started_at>?");
            let found = if report.name == "streams_without_usage" { silent } else { by_start };
            assert!(found || line.ends_with("(id=?)") && !report.name.contains("tag"), "{}: {line}", report.name);
        }
    }
}
