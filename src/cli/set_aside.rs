//! `spanledger set-aside`: lines that could not become rows, and the way back for them.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::{Output, drain, on_its_side, progress::Progress};
use crate::{
    spool::{SetAside, put_back, read_set_aside},
    store::{self, Table},
};

/// List, show or put back what could not become rows.
///
/// A line that cannot be read, or that the ledger refuses, is kept in set-aside.jsonl in the spool with its reason, and costs
/// no other line. Once the reason is gone it can be put back. What fails again is set aside again. Where nobody needs what is
/// left, the file can be deleted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger set-aside list
  spanledger set-aside show 3
  spanledger set-aside retry 3 4
  spanledger set-aside retry                    puts everything back")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// The spool, where the program chose a folder for it.
    #[arg(long, value_name = "FOLDER", global = true)]
    spool: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List what was set aside: when, why, and where it stood.
    List,
    /// Show all that was kept of a line.
    Show {
        /// Its number in the list.
        #[arg(value_name = "NUMBER")]
        number: u64,
    },
    /// Put lines back into the spool and store them; all, unless numbers are given.
    Retry {
        /// Their numbers in the list.
        #[arg(value_name = "NUMBER")]
        numbers: Vec<u64>,
    },
}

pub(super) async fn run(
    arguments: Arguments,
    url: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let Arguments { what, spool, output } = arguments;
    let folder = spool.clone().map_or_else(|| store::spool_folder(url), Ok)?;
    let asides = read(&folder)?;
    match what {
        What::List => {
            output.print(&list(&asides), out)?;
            if asides.is_empty() {
                writeln!(notes, "Nothing is set aside")?;
            }
            Ok(())
        }
        What::Show { number } => {
            let table = whole(number, find(&asides, number)?);
            if output.is_for_people() {
                return output.write(&on_its_side(&output.chosen(&table)?), out);
            }
            output.print(&table, out)
        }
        What::Retry { numbers } => {
            for number in &numbers {
                find(&asides, *number)?;
            }
            retry(&folder, &numbers, out)?;
            let mut progress = Progress::start("Storing", "lines")?;
            let drained = drain::drain(url, spool, &mut progress).await?;
            drop(progress);
            drained.map_or(Ok(()), |drained| drain::tell(&drained, out))
        }
    }
}

fn read(folder: &Path) -> anyhow::Result<Vec<SetAside>> {
    let read = || read_set_aside(folder)?.collect::<std::io::Result<_>>();
    read().with_context(|| format!("What was set aside in {} cannot be read", folder.display()))
}

fn find(asides: &[SetAside], number: u64) -> anyhow::Result<&SetAside> {
    let found = usize::try_from(number).ok().and_then(|number| asides.get(number.checked_sub(1)?));
    found.with_context(|| match asides.len() {
        0 => "Nothing is set aside".to_owned(),
        lines => format!("There is no line {number}: {lines} are set aside"),
    })
}

fn retry(folder: &Path, numbers: &[u64], out: &mut dyn Write) -> anyhow::Result<()> {
    ensure!(folder.is_dir(), "There is no spool: nothing is set aside");
    let wanted = |number: u64, _: &SetAside| numbers.is_empty() || numbers.contains(&number);
    let put = put_back(folder, wanted).with_context(|| format!("The spool {} cannot be used", folder.display()))?;
    let Some(put) = put else {
        bail!(
            "Another process drains this spool now, and may set lines aside; stop it, or try again when it has ended"
        );
    };
    writeln!(out, "Put back {} lines.", put.lines)?;
    if put.cut > 0 {
        writeln!(out, "{} stay where they are: only their beginning was kept.", put.cut)?;
    }
    Ok(())
}

fn list(asides: &[SetAside]) -> Table {
    let row = |(number, aside): (u64, &SetAside)| {
        let SetAside { at, reason, segment, offset, length, .. } = aside;
        vec![
            number.into(),
            at.as_str().into(),
            reason.as_str().into(),
            segment.as_str().into(),
            (*offset).into(),
            (*length).into(),
        ]
    };
    Table {
        columns: ["number", "at", "reason", "segment", "offset", "length"].map(str::to_owned).into(),
        rows: (1..).zip(asides).map(row).collect(),
    }
}

fn whole(number: u64, aside: &SetAside) -> Table {
    let mut table = list(std::slice::from_ref(aside));
    table.columns.extend(["line", "hex"].map(str::to_owned));
    for row in &mut table.rows {
        row[0] = number.into();
        row.extend([&aside.line, &aside.hex].map(|text| text.as_deref().map_or(Value::Null, Value::from)));
    }
    table
}
