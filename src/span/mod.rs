//! A call as OpenTelemetry attributes, and back.

pub mod names;
