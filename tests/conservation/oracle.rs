//! The oracle: the table holds exactly the calls whose bodies had ended, each once, every column right.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::Path,
};

use rusqlite::{Connection, types::ValueRef};
use serde_json::Value;
use spanledger::{call::Timestamp, store::sql_text};

use crate::{
    calls::{Kind, Made},
    expected::{self, PLAUSIBLE},
};

pub(crate) type Row = BTreeMap<String, Value>;

/// What has to hold after a fault.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fault<'a> {
    /// What was done.
    pub(crate) name: &'a str,
    /// Where the server was.
    pub(crate) port: u16,
    /// How many lines the ledger has counted as refused.
    pub(crate) refused: u64,
    /// Numbers whose line was broken or refused by the store, and is set aside for that.
    pub(crate) set_aside: &'a [u64],
    /// Whether calls may be there that nobody has acknowledged: their caller was killed. Whole, or not at all.
    pub(crate) killed: bool,
}

/// Compares the table with what was made, prints the tally, and fails unless every call is accounted for.
pub(crate) fn judge(fault: Fault<'_>, database: &Path, made: &[Made]) {
    let connection = open(database);
    let intact: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(intact, "ok", "{}", fault.name);
    let rows = rows(&connection);
    let mut by_number: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        by_number.entry(row["tags"]["number"].as_u64().unwrap()).or_default().push(row);
    }
    let promised: BTreeMap<u64, &Made> =
        made.iter().filter(|made| made.row.is_some()).map(|made| (made.number, made)).collect();
    let refused = made.iter().filter(|made| made.row.is_none()).count();

    let doubled = by_number.values().filter(|rows| rows.len() > 1).count();
    let aside: BTreeSet<u64> = fault.set_aside.iter().copied().collect();
    let lost: Vec<_> =
        promised.keys().filter(|number| !by_number.contains_key(number) && !aside.contains(number)).collect();
    let mut wrong = Vec::new();
    for (number, row) in by_number.iter().map(|(number, rows)| (*number, rows[0])) {
        let is_ours = promised.contains_key(&number) || fault.killed;
        if !is_ours || aside.contains(&number) {
            wrong.push(format!("{number}: nobody was promised this row"));
        }
        wrong.extend(differences(number, row, fault.port, promised.get(&number).copied()));
    }
    let aside = promised.keys().filter(|number| aside.contains(number)).count();
    let (stored, made) = (by_number.len(), made.len());
    let tally = format!(
        "conservation: {:<58} made {made:>6}  stored {stored:>6}  refused {refused:>4}  set aside {aside:>3}  doubled {doubled}  wrong {}\n",
        fault.name,
        wrong.len()
    );
    // Not `println`: the tally is shown whether the test passes or not.
    let _ = std::io::stdout().lock().write_all(tally.as_bytes());

    assert!(lost.is_empty(), "{}: {} lost: {lost:?}", fault.name, lost.len());
    assert_eq!(doubled, 0, "{}", fault.name);
    assert!(wrong.is_empty(), "{}: {} wrong:\n{}", fault.name, wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert_reports_agree(fault.name, &connection, by_number.keys().copied(), fault.port);
    assert_eq!(aside, fault.set_aside.len(), "{}: what is set aside was made", fault.name);
    assert_eq!(refused as u64, fault.refused, "{}: refused is what was counted as refused", fault.name);
    if !fault.killed {
        assert_eq!(made, stored + refused + aside, "{}: made = stored + refused + set aside", fault.name);
    }
}

/// What reports sum over, by hours: calls, tokens, pico-dollars.
fn assert_reports_agree(name: &str, connection: &Connection, numbers: impl Iterator<Item = u64>, port: u16) {
    let mut expected = [0_i64; 4];
    for row in numbers.map(|number| expected::row(number, port)) {
        let amount = |column: &str| row[column].as_i64().unwrap_or(0);
        for (sum, amount) in
            expected.iter_mut().zip([1, amount("input_tokens"), amount("output_tokens"), amount("cost_picousd")])
        {
            *sum += amount;
        }
    }
    let sql = "SELECT coalesce(sum(calls), 0), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
        coalesce(sum(cost_micro) * 1000000 + sum(cost_pico), 0) FROM report_hour";
    let sums: [i64; 4] =
        connection.query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])).unwrap();
    assert_eq!(expected, sums, "{name}: what reports sum is what was made");
}

pub(crate) fn open(database: &Path) -> Connection {
    let connection = Connection::open(database).unwrap();
    connection.busy_timeout(crate::calls::SOON).unwrap();
    connection
}

/// Every row with all its columns: JSON as itself.
pub(crate) fn rows(connection: &Connection) -> Vec<Row> {
    let mut statement = connection.prepare("SELECT * FROM usage_log ORDER BY id").unwrap();
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| {
        names.iter().enumerate().map(|(at, name)| Ok((name.clone(), value(name, row.get_ref(at)?)))).collect()
    };
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

fn value(name: &str, value: ValueRef<'_>) -> Value {
    let json = ["tags", "extra", "finish_reasons", "confidence_breakdown", "usage_details"].contains(&name);
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) if json => serde_json::from_slice(text).unwrap(),
        ValueRef::Text(text) => std::str::from_utf8(text).unwrap().into(),
        ValueRef::Blob(_) => panic!("a blob in {name}"),
    }
}

/// A sentence for each column that is not what it must be.
fn differences(number: u64, row: &Row, port: u16, made: Option<&Made>) -> Vec<String> {
    let expected = expected::row(number, port);
    let mut wrong: Vec<String> = row
        .iter()
        .filter(|(name, _)| !PLAUSIBLE.contains(&name.as_str()))
        .filter_map(|(name, is)| {
            // A column that nobody expects anything of is unknown.
            let should = expected.get(name.as_str()).unwrap_or(&Value::Null);
            (!same(is, should)).then(|| format!("{number}: {name} is {is}, not {should}"))
        })
        .collect();
    wrong.extend(expected.keys().filter(|name| !row.contains_key(**name)).map(|name| format!("no column {name}")));
    wrong.extend(implausible(number, row, made).into_iter().map(|sentence| format!("{number}: {sentence}")));
    wrong
}

fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-12 * one.abs().max(other.abs()),
        _ => one == other,
    }
}

fn implausible(number: u64, row: &Row, made: Option<&Made>) -> Vec<String> {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    let mut wrong = Vec::new();
    let mut must = |holds: bool, sentence: &str| {
        if !holds {
            wrong.push(format!("{sentence}: {row:?}"));
        }
    };
    let kind = Kind::of(number);
    must(text("started_at") <= text("ended_at"), "it ended before it started");
    must(text("created_at") >= text("started_at"), "it was stored before it started");
    must(
        row["duration_ms"].as_f64().is_some_and(|took| (0.0..600_000.0).contains(&took)),
        "it took no time that can be",
    );
    must(row["time_to_first_chunk_ms"].is_number() == (kind == Kind::Stream), "only streams have a first chunk");
    must(row["price_version"].is_string() == row["cost_picousd"].is_number(), "what is priced says by which list");
    must(row["model_id"].is_string(), "its model is known");
    if let Some(made) = made {
        let at = |micros| sql_text(Timestamp::from_micros(micros));
        must(Some(text("id")) == made.row.as_deref(), "its id is the one that the caller was told");
        must(text("trace_id") == made.trace && text("span_id") == made.span, "its ids are those of the call");
        must(*text("started_at") >= *at(made.began) && *text("ended_at") <= *at(made.ended), "it is of that time");
        let longest = (made.ended - made.began) as f64 / 1e3 + 1.0;
        must(row["duration_ms"].as_f64().is_some_and(|took| took <= longest), "it took longer than its caller waited");
    }
    wrong
}
