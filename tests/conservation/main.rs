//! The oracle of conservation: whatever happens between a call and its row, none is lost, doubled or changed.
//!
//! A generator makes numbered calls through the middleware to a loopback server (`calls`); everything that is asked and
//! answered follows from the number, so every column of its row can be reckoned (`expected`). Each test does harm while calls
//! are made, takes the harm away, makes one more call, and asks the oracle: the table holds exactly the calls whose bodies had
//! ended, each once, every column right, and made = stored + counted as refused + set aside. It prints a line per fault.
//!
//! - `world`: a ledger, a server, and a way to keep the drain from draining for a while.
//! - `disk`: file systems that are small, read-only or frozen. They take root; where they cannot be had the test says so.
//! - `told`: what an operator was told, folder by folder.
//! - `stores`: stores over the real one that are slow, or lose answers.
//!
//! `FAULTS.md` is the list of faults, each with the test that holds it; `page` holds the list to that.

#![expect(clippy::unwrap_used, clippy::panic, clippy::cast_precision_loss, reason = "helpers of tests are tests")]
#![expect(clippy::disallowed_methods, reason = "the body of an answer is collected by its caller")]

mod away;
mod broken;
mod calls;
mod cancelled;
#[path = "../support/chance.rs"]
mod chance;
mod disk;
mod expected;
mod full;
mod hostile;
mod kill;
mod oracle;
mod page;
mod processes;
mod replay;
mod schema;
mod slow;
mod stores;
mod sums;
#[path = "../support/mod.rs"]
mod support;
mod told;
mod world;
