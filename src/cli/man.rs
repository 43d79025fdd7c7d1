//! `spanledger man`: the manual, from the parser's own list.

use std::{fs, io::Write, path::PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::Cli;

/// Print the manual page, or that of a command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger man | man -l -
  spanledger man report > spanledger-report.1
  spanledger man --into /usr/local/share/man/man1        one page for each command")]
pub(super) struct Arguments {
    /// The command.
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    /// Write all pages into this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    into: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives each command its full name, and the flags that all of them have.
    program.build();
    if let Some(folder) = arguments.into {
        let names: Vec<_> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        fs::write(folder.join("spanledger.1"), page(program.clone())?)
            .with_context(|| format!("The folder {} cannot be written to", folder.display()))?;
        for name in names {
            fs::write(folder.join(format!("spanledger-{name}.1")), page(find(&program, &name)?)?)?;
        }
        return Ok(());
    }
    let command = arguments.command.map_or_else(|| Ok(program.clone()), |name| find(&program, &name))?;
    Ok(out.write_all(&page(command)?)?)
}

/// A command by its name.
fn find(program: &Command, name: &str) -> anyhow::Result<Command> {
    let command = program.find_subcommand(name).with_context(|| {
        let names: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
        format!("There is no command {name:?}; there are {}", names.join(", "))
    })?;
    Ok(command.clone())
}

fn page(command: Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
