//! Bytes into messages: push parsers without I/O and with a memory bound.

/// One message of a body: a whole JSON document, or the data of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The event's name, where the framing has one.
    pub event: Option<&'a str>,
    /// The payload.
    pub data: &'a [u8],
}
