//! `spanledger completions`: what a shell completes, from the parser's own list.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;

/// Print a script by which a shell completes commands, flags and their values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger completions bash > /etc/bash_completion.d/spanledger
  spanledger completions zsh > ~/.zfunc/_spanledger
  spanledger completions fish > ~/.config/fish/completions/spanledger.fish")]
pub(super) struct Arguments {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<()> {
    // The generator panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "spanledger", &mut script);
    Ok(out.write_all(&script)?)
}
