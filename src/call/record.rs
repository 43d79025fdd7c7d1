//! What the spool carries and a store inserts.

use super::{Call, Configured, Content, RowId, Scored, Timestamp};
use crate::confidence::Trust;

/// One record of the spool: what a store inserts. Records may arrive in any order and more than once.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// A call.
    Call(Box<Call>),
    /// What was learnt of one later.
    Later(Box<Later>),
    /// How one was judged.
    Score(Box<Scored>),
    /// What calls run under.
    Configuration(Box<Configured>),
    /// What was asked and answered in one.
    Content(Box<Content>),
}

/// What was learnt of a call after its row was written. It may reach the store before the row does.
#[derive(Clone, Debug, PartialEq)]
pub struct Later {
    /// The row that it is about.
    pub row_id: RowId,
    /// When it was said. Of two that say the same thing, the later one wins.
    pub recorded_at: Timestamp,
    /// What was said; what is `None` here says nothing.
    pub trust: Trust,
}
