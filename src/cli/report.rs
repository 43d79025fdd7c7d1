//! `spanledger report`: what was spent.

use std::io::Write;

use anyhow::Context as _;
use clap::builder::{PossibleValue, PossibleValuesParser};
use serde_json::Value;

use super::{
    Output,
    filters::Filters,
    open_ledger,
    time::Times,
    watch::{Watch, Watched},
};
use crate::{
    report::{REPORTS, Report, Scope, estimated, streams_without_usage, unpriced},
    store::{Store, Table},
};

/// Show a report: what was spent, on what, for whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger report
  spanledger report spend_by_user --since 2026-11-01 --until 2026-12-01 --format csv > november.csv
  spanledger report spend_by_user --since 2026-11-01 --until 2026-12-01 --tz Europe/Berlin --output november.xlsx
  spanledger report spend_by_day --user 42 --last 4w
  spanledger report job_steps --job 2d9c --watch
  spanledger report cost_per_tag --tag image
  spanledger report --list

Only calls that count are summed: where one AI call lies under another, the one below.")]
pub(super) struct Arguments {
    /// The report.
    #[arg(value_name = "NAME", value_parser = names(), default_value = REPORTS[0].name, hide_default_value = true)]
    name: String,
    /// List the reports.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    times: Times,
    /// How many rows at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    watch: Watch,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    filters: Filters,
}

fn names() -> PossibleValuesParser {
    REPORTS.iter().map(|report| PossibleValue::new(report.name).help(report.about())).collect::<Vec<_>>().into()
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    arguments.output.check()?;
    if arguments.list {
        return arguments.output.print(&list(), out);
    }
    let report = Report::find(&arguments.name).context("There is no such report")?;
    let range = arguments.times.range()?;
    let zone = arguments.times.zone();
    let scope = Scope { filter: arguments.filters.filter(), zone, limit: arguments.limit, ..range.into() };
    if arguments.watch.is_asked() {
        let mut watched = Watched::default();
        let look = async |store: &dyn Store, out: &mut dyn Write| {
            watched.look(report.run(store, &scope).await?, &arguments.output, out)
        };
        return arguments.watch.run(ledger, out, notes, look).await;
    }
    let store = open_ledger(ledger, notes).await?;
    let table = report.run(store.as_ref(), &scope).await?;
    let estimated = estimated(store.as_ref(), &scope).await?;
    let streams = streams_without_usage(store.as_ref(), &scope).await?;
    store.close().await;
    arguments.output.print(&table, out)?;
    out.flush()?;
    if table.rows.is_empty() {
        writeln!(notes, "No call matches")?;
    }
    for note in unpriced(&table).into_iter().chain(estimated).chain(streams) {
        writeln!(notes, "{note}")?;
    }
    Ok(())
}

fn list() -> Table {
    let row = |report: &Report| vec![Value::from(report.name), Value::from(report.about())];
    Table { columns: vec!["report".to_owned(), "about".to_owned()], rows: REPORTS.iter().map(row).collect() }
}
