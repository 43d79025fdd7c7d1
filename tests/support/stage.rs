//! What every example stands on: the loopback servers, and a ledger in `examples.db`.
#![expect(clippy::print_stdout, reason = "examples talk to people")]

use std::{error::Error, time::Duration};

use spanledger::{Ledger, call::Timestamp, store};

use super::{Api, Pace, Row, Servers, rows};

const LEDGER: &str = "sqlite://examples.db";

/// The servers and the ledger of an example.
#[derive(Debug)]
pub struct Stage {
    /// The ledger that the example's calls go to.
    pub ledger: Ledger,
    servers: Servers,
    began: Timestamp,
}

impl Stage {
    /// Starts the servers and opens the ledger. (With a real provider this is `Ledger::open("sqlite://usage.db").await?`;
    /// loopback ports have to be named.)
    pub async fn open() -> Result<Self, Box<dyn Error>> {
        let servers = Servers::start(Pace::Every(Duration::from_millis(10))).await?;
        let ledger = Ledger::builder(LEDGER).hosts(servers.hosts()).open()?;
        Ok(Self { ledger, servers, began: Timestamp::now() })
    }

    /// Where an API is: in place of `https://api.openai.com`, for example.
    pub fn url(&self, api: Api) -> String {
        self.servers.url(api)
    }

    /// Closes the ledger and shows the rows that were written on this stage.
    pub async fn close(self) -> Result<(), Box<dyn Error>> {
        let left = self.ledger.shutdown(Duration::from_secs(10)).await;
        if left.waiting > 0 {
            println!("{} rows wait in examples.db.spool for the next open.", left.waiting);
        }
        let began = store::rfc3339(self.began);
        for row in rows::all(LEDGER).await?.iter().filter(|row| row.text("started_at") >= began.as_str()) {
            show(row);
        }
        println!("\nThey are in examples.db. Look further with");
        println!("  cargo run -- calls --ledger {LEDGER}");
        Ok(())
    }
}

/// What a row says, in a few lines.
fn show(row: &Row) {
    let known = |column: &str| match row.get(column) {
        serde_json::Value::Null => "unknown".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    println!("\nrow {}", row.text("id"));
    println!("  for     {} · user {}", known("task"), known("user_id"));
    println!("  model   {} · {}", row.text("provider"), known("request_model"));
    let lasted = row.get("duration_ms").as_f64().unwrap_or_default();
    println!("  ending  {} · {} · {lasted:.1} ms", known("ending"), known("status"));
    println!("  tokens  {} in · {} out", known("input_tokens"), known("output_tokens"));
    println!("  cost    {} USD · price {}", known("cost_usd"), known("pricing_status"));
    if !row.text("action").is_empty() {
        println!(
            "  answer  {} · confidence {} {}",
            known("action"),
            known("confidence_score"),
            row.text("fallback_reason")
        );
    }
    if !row.text("error_message").is_empty() {
        println!("  error   {}", row.text("error_message"));
    }
}
