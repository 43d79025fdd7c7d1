//! `spanledger calls`: the calls, newest first, and what all that match come to.

use std::io::Write;

use serde_json::Value;

use super::{Output, filters::Filters, grouped, open_ledger, time::Times, watch::Watch};
use crate::{
    report::{Calls, Cursor, Scope, Totals},
    store::{Store, Table},
};

mod watched;

use watched::Watched;

/// How many are listed if nobody says so.
const LISTED: u32 = 50;
/// How many fit on a terminal, for what is drawn in place.
const SEEN: u32 = 20;
/// How many may come between two looks, for what is written as it comes.
const CAUGHT: u32 = 10_000;

/// List calls, newest first, and what all that match come to.
///
/// Calls that do not count because others lie under them (of an agent over its chats) are listed with billable = false and
/// are not in the sums.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger calls --last 24h
  spanledger calls --search \"rate limit\" --since 2026-11-01
  spanledger calls --user 42 --limit 10 --page 2
  spanledger calls --task ocr --status error --columns started_at,model,error_message
  spanledger calls --since 2026-11-01 --until 2026-12-01 --output november.xlsx
  spanledger calls --job 4711 --watch            its steps as they come, and what they cost so far
  spanledger calls --job 4711 --watch --until-idle 60 --format ndjson")]
pub(super) struct Arguments {
    /// Only calls with this text in user (also name and e-mail), task, model or error, or whose id begins with it.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    times: Times,
    /// How many at most: 50, all of them into an --output FILE, and 20 where they are watched on a terminal.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// This page, each of --limit calls. Calls that come meanwhile move it; --after stays where it is.
    #[arg(long, default_value_t = 1, value_name = "N", conflicts_with = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    /// Behind this place, which the page before has named.
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["page", "watch"])]
    after: Option<Cursor>,
    #[command(flatten)]
    watch: Watch,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    filters: Filters,
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    arguments.output.check()?;
    let Arguments { search, times, limit, page, after, watch, output, filters } = arguments;
    let usual = match watch.is_asked() {
        // Who asks for a file wants what the sums are of.
        false if output.is_file() && page == 1 => u32::MAX,
        false => LISTED,
        true if output.is_for_people() && output.is_terminal() => SEEN,
        true => CAUGHT,
    };
    let limit = limit.unwrap_or(usual);
    let scope = Scope { filter: filters.filter(), zone: times.zone(), ..times.range()?.into() };
    let mut calls = Calls::new(scope, limit);
    calls.search = search;
    calls.after = after;
    calls.skipped = u64::from(page - 1) * u64::from(limit);
    calls.with_all_columns = output.has_chosen();
    if watch.is_asked() {
        let mut watched = Watched::default();
        let look = async |store: &dyn Store, out: &mut dyn Write| watched.look(&calls, store, &output, out).await;
        return watch.run(ledger, out, notes, look).await;
    }

    let store = open_ledger(ledger, notes).await?;
    let table = calls.rows(store.as_ref()).await?;
    let totals = calls.totals(store.as_ref()).await?;
    store.close().await;
    if output.is_for_people() {
        let mut shown = table.clone();
        if !output.has_chosen() {
            cut(&mut shown);
        }
        output.print(&shown, out)?;
        tell(&totals, out)?;
    } else {
        output.print(&table, out)?;
    }
    out.flush()?;
    let all = totals.calls + totals.wrappers;
    let seen = calls.skipped + table.rows.len() as u64;
    if let Some(place) = Cursor::behind(&table)
        && i64::try_from(seen).is_ok_and(|seen| seen < all)
        && table.rows.len() as u64 == u64::from(limit)
    {
        writeln!(notes, "More: --after {place}")?;
    }
    Ok(())
}

/// The sums, in sentences.
fn tell(totals: &Totals, out: &mut dyn Write) -> anyhow::Result<()> {
    let Totals { calls, errors, input_tokens, output_tokens, cost, unpriced, wrappers } = totals;
    let noun = if *calls == 1 { "call" } else { "calls" };
    write!(out, "\n{} {noun}: {} succeeded, {} failed", grouped(*calls), grouped(calls - errors), grouped(*errors))?;
    let tokens = |tokens: &Option<i64>| tokens.map_or_else(|| "unknown".to_owned(), grouped);
    if input_tokens.is_some() || output_tokens.is_some() {
        write!(out, "; {} tokens in, {} out", tokens(input_tokens), tokens(output_tokens))?;
    }
    match cost {
        Some(cost) => writeln!(out, "; {cost} USD")?,
        None => writeln!(out)?,
    }
    if *unpriced > 0 {
        writeln!(out, "{} could not be priced: what they cost is not in the sum", grouped(*unpriced))?;
    }
    if *wrappers > 0 {
        let [lie, are] = if *wrappers == 1 { ["lies", "is"] } else { ["lie", "are"] };
        writeln!(out, "{} more {lie} over others and {are} not summed", grouped(*wrappers))?;
    }
    Ok(())
}

/// What a person needs of a list, so that a call fits on a line: ids and moments cut, and no column that says nothing.
fn cut(table: &mut Table) {
    /// Enough of an id for `show`, among millions.
    const ID: usize = 13;
    const SECONDS: usize = "2026-11-21T08:15:00".len();
    let column = |name: &str| table.columns.iter().position(|column| column == name);
    let (id, started_at, billable) = (column("id"), column("started_at"), column("billable"));
    for row in &mut table.rows {
        if let Some(Value::String(id)) = id.and_then(|at| row.get_mut(at)) {
            id.truncate(ID);
        }
        if let Some(Value::String(moment)) = started_at.and_then(|at| row.get_mut(at)) {
            moment.truncate(SECONDS);
            moment.push('Z');
        }
        // What counts needs no mark.
        if let Some(billable) =
            billable.and_then(|at| row.get_mut(at)).filter(|billable| **billable == Value::Bool(true))
        {
            *billable = Value::Null;
        }
    }
    for name in ["task", "user_id", "user_name", "job_id", "error_type", "billable"] {
        let Some(at) = table.columns.iter().position(|column| column == name) else { continue };
        if table.rows.iter().all(|row| row.get(at).is_none_or(Value::is_null)) {
            table.columns.remove(at);
            table.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }
}
