//! `spanledger prices check`: is a price file what was meant?

use std::{io::Write, path::PathBuf};

use serde_json::json;

use crate::{
    call::Timestamp,
    cli::{Output, ended::Ended},
    pricing::user::check::{Finding, check},
    store::Table,
};

/// Look a price file over: mistakes, and what is probably not meant.
///
/// Exit code 1 where the file cannot be used; with --strict also where there is a warning.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger prices check prices.toml
  spanledger prices check --strict prices.toml && deploy")]
pub(super) struct Arguments {
    /// The price file (TOML).
    file: PathBuf,
    /// Exit code 1 also for warnings.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let (prices, findings) = check(&arguments.file, Timestamp::now())?;
    if !findings.is_empty() {
        arguments.output.print(&table(&findings), out)?;
        out.flush()?;
    }
    let errors = findings.iter().filter(|finding| finding.is_error).count();
    let warnings = findings.len() - errors;
    let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let [good, errors_text, warnings_text] =
        [count(prices, "usable price"), count(errors, "error"), count(warnings, "warning")];
    writeln!(notes, "{}: {good}, {errors_text}, {warnings_text}.", arguments.file.display())?;
    if errors > 0 || arguments.strict && warnings > 0 { Err(Ended::attention()) } else { Ok(()) }
}

fn table(findings: &[Finding]) -> Table {
    let row = |finding: &Finding| {
        let level = if finding.is_error { "error" } else { "warning" };
        vec![json!(finding.line), json!(finding.price), json!(level), json!(finding.what)]
    };
    let columns = ["line", "price", "level", "finding"].map(str::to_owned);
    Table { columns: columns.into(), rows: findings.iter().map(row).collect() }
}
