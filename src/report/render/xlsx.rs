//! A workbook: numbers are numbers, times are times in UTC, and every text is written as a text, whatever it begins with.

use std::io;

use jiff::civil::{Date, DateTime};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use serde_json::Value;

use super::{inert, is_money, is_time, plain};
use crate::store::Table;

/// A cell holds no more, in UTF-16 units.
const LONGEST_TEXT: usize = 32_767;
/// A spreadsheet's numbers are doubles: a whole number beyond this would change, so it stays a text.
const EXACT: u64 = 1 << 53;
/// No column is wider, in pixels.
const WIDEST: u32 = 420;

pub(super) fn write(table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet(), table).map_err(told)?;
    out.write_all(&workbook.save_to_buffer().map_err(told)?)
}

fn told(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        XlsxError::RowColumnLimitError => {
            io::Error::other("a worksheet holds 1,048,576 rows and no more: ask for fewer, or take csv")
        }
        other => io::Error::other(format!("the workbook cannot be written: {other}")),
    }
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let money = Format::new().set_num_format("0.00##########");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000");
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (at, name) in (0..).zip(&table.columns) {
        sheet.write_string_with_format(0, at, cut(inert(name)), &bold)?;
    }
    for (row, values) in (1..).zip(&table.rows) {
        for ((at, name), value) in (0..).zip(&table.columns).zip(values) {
            match cell(name, value) {
                Cell::Blank => {}
                Cell::Money(amount) => drop(sheet.write_number_with_format(row, at, amount, &money)?),
                Cell::Number(number) => drop(sheet.write_number(row, at, number)?),
                Cell::Bool(flag) => drop(sheet.write_boolean(row, at, flag)?),
                Cell::Day(date) => drop(sheet.write_datetime_with_format(row, at, date, &day)?),
                Cell::Moment(date) => drop(sheet.write_datetime_with_format(row, at, date, &moment)?),
                Cell::Text(text) => drop(sheet.write_string(row, at, cut(text))?),
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    let [last_row, last_column] = [table.rows.len(), table.columns.len().saturating_sub(1)];
    if let (Ok(last_row), Ok(last_column)) = (u32::try_from(last_row), u16::try_from(last_column)) {
        sheet.autofilter(0, 0, last_row, last_column)?;
    }
    sheet.set_autofit_max_width(WIDEST);
    sheet.autofit();
    Ok(())
}

enum Cell {
    Blank,
    Money(f64),
    Number(f64),
    Bool(bool),
    Day(Date),
    Moment(DateTime),
    Text(String),
}

fn cell(column: &str, value: &Value) -> Cell {
    let text = || Cell::Text(plain(value));
    match value {
        Value::Null => Cell::Blank,
        Value::Bool(flag) => Cell::Bool(*flag),
        Value::Number(number) => match (number.as_i64().map(i64::unsigned_abs), number.as_f64()) {
            (Some(whole), _) if whole > EXACT => text(),
            (_, Some(number)) if is_money(column) => Cell::Money(number),
            (_, Some(number)) => Cell::Number(number),
            _ => text(),
        },
        Value::String(amount) if is_money(column) => amount.parse().map_or_else(|_| text(), Cell::Money),
        Value::String(moment) if is_time(column) => time(moment).unwrap_or_else(text),
        _ => text(),
    }
}

/// A day, or a moment in UTC. What is neither (an hour of another zone, a month) stays a text.
fn time(text: &str) -> Option<Cell> {
    match text.strip_suffix('Z') {
        Some(utc) => utc.parse().ok().map(Cell::Moment),
        None if text.len() == "2026-11-21".len() => text.parse().ok().map(Cell::Day),
        None => None,
    }
}

/// What a cell holds of a text.
fn cut(mut text: String) -> String {
    let mut units = 0;
    let beyond = text.char_indices().find(|(_, mark)| {
        units += mark.len_utf16();
        units > LONGEST_TEXT
    });
    if let Some((at, _)) = beyond {
        text.truncate(at);
        // Room for the sign that something is missing.
        text.pop();
        text.push('…');
    }
    text
}
