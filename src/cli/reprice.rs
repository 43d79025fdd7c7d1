//! `spanledger reprice`: what stored calls cost by today's prices.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use serde_json::{Value, json};

use super::{Output, ended::Ended, open_ledger, progress::Progress, time::Times};
use crate::{
    call::{Cost, PricingStatus},
    report::money,
    store::{
        Table,
        reprice::{Batch, Change, Reprice, Selection},
    },
};

/// Price stored calls anew, at the dates on which they were made.
///
/// Shows what changes by provider and model, and writes it. What a provider or the caller stated is never touched. Calls
/// that a price file priced are left alone until --prices names one (an empty file will do). Each batch is one
/// transaction: a run that is interrupted is completed by running it again, and a second run changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger reprice --since 2026-11-01 --dry-run
  spanledger reprice --since 2026-11-01 --provider ollama --prices prices.toml

A replay of the spool undoes nothing. A later version of a row, as an import can bring it, has the price of its own time: run
this again after it.")]
pub(super) struct Arguments {
    /// Your own prices, in front of the compiled-in ones (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_PRICES")]
    prices: Option<PathBuf>,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    /// Only calls to this provider.
    #[arg(long)]
    provider: Option<String>,
    /// Only calls of this model: its alias, the model that was asked or that answered, or its identifier.
    #[arg(long)]
    model: Option<String>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let range = arguments.times.range()?;
    anyhow::ensure!(
        range.since.is_some() || range.until.is_some(),
        "Say from when on calls are priced anew, such as --since 2026-11-01 or --last 30d"
    );
    let prices = super::prices(arguments.prices.as_ref())?;
    let store = open_ledger(ledger, notes).await?;
    let Arguments { provider, model, dry_run, .. } = arguments;
    let selection = Selection { since: range.since, until: range.until, provider, model };
    let mut tally = Tally::default();
    let mut progress = Progress::start(if dry_run { "Comparing" } else { "Pricing" }, "rows")?;
    let mut reprice = Reprice::new(store.as_ref(), &prices, selection, !dry_run);
    let mut interrupted = false;
    while !interrupted && let Some(batch) = reprice.step().await? {
        tally.add(&batch);
        progress.at(tally.of.seen, None);
        interrupted = progress.is_interrupted();
    }
    drop(progress);
    store.close().await;
    arguments.output.print(&tally.table(), out)?;
    out.flush()?;
    for note in tally.notes(dry_run) {
        writeln!(notes, "{note}")?;
    }
    if interrupted { Err(Ended::interrupted(format!("{} rows were looked at.", tally.of.seen))) } else { Ok(()) }
}

/// What changes, by provider and model.
#[derive(Debug, Default)]
struct Tally {
    models: BTreeMap<(String, String), Model>,
    /// Its changes are counted in `models`.
    of: Batch,
    changed: u64,
    /// So many of those that change lie over others.
    wrappers: u64,
}

/// What changes of one model. Sums of what is known of the calls that count, in pico-dollars, which 64 bits may not hold.
#[derive(Debug, Default)]
struct Model {
    changed: u64,
    before: Option<i128>,
    now: Option<i128>,
    /// From one word to another, and how many.
    statuses: BTreeMap<[&'static str; 2], u64>,
    sources: std::collections::BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, batch: &Batch) {
        self.of.seen += batch.seen;
        self.of.stated += batch.stated;
        self.of.without_file += batch.without_file;
        self.of.cut += batch.cut;
        self.of.missed += batch.missed;
        self.changed += batch.changes.len() as u64;
        self.wrappers += batch.changes.iter().filter(|change| !change.row.counts).count() as u64;
        for change in &batch.changes {
            let row = &change.row;
            let model = row.model().unwrap_or("(none)").to_owned();
            self.models.entry((row.call.provider.to_string(), model)).or_default().add(change);
        }
    }

    fn table(&self) -> Table {
        let columns = [
            "provider",
            "model",
            "rows",
            "old_cost_usd",
            "new_cost_usd",
            "difference_usd",
            "pricing_status",
            "price_source",
        ];
        let row = |((provider, model), of): (&(String, String), &Model)| {
            let mut row = vec![json!(provider), json!(model), json!(of.changed)];
            let decimal = |pico: Option<i128>| pico.map_or(Value::Null, |pico| money::decimal(pico).into());
            row.extend([of.before, of.now, Some(of.difference())].map(decimal));
            row.push(of.statuses().into());
            row.push(of.sources.iter().map(String::as_str).collect::<Vec<_>>().join(", ").into());
            row
        };
        Table { columns: columns.map(str::to_owned).into(), rows: self.models.iter().map(row).collect() }
    }

    fn notes(&self, dry_run: bool) -> Vec<String> {
        let Batch { seen, stated, without_file, cut, missed, .. } = self.of;
        let difference = self.models.values().map(Model::difference).sum();
        let sign = if difference > 0 { "+" } else { "" };
        let would = if dry_run { "would change" } else { "changed" };
        let mut notes = vec![format!(
            "{} of {seen} rows {would}: {sign}{} USD.",
            self.changed - missed,
            money::decimal(difference)
        )];
        let mut note = |count: u64, text: &str| {
            if count > 0 {
                notes.push(format!("{count} {text}"));
            }
        };
        note(self.wrappers, "of them: others lie under them, so they are in no sum.");
        note(stated, "have a cost that the provider or the caller stated, and keep it.");
        note(without_file, "have a price of a price file, and keep it: name the file with --prices.");
        note(cut, "cannot be read back, because what they used was too long to be stored.");
        note(missed, "changed in the meantime: run this again.");
        if dry_run && self.changed > 0 {
            notes.push("Nothing was written; without --dry-run it is.".to_owned());
        }
        notes
    }
}

impl Model {
    fn add(&mut self, change: &Change) {
        let add = |sum: &mut Option<i128>, cost: &Cost| {
            if let Some(amount) = cost.total.filter(|_| change.row.counts) {
                *sum = Some(sum.unwrap_or(0) + i128::from(amount.pico()));
            }
        };
        let word = |cost: &Cost| cost.status.map_or("none", PricingStatus::as_str);
        let (before, now) = (&change.row.cost, &change.cost);
        self.changed += 1;
        add(&mut self.before, before);
        add(&mut self.now, now);
        *self.statuses.entry([word(before), word(now)]).or_default() += 1;
        self.sources.extend(now.price_source.as_deref().map(str::to_owned));
    }

    /// What more is known to be spent.
    fn difference(&self) -> i128 {
        self.now.unwrap_or(0) - self.before.unwrap_or(0)
    }

    /// `2 exact, 3 unpriced → alias`.
    fn statuses(&self) -> String {
        let words = self.statuses.iter().map(|([before, now], rows)| {
            if before == now { format!("{rows} {now}") } else { format!("{rows} {before} → {now}") }
        });
        words.collect::<Vec<_>>().join(", ")
    }
}
