//! What a proxy needs to know of a ledger.

use super::Ledger;

impl Ledger {
    /// Whether the context is read from baggage too.
    pub(crate) const fn reads_baggage(&self) -> bool {
        self.recorder.baggage
    }
}
