//! `spanledger drain`: what waits in the spool becomes rows.

use std::{
    io::Write,
    ops::ControlFlow,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use super::{ended::Ended, progress::Progress};
use crate::{
    ledger, spool,
    store::{self, Store},
};

/// How long a store may be away before what waits is left in the spool.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a report may be held up by sums that it could do without.
const LITTLE: Duration = Duration::from_millis(500);

/// Store what waits in the spool.
///
/// A ledger's own thread does so all the time; reports do so first. This is for a spool whose program has ended. The spool
/// is the folder beside the database file, or the one that --spool names. At last hours that have changed
/// are summed, which makes reports fast. Ctrl-C ends it behind the batch that it is in; the rest waits.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger drain
  spanledger --ledger sqlite:///var/lib/app/usage.db drain --spool /var/spool/app")]
pub(super) struct Arguments {
    /// The spool, where the program chose a folder for it.
    #[arg(long, value_name = "FOLDER")]
    spool: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, url: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.spool {
        anyhow::ensure!(folder.is_dir(), "There is no folder {}", folder.display());
    }
    let mut progress = Progress::start("Storing", "lines")?;
    let Some(drained) = drain(url, arguments.spool, &mut progress).await? else {
        return Ok(writeln!(out, "There is no spool: nothing waits.")?);
    };
    if !drained.busy && !drained.interrupted {
        let store = store::open(url, false)?;
        while !progress.is_interrupted() && sum_up(&*store, LITTLE).await {}
        store.close().await;
    }
    drop(progress);
    tell(&drained, out)
}

/// Sums hours that have changed, which makes reports fast, for about as long as is said. Whether some are left. What fails is
/// left to another time: reports read the rows instead.
async fn sum_up(store: &dyn Store, at_most: Duration) -> bool {
    let began = Instant::now();
    while let Ok(true) = store.roll_up(spool::an_hour_ago()).await {
        if began.elapsed() > at_most {
            return true;
        }
    }
    false
}

/// Tells what was done.
pub(super) fn tell(drained: &spool::Drained, out: &mut dyn Write) -> anyhow::Result<()> {
    if drained.busy {
        let note = "Another process drains this spool now";
        return Ok(writeln!(out, "{note}; {} lines wait at most.", drained.waiting)?);
    }
    writeln!(out, "Stored {} rows; {} were there already.", drained.stored, drained.known)?;
    if drained.set_aside > 0 {
        let note = "could not become rows; `spanledger set-aside list` tells why";
        writeln!(out, "{} lines {note}.", drained.set_aside)?;
    }
    if drained.interrupted {
        return Err(Ended::interrupted(format!("{} lines still wait.", drained.waiting)));
    }
    match drained.store_error.as_ref().or(drained.disk_error.as_ref()) {
        Some(error) if drained.waiting > 0 => anyhow::bail!("{} lines still wait: {error}", drained.waiting),
        _ => Ok(()),
    }
}

/// Drains what waits, if there is a spool. The ledger is made if it is not there and something waits for it.
pub(super) async fn drain(
    url: &str,
    spool: Option<PathBuf>,
    progress: &mut Progress,
) -> anyhow::Result<Option<spool::Drained>> {
    let folder = spool.map_or_else(|| store::spool_folder(url), Ok)?;
    if !folder.is_dir() {
        return Ok(None);
    }
    let store = store::open(url, true)?;
    let prices = super::prices(std::env::var_os("SPANLEDGER_PRICES").filter(|file| !file.is_empty()))?;
    let decode = move |line: &[u8]| ledger::decode(line, &prices);
    let mut most = 0;
    let drained = spool::drain_once(&folder, &*store, &decode, PATIENCE, |drained| {
        most = most.max(drained.waiting);
        progress.at(most - drained.waiting, Some(most));
        if progress.is_interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let drained = drained.await.with_context(|| format!("The spool folder {} cannot be used", folder.display()))?;
    if !drained.busy && !drained.interrupted {
        sum_up(&*store, LITTLE).await;
    }
    store.close().await;
    Ok(Some(drained))
}

/// Whether there are lines for a ledger, which itself may not be there yet.
pub(super) fn something_waits(url: &str) -> bool {
    store::spool_folder(url).is_ok_and(|folder| spool::holds_lines(&folder))
}
