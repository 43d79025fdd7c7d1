//! `spanledger score`: how calls were judged, said by hand or read from a file.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{drain, ended::Ended, open_ledger, progress::Progress, row, time};
use crate::{
    call::{Score, Scored, Timestamp},
    span::line,
    spool::{Options, Spool},
    store::{self, Store},
};

mod entries;

use entries::{Entries, Entry};

/// Say how calls were judged: one call by hand, or many from a file.
///
/// A score is a number, a label, or both, under a name. One named `confidence` is the call's confidence. Of two scores of one
/// call with one name the later one stands. An id may be the beginning of one, as long as only one call begins with it.
///
/// A file is CSV with a header (id, name, score, label, explanation, recorded_at: the first two are needed) or has one JSON
/// object of the same members per line. A line that cannot be read is reported with its number and costs nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger score 1b28ea2b-862b accuracy 0.93
  spanledger score 1b28ea2b-862b accuracy 0.93 --label pass --explanation \"28 of 30 fields\"
  spanledger score 1b28ea2b-862b relevance --label relevant
  spanledger score --file scores.csv")]
pub(super) struct Arguments {
    /// The call's id or its beginning.
    #[arg(value_name = "ID", required_unless_present = "file", requires = "name")]
    id: Option<String>,
    /// What was judged: accuracy, relevance, confidence, …
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The number.
    #[arg(value_name = "SCORE", allow_negative_numbers = true, value_parser = number)]
    score: Option<f64>,
    /// The verdict in a word.
    #[arg(long, value_name = "LABEL", conflicts_with = "file")]
    label: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    explanation: Option<String>,
    /// A file of scores, or - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    file: Option<String>,
}

pub(super) async fn run(
    arguments: Arguments,
    url: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    match &arguments.file {
        Some(file) => many(file, url, out, notes).await,
        None => one(arguments, url, out, notes).await,
    }
}

async fn one(arguments: Arguments, url: &str, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let mut score = Score::default();
    score.name = arguments.name.unwrap_or_default();
    score.score = arguments.score;
    score.label = arguments.label;
    score.explanation = arguments.explanation.map(Value::from);
    score.check().map_err(|error| anyhow::anyhow!("This is no score: {error}"))?;
    let is_beyond = |number: f64| score.name.trim() == Score::CONFIDENCE && !(0.0..=1.0).contains(&number);
    ensure!(!score.score.is_some_and(is_beyond), "A confidence is a number from 0 to 1, such as 0.93 for 93 %");
    let store = open_ledger(url, notes).await?;
    let row_id = row::find(&*store, &arguments.id.unwrap_or_default()).await?;
    if !row::exists(&*store, row_id).await? {
        writeln!(notes, "The ledger has no call {row_id} yet; the score waits for it.")?;
    }
    store.close().await;
    let said = told(&score);
    append(&spool(url)?, &Scored { row_id, recorded_at: Timestamp::now(), score })?;
    let drained = drain::drain(url, None, &mut Progress::shown("Storing", "lines")).await?.unwrap_or_default();
    writeln!(out, "{said} for {row_id}")?;
    if drained.waiting > 0 { drain::tell(&drained, out) } else { Ok(()) }
}

fn number(text: &str) -> anyhow::Result<f64> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.context("write a number, such as 0.93; a verdict in a word is --label")
}

/// A score as people read it.
fn told(score: &Score) -> String {
    let number = score.score.map(|number| number.to_string());
    let parts = [number.as_deref(), score.label.as_deref()];
    format!("{} {}", score.name, parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

async fn many(file: &str, url: &str, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let input: Box<dyn BufRead> = match file {
        "-" => Box::new(BufReader::new(std::io::stdin())),
        file => Box::new(BufReader::new(File::open(file).with_context(|| format!("{file} cannot be opened"))?)),
    };
    let mut entries = Entries::of(input).with_context(|| format!("{file} has no scores"))?;
    let store = open_ledger(url, notes).await?;
    let spool = spool(url)?;
    let mut progress = Progress::start("Reading", "scores")?;
    let (mut good, mut bad) = (0_u64, 0_u64);
    let now = Timestamp::now();
    while !progress.is_interrupted()
        && let Some((number, entry)) = entries.next().with_context(|| format!("{file} cannot be read to its end"))?
    {
        progress.at(good, None);
        match scored(&*store, entry, now).await {
            Ok(scored) => {
                good += 1;
                append(&spool, &scored)?;
            }
            Err(reason) => {
                bad += 1;
                progress.clear();
                writeln!(notes, "line {number}: {reason}")?;
            }
        }
    }
    store.close().await;
    drop(spool);
    if progress.is_interrupted() {
        return Err(Ended::interrupted(format!("{good} scores are read.")));
    }
    drop(progress);
    writeln!(out, "Read {good} scores; {bad} lines could not be read.")?;
    ensure!(bad == 0 || good > 0, "No score of {file} could be read");
    let drained = drain::drain(url, None, &mut Progress::shown("Storing", "lines")).await?.unwrap_or_default();
    drain::tell(&drained, out)
}

/// What a line says of which row.
async fn scored(store: &dyn Store, entry: Result<Entry, String>, now: Timestamp) -> anyhow::Result<Scored> {
    let mut entry = entry.map_err(anyhow::Error::msg)?;
    let score = entry.score();
    score.check()?;
    let recorded_at = entry.recorded_at.as_deref().map_or(Ok(now), time::utc)?;
    Ok(Scored { row_id: row::find(store, &entry.id).await?, recorded_at, score })
}

fn spool(url: &str) -> anyhow::Result<Spool> {
    let folder = store::spool_folder(url)?;
    Spool::open(&folder, Options::default())
        .with_context(|| format!("The spool folder {} cannot be used", folder.display()))
}

fn append(spool: &Spool, scored: &Scored) -> anyhow::Result<()> {
    let appended = spool.append(line::score(scored));
    appended
        .map(drop)
        .map_err(|refused| anyhow::anyhow!("The spool does not take the score of {}: {refused}", scored.row_id))
}
