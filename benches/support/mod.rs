//! What both programs share.

pub(crate) mod variants;
pub(crate) mod wire;
