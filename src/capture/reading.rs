//! The part of a call in flight that messages change.

use std::time::Instant;

use super::meter::Meter;
use crate::{
    call::Call,
    content::Gathered,
    framing::{Elided, Message},
    provider::{self, Reader},
};

/// Takes the messages of an answer.
pub(super) struct Reading<'a> {
    pub(super) call: &'a mut Call,
    pub(super) reader: &'a mut dyn Reader,
    pub(super) meter: &'a mut Meter,
    pub(super) content: Option<&'a mut Gathered>,
    pub(super) over: &'a mut bool,
    /// When the call began, unless it is a recorded one.
    pub(super) clock: Option<Instant>,
}

impl Reading<'_> {
    pub(super) fn message(&mut self, message: Message<'_>) {
        if self.call.outcome.http_status.is_some_and(|status| status >= 400) {
            return provider::error::read(message.data, self.call);
        }
        let progress = self.reader.message(message, self.call);
        self.meter.message(message, progress, self.call);
        if let Some(content) = &mut self.content {
            content.message(message, self.call);
        }
        if progress.content && self.call.time_to_first_chunk.is_none() {
            self.call.time_to_first_chunk = self.clock.map(|started| started.elapsed());
        }
        *self.over |= progress.over;
    }
}

/// Reads the body of a request, which may have been too long to be held.
pub(super) fn read_request(reader: &mut dyn Reader, body: &Elided, call: &mut Call) {
    if !body.is_whole() {
        reader.request_is_cut();
    }
    reader.request(body.finish(), call);
}
