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
        out.write_all(escaped(&serde_json::to_string(&Row { columns: &table.columns, values })?).as_bytes())?;
    }
    writeln!(out, "{}]", if table.rows.is_empty() { "" } else { "\n" })
}

/// JSON may hold any character from U+007F on as it is; those that steer a terminal are only in strings, and escaped.
fn escaped(json: &str) -> Cow<'_, str> {
    if !json.contains(steers) {
        return Cow::Borrowed(json);
    }
    let escape = |mark: char| if steers(mark) { format!("\\u{:04x}", u32::from(mark)) } else { mark.to_string() };
    Cow::Owned(json.chars().map(escape).collect())
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
