//! The command-line program: one file per subcommand.
//!
//! Data goes to standard output, everything else to standard error. An error is a sentence and exit code 1; a command that
//! cannot be understood is exit code 2; a reader that goes away early (`| head`) is no error. Reading never makes a ledger.
//!
//! # Adding a subcommand
//!
//! `cli/<name>.rs` with its `Arguments` and `run`, and one line in `Command` and in `run` below.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Parser;

use ended::Ended;
use output::{Output, on_its_side};
use progress::Progress;

use crate::{
    Models, PriceBook,
    store::{self, Store},
};

mod calls;
mod completions;
mod doctor;
mod drain;
mod ended;
mod filters;
mod gc;
mod import;
mod inert;
pub(crate) mod inspect;
mod man;
mod migrate;
mod models;
mod models_delete;
mod output;
mod prices;
mod progress;
#[cfg(feature = "proxy")]
mod proxy;
mod reconcile;
mod report;
mod reprice;
mod row;
mod score;
mod set_aside;
mod show;
mod stop;
mod time;
mod users;
mod watch;

/// Every AI call, one row: what was spent, by whom, on what.
#[derive(Debug, Parser)]
#[command(name = "spanledger", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// The ledger's URL.
    #[arg(
        long,
        global = true,
        env = "SPANLEDGER_LEDGER",
        hide_env_values = true,
        value_name = "URL",
        default_value = "sqlite://usage.db"
    )]
    ledger: String,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  spanledger report                             what each model cost
  spanledger calls --task ocr --last 24h        the newest calls of a task
  spanledger show 0f8fad5b-d9cb                 everything known of one call
  spanledger --ledger sqlite:///var/lib/app/usage.db report spend_by_user --format csv";

#[derive(Debug, clap::Subcommand)]
enum Command {
    Report(Box<report::Arguments>),
    Calls(Box<calls::Arguments>),
    Show(show::Arguments),
    Score(score::Arguments),
    Prices(prices::Arguments),
    Models(Box<models::Arguments>),
    Reprice(reprice::Arguments),
    Reconcile(reconcile::Arguments),
    Users(users::Arguments),
    Gc(gc::Arguments),
    Migrate(migrate::Arguments),
    Drain(drain::Arguments),
    SetAside(set_aside::Arguments),
    Doctor(doctor::Arguments),
    Import(import::Arguments),
    Inspect(inspect::Arguments),
    #[cfg(feature = "proxy")]
    Proxy(proxy::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs the program on the process's arguments and streams.
#[must_use]
pub fn main() -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    // Not locked: a thread that panics must be able to say so.
    let mut notes = inert::Inert(io::stderr());
    match run(std::env::args_os(), &mut out, &mut notes) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => tell(&error, &mut out, &mut notes),
    }
}

/// Says why a command did not end well. Where even that cannot be said, the exit code must do.
fn tell(error: &anyhow::Error, out: &mut dyn Write, notes: &mut dyn Write) -> ExitCode {
    // What was printed stands before it.
    let _ = out.flush();
    let ended = error.downcast_ref::<Ended>();
    let sentence = ended.map_or_else(|| Some(format!("{error:#}")), |ended| ended.sentence().map(str::to_owned));
    if let Some(sentence) = sentence {
        let _ = writeln!(notes, "spanledger: {sentence}");
    }
    ended.map_or(ExitCode::FAILURE, Ended::code)
}

fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let text = error.render();
            if error.use_stderr() {
                write!(notes, "{text}")?
            } else {
                write!(out, "{text}")?
            }
            return Ok(u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("No runtime")?;
    runtime.block_on(async {
        let ledger = &cli.ledger;
        match cli.command {
            Command::Report(arguments) => report::run(*arguments, ledger, out, notes).await,
            Command::Calls(arguments) => calls::run(*arguments, ledger, out, notes).await,
            Command::Show(arguments) => show::run(arguments, ledger, out, notes).await,
            Command::Score(arguments) => score::run(arguments, ledger, out, notes).await,
            Command::Prices(arguments) => prices::run(arguments, ledger, out, notes).await,
            Command::Models(arguments) => models::run(*arguments, ledger, out, notes).await,
            Command::Reprice(arguments) => reprice::run(arguments, ledger, out, notes).await,
            Command::Reconcile(arguments) => reconcile::run(arguments, ledger, out, notes).await,
            Command::Users(arguments) => users::run(arguments, ledger, out, notes).await,
            Command::Gc(arguments) => gc::run(arguments, ledger, out, notes).await,
            Command::Migrate(arguments) => migrate::run(arguments, ledger, out).await,
            Command::Drain(arguments) => drain::run(arguments, ledger, out).await,
            Command::SetAside(arguments) => set_aside::run(arguments, ledger, out, notes).await,
            Command::Doctor(arguments) => doctor::run(arguments, ledger, out).await,
            Command::Import(arguments) => import::run(arguments, ledger, out, notes).await,
            Command::Inspect(arguments) => inspect::run(arguments, out, notes),
            #[cfg(feature = "proxy")]
            Command::Proxy(arguments) => proxy::run(arguments, ledger, notes).await,
            Command::Completions(arguments) => completions::run(&arguments, out),
            Command::Man(arguments) => man::run(arguments, out),
        }
    })?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(broken))
}

/// Opens a ledger to read from it: what waits in the spool of a local one is stored first, so that what is read is complete.
async fn open_ledger(url: &str, notes: &mut dyn Write) -> anyhow::Result<Box<dyn Store>> {
    let there = match store::open(url, false) {
        Ok(store) => {
            store::check_schema(&store.migrations().await?)?;
            Some(store)
        }
        // A program that ended before its ledger was made.
        Err(_) if drain::something_waits(url) => None,
        Err(missing) => return Err(missing.into()),
    };
    let mut progress = Progress::shown("Storing what waits", "lines");
    let drained = drain::drain(url, None, &mut progress).await;
    drop(progress);
    match drained {
        Ok(Some(drained)) if drained.waiting > 0 && drained.busy => {
            writeln!(notes, "The ledger is in use: calls of the last moments may not be in this yet.")?;
        }
        Ok(Some(drained)) if drained.waiting > 0 => {
            let why = drained.store_error.or(drained.disk_error);
            let why = why.map_or_else(String::new, |why| format!(" ({why})"));
            writeln!(notes, "{} lines of the spool are not in this yet{why}.", drained.waiting)?;
        }
        Ok(_) => {}
        Err(error) => writeln!(notes, "What waits in the spool is not in this: {error:#}")?,
    }
    Ok(there.map_or_else(|| store::open(url, false), Ok)?)
}

/// The compiled-in prices, with the user's file in front, if there is one.
fn prices(file: Option<impl AsRef<Path>>) -> anyhow::Result<PriceBook> {
    let bundled = PriceBook::bundled();
    Ok(match file {
        Some(file) => bundled.with_path(file)?,
        None => bundled,
    })
}

/// Aliases of models and names of machines, if there is a file.
fn models_file(file: Option<impl AsRef<Path>>) -> anyhow::Result<Models> {
    Ok(file.map(Models::from_path).transpose()?.unwrap_or_default())
}

/// A number with its thousands apart.
fn grouped(number: impl std::fmt::Display) -> String {
    let text = number.to_string();
    let digits = text.trim_start_matches('-');
    let mut grouped = text[..text.len() - digits.len()].to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
