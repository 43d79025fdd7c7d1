//! The tower layer with the ledger attached.

use super::Ledger;
use crate::AiCallLayer;

impl Ledger {
    /// The layer that makes every AI call of a service a row, and a span as soon as a tracer provider is there.
    #[must_use]
    pub fn tower_layer(&self) -> AiCallLayer {
        self.recorder.clone().into()
    }
}
