//! How the database is: its schema, its file, its newest rows, and what they lack.

use std::path::Path;

use serde_json::Value;

use super::{Findings, age, files, size};
use crate::{
    call::Timestamp,
    cli::grouped,
    store::{self, Error, MigrationState, Query, Store, sql_text},
};

/// What is told of calls is told of those of 30 days.
const RECENT: i64 = 30 * 24 * 3600 * 1_000_000;
/// Where the ledger itself does not answer.
const HINT: &str =
    "Does --ledger name the right one, and is its disk there? What is recorded meanwhile waits in the spool";
/// Clocks may differ by so much, in microseconds.
const SLACK: i64 = 5 * 60 * 1_000_000;

pub(super) async fn look(url: &str, deep: bool, findings: &mut Findings) {
    let store = match store::open(url, false) {
        Ok(store) => store,
        Err(error) => return findings.attention("ledger", error.to_string(), HINT),
    };
    if let Some(file) = store::local_file(url) {
        look_at_file(&file, findings);
    }
    if let Err(error) = ask(store.as_ref(), deep, findings).await {
        findings.attention("ledger", error.to_string(), HINT);
    }
    store.close().await;
}

fn look_at_file(file: &Path, findings: &mut Findings) {
    let beside = |end: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        std::fs::metadata(name).map_or(0, |metadata| metadata.len())
    };
    findings.ok("database", format!("{}, and {} in its log", size(beside("")), size(beside("-wal"))));
    if let Err(error) = files::may_write(file) {
        let told = format!("This user may not write to {}: {error}", file.display());
        findings.attention(
            "database",
            told,
            "Give the user that runs the drain the right to write to it and to its folder",
        );
    }
    files::file_system("database", file, findings);
}

async fn ask(store: &dyn Store, deep: bool, findings: &mut Findings) -> Result<(), Error> {
    let history = store.migrations().await?;
    let known = history.iter().filter(|step| step.state != MigrationState::Newer).map(|step| step.version).max();
    let applied = history.iter().filter(|step| step.applied_at.is_some()).map(|step| step.version).max();
    let version = |version: Option<i64>| version.map_or_else(|| "none".to_owned(), |version| version.to_string());
    let told = format!("version {}; this program knows {}", version(applied), version(known));
    if let Err(error) = store::check_schema(&history) {
        findings.attention("schema", told, error.to_string());
        return Ok(());
    }
    findings.ok("schema", told);
    if deep {
        examine(store, findings).await?;
    }
    newest(store, findings).await?;
    recent(store, findings).await
}

async fn examine(store: &dyn Store, findings: &mut Findings) -> Result<(), Error> {
    let damage = store.examine().await?;
    match damage.first() {
        None => findings.ok("integrity", "No damage found"),
        Some(first) => findings.attention(
            "integrity",
            format!("{} places are damaged, first: {first}", damage.len()),
            "Restore a copy, or `sqlite3 usage.db .recover`; what is still in the spool is stored again",
        ),
    }
    Ok(())
}

async fn newest(store: &dyn Store, findings: &mut Findings) -> Result<(), Error> {
    let table = store.query(&Query::new(include_str!("ledger.sql"))).await?;
    let newest = table.rows.first().and_then(|row| moment(row.first()?));
    let now = Timestamp::now().micros();
    match newest {
        None => findings.note(
            "newest call",
            "The ledger has no call",
            "Is the middleware installed with this ledger's URL?",
        ),
        Some(newest) if newest - now > SLACK => {
            let told = format!("The newest call is {} in the future", age(seconds(newest - now)));
            findings.attention("clock", told, "This machine's clock is behind, or that of a caller is ahead");
        }
        Some(newest) => findings.ok("newest call", format!("{} ago", age(seconds(now - newest)))),
    }
    Ok(())
}

async fn recent(store: &dyn Store, findings: &mut Findings) -> Result<(), Error> {
    let now = Timestamp::now().micros();
    let since = sql_text(Timestamp::from_micros(now - RECENT));
    let table = store.query(&Query::new(include_str!("recent.sql")).bind(since)).await?;
    let of = |name: &str| table.rows.first()?.get(table.columns.iter().position(|column| column == name)?);
    let [calls, unpriced, streams, without] = ["calls", "unpriced", "streams", "without_usage"]
        .map(|name| of(name).and_then(Value::as_i64).and_then(|count| u64::try_from(count).ok()).unwrap_or_default());
    if let Some(arrived) = of("created_at").and_then(moment).filter(|arrived| arrived - now > SLACK) {
        let told = format!("A row arrived {} in the future", age(seconds(arrived - now)));
        findings.attention(
            "clock",
            told,
            "The clock of this machine was set back: reports by --last miss calls until then",
        );
    }
    share(
        "unpriced",
        unpriced,
        calls,
        "calls of 30 days have no price",
        "`spanledger prices --unpriced` writes entries for a price file; zero is a price too",
        findings,
    );
    let hint = "Ask for it with \"stream_options\": {\"include_usage\": true} in the request";
    share("streams without usage", without, streams, "streams of 30 days tell no tokens", hint, findings);
    Ok(())
}

/// Some of all: a note from the first on, attention from a tenth on.
fn share(check: &'static str, some: u64, all: u64, what: &str, hint: &str, findings: &mut Findings) {
    let told = format!("{} of {} {what}", grouped(some), grouped(all));
    match some {
        0 => findings.ok(check, told),
        _ if some.saturating_mul(10) >= all => findings.attention(check, told, hint),
        _ => findings.note(check, told, hint),
    }
}

/// A moment of an answer, in microseconds.
fn moment(value: &Value) -> Option<i64> {
    Some(value.as_str()?.parse::<jiff::Timestamp>().ok()?.as_microsecond())
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros / 1_000_000).unwrap_or_default()
}
