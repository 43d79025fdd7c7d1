//! For a document or a ticket: a table of GitHub's Markdown. Texts stay texts: nothing in one is a link, an image or HTML.

use std::io;

use serde_json::Value;

use super::{inert, is_money, is_numeric, plain};
use crate::store::Table;

pub(super) fn write(table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
    line(table.columns.iter().map(|name| escaped(&inert(name))), out)?;
    let right = |(at, name): (usize, &String)| is_money(name) || is_numeric(table, at);
    let rules = table.columns.iter().enumerate().map(|column| if right(column) { "--:" } else { "---" }.to_owned());
    line(rules, out)?;
    table.rows.iter().try_for_each(|row| line(row.iter().map(cell), out))
}

fn line(cells: impl Iterator<Item = String>, out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "|")?;
    cells.into_iter().try_for_each(|cell| write!(out, " {cell} |"))?;
    writeln!(out)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => escaped(&plain(other)),
    }
}

/// Inside a word `_` is no emphasis, and a `:` makes a link only before `//`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut marks = text.chars().peekable();
    while let Some(mark) = marks.next() {
        let next = marks.peek().copied().unwrap_or(' ');
        match mark {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' | '!' | '#' | '$' | '@' => escaped.extend(['\\', mark]),
            '_' if !(before.is_alphanumeric() && next.is_alphanumeric()) => escaped.push_str("\\_"),
            ':' if next == '/' => escaped.push_str("\\:"),
            other => escaped.push(other),
        }
        before = mark;
    }
    escaped
}
