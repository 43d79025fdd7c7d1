//! `spanledger drain`: what waits in the spool becomes rows.

use std::{io::Write, time::Duration};

use anyhow::Context as _;

use crate::{PriceBook, ledger, spool, store};

/// How long a store may be away before what waits is left in the spool.
const PATIENCE: Duration = Duration::from_secs(10);

/// Store what waits in the spool.
///
/// A ledger's own thread does so all the time; reports do so first. This is for a spool whose program has ended. The spool
/// is the folder beside the database file, or where SPANLEDGER_SPOOL says.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  SPANLEDGER_SPOOL=/var/lib/app/spool spanledger --ledger sqlite:///var/lib/app/usage.db drain")]
pub(super) struct Arguments {}

pub(super) async fn run(_: Arguments, url: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    drain(url, out).await
}

/// Drains and tells what was done. The ledger is made if it is not there and something waits for it.
pub(super) async fn drain(url: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(drained) = quietly(url).await? else {
        return Ok(writeln!(out, "There is no spool: nothing waits.")?);
    };
    if drained.busy {
        let note = "Another process drains this spool now";
        return Ok(writeln!(out, "{note}; {} lines wait at most.", drained.waiting)?);
    }
    writeln!(out, "Stored {} rows; {} were there already.", drained.stored, drained.known)?;
    if drained.set_aside > 0 {
        writeln!(out, "{} lines could not become rows and are in set-aside.jsonl.", drained.set_aside)?;
    }
    match drained.store_error.or(drained.disk_error) {
        Some(error) if drained.waiting > 0 => anyhow::bail!("{} lines still wait: {error}", drained.waiting),
        _ => Ok(()),
    }
}

/// Drains what waits, if there is a spool.
pub(super) async fn quietly(url: &str) -> anyhow::Result<Option<spool::Drained>> {
    let folder = store::spool_folder(url)?;
    if !folder.is_dir() {
        return Ok(None);
    }
    let store = store::open(url, true)?;
    let prices = PriceBook::bundled();
    let drained =
        spool::drain_once(&folder, &*store, &move |line| ledger::decode(line, &prices), PATIENCE, |_| ()).await;
    let drained = drained.with_context(|| format!("The spool folder {} cannot be used", folder.display()))?;
    store.close().await;
    Ok(Some(drained))
}
