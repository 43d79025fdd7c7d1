//! A reverse proxy in front of one provider: for every client that only takes a base URL, in any language.
//!
//! ```text
//!   openai, anthropic, … ──► 127.0.0.1:4000 ── the capture layer ──► https://api.anthropic.com
//!   (base_url)                                      │
//!                                                ledger
//! ```
//!
//! From the command line it is `spanledger proxy --to https://api.anthropic.com`, then
//! `Anthropic(base_url="http://127.0.0.1:4000")`. In a program:
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use spanledger::{Ledger, proxy};
//!
//! let ledger = Ledger::open("sqlite://usage.db").await?;
//! let app = proxy::app(&ledger, "https://api.anthropic.com".parse()?)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:4000").await?;
//! let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
//! proxy::serve(listener, app, stop, Duration::from_secs(10)).await;
//! ledger.shutdown(Duration::from_secs(5)).await;
//! # Ok(()) }
//! ```
//!
//! # What a client can say and learn
//!
//! | request header | becomes |
//! | --- | --- |
//! | `spanledger-task` | the row's `task` |
//! | `spanledger-user` | `user_id` |
//! | `spanledger-conversation` | `conversation_id` |
//! | `spanledger-job` | `job_id` |
//! | `spanledger-configuration`, `-variant`, `-attempt`, `-previous` | the columns of these names |
//! | `spanledger-tag-NAME` | the tag NAME (in lower case, as header names are), a text |
//!
//! None of these, nor any other header that begins with `spanledger-`, reaches the provider. A value beyond ASCII comes
//! percent-encoded as UTF-8 (`encodeURIComponent`, `urllib.parse.quote`). The answer's `spanledger-row-id` names the row, so
//! that the client can score it later; the row is there when the body has ended.
//!
//! A `traceparent` header makes the call a child of the caller's span: the row gets its trace id. A `baggage` header is read
//! only if [`Recorder::with_baggage`](crate::Recorder::with_baggage) asks for it. Both are the client's own and go on to the
//! provider, as every other header does.
//!
//! # What it does to an exchange
//!
//! Nothing but the layer: bytes pass in both directions as they come, compressed bodies stay compressed, redirects are the
//! client's business, no header is added to a request. What belongs to one connection stays on it (RFC 9110, 7.6.1). `Host`
//! becomes the provider's; path and query go beneath the base URL as they came.
//!
//! | when | the client gets | the row says |
//! | --- | --- | --- |
//! | the client goes away | | `cancelled`; the call to the provider is dropped |
//! | the provider cannot be reached, or breaks before its head | 502 and a sentence, as JSON in the shape of a provider's error | `failed` |
//! | a WebSocket is asked for (`/v1/realtime`, the Live API) | 501 and a sentence | |
//! | the provider breaks in the middle | a broken body | `failed` |
//! | the proxy is stopped | its answer, if it ends in time; else a broken body | `complete`, else `cancelled` |
//!
//! Whose call it is, and what it costs, the upstream's host says: a host of your own is named by
//! [`Builder::hosts`](crate::ledger::Builder::hosts).
//!
//! # What it never does
//!
//! It keeps no key and adds none: each client sends its own, which goes on to the provider and is not recorded. It asks
//! nobody who they are, so whoever reaches its port can use it as a way to the provider: listen on loopback. It speaks
//! HTTP to clients, 1.1 or 2 as they begin, and never TLS.
//!
//! # The way out
//!
//! HTTP/1.1 or 2, as the provider wants, over certificates that the system trusts (`SSL_CERT_FILE` names others); and through
//! the HTTP proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names, unless `NO_PROXY` excepts the provider or it is on
//! this machine. Credentials in that URL go to that proxy only.
//!
//! # Files
//!
//! `app` is the service, `serve` gives it a port, `upstream` says where calls go and `way_out` how they get there, `headers`
//! which headers end here, `context` what a client's headers say, `answer` what the proxy says itself.

mod answer;
mod app;
pub(crate) mod context;
mod headers;
mod serve;
mod upstream;
mod way_out;

pub use answer::Body;
pub use app::{Proxy, app};
pub use serve::serve;
pub use upstream::{NotAnUpstream, Upstream};
