//! What tests of the wire stand on: a ledger of one's own, a server that follows a script step by step, and the ways in.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part of this module")]

mod book;

pub use book::Book;
