//! `spanledger import`: calls that others recorded as OTLP/JSON lines.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _, Write},
};

use anyhow::Context as _;

use super::drain;
use crate::{
    PriceBook,
    call::{Record, Source},
    span::{line, read},
    spool::{LONGEST_LINE, Options, Spool},
    store,
};

/// Import AI calls from the OTLP/JSON lines of a collector or a spool.
///
/// Each line is one ExportTraceServiceRequest. Spans without gen_ai attributes are skipped. A line or span that cannot be
/// read is reported with its line's number and costs nothing else. Importing a file twice changes nothing. The ledger is
/// made if it is not there.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A file of OTLP/JSON lines, or - for standard input.
    file: String,
    /// Your own prices, in front of the compiled-in ones (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_PRICES")]
    prices: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  spanledger import traces.jsonl
  zcat traces.jsonl.gz | spanledger --ledger sqlite://usage.db import -";

#[derive(Debug, Default)]
struct Tally {
    lines: u64,
    calls: u64,
    later: u64,
    skipped: usize,
    unreadable: usize,
}

pub(super) async fn run(
    arguments: Arguments,
    url: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let prices = super::prices(arguments.prices.as_ref())?;
    let file = &arguments.file;
    let mut input: Box<dyn BufRead> = match file.as_str() {
        "-" => Box::new(std::io::stdin().lock()),
        file => Box::new(BufReader::new(File::open(file).with_context(|| format!("{file} cannot be opened"))?)),
    };
    let folder = store::spool_folder(url)?;
    let spool = Spool::open(&folder, Options::default())
        .with_context(|| format!("The spool folder {} cannot be used", folder.display()))?;
    let mut tally = Tally::default();
    let mut text = Vec::new();
    while next_line(&mut input, &mut text, LONGEST_LINE).with_context(|| format!("{file} cannot be read to its end"))? {
        tally.lines += 1;
        if !text.trim_ascii().is_empty() {
            take(&text, &prices, &spool, &mut tally, notes)?;
        }
    }
    drop(spool);
    let Tally { calls, later, skipped, unreadable, .. } = tally;
    writeln!(
        out,
        "Read {calls} calls and {later} later facts; skipped {skipped} other spans; {unreadable} could not be read."
    )?;
    anyhow::ensure!(unreadable == 0 || calls + later > 0, "Nothing in {file} could be imported");
    drain::drain(url, None, out).await
}

/// Reads a line, of which no more than this is kept. `false`: there is none.
fn next_line(input: &mut dyn BufRead, text: &mut Vec<u8>, longest: usize) -> std::io::Result<bool> {
    text.clear();
    let some = input.take(longest as u64 + 1).read_until(b'\n', text)? > 0;
    if text.len() > longest && !text.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(some)
}

/// Puts what a line holds into the spool, one record per line.
fn take(
    text: &[u8],
    prices: &PriceBook,
    spool: &Spool,
    tally: &mut Tally,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let number = tally.lines;
    let line = match whole(text).and_then(|text| read::line(text, Source::Otlp)) {
        Ok(line) => line,
        Err(reason) => {
            tally.unreadable += 1;
            return Ok(writeln!(notes, "line {number}: {reason}")?);
        }
    };
    tally.skipped += line.skipped;
    tally.unreadable += line.rejected.len();
    for reason in &line.rejected {
        writeln!(notes, "line {number}: {reason}")?;
    }
    for record in line.records {
        let encoded = match record {
            Record::Call(mut call) => {
                tally.calls += 1;
                if call.cost.status.is_none() {
                    call.cost = prices.price(&call);
                }
                line::call(&call)
            }
            Record::Later(later) => {
                tally.later += 1;
                line::later(&later)
            }
        };
        spool.append(encoded).map_err(|refused| anyhow::anyhow!("The spool does not take line {number}: {refused}"))?;
    }
    Ok(())
}

fn whole(text: &[u8]) -> Result<&[u8], String> {
    let is_whole = text.len() <= LONGEST_LINE || text.ends_with(b"\n");
    if is_whole { Ok(text) } else { Err(format!("longer than {} MiB", LONGEST_LINE >> 20)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_any_length_costs_no_other_line() {
        for long in ["aaa", "aaaa", "aaaaa", "aaaaaaaaa"] {
            let input = format!("{long}\nbb\n");
            let (mut input, mut text) = (input.as_bytes(), Vec::new());
            assert!(next_line(&mut input, &mut text, 4).unwrap());
            assert!(next_line(&mut input, &mut text, 4).unwrap());
            assert_eq!(text, b"bb\n", "behind {long}");
            assert!(!next_line(&mut input, &mut text, 4).unwrap());
        }
    }
}
