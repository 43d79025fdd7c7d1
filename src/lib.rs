//! Every AI call becomes one OpenTelemetry span and one ledger row.
//!
//! ```text
//!   the application:  reqwest │ tower │ async-openai
//!                        │
//!   capture    watches one HTTP exchange, changes nothing
//!   framing    bytes → messages (JSON, SSE, NDJSON)
//!   provider   messages → Call (model, usage, finish, error)
//!   pricing    Call → Cost
//!   span       Call → OpenTelemetry attributes ──► your tracer ──► OTLP ──► Jaeger
//!                        │ the same attributes, the same ids
//!   ledger     append ──► spool ──► drain ──► store ──► report, your own SQL
//! ```
//!
//! # One line
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use spanledger::{CallContext, CallHandle, Confidence, Ledger};
//!
//! let ledger = Ledger::open("sqlite://usage.db").await?;
//! let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
//!     .with(ledger.reqwest_middleware())                          // the one line
//!     .build();
//!
//! let context = CallContext::new("material_classification").user("42").tag("image_id", 17);
//! let body = serde_json::json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Is this wood?"}]});
//! let request = http.post("https://api.openai.com/v1/chat/completions").with_extension(context).json(&body);
//! let response = request.send().await?;
//!
//! let call = CallHandle::from_response(&response);
//! let answer = response.text().await?;
//! call.confidence(Confidence::new(0.87).component("completeness", 0.85)).accepted();
//! # drop(answer); Ok(()) }
//! ```
//!
//! With a tracer provider set, the call is a span too, under the span that is active where the request is sent. Without a
//! ledger, [`AiCallMiddleware::new`] and [`AiCallLayer::new`] emit spans only.
//!
//! # Features
//!
//! | feature | adds | default |
//! | --- | --- | --- |
//! | `reqwest` | [`AiCallMiddleware`] for `reqwest_middleware` | yes |
//! | `tower` | [`AiCallLayer`] over any `http_body::Body` | yes |
//! | `reqwest-tower` | [`AiCallLayer`] over `reqwest::Client` as a tower service | |
//! | `async-openai` | [`AiCallLayer`] for async-openai's `with_http_service` | |
//! | `price-file` | your own prices, aliases of models and names of machines from TOML files | yes |
//! | `tokenizer` | unreported tokens are counted by OpenAI's `o200k_base`, whose vocabulary (4 MB) is compiled in | |
//! | `sqlite` | the ledger: [`Ledger`], rows in SQLite (turns on `ledger`, which has no store of its own) | yes |
//! | `proxy` | [`proxy`]: a reverse proxy for clients that only take a base URL | yes |
//! | `cli` | the program `spanledger` | yes |
//!
//! The middleware alone is `default-features = false, features = ["reqwest"]`.

pub mod call;
pub mod confidence;
pub mod context;
mod hex;
pub mod model;

#[cfg_attr(
    not(any(feature = "reqwest", feature = "tower")),
    expect(dead_code, reason = "nothing is watched without a way in")
)]
pub mod capture;

pub mod estimate;
pub mod framing;

pub mod provider;

pub mod content;

pub mod pricing;

pub mod span;

#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(feature = "ledger")]
pub mod spool;
#[cfg(feature = "ledger")]
pub mod store;

#[cfg(feature = "proxy")]
pub mod proxy;

#[cfg(feature = "ledger")]
pub mod report;

#[cfg(feature = "cli")]
pub mod cli;

pub use call::{Call, Configuration, Score};
pub use capture::{CallHandle, Recorder};
pub use confidence::Confidence;
pub use content::ContentCapture;
pub use context::CallContext;
pub use model::{ModelIdentifier, Models};
pub use pricing::PriceBook;
pub use provider::Hosts;

#[cfg(feature = "ledger")]
pub use ledger::Ledger;

#[cfg(feature = "reqwest")]
pub use capture::AiCallMiddleware;
#[cfg(feature = "tower")]
pub use capture::{AiCallLayer, RequestBody, ResponseBody};

#[cfg(all(fuzzing, feature = "cli", feature = "proxy"))]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
