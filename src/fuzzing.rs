//! What the fuzz targets reach inside. It is there only under `--cfg fuzzing`, which cargo-fuzz sets.
#![allow(missing_docs, clippy::allow_attributes, reason = "no part of the crate that anybody gets")]

use std::io::Write;

use http::HeaderMap;
use opentelemetry::Context;

use crate::{Call, CallContext, PriceBook, call::Record, cli, proxy, span::line};

pub fn line_of_call(call: &Call) -> Vec<u8> {
    line::call(call)
}

pub fn line_of(record: &Record) -> Vec<u8> {
    line::record(record)
}

pub fn take_context(headers: &mut HeaderMap) -> CallContext {
    proxy::context::take(headers)
}

pub fn parent(headers: &HeaderMap) -> Context {
    proxy::context::parent(headers, true)
}

pub fn inspect_har(har: &[u8], prices: PriceBook, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    cli::inspect::rows(har, "the input", &crate::Recorder::new().with_prices(prices), out, notes)
}
