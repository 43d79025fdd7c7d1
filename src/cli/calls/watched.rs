//! `spanledger calls --watch`: the steps of a running job as they come, with what they cost so far.

use std::{collections::HashSet, io::Write};

use serde_json::Value;

use super::{cut, tell};
use crate::{
    call::Usd,
    cli::{Output, watch},
    report::{Calls, Format, UsdSum},
    store::{Store, Table},
};

/// What a step is: in the order of time, with the cost up to it.
const COLUMNS: &[&str] = &[
    "id",
    "started_at",
    "task",
    "model",
    "status",
    "input_tokens",
    "output_tokens",
    "duration_ms",
    "cost_usd",
    "billable",
];
/// What is added to them.
const RUNNING: &str = "running_cost_usd";

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Watched {
    seen: HashSet<String>,
    /// What it came to when it was seen, in pico-dollars.
    cost: Option<i128>,
    looks: u64,
}

impl Watched {
    /// Looks once. Whether there was anything new.
    pub(super) async fn look(
        &mut self,
        calls: &Calls,
        store: &dyn Store,
        output: &Output,
        out: &mut dyn Write,
    ) -> anyhow::Result<bool> {
        let totals = calls.totals(store).await?;
        let mut steps = calls.rows(store).await?;
        if !output.has_chosen() {
            steps = steps_of(&steps);
        }
        steps.rows.reverse();
        let id = place(&steps, "id");
        let ids = steps.rows.iter().map(|row| id.and_then(|at| row.get(at)).map(Value::to_string).unwrap_or_default());
        let new: Vec<bool> = ids.map(|id| self.seen.insert(id)).collect();
        let changed = new.contains(&true);
        let first = self.looks == 0;
        self.looks += 1;
        let all = totals.cost.map_or(0, UsdSum::pico);
        if output.is_for_people() && output.is_terminal() {
            let before = before(&steps, calls.limit, all);
            run_up(&mut steps, before);
            cut(&mut steps);
            let mut text = Vec::new();
            output.render(output.format(), &output.chosen(&steps)?, &mut text)?;
            tell(&totals, &mut text)?;
            watch::redraw(&text, first, out)?;
        } else if changed || first {
            let listed_before = before(&steps, calls.limit, all);
            let mut new = new.into_iter();
            steps.rows.retain(|_| new.next().unwrap_or_default());
            let before = self.cost.unwrap_or(listed_before);
            self.cost = Some(run_up(&mut steps, before));
            append(&output.chosen(&steps)?, first, output, out)?;
        }
        Ok(changed)
    }
}

/// Writes rows behind those that were written before: a header comes only once.
fn append(steps: &Table, first: bool, output: &Output, out: &mut dyn Write) -> anyhow::Result<()> {
    let (format, header) = match output.format() {
        Format::Json | Format::Ndjson => (Format::Ndjson, 0),
        Format::Markdown => (Format::Markdown, 2),
        Format::Xlsx => anyhow::bail!("A workbook cannot be watched; take --format ndjson"),
        other => (other, 1),
    };
    let mut text = Vec::new();
    output.render(format, steps, &mut text)?;
    let skipped = if first { 0 } else { header };
    for line in text.split_inclusive(|byte| *byte == b'\n').skip(skipped) {
        out.write_all(line)?;
    }
    Ok(())
}

/// Of a list of calls what a step is.
fn steps_of(list: &Table) -> Table {
    let places: Vec<_> = COLUMNS.iter().map(|name| place(list, name)).collect();
    let pick = |row: &Vec<Value>| {
        places.iter().map(|at| at.and_then(|at| row.get(at)).cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let columns = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    Table { columns, rows: list.rows.iter().map(pick).collect() }
}

fn place(table: &Table, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column == name)
}

/// What each step adds to the sum, in pico-dollars: nothing, if it lies over others.
fn costs(steps: &Table) -> Vec<i128> {
    let [billable, cost] = ["billable", "cost_usd"].map(|name| place(steps, name));
    let of = |row: &[Value]| {
        let counts = billable.and_then(|at| row.get(at)) != Some(&Value::Bool(false));
        let cost = cost.and_then(|at| row.get(at)?.as_str()).filter(|_| counts);
        cost.and_then(|cost| cost.parse::<Usd>().ok()).map_or(0, |cost| cost.pico().into())
    };
    steps.rows.iter().map(|row| of(row)).collect()
}

/// What was spent before the first step of a list: nothing, unless the list was cut. (The sum was asked for apart from the
/// list: what came between the two is not in it.)
fn before(steps: &Table, limit: u32, all: i128) -> i128 {
    let is_cut = steps.rows.len() as u64 >= u64::from(limit);
    if is_cut { all - costs(steps).into_iter().sum::<i128>() } else { 0 }
}

/// Adds what each step comes to with all before it. Returns what all come to.
fn run_up(steps: &mut Table, before: i128) -> i128 {
    let costs = costs(steps);
    steps.columns.push(RUNNING.to_owned());
    let mut sum = before;
    for (row, cost) in steps.rows.iter_mut().zip(costs) {
        sum += cost;
        row.push(UsdSum::from_pico(sum).to_string().into());
    }
    sum
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_that_came_behind_the_sum_is_not_taken_from_what_was_spent_before() {
        let columns = ["id", "billable", "cost_usd"].map(str::to_owned).into();
        let mut steps = Table {
            columns,
            rows: vec![
                vec![json!("a"), json!(true), json!("0.02")],
                vec![json!("b"), json!(false), json!("9")],
                vec![json!("c"), json!(true), json!("0.03")],
            ],
        };
        let cents = |cents: i128| cents * 10_000_000_000;
        let spent = before(&steps, 20, cents(2));
        assert_eq!(run_up(&mut steps, spent), cents(5), "the last one came when the sum was known");
        assert_eq!(before(&steps, 3, cents(7)), cents(2), "what a longer list would show was spent before");
    }
}
