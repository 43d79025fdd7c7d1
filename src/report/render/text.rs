//! For people: aligned columns, numbers to the right, blanks for what is unknown.

use std::io;

use comfy_table::{Cell, CellAlignment, Table as Grid, presets};
use serde_json::Value;

use super::{is_money, plain};
use crate::store::Table;

pub(super) fn write(table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = || table.columns.iter().enumerate();
    let right: Vec<bool> = columns().map(|(at, name)| is_money(name) || is_numeric(table, at)).collect();
    let digits: Vec<Option<usize>> = columns().map(|(at, name)| is_money(name).then(|| fraction(table, at))).collect();
    let cell = |at: usize, text: String| {
        Cell::new(text).set_alignment(if right[at] { CellAlignment::Right } else { CellAlignment::Left })
    };

    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.set_header(columns().map(|(at, name)| cell(at, name.clone())));
    for row in &table.rows {
        grid.add_row(row.iter().enumerate().map(|(at, value)| {
            let text = plain(value);
            cell(at, digits[at].map_or(text.clone(), |digits| padded(text, digits)))
        }));
    }
    for column in grid.column_iter_mut() {
        column.set_padding((0, 2));
    }
    grid.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

fn is_numeric(table: &Table, at: usize) -> bool {
    let mut known = table.rows.iter().map(|row| &row[at]).filter(|value| !value.is_null()).peekable();
    known.peek().is_some() && known.all(Value::is_number)
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
