//! Calls that never cross HTTP: a local model, told to the ledger by hand, and judged later.
//!
//! `Ledger::record` never fails and never waits for the database, and it needs no runtime: this program has none.
//!
//! `cargo run --example record` needs no key and no network.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::{
    error::Error,
    time::{Duration, Instant},
};

use serde_json::json;
use spanledger::{
    Call, CallContext, Ledger,
    call::{Configuration, Score, Usd},
};

/// A model in this process: it counts as it likes.
fn run_model(prompt: &str) -> (String, u64, u64) {
    let words = prompt.split_whitespace().count() as u64;
    ("oak".to_owned(), words, 1)
}

fn main() -> Result<(), Box<dyn Error>> {
    let ledger = Ledger::open_blocking("sqlite://examples.db")?;
    // Equal content has one id, however often it is told.
    let configuration =
        ledger.configuration(Configuration::new("local", json!({"stage_models": {"classify": ["clip-b32"]}})));

    let start = Instant::now();
    let (answer, input, output) = run_model("Which wood is this? Answer with one word.");
    let call = Call::new("local", "chat")
        .model("clip-b32")
        .tokens(input, output)
        .cost(Usd::ZERO) // without a cost it is priced by the ledger's prices
        .duration(start.elapsed())
        .context(
            CallContext::new("classify").user(42).job("catalogue-7").configuration(&configuration).tag("image_id", 17),
        );
    let row_id = ledger.record(call).ok_or("the spool could not take the call")?;
    println!("{answer}: row {row_id}");

    // Or with an error; what is not known stays unknown.
    let failed = Call::of_model("client:1:llama3.1", "chat").error("out_of_memory", "the model did not fit");
    let failed_id =
        ledger.record(failed.context(CallContext::new("classify"))).ok_or("the spool could not take the call")?;
    println!("failed: row {failed_id}");

    // Later, by whoever looks: also in another program, as `spanledger score` does it.
    ledger.score(row_id, Score::new("accuracy", 1.0).label("pass").explanation("a person looked"));

    let left = ledger.shutdown_blocking(Duration::from_secs(10));
    println!("{} lines wait. Look at the rows with", left.waiting);
    println!("  cargo run -- show {row_id} --ledger sqlite://examples.db");
    Ok(())
}
