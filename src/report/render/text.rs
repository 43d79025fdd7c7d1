//! For people: aligned columns, numbers to the right, blanks for what is unknown.

use std::io;

use comfy_table::{Cell, CellAlignment, Table as Grid, presets};
use serde_json::Value;

use super::{Style, bars::Measure, inert, is_money, is_numeric, plain};
use crate::store::Table;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

pub(super) fn write(table: &Table, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    let measure = if style.bars { Measure::of(table) } else { None };
    let lines = grid(table, measure.as_ref().map(Measure::bars).unwrap_or_default());
    let mut lines = lines.iter().map(|line| line.trim_end());
    if let Some(header) = lines.next() {
        writeln!(out, "{}", coloured(style, BOLD, header))?;
    }
    for (line, row) in lines.zip(&table.rows) {
        writeln!(out, "{}", coloured(style, colour(table, row), line))?;
    }
    match measure.and_then(|measure| measure.line(table)) {
        Some(line) => writeln!(out, "\n{line}"),
        None => Ok(()),
    }
}

/// One line for the header and one for each row.
fn grid(table: &Table, bars: Vec<String>) -> Vec<String> {
    let columns = || table.columns.iter().enumerate();
    let right: Vec<bool> = columns().map(|(at, name)| is_money(name) || is_numeric(table, at)).collect();
    let digits: Vec<Option<usize>> = columns().map(|(at, name)| is_money(name).then(|| fraction(table, at))).collect();
    let cell = |at: usize, text: String| {
        Cell::new(text).set_alignment(if right[at] { CellAlignment::Right } else { CellAlignment::Left })
    };

    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.set_header(columns().map(|(at, name)| cell(at, inert(name))));
    let mut bars = bars.into_iter();
    for row in &table.rows {
        let cells = row.iter().enumerate().map(|(at, value)| {
            let text = plain(value);
            cell(at, digits[at].map_or(text.clone(), |digits| padded(text, digits)))
        });
        grid.add_row(cells.chain(bars.next().map(Cell::new)));
    }
    for column in grid.column_iter_mut() {
        column.set_padding((0, 2));
    }
    grid.lines().collect()
}

/// Failures are red, and what is not summed is dim.
fn colour(table: &Table, row: &[Value]) -> &'static str {
    let of = |name: &str| table.columns.iter().position(|column| column == name).and_then(|at| row.get(at));
    if matches!(of("status").and_then(Value::as_str), Some("error" | "attention")) {
        RED
    } else if of("billable") == Some(&Value::Bool(false)) {
        DIM
    } else {
        ""
    }
}

fn coloured(style: Style, colour: &str, line: &str) -> String {
    if style.colours && !colour.is_empty() { format!("{colour}{line}{PLAIN}") } else { line.to_owned() }
}

/// How many digits the longest amount of a column has behind the point, at least two.
fn fraction(table: &Table, at: usize) -> usize {
    let amounts = table.rows.iter().filter_map(|row| row[at].as_str());
    amounts.filter_map(|amount| Some(amount.split_once('.')?.1.len())).max().unwrap_or(0).max(2)
}

/// An amount with that many digits behind the point, so that points stand under each other.
fn padded(amount: String, digits: usize) -> String {
    if amount.is_empty() {
        return amount;
    }
    let (whole, fraction) = amount.split_once('.').unwrap_or((&amount, ""));
    format!("{whole}.{fraction:0<digits$}")
}
