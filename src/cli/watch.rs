//! `--watch`: looks again every second, while another process makes calls.
//!
//! On a terminal what is seen is drawn anew in place; elsewhere only what is new is written, so that it can be piped. The
//! process that makes the calls drains its own spool; what a process that has ended left behind is stored here.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::bail;
use serde_json::value::RawValue;

use super::{Output, drain, open_ledger, progress::Progress, stop::Stop};
use crate::{
    call::Timestamp,
    report::Format,
    store::{Store, Table, rfc3339},
};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// Whether something is watched, and for how long.
#[derive(Debug, clap::Args)]
pub(super) struct Watch {
    /// Look again every second, until Ctrl-C. On a terminal it is drawn in place; piped, calls are written as they
    /// come, and a report is written again when it has changed.
    #[arg(long, conflicts_with = "output")]
    watch: bool,
    /// End when nothing has changed for so many seconds.
    #[arg(long, value_name = "SECONDS", requires = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    until_idle: Option<u32>,
}

impl Watch {
    pub(super) fn is_asked(&self) -> bool {
        self.watch
    }

    /// Looks again and again. `look` says whether anything has changed.
    pub(super) async fn run(
        &self,
        url: &str,
        out: &mut dyn Write,
        notes: &mut dyn Write,
        mut look: impl AsyncFnMut(&dyn Store, &mut dyn Write) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let mut stop = Stop::new()?;
        let store = open_ledger(url, notes).await?;
        let idle = self.until_idle.map(|seconds| Duration::from_secs(u64::from(seconds)));
        let mut changed = Instant::now();
        loop {
            if look(store.as_ref(), out).await? {
                changed = Instant::now();
            }
            out.flush()?;
            if idle.is_some_and(|idle| changed.elapsed() >= idle) {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.asked() => break,
            }
            if drain::something_waits(url) {
                // What cannot be stored now is tried again, and seen as soon as it is there.
                let _ = drain::drain(url, None, &mut Progress::shown("Storing what waits", "lines")).await;
            }
        }
        store.close().await;
        Ok(())
    }
}

/// Draws over what was drawn before.
pub(super) fn redraw(text: &[u8], first: bool, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(if first { b"\x1b[2J\x1b[H" } else { b"\x1b[H" })?;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        // What is left of a longer line goes.
        out.write_all(line.strip_suffix(b"\n").unwrap_or(line))?;
        out.write_all(b"\x1b[K\n")?;
    }
    out.write_all(b"\x1b[J")
}

/// A table that is watched as a whole.
#[derive(Debug, Default)]
pub(super) struct Watched {
    last: Option<Table>,
}

impl Watched {
    /// Shows a table if it has changed; programs get it as one line of JSON, with the moment. Whether it has.
    pub(super) fn look(&mut self, table: Table, output: &Output, out: &mut dyn Write) -> anyhow::Result<bool> {
        let first = self.last.is_none();
        if self.last.as_ref() == Some(&table) {
            return Ok(false);
        }
        let chosen = output.chosen(&table)?;
        let mut text = Vec::new();
        match output.format() {
            Format::Table if output.is_terminal() => {
                output.render(Format::Table, &chosen, &mut text)?;
                redraw(&text, first, out)?;
            }
            Format::Json | Format::Ndjson => {
                output.render(Format::Json, &chosen, &mut text)?;
                let rows: Box<RawValue> = serde_json::from_slice(&text)?;
                let line = rows.get().replace('\n', "");
                writeln!(out, "{{\"at\":\"{}\",\"rows\":{line}}}", rfc3339(Timestamp::now()))?;
            }
            Format::Xlsx => bail!("A workbook cannot be watched; take --format ndjson"),
            other => {
                if !first {
                    writeln!(out)?;
                }
                output.render(other, &chosen, out)?;
            }
        }
        self.last = Some(table);
        Ok(true)
    }
}
