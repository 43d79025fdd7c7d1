//! A table as text or as a workbook, one file per format.
//!
//! Texts in a ledger come from callers and providers, so they are hostile: no format lets one of them steer a terminal or
//! start a formula.
//!
//! What a column holds is known by its name: the columns of the ledger, and beside them `*_usd` for money, `*_at` for
//! moments, and `day`, `hour`, `month` or `period` for times. The *measure* of a report, of which [`Style::bars`] draws a
//! bar for each row, is the first that it has of those that `bars.rs` names: `cost_usd`, `count`, …; a list of calls (it has a
//! column `id`) has none.
//!
//! # Adding a format
//!
//! `render/<name>.rs` with its `write`, and one variant of [`Format`].

use std::io;

use serde_json::Value;

use crate::store::{Table, columns};

mod bars;
mod csv;
mod json;
mod markdown;
mod ndjson;
mod text;
mod xlsx;

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people; what is unknown is blank.
    #[default]
    Table,
    /// For spreadsheets; what is unknown is empty.
    Csv,
    /// An array of objects; money as decimal strings, what is unknown is null.
    Json,
    /// One object per line, for programs that read as they go.
    Ndjson,
    /// A table for a document or a ticket.
    Markdown,
    /// A workbook: numbers are numbers, times are times, in UTC. Needs --output or a pipe.
    Xlsx,
}

/// How a [`Format::Table`] looks. Other formats never have any of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Style {
    /// Errors are red, what does not count is dim, the header is bold.
    pub colours: bool,
    /// A bar beside each row for the report's measure, and a line of them all for what goes by time.
    pub bars: bool,
}

impl Style {
    /// With colours and bars, or without.
    #[must_use]
    pub const fn new(colours: bool, bars: bool) -> Self {
        Self { colours, bars }
    }
}

impl Format {
    /// The format that the end of a file's name asks for.
    #[must_use]
    pub fn of_file(name: &std::path::Path) -> Option<Self> {
        Some(match name.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::Ndjson,
            "md" | "markdown" => Self::Markdown,
            "xlsx" => Self::Xlsx,
            _ => return None,
        })
    }

    /// Writes a table.
    ///
    /// # Errors
    /// What the writer says; a workbook that is too large for its format.
    pub fn write(self, table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
        self.write_with(Style::default(), table, out)
    }

    /// Writes a table in a style.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_with(self, style: Style, table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Table => text::write(table, style, out),
            Self::Csv => csv::write(table, out),
            Self::Json => json::write(table, out),
            Self::Ndjson => ndjson::write(table, out),
            Self::Markdown => markdown::write(table, out),
            Self::Xlsx => xlsx::write(table, out),
        }
    }
}

/// A value as plain text on one line: without control characters, and without marks that turn the direction of writing.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    inert(&text)
}

fn inert(text: &str) -> String {
    let is_space = |mark| matches!(mark, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}');
    text.chars().map(|mark| if is_space(mark) { ' ' } else { mark }).filter(|mark| !steers(*mark)).collect()
}

/// Whether a character moves the cursor, rings, colours, turns the direction of writing, or hides.
pub(crate) fn steers(mark: char) -> bool {
    mark.is_control()
        || matches!(mark, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
        || matches!(mark, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a column holds amounts of money, which are text only to stay exact.
fn is_money(column: &str) -> bool {
    columns::kind(column) == Some(columns::Kind::Money) || column.ends_with("_usd")
}

/// Whether a column says when.
fn is_time(column: &str) -> bool {
    columns::kind(column) == Some(columns::Kind::Moment)
        || column.ends_with("_at")
        || matches!(column, "day" | "hour" | "month" | "period")
}

fn is_numeric(table: &Table, at: usize) -> bool {
    let known = || table.rows.iter().map(|row| &row[at]).filter(|value| !value.is_null());
    // An amount among counts is text only to stay exact.
    let is_decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    known().any(Value::is_number) && known().all(|value| value.is_number() || value.as_str().is_some_and(is_decimal))
}

#[cfg(test)]
mod tests;
