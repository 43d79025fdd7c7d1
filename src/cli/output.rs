//! What every subcommand that prints rows takes: how, where to, and which columns.

use std::{
    fs,
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::{
    report::{Format, render::Style},
    store::Table,
};

/// How rows are printed.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// How to print: a table, or what the end of the --output FILE's name says.
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Print into this file, which is replaced.
    #[arg(long, global = true, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only these columns, in this order: model,calls,cost_usd.
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Bars beside a table: auto draws them on a terminal only.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t, hide_short_help = true)]
    bars: When,
}

/// When something for the eye is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum When {
    #[default]
    Auto,
    Always,
    Never,
}

impl Output {
    /// Prints the chosen columns of a table.
    pub(super) fn print(&self, table: &Table, out: &mut dyn Write) -> anyhow::Result<()> {
        self.write(&self.chosen(table)?, out)
    }

    /// The chosen columns.
    pub(super) fn chosen(&self, table: &Table) -> anyhow::Result<Table> {
        if self.columns.is_empty() {
            return Ok(table.clone());
        }
        let place = |name: &String| {
            let found = table.columns.iter().position(|column| column == name.trim());
            found.with_context(|| {
                format!("There is no column {:?} here; there are {}", name.trim(), table.columns.join(", "))
            })
        };
        let places: Vec<usize> = self.columns.iter().map(place).collect::<anyhow::Result<_>>()?;
        let pick = |row: &Vec<_>| places.iter().filter_map(|at| row.get(*at).cloned()).collect();
        Ok(Table {
            columns: places.iter().filter_map(|at| table.columns.get(*at).cloned()).collect(),
            rows: table.rows.iter().map(pick).collect(),
        })
    }

    /// Whether somebody chose columns.
    pub(super) fn has_chosen(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Whether it can be printed at all, before anything is asked.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.format() != Format::Xlsx || !self.is_terminal(),
            "A workbook is not for a terminal; name a file, such as --output usage.xlsx"
        );
        Ok(())
    }

    /// Prints a table as it is.
    pub(super) fn write(&self, table: &Table, out: &mut dyn Write) -> anyhow::Result<()> {
        let format = self.format();
        let Some(file) = &self.output else {
            self.check()?;
            return self.render(format, table, out);
        };
        let mut text = Vec::new();
        let style = Style::new(false, self.bars == When::Always);
        format.write_with(style, table, &mut text)?;
        if let Err(error) = fs::write(file, text) {
            bail!("{} cannot be written: {error}", file.display());
        }
        Ok(())
    }

    /// Prints a table as it is, in this format, for standard output.
    pub(super) fn render(&self, format: Format, table: &Table, out: &mut dyn Write) -> anyhow::Result<()> {
        Ok(format.write_with(self.style(), table, out)?)
    }

    /// Whether people read it, and not a program.
    pub(super) fn is_for_people(&self) -> bool {
        self.format() == Format::Table
    }

    /// Whether it goes into a file that was named.
    pub(super) fn is_file(&self) -> bool {
        self.output.is_some()
    }

    /// How it is printed.
    pub(super) fn format(&self) -> Format {
        let by_name = || self.output.as_deref().and_then(Format::of_file);
        self.format.or_else(by_name).unwrap_or_default()
    }

    /// Whether it goes to standard output, and that is a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.output.is_none() && io::stdout().is_terminal()
    }

    fn style(&self) -> Style {
        // NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM are heeded.
        let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let bars = match self.bars {
            When::Auto => io::stdout().is_terminal(),
            When::Always => true,
            When::Never => false,
        };
        Style::new(colours, bars)
    }
}

/// One line for each thing that is known; calls of a trace one below the other.
pub(super) fn on_its_side(table: &Table) -> Table {
    let unknown = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    let mut rows = Vec::new();
    for row in &table.rows {
        if !rows.is_empty() {
            rows.push(vec![Value::Null, Value::Null]);
        }
        let known = table.columns.iter().zip(row).filter(|(_, value)| !unknown(value));
        rows.extend(known.map(|(column, value)| vec![Value::from(column.as_str()), value.clone()]));
    }
    Table { columns: vec!["column".to_owned(), "value".to_owned()], rows }
}
