//! `spanledger migrate`: the ledger's schema.

use std::io::Write;

use anyhow::bail;
use serde_json::Value;

use super::Output;
use crate::store::{self, Migration, MigrationState, Store, Table};

/// Bring the ledger's schema up to date, take it back, or show how it stands.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger --ledger sqlite://usage.db migrate up      also makes a ledger that is not there
  spanledger migrate status
  spanledger migrate down --to 0 --yes                  deletes everything in the ledger")]
pub(super) struct Arguments {
    #[command(subcommand)]
    direction: Direction,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum Direction {
    /// Bring the schema up to date; a ledger that is not there is made.
    Up,
    /// Take the schema back by one step, or to a version. What the later versions hold is deleted.
    Down {
        /// The version to go back to; 0 is an empty database.
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
        /// Yes, delete it.
        #[arg(long)]
        yes: bool,
    },
    /// Show how the schema stands.
    Status,
}

pub(super) async fn run(arguments: Arguments, ledger: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let store = store::open(ledger, matches!(arguments.direction, Direction::Up))?;
    match arguments.direction {
        Direction::Up => store.migrate().await?,
        Direction::Down { to, yes } => down(store.as_ref(), to, yes).await?,
        Direction::Status => {}
    }
    let history = store.migrations().await?;
    store.close().await;
    arguments.output.print(&table(history), out)
}

async fn down(store: &dyn Store, to: Option<i64>, yes: bool) -> anyhow::Result<()> {
    let history = store.migrations().await?;
    let applied: Vec<i64> =
        history.iter().filter(|step| step.state == MigrationState::Applied).map(|step| step.version).collect();
    let before = applied.iter().rev().nth(1).copied().unwrap_or(0);
    let to = to.unwrap_or(before);
    if applied.iter().any(|version| *version > to) && !yes {
        bail!("Going back to schema {to} deletes what later versions hold, for ever; say --yes if that is wanted");
    }
    Ok(store.revert(to).await?)
}

fn table(history: Vec<Migration>) -> Table {
    let row = |step: Migration| {
        vec![step.version.into(), step.name.into(), Value::from(step.state.as_str()), step.applied_at.into()]
    };
    Table {
        columns: ["version", "name", "state", "applied_at"].map(str::to_owned).into(),
        rows: history.into_iter().map(row).collect(),
    }
}
