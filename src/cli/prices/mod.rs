//! `spanledger prices`: what a model costs, and why.

use std::{io::Write, path::PathBuf};

use serde_json::{Value, json};

use super::{Output, open_ledger, time::utc};
use crate::{
    PriceBook,
    call::Timestamp,
    pricing::explain::{Explanation, Rate},
    provider,
    store::{Query, Table},
};

mod check;
mod skeleton;

/// Show what a model costs, where its price comes from, and why.
///
/// The rates are US dollars for so many of a unit. A rate with a condition holds instead of the standard one where the
/// condition does: a batch, a service tier that was served, a long prompt, a time of day.
///
/// --unpriced reads the ledger instead, and prints an entry for a price file for each model that has no price.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  spanledger prices gpt-4o
  spanledger prices claude-sonnet-4-5 --provider gcp.vertex_ai --at 2026-06-01
  spanledger prices ollama:llama3.1:8b --prices prices.toml --format json
  spanledger prices --unpriced >> prices.toml     then fill in the rates
  spanledger prices check prices.toml
  spanledger reprice --since 2026-11-01 --prices prices.toml"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// The model, as a call names it; also as provider:model.
    #[arg(required_unless_present = "unpriced")]
    model: Option<String>,
    /// Print an entry for a price file for each model of the ledger that could not be priced.
    #[arg(long, conflicts_with_all = ["model", "provider", "at", "prices"])]
    unpriced: bool,
    /// Whose endpoint it is: openai, anthropic, gcp.gemini, …
    #[arg(long)]
    provider: Option<String>,
    /// The rates of this moment, in UTC, instead of now: 2026-11-01 or 2026-11-01T12:30.
    #[arg(long, value_name = "TIME", value_parser = utc)]
    at: Option<Timestamp>,
    /// Your own prices, in front of the compiled-in ones (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_PRICES")]
    prices: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Check(check::Arguments),
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    match (&arguments.action, &arguments.model) {
        (Some(Action::Check(arguments)), _) => check::run(arguments, out, notes),
        (None, Some(model)) => show(&arguments, model, out, notes),
        (None, None) => unpriced(ledger, out, notes).await,
    }
}

/// Prints entries to fill in.
async fn unpriced(ledger: &str, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let store = open_ledger(ledger, notes).await?;
    let table = store.query(&Query::new(include_str!("skeleton.sql"))).await?;
    store.close().await;
    write!(out, "{}", skeleton::of(&table))?;
    out.flush()?;
    if table.rows.is_empty() {
        writeln!(notes, "Every call that used something has a price.")?;
    }
    Ok(())
}

fn show(arguments: &Arguments, model: &str, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let book = super::prices(arguments.prices.as_ref())?;
    let (provider, model) = split(arguments.provider.as_deref(), model);
    let explanation = book.explain(provider, model, arguments.at.unwrap_or_else(Timestamp::now));
    if explanation.source.is_empty() {
        anyhow::bail!(unknown(&book, provider, model, &explanation));
    }
    let mut table = table(model, &explanation);
    if arguments.output.is_for_people() && !arguments.output.has_chosen() {
        // What is the same in every row is said once, below.
        table = Table {
            columns: table.columns[RATE].to_vec(),
            rows: table.rows.iter().map(|row| row[RATE].to_vec()).collect(),
        };
    }
    arguments.output.print(&table, out)?;
    out.flush()?;
    let Explanation { provider, source, version, why, .. } = &explanation;
    writeln!(notes, "{model} of {provider}, by {source}: {version}.")?;
    why.iter().try_for_each(|reason| writeln!(notes, "{reason}"))?;
    Ok(())
}

/// The columns that are a rate's own.
const RATE: std::ops::Range<usize> = 2..6;

/// `provider:model` where what stands before the colon is a provider; a model's name may have colons of its own.
fn split<'a>(provider: Option<&'a str>, model: &'a str) -> (Option<&'a str>, &'a str) {
    match model.split_once(':') {
        Some((before, behind)) if provider.is_none() && provider::names().contains(&before) => (Some(before), behind),
        _ => (provider, model),
    }
}

fn unknown(book: &PriceBook, provider: Option<&str>, model: &str, explanation: &Explanation) -> String {
    let of = provider.map(|provider| format!(" of {provider}")).unwrap_or_default();
    let mut text = format!("There is no price for {model}{of}. {}", explanation.why.join(" "));
    let closest = book.closest(provider, model);
    if !closest.is_empty() {
        text.push_str(&format!(" The closest that are known: {}.", closest.join(", ")));
    }
    text + " A price file can name one: --prices."
}

fn table(model: &str, explanation: &Explanation) -> Table {
    let columns = ["provider", "model", "unit", "rate_usd", "per", "condition", "price_source", "price_version"];
    let Explanation { provider, source, version, .. } = explanation;
    let row = |rate: &Rate| {
        let condition = Some(rate.when.as_str()).filter(|when| !when.is_empty());
        vec![
            json!(provider),
            json!(model),
            json!(rate.unit),
            rate.usd.to_string().into(),
            json!(rate.per),
            condition.map_or(Value::Null, Value::from),
            json!(source),
            json!(version),
        ]
    };
    Table { columns: columns.map(str::to_owned).into(), rows: explanation.rates.iter().map(row).collect() }
}
