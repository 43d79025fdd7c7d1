//! `spanledger proxy` as a process of its own.
#![expect(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
};

/// `spanledger proxy`, with this ledger.
pub fn program(ledger: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    command.args(["--ledger", &format!("sqlite://{}", ledger.display()), "proxy"]);
    command
}

/// The program, listening, until it is dropped.
pub struct Running {
    child: Child,
    notes: BufReader<ChildStderr>,
    /// What it said when it began to listen.
    pub said: String,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Running {
    /// Starts it on a free port, and waits until it listens.
    pub fn start(ledger: &Path, arguments: &[&str]) -> Self {
        Self::of(program(ledger), arguments)
    }

    /// The same, of a command that knows more.
    pub fn of(mut command: Command, arguments: &[&str]) -> Self {
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut notes = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        notes.read_line(&mut said).unwrap();
        let url = said.split(' ').find(|word| word.starts_with("http://127.0.0.1:"));
        let url = url.unwrap_or_else(|| panic!("it says {said:?}")).to_owned();
        Self { child, notes, said, url }
    }

    /// The next line that it says.
    pub fn says(&mut self) -> String {
        let mut line = String::new();
        self.notes.read_line(&mut line).unwrap();
        line
    }

    /// Ctrl-C. What else it said, and how it ended.
    pub fn stop(mut self) -> (String, bool) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.notes.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().success())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
