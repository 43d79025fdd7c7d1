//! `spanledger reconcile`: the ledger beside a provider's own figures.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Output, ended::Ended, open_ledger, progress::Progress};
use crate::store::Table;

mod compare;
mod export;
mod figures;
mod headers;
mod names;
mod ours;
mod reasons;

use compare::{Compared, Comparison, compare, days};
use figures::percent;

/// Compare the ledger with a provider's usage export, by day and model, and say why they differ.
///
/// Known are the usage and cost exports of OpenAI, of Anthropic's Console, of DeepSeek and of OpenRouter, and any other CSV
/// file with a line of headers: a day or a moment, a model, and requests, tokens or US dollars. Names of one family are
/// taken for one model (gpt-4o and gpt-4o-2024-08-06) where the two sides do not use the same ones. Of the ledger, calls
/// that count are compared, without those that failed and used nothing.
///
/// Exit code 0 where every figure agrees within the tolerance or is explained without a difference in what is billed
/// (failed calls that are counted, cached tokens that are counted apart); 1 where one does not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger reconcile completions_usage_2026-11-01_2026-11-30.csv
  spanledger reconcile claude_api_cost.csv --tolerance 0.5 --all
  spanledger reconcile gateway.csv --provider openai --tz Europe/Berlin --column date=Tag --column cost=Betrag

The days of a provider's export are UTC, as far as providers say.")]
pub(super) struct Arguments {
    /// The export (CSV).
    file: PathBuf,
    /// Only calls to this provider; by default whose export it is, else all.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Whose days the export has: Europe/Berlin, Asia/Kolkata.
    #[arg(long = "tz", value_name = "ZONE", value_parser = super::time::zone, default_value = "UTC")]
    zone: TimeZone,
    /// By how many percent figures may differ.
    #[arg(long, value_name = "PERCENT", value_parser = hundredths, default_value = "1")]
    tolerance: u32,
    /// Which column is what, where its header does not say: date, model, requests, input_tokens, uncached_tokens,
    /// cached_tokens, cache_write_tokens, output_tokens, cost, currency.
    #[arg(long = "column", value_name = "FIELD=HEADER")]
    column: Vec<String>,
    /// Show what agrees, too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let export = export::read(&arguments.file, &arguments.column, &arguments.zone)?;
    for (line, reason) in &export.bad {
        writeln!(notes, "line {line}: {reason}")?;
    }
    let store = open_ledger(ledger, notes).await?;
    let provider = arguments.provider.as_deref().or(export.provider);
    let progress = Progress::shown("Comparing", "hours");
    let hours = ours::hours(store.as_ref(), days(&export), &arguments.zone, provider).await?;
    drop(progress);
    store.close().await;
    let is_utc = arguments.zone == TimeZone::UTC;
    let comparison = compare(&export, &hours, arguments.tolerance, is_utc);
    arguments.output.print(&table(&comparison, arguments.all), out)?;
    out.flush()?;
    for note in sentences(&comparison, &arguments, provider, export.bad.len()) {
        writeln!(notes, "{note}")?;
    }
    if comparison.agrees() { Ok(()) } else { Err(Ended::attention()) }
}

fn table(comparison: &Comparison, all: bool) -> Table {
    let columns = ["day", "model", "figure", "theirs", "ours", "difference", "percent", "reason"];
    let row = |one: &Compared| {
        let shown = |number: Option<i128>| number.map_or(Value::Null, |number| one.measure.shown(number));
        let (theirs, ours) = (one.theirs.unwrap_or(0), one.ours.unwrap_or(0));
        vec![
            one.day.to_string().into(),
            json!(one.model),
            one.measure.name().into(),
            shown(one.theirs),
            shown(one.ours),
            shown(Some(ours - theirs)),
            json!(percent(theirs, ours)),
            json!(one.reason),
        ]
    };
    let shown = comparison.found.iter().filter(|one| all || !one.agrees || one.reason.is_some());
    Table { columns: columns.map(str::to_owned).into(), rows: shown.map(row).collect() }
}

/// What is said behind the table, the verdict last.
fn sentences(comparison: &Comparison, arguments: &Arguments, provider: Option<&str>, bad: usize) -> Vec<String> {
    let mut notes = Vec::new();
    for [name, theirs, ours] in &comparison.renamed {
        notes.push(format!("{name} stands for {theirs} of the export and {ours} of the ledger."));
    }
    if comparison.ours.failed > 0 {
        notes.push(format!("Calls that failed and used nothing are not in our figures: {}.", comparison.ours.failed));
    }
    if let Some(shift) = comparison.shift {
        let zone = format!("Etc/GMT{:+}", -shift);
        notes.push(format!(
            "Nearly all agrees where days begin {} hours {} UTC's: try --tz {zone}.",
            shift.abs(),
            if shift < 0 { "behind" } else { "before" }
        ));
    }
    for measure in &comparison.measures {
        let (theirs, ours) = comparison.total(*measure);
        let text = |number: Option<i128>| match number.map(|number| measure.shown(number)) {
            Some(Value::String(text)) => text,
            Some(number) => number.to_string(),
            None => "unknown".to_owned(),
        };
        let percent = theirs.zip(ours).and_then(|(theirs, ours)| percent(theirs, ours));
        let percent = percent.map_or_else(String::new, |percent| format!(" ({percent:+.2} %)"));
        notes.push(format!("{}: theirs {}, ours {}{percent}", measure.name(), text(theirs), text(ours)));
    }
    if bad > 0 {
        notes.push(format!("Lines of the export that could not be read, and are in no figure: {bad}."));
    }
    notes.push(verdict(comparison, arguments, provider));
    notes
}

fn verdict(comparison: &Comparison, arguments: &Arguments, provider: Option<&str>) -> String {
    let whose =
        provider.map_or_else(|| "the ledger".to_owned(), |provider| format!("the ledger's calls to {provider}"));
    let file = arguments.file.file_name().map_or(arguments.file.as_path(), Path::new).display();
    let within = f64::from(arguments.tolerance) / 100.0;
    let differ = comparison.found.iter().filter(|one| !one.agrees).count();
    let all = comparison.found.len();
    match (differ, comparison.totals_agree(arguments.tolerance)) {
        (0, _) => format!("{file} and {whose} agree within {within} % in all {all} figures."),
        (_, true) => {
            format!("{file} and {whose} agree within {within} % in sum, but differ in {differ} of {all} figures.")
        }
        (_, false) => {
            format!("{file} and {whose} differ by more than {within} % in {differ} of {all} figures.")
        }
    }
}

/// Percents, with two digits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
fn hundredths(text: &str) -> anyhow::Result<u32> {
    let percent: f64 = text.trim_end_matches('%').trim().parse().unwrap_or(f64::NAN);
    anyhow::ensure!((0.0..=100.0).contains(&percent), "write percents, such as 1 or 0.5");
    Ok((percent * 100.0).round() as u32)
}
