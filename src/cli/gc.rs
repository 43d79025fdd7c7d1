//! `spanledger gc`: what a ledger no longer keeps.

use std::{io::Write, time::Duration};

use serde_json::Value;

use super::{Output, ended::Ended, open_ledger, progress::Progress, time};
use crate::{
    call::Timestamp,
    store::{
        Store, Table, from_sql_text,
        retention::{Found, Sweep},
    },
};

/// Between two batches, so that who writes has a turn.
const PAUSE: Duration = Duration::from_millis(5);

/// Show or delete what is older than you want to keep.
///
/// Nothing is deleted without --yes: what would go is shown, by kind, with its oldest and newest. A row is old once its call
/// began before that span and the row arrived before it too; a wrong date makes nothing older than its arrival. With a call
/// its content and scores go, and reports no longer count it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger gc --content 30d --calls 400d            shows what would go
  spanledger gc --content 30d --calls 400d --yes      deletes it, two thousand rows at a time
  spanledger gc --content 0d --yes --vacuum           no prompt or answer is in the file any more

What is deleted stays readable in free pages of the file until new rows or --vacuum overwrite it.")]
#[group(required = true, multiple = true, id = "what", args = ["content", "calls", "scores", "vacuum"])]
pub(super) struct Arguments {
    /// Prompts and answers older than this; their calls stay: 30d, 12w.
    #[arg(long, value_name = "SPAN", value_parser = time::span)]
    content: Option<i64>,
    /// Calls older than this, with their content and scores.
    #[arg(long, value_name = "SPAN", value_parser = time::span)]
    calls: Option<i64>,
    /// Scores and other facts that have waited longer than this for a call that never came.
    #[arg(long, value_name = "SPAN", value_parser = time::span)]
    scores: Option<i64>,
    /// Only show what would go, as without --yes.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Yes, delete it.
    #[arg(long)]
    yes: bool,
    /// Then build the file anew without its free pages. Nobody else can write meanwhile, and it needs as much room again.
    #[arg(long)]
    vacuum: bool,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let store = open_ledger(ledger, notes).await?;
    let mut found = Vec::new();
    for sweep in sweeps(&arguments) {
        let of_it = sweep.found(store.as_ref()).await?;
        // Dates in the future are worth a line only where there are some.
        if of_it.rows > 0 || !sweep.what.ends_with("future") {
            found.push((sweep, of_it));
        }
    }
    if !found.is_empty() {
        arguments.output.print(&table(&found), out)?;
        out.flush()?;
    }
    if !arguments.yes {
        return Ok(writeln!(notes, "Nothing was deleted; --yes deletes it.")?);
    }
    let all = found.iter().map(|(_, found)| found.rows).sum();
    let sweeps = found.into_iter().map(|(sweep, _)| sweep);
    delete(store.as_ref(), sweeps, all, notes).await?;
    if arguments.vacuum {
        let freed = store.compact().await?;
        writeln!(notes, "{} KiB were given back.", freed >> 10)?;
    }
    store.close().await;
    Ok(())
}

/// What the options ask for. What goes with calls is not looked for again.
fn sweeps(arguments: &Arguments) -> Vec<Sweep> {
    let now = Timestamp::now().micros();
    let before = |span: i64| Timestamp::from_micros(now.saturating_sub(span));
    let calls = arguments.calls.map(|span| Sweep::calls(before(span)));
    let content = arguments.content.map(|span| Sweep::content(before(span)));
    let scores = arguments.scores.map(|span| Sweep::lost_scores(before(span)));
    calls.into_iter().flatten().chain(content.into_iter().flatten()).chain(scores).collect()
}

/// Deletes batch by batch, until all is gone or somebody interrupts it.
pub(super) async fn delete(
    store: &dyn Store,
    sweeps: impl IntoIterator<Item = Sweep>,
    all: u64,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut progress = Progress::start("Deleting", "rows")?;
    let mut deleted = 0;
    for mut sweep in sweeps {
        while let Some(rows) = sweep.step(store).await? {
            deleted += rows;
            progress.at(deleted, Some(all.max(deleted)));
            if progress.is_interrupted() {
                return Err(Ended::interrupted(format!("{deleted} rows are deleted.")));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    drop(progress);
    Ok(writeln!(notes, "Deleted {deleted} rows, and what belongs to them.")?)
}

fn table(found: &[(Sweep, Found)]) -> Table {
    let at = |at: &Option<String>| Value::from(at.as_ref().map(|at| from_sql_text(at).unwrap_or_else(|| at.clone())));
    let row = |(sweep, found): &(Sweep, Found)| {
        vec![sweep.what.into(), found.rows.into(), at(&found.oldest), at(&found.newest)]
    };
    Table {
        columns: ["what", "rows", "oldest_at", "newest_at"].map(str::to_owned).into(),
        rows: found.iter().map(row).collect(),
    }
}
