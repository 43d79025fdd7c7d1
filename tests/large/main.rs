//! What is large passes and is never held: answers and requests of many MiB through every way in and the proxy, and many calls
//! at once. All memory of this program is counted, by its allocator.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's helpers are tests"
)]

mod answers;
mod bench;
#[path = "../support/chance.rs"]
mod chance;
mod flight;
mod pattern;
mod proxy;
mod requests;
mod server;
#[path = "../support/mod.rs"]
mod support;
#[path = "../wire/mod.rs"]
mod wire;
