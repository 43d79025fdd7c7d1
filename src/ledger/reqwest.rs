//! The reqwest-middleware layer with the ledger attached.

use super::Ledger;
use crate::AiCallMiddleware;

impl Ledger {
    /// The middleware that makes every AI call of a client a row, and a span as soon as a tracer provider is there.
    #[must_use]
    pub fn reqwest_middleware(&self) -> AiCallMiddleware {
        self.recorder.clone().into()
    }
}
