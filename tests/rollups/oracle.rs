//! What reports must say, counted from the rows by other means than SQL.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::Value;
use spanledger::{
    report::{REPORTS, Report, Scope},
    store::{Query, Store, Table, sqlite::Sqlite},
};

/// A row of the ledger that counts, as far as money reports read it.
struct Row {
    micros: i64,
    provider: String,
    model: Value,
    task: Value,
    user: Value,
    configuration: Value,
    status: String,
    input: Option<i64>,
    output: Option<i64>,
    cost: Option<i64>,
}

/// Calls, errors, unpriced; tokens and pico-dollars, unknown if nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) calls: i64,
    pub(crate) errors: i64,
    pub(crate) unpriced: i64,
    pub(crate) input: Option<i64>,
    pub(crate) output: Option<i64>,
    pub(crate) cost: Option<i128>,
}

impl Sums {
    pub(crate) fn add(&mut self, other: &Self) {
        fn plus<T: std::ops::Add<Output = T>>(sum: &mut Option<T>, more: Option<T>) {
            *sum = match (sum.take(), more) {
                (Some(sum), Some(more)) => Some(sum + more),
                (sum, more) => sum.or(more),
            };
        }
        self.calls += other.calls;
        self.errors += other.errors;
        self.unpriced += other.unpriced;
        plus(&mut self.input, other.input);
        plus(&mut self.output, other.output);
        plus(&mut self.cost, other.cost);
    }
}

/// What each report of money goes by.
const BY: &[(&str, &[&str])] = &[
    ("spend_by_model", &["provider", "model"]),
    ("spend_by_provider", &["provider"]),
    ("spend_by_task", &["task"]),
    ("spend_by_user", &["user_id"]),
    ("spend_by_day", &["day"]),
    ("spend_by_month", &["month"]),
    ("summary", &[]),
];

async fn rows(store: &Sqlite) -> Vec<Row> {
    let sql = "SELECT unixepoch(started_at) * 1000000 + substr(started_at, 21) AS micros, provider,
        coalesce(model_alias, request_model, response_model), coalesce(task, operation), user_id, configuration_id, status,
        input_tokens, output_tokens, cost_picousd AS pico FROM usage_log WHERE billable = 1";
    let table = store.query(&Query::new(sql)).await.unwrap();
    let row = |row: &Vec<Value>| Row {
        micros: row[0].as_i64().unwrap(),
        provider: row[1].as_str().unwrap().to_owned(),
        model: row[2].clone(),
        task: row[3].clone(),
        user: row[4].clone(),
        configuration: row[5].clone(),
        status: row[6].as_str().unwrap().to_owned(),
        input: row[7].as_i64(),
        output: row[8].as_i64(),
        cost: row[9].as_i64(),
    };
    table.rows.iter().map(row).collect()
}

fn is_meant(row: &Row, scope: &Scope) -> bool {
    let is = |asked: &Option<String>, value: &Value| asked.as_deref().is_none_or(|asked| value.as_str() == Some(asked));
    let filter = &scope.filter;
    scope.range.since.is_none_or(|since| row.micros >= since.micros())
        && scope.range.until.is_none_or(|until| row.micros < until.micros())
        && filter.provider.as_ref().is_none_or(|asked| *asked == row.provider)
        && filter.status.as_ref().is_none_or(|asked| *asked == row.status)
        && is(&filter.task, &row.task)
        && is(&filter.user_id, &row.user)
        && is(&filter.configuration_id, &row.configuration)
}

fn group(row: &Row, by: &[&str], zone: &TimeZone) -> Vec<Value> {
    let of = |column: &&str| match *column {
        "provider" => row.provider.clone().into(),
        "model" => row.model.clone(),
        "task" => row.task.clone(),
        "user_id" => row.user.clone(),
        "day" => here(row, zone).date().to_string().into(),
        "month" => here(row, zone).strftime("%Y-%m").to_string().into(),
        other => panic!("no such column: {other}"),
    };
    by.iter().map(of).collect()
}

fn here(row: &Row, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_microsecond(row.micros).unwrap().to_zoned(zone.clone())
}

fn counted(rows: &[Row], by: &[&str], scope: &Scope) -> BTreeMap<String, Sums> {
    let mut groups = BTreeMap::<String, Sums>::new();
    for row in rows.iter().filter(|row| is_meant(row, scope)) {
        let failed = row.status == "error";
        let nothing_to_price = failed && row.input.is_none() && row.output.is_none();
        groups.entry(format!("{:?}", group(row, by, &scope.zone))).or_default().add(&Sums {
            calls: 1,
            errors: failed.into(),
            unpriced: (row.cost.is_none() && !nothing_to_price).into(),
            input: row.input,
            output: row.output,
            cost: row.cost.map(i128::from),
        });
    }
    groups
}

/// A decimal of dollars in pico-dollars.
fn pico(value: &Value) -> Option<i128> {
    let (whole, fraction) = value.as_str()?.split_once('.').unwrap_or((value.as_str()?, ""));
    Some(whole.parse::<i128>().unwrap() * 1_000_000_000_000 + format!("{fraction:0<12}").parse::<i128>().unwrap())
}

fn told(table: &Table, by: &[&str]) -> BTreeMap<String, Sums> {
    let at = |name: &str| table.columns.iter().position(|column| column == name).unwrap();
    let sums = |row: &Vec<Value>| Sums {
        calls: row[at("calls")].as_i64().unwrap(),
        errors: row[at("errors")].as_i64().unwrap(),
        unpriced: row[at("unpriced")].as_i64().unwrap(),
        input: row[at("input_tokens")].as_i64(),
        output: row[at("output_tokens")].as_i64(),
        cost: pico(&row[at("cost_usd")]),
    };
    let key = |row: &Vec<Value>| format!("{:?}", by.iter().map(|name| row[at(name)].clone()).collect::<Vec<_>>());
    let told: Vec<_> = table.rows.iter().map(|row| (key(row), sums(row))).collect();
    let groups = told.len();
    let told = BTreeMap::from_iter(told);
    assert_eq!(told.len(), groups, "each group has one row: {table:?}");
    told
}

/// Every report says of a scope what the rows say: itself over rows only, and those of money counted here. Groups add up to
/// the whole range.
pub(crate) async fn check(store: &Sqlite, scope: &Scope) {
    let rows = rows(store).await;
    let mut whole = Sums::default();
    counted(&rows, &[], scope).values().for_each(|sums| whole.add(sums));
    for report in REPORTS {
        let answer = report.run(store, scope).await.unwrap();
        assert_eq!(answer, report.run_over_rows(store, scope).await.unwrap(), "{} of {scope:?}", report.name);
        if let Some((_, by)) = BY.iter().find(|(name, _)| *name == report.name) {
            let told = told(&answer, by);
            let mut expected = counted(&rows, by, scope);
            if by.is_empty() {
                expected.entry("[]".to_owned()).or_default();
            }
            assert_eq!(told, expected, "{} of {scope:?}", report.name);
            let mut sum = Sums::default();
            told.values().for_each(|sums| sum.add(sums));
            assert_eq!(sum, whole, "{} adds up to the range: {scope:?}", report.name);
        }
    }
    assert!(BY.iter().all(|(name, _)| Report::find(name).is_some()));
    by_hand(store).await;
}

/// The view over hours, asked by hand, says of each day what the view over calls says.
async fn by_hand(store: &Sqlite) {
    let [hours, calls] = [
        "SELECT period, sum(calls), sum(unpriced), sum(estimated), sum(cost_micro), sum(cost_pico), sum(acted), sum(fell_back),
             sum(scored), sum(timed), min(first_started_at), max(last_started_at)
         FROM report_hour GROUP BY period ORDER BY period",
        "SELECT period, count(*), sum(unpriced), sum(usage_source = 'estimated'), sum(cost_micro), sum(cost_pico), count(action),
             sum(coalesce(action, '') = 'fallback_to_rules'), count(confidence_score), count(duration_ms),
             min(started_at), max(started_at)
         FROM report_call GROUP BY period ORDER BY period",
    ]
    .map(Query::new);
    assert_eq!(store.query(&hours).await.unwrap().rows, store.query(&calls).await.unwrap().rows);
}
