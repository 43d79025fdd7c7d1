//! `spanledger import`: calls that others recorded as OTLP/JSON lines.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _, Write},
};

use anyhow::Context as _;

use super::{drain, ended::Ended, progress::Progress};
use crate::spool::{LONGEST_LINE, Options};

mod feed;
mod window;

use feed::{Feed, Tally};

/// Import AI calls from the OTLP/JSON lines of a collector or a spool.
///
/// Each line is one ExportTraceServiceRequest. Spans without gen_ai attributes are skipped. A line or span that cannot be
/// read is reported with its line's number and costs nothing else. Importing a file twice changes nothing. The ledger is
/// made if it is not there. A file may be larger than the spool. Ctrl-C ends it; the same command does the rest.
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

pub(super) async fn run(
    arguments: Arguments,
    url: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let prices = super::prices(arguments.prices.as_ref())?;
    let file = &arguments.file;
    let (mut input, length): (Box<dyn BufRead>, _) = match file.as_str() {
        "-" => (Box::new(std::io::stdin().lock()), None),
        file => {
            let file = File::open(file).with_context(|| format!("{file} cannot be opened"))?;
            let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
            (Box::new(BufReader::new(file)), length)
        }
    };
    let mut progress = Progress::start("Reading", "KiB")?;
    let mut feed = Feed::open(url, prices, Options::default())?;
    let (mut text, mut read) = (Vec::new(), 0);
    while !progress.is_interrupted()
        && next_line(&mut input, &mut text, LONGEST_LINE)
            .with_context(|| format!("{file} cannot be read to its end"))?
    {
        read += text.len() as u64;
        progress.at(read >> 10, length.map(|length| length >> 10));
        feed.take(&text, &mut progress, notes).await?;
    }
    if progress.is_interrupted() {
        return Err(Ended::interrupted(format!("{} lines are read.", feed.tally.lines)));
    }
    drop(progress);
    let Tally { calls, later, skipped, unreadable, .. } = feed.tally;
    writeln!(
        out,
        "Read {calls} calls and {later} later facts; skipped {skipped} other spans; {unreadable} could not be read."
    )?;
    anyhow::ensure!(unreadable == 0 || calls + later > 0, "Nothing in {file} could be imported");
    let mut progress = Progress::shown("Storing", "lines");
    let drained = feed.finish(&mut progress).await?;
    drop(progress);
    drain::tell(&drained, out)
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
