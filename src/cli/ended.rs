//! Commands that end otherwise than well, and otherwise than by an error.

use std::{fmt, process::ExitCode};

/// The end of a command with an exit code of its own. Like an error it goes up with `?`.
#[derive(Debug)]
pub(super) struct Ended {
    code: u8,
    sentence: Option<String>,
}

impl Ended {
    /// Ctrl-C between two batches: exit code 130, as of a program that the signal ended. The sentence says what was done.
    pub(super) fn interrupted(done: impl fmt::Display) -> anyhow::Error {
        let sentence = format!("interrupted: {done} The same command does the rest.");
        Self { code: 130, sentence: Some(sentence) }.into()
    }

    /// All is said, and something needs attention: exit code 1.
    pub(super) fn attention() -> anyhow::Error {
        Self { code: 1, sentence: None }.into()
    }

    /// Everything is said, and something needs attention: exit code 1.
    pub(super) fn with_attention() -> anyhow::Error {
        Self { code: 1, sentence: None }.into()
    }

    /// What is still to be said.
    pub(super) fn sentence(&self) -> Option<&str> {
        self.sentence.as_deref()
    }

    /// The program's exit code.
    pub(super) fn code(&self) -> ExitCode {
        self.code.into()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence.as_deref().unwrap_or("something needs attention"))
    }
}

impl std::error::Error for Ended {}
