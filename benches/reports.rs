//! How long reports take on half a million and on five million calls: over sums by hours, over rows, and of one day. See
//! `benches/README.md`.
//!
//! The calls are made by `reports.sql`. Every sum over all calls is compared with their number, and what a report says over
//! sums with what it says over rows.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints its table"
)]

use std::{
    collections::BTreeSet,
    env,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params_from_iter, types::Value};
use serde_json::Value as Json;
use spanledger::{
    call::Timestamp,
    report::{REPORTS, Report, Scope},
    store::{Query, Store, Table, sqlite::Sqlite},
};

/// 2026-01-01T00:00Z.
const FIRST: i64 = 1_767_225_600_000_000;
/// Between two calls, in microseconds: 2,315 calls an hour, five million in ninety days.
const BETWEEN: i64 = 1_555_200;
const DAY: i64 = 86_400_000_000;
/// A report is asked again until it has taken this long, three times at most.
const ENOUGH: Duration = Duration::from_secs(3);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if !has("--bench") {
        println!("run me by `cargo bench --bench reports`");
        return;
    }
    let sizes = match arguments.iter().filter_map(|argument| argument.parse().ok()).collect::<Vec<i64>>()[..] {
        [small, large] => [small, large],
        _ if has("--quick") => [10_000, 100_000],
        _ => [500_000, 5_000_000],
    };
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let [small, large] = sizes.map(|calls| runtime.block_on(measured(calls)));
    println!("| report | reads | {} calls | {} calls | growth | over rows | of rows' | a day |", sizes[0], sizes[1]);
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (small, large) in small.iter().zip(&large) {
        let over_rows = large.over_rows.map_or_else(String::new, millis);
        let ratio =
            large.over_rows.map_or_else(String::new, |rows| format!("{:.3}", seconds(large.all) / seconds(rows)));
        println!(
            "| {} | {} | {} | {} | {:.1} | {over_rows} | {ratio} | {} |",
            large.report.name,
            large.reads,
            millis(small.all),
            millis(large.all),
            seconds(large.all) / seconds(small.all),
            millis(large.day),
        );
    }
    println!("\nit took {:.0} s", began.elapsed().as_secs_f64());
}

/// What was measured of one report.
struct Measured {
    report: &'static Report,
    reads: String,
    all: Duration,
    /// Where it reads sums by hours.
    over_rows: Option<Duration>,
    day: Duration,
}

async fn measured(calls: i64) -> Vec<Measured> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.db");
    let store = Sqlite::open(&path, true).unwrap();
    store.migrate().await.unwrap();
    // So that the journal can be switched off; it opens itself again.
    store.close().await;
    let made = Instant::now();
    make(&path, calls);
    let summed = Instant::now();
    while store.roll_up(Timestamp::from_micros(i64::MAX)).await.unwrap() {}
    let took = summed.elapsed();
    let sums = Query::new("SELECT count(*), sum(calls) FROM usage_hour");
    let sums = store.query(&sums).await.unwrap().rows.remove(0);
    assert_eq!(sums[1], calls, "every call is in one sum");
    println!(
        "{calls} calls: made in {:.1} s, summed in {:.1} s ({:.1} µs each) into {} sums",
        (summed - made).as_secs_f64(),
        took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / calls as f64,
        sums[0],
    );
    let mut all = Vec::new();
    for report in REPORTS {
        all.push(measure(&store, &path, report, calls).await);
    }
    store.close().await;
    all
}

async fn measure(store: &Sqlite, path: &Path, report: &'static Report, calls: i64) -> Measured {
    let all = Scope::default();
    let mut day = Scope::default();
    let last = FIRST + calls * BETWEEN - DAY;
    day.range.since = Some(Timestamp::from_micros(last));
    day.range.until = Some(Timestamp::from_micros(last + DAY));
    let reads = reads(path, &report.query(store, &all).await.unwrap());
    let (whole, answer) = median(async || report.run(store, &all).await.unwrap()).await;
    if report.name.starts_with("spend_by") && !report.name.contains("tag") {
        assert_eq!(counted(&answer), calls, "{} counts every call", report.name);
    }
    let over_rows = if reads.contains("usage_hour") {
        let (took, rows) = median(async || report.run_over_rows(store, &all).await.unwrap()).await;
        assert_eq!(rows, answer, "{} says the same", report.name);
        Some(took)
    } else {
        None
    };
    let (day, _) = median(async || report.run(store, &day).await.unwrap()).await;
    eprintln!("{}: {} {}", report.name, millis(whole), over_rows.map_or_else(String::new, millis));
    Measured { report, reads, all: whole, over_rows, day }
}

/// Makes calls without triggers and indexes, puts both back, and marks every hour.
fn make(path: &Path, calls: i64) {
    let database = Connection::open(path).unwrap();
    database
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = MEMORY")
        .unwrap();
    let sql = "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'usage_log' AND sql IS NOT NULL
               AND type IN ('trigger', 'index') ORDER BY type";
    let beside: Vec<[String; 3]> = database
        .prepare(sql)
        .unwrap()
        .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for [kind, name, _] in &beside {
        database.execute_batch(&format!("DROP {kind} {name}")).unwrap();
    }
    let made = database.execute(include_str!("reports.sql"), [calls, FIRST, BETWEEN]).unwrap();
    assert_eq!(i64::try_from(made).unwrap(), calls);
    for [_, _, sql] in &beside {
        database.execute_batch(sql).unwrap();
    }
    let mark =
        "INSERT INTO usage_hour_dirty SELECT DISTINCT substr(started_at, 1, 13) || ':00:00.000000' FROM usage_log;
                PRAGMA journal_mode = WAL";
    database.execute_batch(mark).unwrap();
}

/// The tables, and the indexes, that SQLite goes through for a question.
fn reads(path: &Path, query: &Query) -> String {
    let database = Connection::open(path).unwrap();
    let mut plan = database.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql())).unwrap();
    let values = query.parameters().iter().map(|value| match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => Value::Integer(number.as_i64().unwrap()),
        json => Value::Text(json.to_string()),
    });
    let lines = plan.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap().map(Result::unwrap);
    let lines: BTreeSet<String> = lines.filter_map(|line| index(&line)).collect();
    lines.into_iter().collect::<Vec<_>>().join(", ")
}

/// `SEARCH usage_log USING INDEX usage_log_started_at (…)` is about that index; by its key, a table is meant.
fn index(line: &str) -> Option<String> {
    let table = line.strip_prefix("SEARCH ").or_else(|| line.strip_prefix("SCAN "))?.split(' ').next()?;
    let by_index = line.split_once(" INDEX ").and_then(|(_, rest)| rest.split(' ').next());
    let ours = by_index.is_some_and(|index| index.starts_with("usage_"));
    match by_index {
        Some(index) if ours => Some(index.to_owned()),
        _ if line.contains("usage_hour_dirty") || matches!(table, "dirty") => None,
        _ if table == "call" && line.contains("PRIMARY KEY") => Some("usage_hour".to_owned()),
        _ => None,
    }
}

async fn median(run: impl AsyncFn() -> Table) -> (Duration, Table) {
    let (mut took, began) = (Vec::new(), Instant::now());
    loop {
        let start = Instant::now();
        let answer = run().await;
        took.push(start.elapsed());
        if took.len() == 3 || began.elapsed() > ENOUGH {
            took.sort_unstable();
            return (took[took.len() / 2], answer);
        }
    }
}

fn counted(table: &Table) -> i64 {
    let at = table.columns.iter().position(|column| column == "calls").unwrap_or_else(|| panic!("{:?}", table.columns));
    table.rows.iter().map(|row| row[at].as_i64().unwrap()).sum()
}

fn seconds(took: Duration) -> f64 {
    took.as_secs_f64()
}

fn millis(took: Duration) -> String {
    let millis = seconds(took) * 1e3;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}
