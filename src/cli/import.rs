//! `spanledger import`: calls that others recorded as OTLP/JSON lines.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write as _},
    time::Duration,
};

use anyhow::Context as _;

use super::progress::Progress;
use crate::{
    PriceBook,
    call::{Record, Source},
    ledger,
    span::{line, read},
    spool::{Options, Spool},
};

/// Import AI calls from OTLP/JSON lines, as the collector's file exporter and the spool write them
///
/// Each line is one ExportTraceServiceRequest. Spans without gen_ai attributes are skipped. A line or span that cannot be
/// read is reported with its number and costs nothing else. Importing a file twice changes nothing. The ledger is made if it
/// is not there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  spanledger import traces.jsonl
  zcat traces.jsonl.gz | spanledger --ledger sqlite://usage.db import -")]
pub(super) struct Import {
    /// A file of OTLP/JSON lines, or - for standard input
    file: String,
    /// Your own prices, in front of the bundled ones (TOML)
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_PRICES")]
    prices: Option<String>,
}

#[derive(Debug, Default)]
struct Tally {
    lines: u64,
    calls: u64,
    later: u64,
    skipped: u64,
    rejected: u64,
}

impl Import {
    pub(super) fn run(self, url: &str) -> anyhow::Result<()> {
        let prices = self.prices.as_ref().map_or_else(|| Ok(PriceBook::bundled()), |file| PriceBook::bundled().with_path(file))?;
        let input: Box<dyn BufRead> = match self.file.as_str() {
            "-" => Box::new(std::io::stdin().lock()),
            file => Box::new(BufReader::new(File::open(file).with_context(|| format!("{file} could not be opened"))?)),
        };
        let folder = ledger::spool_folder(url).context("this ledger has no spool folder: name one in SPANLEDGER_SPOOL")?;
        let spool = Spool::open(&folder, Options::default())
            .with_context(|| format!("the spool folder {} cannot be used", folder.display()))?;
        let mut tally = Tally::default();
        let mut progress = Progress::new("importing");
        for text in input.split(b'\n') {
            let text = text.with_context(|| format!("{} could not be read to its end", self.file))?;
            tally.lines += 1;
            if !text.trim_ascii().is_empty() {
                take(&text, &prices, &spool, &mut tally)?;
            }
            progress.show(|| format!("{} lines, {} calls", tally.lines, tally.calls));
        }
        progress.done();
        drop(spool);
        let Tally { calls, later, skipped, rejected, .. } = tally;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{calls} calls and {later} later facts read; {skipped} other spans skipped, {rejected} unreadable.")?;
        super::drain::drain(url, Duration::from_secs(30))?;
        anyhow::ensure!(rejected == 0 || calls > 0, "nothing in {} could be imported", self.file);
        Ok(())
    }
}

/// Puts what a line holds into the spool, one record per line.
fn take(text: &[u8], prices: &PriceBook, spool: &Spool, tally: &mut Tally) -> anyhow::Result<()> {
    let number = tally.lines;
    let complain = |reason: &str| {
        let _ = writeln!(std::io::stderr(), "line {number}: {reason}");
    };
    let line = match read::line(text, Source::Otlp) {
        Ok(line) => line,
        Err(reason) => {
            tally.rejected += 1;
            complain(&reason);
            return Ok(());
        }
    };
    tally.skipped += line.skipped as u64;
    tally.rejected += line.rejected.len() as u64;
    line.rejected.iter().for_each(|reason| complain(reason));
    for record in line.records {
        let sealed = match record {
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
        spool.append(sealed).map_err(|refused| anyhow::anyhow!("the spool does not take line {number}: {refused:?}"))?;
    }
    Ok(())
}
