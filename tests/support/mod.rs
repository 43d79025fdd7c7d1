//! Loopback servers that answer like OpenAI, Anthropic, Gemini and Ollama, for tests and examples.
//!
//! - `scenario`: the table of calls: what is asked, and what must be known of it afterwards.
//! - `script`: how the servers answer, and the counts that they report.
//! - `openai`, `anthropic`, `gemini`, `ollama`: one file per provider, each with its `app(pace) -> Router` and its scenarios.
//! - `pace`: how fast a stream comes: at once, slowly, or step by step as a test says.
//! - `server`: an app on a port of 127.0.0.1, stopped when it is dropped.
//!
//! What they say was written for this purpose; the shapes are those of the real APIs. An answer depends on the request alone,
//! so the same request gets the same bytes every time.
//!
//! **A new scenario** is a line in the table of its provider, **a new provider** is a file like the four and a variant of
//! [`Api`].
#![expect(clippy::allow_attributes, reason = "each test and example uses a part of this module")]
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test and example uses a part of this module")]

pub mod anthropic;
pub mod gemini;
pub mod ollama;
pub mod openai;
pub mod pace;
pub mod scenario;
pub mod script;
pub mod server;

pub use pace::{Pace, Steps};
pub use scenario::{Api, Counts, Scenario};
pub use server::{Server, Servers};
