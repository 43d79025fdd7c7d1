//! What is asked and answered in a call, where its capture was asked for: from the wire to [`content`](crate::content), and
//! from there to the row and the span.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::{
    copied::{self, RequestBytes},
    credentials::Credentials,
    decoded::Decoded,
    recorder::Recorder,
};
use crate::{
    call::Call,
    content::{Captured, Gathered},
    provider::{Provider, RequestHead},
};

/// Begins to gather what is said, if that was asked for.
pub(super) fn gather(
    recorder: &Recorder,
    provider: &dyn Provider,
    head: &RequestHead<'_>,
    body: &RequestBytes<'_>,
) -> Option<Box<Gathered>> {
    let mut gathered = Gathered::new(recorder.captures()?, provider.name());
    if let RequestBytes::Whole(bytes) = body
        && !(Decoded::new(head.headers).is_plain() && gathered.whole_request(bytes))
        && let Some(bytes) = copied::decoded(head.headers, bytes)
    {
        gathered.request(bytes);
    }
    Some(Box::new(gathered))
}

/// What may leave the process of a call, and where it goes.
pub(super) struct Said {
    captured: Captured,
    to_ledger: bool,
    to_spans: bool,
}

impl Said {
    /// The call is over: what was said loses the request's own keys and passes the redaction hook. What is dropped is said in the call's `extra`.
    pub(super) fn of(
        gathered: Gathered,
        recorder: &Recorder,
        credentials: &Credentials,
        call: &mut Call,
    ) -> Option<Self> {
        let capture = recorder.captures()?;
        let without_keys = |said: &mut Value| credentials.take_out_of_said(said);
        let finish = AssertUnwindSafe(|| gathered.finish(capture, without_keys, call));
        let captured = catch_unwind(finish).ok()?;
        Some(Self { captured, to_ledger: capture.to_ledger, to_spans: capture.to_spans && recorder.spans })
    }

    /// What the span gets, and what the row gets.
    pub(super) fn shared_out(self) -> ([Option<String>; 2], Option<Captured>) {
        let of_span = if self.to_spans { self.captured.on_span() } else { Default::default() };
        (of_span, self.to_ledger.then_some(self.captured))
    }
}
