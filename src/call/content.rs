//! What was asked and answered, where its capture was asked for.

use std::fmt;

use serde_json::Value;

use super::{RowId, Timestamp};

/// What was asked and answered in one call: a record of its own beside the row, which it may reach the store before.
#[derive(Clone, PartialEq)]
pub struct Content {
    /// The row that it belongs to.
    pub row_id: RowId,
    /// When the call started: what the retention of content counts from.
    pub started_at: Timestamp,
    /// The last message of the user, as text.
    pub prompt: Option<String>,
    /// The messages that were sent, a list in the words of their protocol.
    pub request: Option<Value>,
    /// The answer, in the words of its protocol.
    pub response: Option<Value>,
}

/// Without what was said.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("row_id", &self.row_id)
            .field("started_at", &self.started_at)
            .field("prompt", &self.prompt.is_some())
            .field("request", &self.request.is_some())
            .field("response", &self.response.is_some())
            .finish()
    }
}
