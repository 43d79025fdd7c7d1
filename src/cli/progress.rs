//! Long work: how far it is, and how it is ended between two batches.
//!
//! On a terminal one line of standard error says how far it is, drawn anew ten times a second at most, and gone in the end.
//! Elsewhere nothing is said. The first Ctrl-C asks the work to end behind the batch that it is in; the second ends the
//! program at once.
//!
//! ```text
//! let mut progress = Progress::start("Deleting", "rows")?;
//! for batch in batches {
//!     …
//!     progress.at(done, Some(all));
//!     if progress.is_interrupted() {
//!         return Err(Ended::interrupted(format!("{done} of {all} rows are deleted.")));
//!     }
//! }
//! ```

use std::{
    io::{self, IsTerminal as _, Write as _},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use tokio::runtime;

use super::{grouped, stop::Stop};

/// How often the line is drawn anew, at most.
const REDRAWN: Duration = Duration::from_millis(100);
/// What a shell says of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// How far a piece of work is. Dropped, its line is gone.
#[derive(Debug)]
pub(super) struct Progress {
    verb: &'static str,
    noun: &'static str,
    terminal: Option<io::Stderr>,
    began: Instant,
    drawn: Option<Instant>,
    interrupted: Arc<AtomicBool>,
}

impl Progress {
    /// Begins: `start("Deleting", "rows")`. From here on Ctrl-C does not end the program, but [`is_interrupted`] tells it.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread, or does not tell of Ctrl-C.
    ///
    /// [`is_interrupted`]: Self::is_interrupted
    pub(super) fn start(verb: &'static str, noun: &'static str) -> io::Result<Self> {
        let progress = Self::shown(verb, noun);
        listen(Arc::clone(&progress.interrupted))?;
        Ok(progress)
    }

    /// Begins and leaves Ctrl-C alone: for what is safe to be ended anywhere.
    pub(super) fn shown(verb: &'static str, noun: &'static str) -> Self {
        let stderr = io::stderr();
        let terminal = stderr.is_terminal().then_some(stderr);
        Self { verb, noun, terminal, began: Instant::now(), drawn: None, interrupted: Arc::default() }
    }

    /// So much is done, of so much if that is known.
    pub(super) fn at(&mut self, done: u64, of: Option<u64>) {
        let Some(terminal) = &mut self.terminal else { return };
        // What is done at once needs no line.
        if self.drawn.unwrap_or(self.began).elapsed() < REDRAWN {
            return;
        }
        self.drawn = Some(Instant::now());
        let line = line(self.verb, self.noun, done, of, self.began.elapsed());
        // Who cannot read it misses nothing that matters.
        let _ = write!(terminal, "\r\x1b[2K{line}").and_then(|()| terminal.flush());
    }

    /// Whether the work is asked to end: finish the batch, say what was done, and return [`Ended::interrupted`].
    ///
    /// [`Ended::interrupted`]: super::ended::Ended::interrupted
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(SeqCst)
    }

    /// Takes the line away, so that something else can be written.
    pub(super) fn clear(&mut self) {
        if let (Some(terminal), Some(_)) = (&mut self.terminal, self.drawn.take()) {
            let _ = write!(terminal, "\r\x1b[2K").and_then(|()| terminal.flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Waits for Ctrl-C on a thread of its own: the work may be busy for long.
fn listen(interrupted: Arc<AtomicBool>) -> io::Result<()> {
    let (sender, listening) = mpsc::channel();
    thread::Builder::new().name("spanledger-stop".to_owned()).spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let stop = runtime.and_then(|runtime| {
            let stop = runtime.block_on(async { Stop::new() })?;
            Ok((runtime, stop))
        });
        let (runtime, mut stop) = match stop {
            Ok(both) => both,
            Err(error) => return drop(sender.send(Err(error))),
        };
        let _ = sender.send(Ok(()));
        runtime.block_on(async {
            stop.asked().await;
            interrupted.store(true, SeqCst);
            stop.asked().await;
        });
        process::exit(INTERRUPTED);
    })?;
    listening.recv().map_err(io::Error::other)?
}

/// `Storing: 1,200 of 5,000 rows (24 %), 12 s left`.
fn line(verb: &str, noun: &str, done: u64, of: Option<u64>, took: Duration) -> String {
    let Some(all) = of.filter(|all| *all > 0) else { return format!("{verb}: {} {noun}", grouped(done)) };
    let share = u128::from(done.min(all)) * 100 / u128::from(all);
    let mut line = format!("{verb}: {} of {} {noun} ({share} %)", grouped(done), grouped(all));
    if (1..all).contains(&done) && took >= Duration::from_secs(2) {
        let left = took.as_secs().saturating_mul(all - done) / done;
        line.push_str(&match left {
            0..120 => format!(", {left} s left"),
            120..7200 => format!(", {} min left", left / 60),
            _ => format!(", {} h left", left / 3600),
        });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is_and_how_long_it_still_takes() {
        let seconds = Duration::from_secs;
        assert_eq!(line("Reading", "lines", 12_345, None, seconds(9)), "Reading: 12,345 lines");
        assert_eq!(line("Storing", "rows", 250, Some(1000), seconds(1)), "Storing: 250 of 1,000 rows (25 %)");
        assert_eq!(
            line("Storing", "rows", 250, Some(1000), seconds(4)),
            "Storing: 250 of 1,000 rows (25 %), 12 s left"
        );
        let long = line("Storing", "rows", 1, Some(1_000_000), seconds(9));
        assert_eq!(long, "Storing: 1 of 1,000,000 rows (0 %), 2499 h left");
        assert_eq!(line("Storing", "rows", 7, Some(5), seconds(9)), "Storing: 7 of 5 rows (100 %)");
        assert_eq!(line("Storing", "rows", 0, Some(5), seconds(9)), "Storing: 0 of 5 rows (0 %)");
    }
}
