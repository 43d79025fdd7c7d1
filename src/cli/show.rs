//! `spanledger show`: everything known of one call.

use std::io::Write;

use anyhow::bail;

use super::{Output, on_its_side, open_ledger, row};
use crate::store::Query;

/// Show everything known of one call, its trace id included.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger show 0f8fad5b-d9cb
  spanledger show 0f8fad5b-d9cb-569f-a165-70867728950e --format json
  spanledger show 4bf92f3577b34da6a3ce929d0e0e4736      all calls of a trace")]
pub(super) struct Arguments {
    /// The call's id or its beginning, or the id of a trace.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let id = row::digits(&arguments.id)?;
    let all = Query::new(include_str!("show.sql"));
    let is_trace = id.len() == 32 && !id.contains('-');
    let query = if is_trace {
        all.and("WHERE trace_id = ? ORDER BY started_at, id").bind(id)
    } else {
        // Behind everything that begins with it: `~` sorts behind all digits.
        all.and("WHERE id >= ? AND id < ? ORDER BY id LIMIT 5").bind(id.clone()).bind(format!("{id}~"))
    };
    let store = open_ledger(ledger, notes).await?;
    let table = store.query(&query).await?;
    store.close().await;
    match table.rows.as_slice() {
        [] => bail!("The ledger has no call {}", arguments.id),
        [_, _, ..] if !is_trace => bail!("Several calls begin with {}: {}", arguments.id, row::ids(&table)),
        _ if arguments.output.is_for_people() => {
            arguments.output.write(&on_its_side(&arguments.output.chosen(&table)?), out)
        }
        _ => arguments.output.print(&table, out),
    }
}
