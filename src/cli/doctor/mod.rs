//! `spanledger doctor`: how a ledger is, and what to do about it. It only looks: nothing is stored, made or changed.
//!
//! `ledger.rs` asks the database, `spool.rs` what lies in the spool, `files.rs` the file system under both.
//!
//! # Adding a check
//!
//! One line in [`Findings`] where it is known: its name, how it stands, a sentence, and what to do about it.

use std::{io::Write, path::PathBuf};

use serde_json::Value;

use super::{Output, ended::Ended};
use crate::{
    PriceBook,
    call::Timestamp,
    store::{self, Table},
};

mod files;
mod ledger;
mod spool;

/// Look how a ledger is, and say what to do about it.
///
/// Nothing is changed. The exit code is 1 if something needs attention, else 0. Counts of what a running program has refused
/// are its own: Ledger::health() tells them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger doctor
  spanledger doctor --deep                      also reads the whole database for damage
  spanledger doctor --format json | jq '.[] | select(.status == \"attention\")'")]
pub(super) struct Arguments {
    /// Read the whole database for damage: a gigabyte takes some seconds.
    #[arg(long)]
    deep: bool,
    /// The spool, where the program chose a folder for it.
    #[arg(long, value_name = "FOLDER")]
    spool: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    /// Worth knowing.
    Note,
    /// Somebody has to do something.
    Attention,
}

/// What was looked at, in order.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

#[derive(Debug)]
struct Finding {
    check: &'static str,
    status: Status,
    finding: String,
    hint: String,
}

impl Findings {
    fn ok(&mut self, check: &'static str, finding: impl Into<String>) {
        self.add(check, Status::Ok, finding, "");
    }

    fn note(&mut self, check: &'static str, finding: impl Into<String>, hint: impl Into<String>) {
        self.add(check, Status::Note, finding, hint);
    }

    fn attention(&mut self, check: &'static str, finding: impl Into<String>, hint: impl Into<String>) {
        self.add(check, Status::Attention, finding, hint);
    }

    fn add(&mut self, check: &'static str, status: Status, finding: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Finding { check, status, finding: finding.into(), hint: hint.into() });
    }

    fn need_attention(&self) -> bool {
        self.0.iter().any(|finding| finding.status == Status::Attention)
    }

    fn table(&self) -> Table {
        let status = |status| match status {
            Status::Ok => "ok",
            Status::Note => "note",
            Status::Attention => "attention",
        };
        let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
        let row = |Finding { check, status: how, finding, hint }: &Finding| {
            vec![Value::from(*check), Value::from(status(*how)), text(finding), text(hint)]
        };
        Table {
            columns: ["check", "status", "finding", "hint"].map(str::to_owned).into(),
            rows: self.0.iter().map(row).collect(),
        }
    }
}

pub(super) async fn run(arguments: Arguments, url: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let Arguments { deep, spool, output } = arguments;
    let folder = spool.map_or_else(|| store::spool_folder(url), Ok)?;
    let mut findings = Findings::default();
    findings.ok("program", format!("spanledger {}", env!("CARGO_PKG_VERSION")));
    prices(&mut findings);
    ledger::look(url, deep, &mut findings).await;
    spool::look(&folder, &mut findings);
    output.print(&findings.table(), out)?;
    if findings.need_attention() { Err(Ended::with_attention()) } else { Ok(()) }
}

/// A list of prices is as good as it is new.
fn prices(findings: &mut Findings) {
    const OLD: i64 = 90 * 24 * 3600;
    let list = PriceBook::list();
    let told = format!("{} {}, newest price of {}", list.source, list.version, list.date);
    let date = super::time::utc(list.date).ok();
    let age = date.map(|date| (Timestamp::now().micros() - date.micros()) / 1_000_000);
    if age.is_some_and(|age| age > OLD) {
        findings.note(
            "prices",
            told,
            "A newer release of spanledger has newer prices; `spanledger reprice` applies them",
        );
    } else {
        findings.ok("prices", told);
    }
}

/// `12.3 MiB`.
fn size(bytes: u64) -> String {
    let (shift, unit) = match bytes {
        0..1024 => return format!("{bytes} bytes"),
        1024..1_048_576 => (0, "KiB"),
        1_048_576..1_073_741_824 => (10, "MiB"),
        _ => (20, "GiB"),
    };
    let tenths = (bytes >> shift) * 10 / 1024;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `3 hours`.
fn age(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_told_as_people_say_them() {
        assert_eq!([size(0), size(1023), size(1536)], ["0 bytes", "1023 bytes", "1.5 KiB"]);
        assert_eq!([size(1_048_576), size(5_905_580_032)], ["1.0 MiB", "5.5 GiB"]);
        assert_eq!(
            [age(1), age(119), age(120), age(7200), age(400_000)],
            ["1 second", "119 seconds", "2 minutes", "2 hours", "4 days"]
        );
    }
}
