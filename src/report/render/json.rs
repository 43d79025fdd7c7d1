//! For programs: an array with one object per line, the columns in their order.

use std::{borrow::Cow, io};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::steers;
use crate::store::Table;

pub(super) fn write(table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "[")?;
    for (at, values) in table.rows.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        row(&table.columns, values, out)?;
    }
    writeln!(out, "{}]", if table.rows.is_empty() { "" } else { "\n" })
}

/// Writes one object, on the line that is begun.
pub(super) fn row(columns: &[String], values: &[Value], out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(escaped(&serde_json::to_string(&Row { columns, values })?).as_bytes())
}

/// JSON may hold any character from U+007F on as it is; those that steer a terminal are only in strings, and escaped.
fn escaped(json: &str) -> Cow<'_, str> {
    if !json.contains(steers) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    for mark in json.chars() {
        if steers(mark) {
            // As JSON counts: two for a character beyond U+FFFF.
            mark.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        } else {
            text.push(mark);
        }
    }
    Cow::Owned(text)
}

struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(self.values))
    }
}
