//! The command-line program. Everything is in [`spanledger::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    spanledger::cli::main()
}
