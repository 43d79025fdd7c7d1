//! What tests of the wire stand on.
//!
//! - `book`: a ledger in a folder of its own.
//! - `script`: a server that answers by a script, step by step.
//! - `ways`: the ways in. **A new one** is an entry of [`WAYS`].
//! - `payload`: what a request carries, whole or in pieces.
//! - `answer`: what a caller has in its hands, whatever the way; `failure`: an error, in all its features.
//! - `retry`: sends again what was answered with 503.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part of this module")]

mod answer;
mod book;
mod failure;
mod payload;
mod retry;
mod script;
mod ways;

pub use answer::{Answer, Head, Piece, Rest};
pub use book::Book;
pub use failure::Failure;
pub use payload::{Payload, PayloadBody, Pieces};
pub use retry::Retry;
pub use script::{Asked, Reply, Script, Step};
pub use ways::{Ask, Http, Setup, WAYS, Way};
