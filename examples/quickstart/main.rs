//! The main job, end to end, with one command, no key and no network:
//!
//! `cargo run --release --example quickstart`
//!
//! Loopback servers answer like OpenAI, Anthropic, Gemini and Ollama. A small application calls them through the ledger's
//! middleware; its calls become rows of `quickstart.db`, and the first report is read from there.
//!
//! - With `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or `OLLAMA_HOST` it makes one small real call to each as well.
//! - With `OTEL_EXPORTER_OTLP_ENDPOINT` (gRPC: `http://localhost:4317`) the calls are spans there too.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::{
    error::Error,
    fs, io,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use reqwest_middleware::ClientBuilder;
use spanledger::{
    Ledger,
    call::RowId,
    report::{self, Format, REPORTS, Range, Scope},
    store,
};
use support::{Api, Pace, Servers};

mod application;
mod real;
#[path = "../../tests/support/mod.rs"]
mod support;
mod telemetry;

const FILE: &str = "quickstart.db";
const LEDGER: &str = "sqlite://quickstart.db";

#[tokio::main]
async fn main() -> ExitCode {
    match quickstart().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The quickstart stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn quickstart() -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    println!("A small application asks four AI providers, all played on this machine.");
    println!("Each call becomes a row of {FILE}, through one line of middleware.\n");
    start_afresh()?;
    let telemetry = telemetry::set_up()?;

    let servers = Servers::start(Pace::Every(Duration::from_millis(8))).await?;
    for api in Api::ALL {
        println!("{:<10} is played at {}", api.provider(), servers.url(api));
    }
    println!();
    let ledger = Ledger::builder(LEDGER).hosts(real::hosts(servers.hosts())).service_name("quickstart").open()?;
    let http = ClientBuilder::new(reqwest::Client::new())
        .with(ledger.reqwest_middleware()) // the one line
        .build();

    let doubtful = application::run(&http, &servers).await?;
    real::run(&http).await;

    let left = ledger.shutdown(Duration::from_secs(10)).await;
    if left.waiting > 0 {
        println!("{} rows wait in {FILE}.spool; the next command that opens the ledger stores them.", left.waiting);
    }
    telemetry::shut_down(telemetry).await;
    first_report().await?;
    println!("\nDone in {:.1} s. Look further, in this folder:\n", began.elapsed().as_secs_f64());
    look_further(doubtful);
    Ok(())
}

fn look_further(doubtful: Option<RowId>) {
    let show = doubtful.map_or_else(|| "show ID".to_owned(), |id| format!("show {:.13}", id.to_string()));
    println!("  export SPANLEDGER_LEDGER={LEDGER}");
    for (command, why) in [
        ("report spend_by_task", "what each task cost"),
        ("calls --status error", "the calls that failed"),
        ("calls --task chat --format json", "the calls of one task, for programs"),
        (&*show, "an answer that was not trusted"),
    ] {
        println!("  cargo run --release -- {command:<34}  # {why}");
    }
}

/// A ledger of an earlier run would add up with this one.
fn start_afresh() -> io::Result<()> {
    if Path::new(FILE).exists() {
        println!("Removing {FILE} of an earlier run, and its spool.\n");
    }
    for file in [FILE, "quickstart.db-wal", "quickstart.db-shm"] {
        absent(fs::remove_file(file))?;
    }
    absent(fs::remove_dir_all("quickstart.db.spool"))
}

fn absent(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

async fn first_report() -> Result<(), Box<dyn Error>> {
    let store = store::open(LEDGER, false)?;
    let first = &REPORTS[0];
    let table = first.run(&*store, &Scope::default()).await?;
    let whole = Range::default().into();
    let estimated = report::estimated(&*store, &whole).await?;
    let streams = report::streams_without_usage(&*store, &whole).await?;
    store.close().await;
    println!("\n{}\n", first.about());
    Format::Table.write(&table, &mut io::stdout())?;
    println!();
    for note in report::unpriced(&table).into_iter().chain(estimated).chain(streams) {
        println!("{note}.");
    }
    Ok(())
}
