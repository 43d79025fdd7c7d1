//! Every AI call becomes one OpenTelemetry span and one ledger row.

pub mod call;
pub mod confidence;
pub mod context;

pub mod framing;
pub mod pricing;
pub mod provider;

pub mod span;

#[cfg(feature = "ledger")]
pub mod spool;
#[cfg(feature = "ledger")]
pub mod store;

pub use confidence::Confidence;
pub use context::CallContext;
pub use pricing::PriceBook;
