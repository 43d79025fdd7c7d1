//! For spreadsheets. A text that a spreadsheet would take for a formula gets a `'` in front and stays a text.

use std::io;

use serde_json::Value;

use super::{is_money, plain};
use crate::store::Table;

pub(super) fn write(table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(table.columns.iter().map(|name| field("", &Value::from(name.as_str())))).map_err(from_csv)?;
    for row in &table.rows {
        csv.write_record(table.columns.iter().zip(row).map(|(column, value)| field(column, value)))
            .map_err(from_csv)?;
    }
    csv.flush()
}

/// The writer's own error: wrapped, nobody would know a broken pipe again.
fn from_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn field(column: &str, value: &Value) -> String {
    let text = plain(value);
    match value {
        Value::String(raw) if !is_money(column) && (starts_formula(raw) || starts_formula(&text)) => format!("'{text}"),
        _ => text,
    }
}

/// Whether a spreadsheet would calculate with a text: also behind spaces, and in the wide writing of East Asia. A number
/// may be one.
fn starts_formula(text: &str) -> bool {
    let begins = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    (begins && !is_number(text)) || text.starts_with(['\t', '\r', '\n'])
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.starts_with(|mark: char| mark.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}
