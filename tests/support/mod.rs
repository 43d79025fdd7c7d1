//! Loopback servers that answer like OpenAI, Anthropic, Gemini and Ollama, for tests and examples.
//!
//! - `scenario`: the table of calls: what is asked, and what must be known of it afterwards.
//! - `script`: how the servers answer, and the counts that they report.
//! - `openai`, `anthropic`, `gemini`, `ollama`: one file per provider, each with its `app(pace) -> Router` and its scenarios.
//! - `pace`: how fast a stream comes: at once, slowly, or step by step as a test says.
//! - `rows`: what a ledger holds, to compare with the table.
//! - `server`: an app on a port of 127.0.0.1, stopped when it is dropped.
//! - `stage`: what every example stands on.
//!
//! `services.rs`, beside these, starts the real things for the tests that include it by itself.
//!
//! What they say was written for this purpose; the shapes are those of the real APIs. An answer depends on the request alone,
//! so the same request gets the same bytes every time.
//!
//! **A new scenario** is a line in the table of its provider, **a new provider** is a file like the four and a variant of
//! [`Api`].
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test and example uses a part of this module")]

pub mod anthropic;
pub mod gemini;
pub mod ollama;
pub mod openai;
pub mod pace;
pub mod rows;
pub mod scenario;
pub mod script;
pub mod server;
pub mod stage;

pub use pace::{Pace, Steps};
pub use rows::Row;
pub use scenario::{Api, Counts, Scenario};
pub use server::{Server, Servers};
pub use stage::Stage;
