//! For programs that read as they go: one object per line, the columns in their order.

use std::io;

use super::json;
use crate::store::Table;

pub(super) fn write(table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
    table.rows.iter().try_for_each(|row| {
        json::row(&table.columns, row, out)?;
        writeln!(out)
    })
}
