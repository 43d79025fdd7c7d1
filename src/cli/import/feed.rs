//! Lines of others, put into the spool of a ledger and stored on the way.

use std::{io::Write, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};

use super::window::Window;
use crate::{
    PriceBook,
    call::{Call, Record, Source},
    cli::{drain, progress::Progress},
    span::{line, read},
    spool::{Drained, LONGEST_LINE, Options, Refused, Spool},
    store,
};

/// How long a spool may stay full that another process drains.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is asked whether it has room again.
const ASKED: Duration = Duration::from_millis(200);

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) lines: u64,
    pub(super) calls: u64,
    pub(super) later: u64,
    pub(super) skipped: usize,
    pub(super) unreadable: usize,
}

/// The way from lines into a ledger.
#[derive(Debug)]
pub(super) struct Feed {
    url: String,
    folder: PathBuf,
    options: Options,
    /// `None` only while the folder is drained: a segment that somebody writes to is not deleted.
    spool: Option<Spool>,
    prices: PriceBook,
    window: Window,
    drained: Drained,
    pub(super) tally: Tally,
}

impl Feed {
    pub(super) fn open(url: &str, prices: PriceBook, options: Options) -> anyhow::Result<Self> {
        let folder = store::spool_folder(url)?;
        let (drained, tally) = (Drained::default(), Tally::default());
        let mut feed =
            Self { url: url.to_owned(), folder, options, spool: None, prices, window: Window::new(), drained, tally };
        feed.spool()?;
        Ok(feed)
    }

    fn spool(&mut self) -> anyhow::Result<&Spool> {
        let spool = match self.spool.take() {
            Some(spool) => spool,
            None => Spool::open(&self.folder, self.options)
                .with_context(|| format!("The spool folder {} cannot be used", self.folder.display()))?,
        };
        Ok(self.spool.insert(spool))
    }

    /// Puts what a line holds into the spool, one record per line.
    pub(super) async fn take(
        &mut self,
        text: &[u8],
        progress: &mut Progress,
        notes: &mut dyn Write,
    ) -> anyhow::Result<()> {
        self.tally.lines += 1;
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        let number = self.tally.lines;
        let line = match whole(text).and_then(|text| read::line(text, Source::Otlp)) {
            Ok(line) => line,
            Err(reason) => {
                self.tally.unreadable += 1;
                progress.clear();
                return Ok(writeln!(notes, "line {number}: {reason}")?);
            }
        };
        self.tally.skipped += line.skipped;
        self.tally.unreadable += line.rejected.len();
        for reason in &line.rejected {
            progress.clear();
            writeln!(notes, "line {number}: {reason}")?;
        }
        self.window.know(line.links);
        let bytes = text.len() / line.records.len().max(1);
        for record in line.records {
            match record {
                Record::Call(call) => {
                    self.tally.calls += 1;
                    self.window.wait(call, bytes);
                }
                other => {
                    self.tally.later += 1;
                    self.append(line::record(&other), progress).await?;
                }
            }
        }
        while let Some(call) = self.window.next() {
            self.call(call, progress).await?;
        }
        Ok(())
    }

    async fn call(&mut self, mut call: Box<Call>, progress: &mut Progress) -> anyhow::Result<()> {
        if call.cost.status.is_none() {
            call.cost = self.prices.price(&call);
        }
        self.append(line::call(&call), progress).await
    }

    /// Appends a line; where the spool is full, what is in it is stored first.
    async fn append(&mut self, line: Vec<u8>, progress: &mut Progress) -> anyhow::Result<()> {
        let number = self.tally.lines;
        let mut tries = PATIENCE.as_millis() / ASKED.as_millis();
        loop {
            match self.spool()?.append(line.clone()) {
                Ok(_) => return Ok(()),
                Err(Refused::Full) if tries > 0 => tries -= 1,
                Err(refused) => bail!("The spool does not take line {number}: {refused}"),
            }
            let drained = self.store(progress).await?;
            if let Some(error) = drained.store_error.or(drained.disk_error) {
                bail!("The spool is full at line {number}, and what is in it cannot be stored: {error}");
            }
            if drained.busy {
                tokio::time::sleep(ASKED).await;
            }
        }
    }

    async fn store(&mut self, progress: &mut Progress) -> anyhow::Result<Drained> {
        self.spool = None;
        let drained = drain::drain(&self.url, None, progress).await?.unwrap_or_default();
        self.drained.stored += drained.stored;
        self.drained.known += drained.known;
        Ok(drained)
    }

    /// Stores the rest; what was done from the beginning on.
    pub(super) async fn finish(mut self, progress: &mut Progress) -> anyhow::Result<Drained> {
        while let Some(call) = self.window.rest() {
            self.call(call, progress).await?;
        }
        let drained = self.store(progress).await?;
        let Drained { stored, known, .. } = self.drained;
        Ok(Drained { stored, known, ..drained })
    }
}

fn whole(text: &[u8]) -> Result<&[u8], String> {
    let is_whole = text.len() <= LONGEST_LINE || text.ends_with(b"\n");
    if is_whole { Ok(text) } else { Err(format!("longer than {} MiB", LONGEST_LINE >> 20)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Query;

    fn line(number: u32) -> String {
        format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{number:016x}","name":"x","startTimeUnixNano":"1793527200000000000","endTimeUnixNano":"1793527201500000000","attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}},{{"key":"gen_ai.provider.name","value":{{"stringValue":"openai"}}}}]}}]}}]}}]}}"#
        )
    }

    #[tokio::test]
    async fn a_file_larger_than_the_spool_is_stored_on_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let options = Options { max_bytes: 32 << 10, ..Options::default() };
        let mut feed = Feed::open(&url, PriceBook::bundled(), options).unwrap();
        let (mut notes, mut progress) = (Vec::new(), Progress::shown("", ""));
        let mut appended = 0;
        for number in 1..=500 {
            let line = line(number);
            appended += line.len();
            feed.take(line.as_bytes(), &mut progress, &mut notes).await.unwrap();
        }
        assert!(appended > 4 * (32 << 10) && feed.drained.stored > 100, "{:?}", feed.drained);
        let drained = feed.finish(&mut progress).await.unwrap();
        assert_eq!((drained.stored, drained.known, drained.waiting, notes.len()), (500, 0, 0, 0), "{drained:?}");
        let store = store::open(&url, false).unwrap();
        let rows = store.query(&Query::new("SELECT count(*) FROM usage_log")).await.unwrap().rows;
        assert_eq!(rows, [[serde_json::Value::from(500)]]);
    }
}
