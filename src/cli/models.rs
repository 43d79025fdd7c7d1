//! `spanledger models`: the models that were used, and what they cost today.

use std::{io::Write, path::PathBuf};

use serde_json::Value;

use super::{Output, filters::Filters, models_delete, models_file, open_ledger, prices, time::Times};
use crate::{
    ModelIdentifier, Models, PriceBook,
    call::Timestamp,
    pricing::explain::Explanation,
    report::{self, Scope},
    store::Table,
};

/// List the models that were used, with their prices of today.
///
/// A model is an identifier, provider:model or client:node:model, and what a front end called it. The rates are US
/// dollars for a million tokens; `spanledger prices` shows the others. Calls whose tokens are estimated are counted apart.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger models
  spanledger models --last 30d --format csv > models.csv
  spanledger models --models models.toml     with the names of your machines
  spanledger models delete gpt-4o@2024-08-06")]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    times: Times,
    /// How many rows at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Aliases of models and names of machines (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_MODELS")]
    models: Option<PathBuf>,
    /// Your own prices, in front of the compiled-in ones (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_PRICES")]
    prices: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    filters: Filters,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Delete(models_delete::Arguments),
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    if let Some(What::Delete(arguments)) = &arguments.what {
        return models_delete::run(arguments, ledger, notes).await;
    }
    let names = models_file(arguments.models.as_ref())?;
    let book = prices(arguments.prices.as_ref())?;
    let (range, zone) = (arguments.times.range()?, arguments.times.zone());
    let store = open_ledger(ledger, notes).await?;
    let scope = Scope { filter: arguments.filters.filter(), zone, limit: arguments.limit, ..range.into() };
    let used = report::models(store.as_ref(), &scope).await?;
    store.close().await;
    arguments.output.print(&with_prices(&used, &names, &book), out)?;
    Ok(())
}

/// The columns that say what a price list may call the model: they are replaced by what it says.
const NAMES: [&str; 2] = ["answered", "called"];
const ADDED: [&str; 4] = ["title", "input_per_million", "output_per_million", "price_source"];

fn with_prices(used: &Table, names: &Models, book: &PriceBook) -> Table {
    let place = |name: &str| used.columns.iter().position(|column| column == name);
    let kept: Vec<usize> = (0..used.columns.len()).filter(|at| !NAMES.contains(&&*used.columns[*at])).collect();
    let now = Timestamp::now();
    let row = |values: &Vec<Value>| {
        let text = |name: &str| place(name).and_then(|at| values.get(at)?.as_str());
        let title = text("model_identifier").and_then(|text| text.parse::<ModelIdentifier>().ok());
        let title = title.map(|identifier| names.title(&identifier));
        let priced = NAMES.iter().filter_map(|name| text(name));
        let priced = priced.map(|model| book.explain(text("provider"), model, now));
        let price = priced.into_iter().find(|price| !price.source.is_empty()).unwrap_or_default();
        let rates = ["input_tokens", "output_tokens"].map(|unit| rate(&price, unit));
        let source = Some(price.source).filter(|source| !source.is_empty());
        let added = [title, rates[0].clone(), rates[1].clone(), source];
        let kept = kept.iter().filter_map(|at| values.get(*at).cloned());
        kept.chain(added.map(|text| text.map_or(Value::Null, Value::from))).collect()
    };
    let columns = kept.iter().filter_map(|at| used.columns.get(*at).cloned());
    Table { columns: columns.chain(ADDED.map(str::to_owned)).collect(), rows: used.rows.iter().map(row).collect() }
}

/// The standard rate of a unit, for a million of it.
fn rate(price: &Explanation, unit: &str) -> Option<String> {
    let rate = price.rates.iter().find(|rate| rate.unit == unit && rate.when.is_empty() && rate.per == 1_000_000)?;
    Some(rate.usd.to_string())
}
