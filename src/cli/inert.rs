//! What is said to people, without what steers a terminal: it may repeat names out of files, ledgers and providers' answers.

use std::io;

use crate::report::render::steers;

/// Writes text and leaves out characters that would move the cursor, colour, or turn the direction of writing.
#[derive(Debug)]
pub(super) struct Inert<W>(pub(super) W);

impl<W: io::Write> io::Write for Inert<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text: String = text.chars().filter(|mark| *mark == '\n' || !steers(*mark)).collect();
        self.0.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_steers_a_terminal_is_left_out_and_lines_stay() {
        let mut said = Inert(Vec::new());
        let hostile = "\u{1b}]0;title\u{7}\u{9b}2J\u{202e}zoë";
        write!(said, "line 7: unknown field `{hostile}`\nline 8: ").unwrap();
        assert_eq!(String::from_utf8(said.0).unwrap(), "line 7: unknown field `]0;title2Jzoë`\nline 8: ");
    }
}
