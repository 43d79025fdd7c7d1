//! A table as text, one file per format.
//!
//! Texts in a ledger come from callers and providers, so they are hostile: no format lets one of them steer a terminal or
//! start a formula.

use std::io;

use serde_json::Value;

use crate::store::{Table, columns};

mod csv;
mod json;
mod text;

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
}

impl Format {
    /// Writes a table.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(self, table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Table => text::write(table, out),
            Self::Csv => csv::write(table, out),
            Self::Json => json::write(table, out),
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
    let spaced = text.chars().map(|mark| if matches!(mark, '\n' | '\r' | '\t') { ' ' } else { mark });
    spaced.filter(|mark| !steers(*mark)).collect()
}

/// Whether a character moves the cursor, rings, colours, or turns the direction of writing.
fn steers(mark: char) -> bool {
    mark.is_control() || matches!(mark, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a column holds amounts of money, which are text only to stay exact.
fn is_money(column: &str) -> bool {
    column.ends_with("_usd") || columns::kind(column) == Some(columns::Kind::Money)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(format: Format) -> String {
        let table = Table {
            columns: ["model", "cost_usd", "calls", "note"].map(str::to_owned).into(),
            rows: vec![
                vec![json!("gpt-4o"), json!("12.5"), json!(1200), json!("\u{1b}[31mred\u{9b}\u{202e}\r\nnext")],
                vec![json!("=1+1"), json!("-0.000012"), json!(3), json!("\t@now, \"quoted\"")],
                vec![Value::Null, Value::Null, json!(-1), json!({ "a": [1, true] })],
            ],
        };
        let mut out = Vec::new();
        format.write(&table, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A reader that went away.
    struct Gone;

    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_reader_that_goes_away_is_known_as_such_in_every_format() {
        let table = Table { columns: vec!["a".to_owned()], rows: vec![vec![json!("x".repeat(100))]; 1000] };
        for format in [Format::Table, Format::Csv, Format::Json] {
            let error = format.write(&table, &mut Gone).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
        }
    }

    #[test]
    fn people_read_aligned_columns() {
        insta::assert_snapshot!(written(Format::Table), @r#"
        model    cost_usd  calls  note
        gpt-4o  12.500000   1200  [31mred  next
        =1+1    -0.000012      3   @now, "quoted"
                              -1  {"a":[1,true]}
        "#);
    }

    #[test]
    fn spreadsheets_get_text_that_stays_text() {
        insta::assert_snapshot!(written(Format::Csv), @r#"
        model,cost_usd,calls,note
        gpt-4o,12.5,1200,[31mred  next
        '=1+1,-0.000012,3,"' @now, ""quoted"""
        ,,-1,"{""a"":[1,true]}"
        "#);
    }

    #[test]
    fn programs_get_json_with_its_types() {
        insta::assert_snapshot!(written(Format::Json), @r#"
        [
        {"model":"gpt-4o","cost_usd":"12.5","calls":1200,"note":"\u001b[31mred\u009b\u202e\r\nnext"},
        {"model":"=1+1","cost_usd":"-0.000012","calls":3,"note":"\t@now, \"quoted\""},
        {"model":null,"cost_usd":null,"calls":-1,"note":{"a":[1,true]}}
        ]
        "#);
    }

    #[test]
    fn a_table_without_rows_is_well_formed() {
        let table = Table { columns: vec!["a".to_owned()], rows: vec![] };
        for (format, expected) in [(Format::Table, "a\n"), (Format::Csv, "a\n"), (Format::Json, "[]\n")] {
            let mut out = Vec::new();
            format.write(&table, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
