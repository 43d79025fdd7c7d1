//! Calls wait here until the spans above them were read: what lies under something ends, and is written, before it.

use std::collections::VecDeque;

use crate::{
    call::{Call, Source},
    span::read::{Ancestors, Link},
};

/// How many spans are known.
const SPANS: usize = 64 * 1024;
/// How many calls wait.
const CALLS: usize = 4096;
/// How many bytes of lines they may have come from.
const BYTES: usize = 32 << 20;

/// The last spans and calls of a file.
#[derive(Debug)]
pub(super) struct Window {
    ancestors: Ancestors,
    waiting: VecDeque<(Box<Call>, usize)>,
    bytes: usize,
}

impl Window {
    pub(super) fn new() -> Self {
        Self { ancestors: Ancestors::of_last(SPANS), waiting: VecDeque::new(), bytes: 0 }
    }

    /// Spans were read.
    pub(super) fn know(&mut self, links: Vec<Link>) {
        self.ancestors.add(links);
    }

    /// A call was read, of a line of so many bytes.
    pub(super) fn wait(&mut self, call: Box<Call>, bytes: usize) {
        self.waiting.push_back((call, bytes));
        self.bytes += bytes;
    }

    /// The next call that need not wait any longer.
    pub(super) fn next(&mut self) -> Option<Box<Call>> {
        let (first, _) = self.waiting.front()?;
        let placed = first.identity.parent_span_id.is_none() || first.identity.ai_parent_span_id.is_some();
        (placed || self.waiting.len() > CALLS || self.bytes > BYTES).then(|| self.rest()).flatten()
    }

    /// The next call, when nothing more is read.
    pub(super) fn rest(&mut self) -> Option<Box<Call>> {
        let (mut call, bytes) = self.waiting.pop_front()?;
        self.bytes -= bytes;
        self.ancestors.place(&mut call, Source::Otlp);
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_calls_wait_than_are_bounded() {
        let mut window = Window::new();
        let under_something = || {
            let mut call = Box::<Call>::default();
            call.identity.parent_span_id = Some(7.into());
            call
        };
        let mut passed = 0;
        for _ in 0..10_000 {
            window.wait(under_something(), 100);
            passed += std::iter::from_fn(|| window.next()).count();
        }
        assert_eq!((passed, window.waiting.len()), (10_000 - CALLS, CALLS));
        window.wait(under_something(), BYTES + 1);
        assert_eq!(std::iter::from_fn(|| window.next()).count(), CALLS + 1);
        assert_eq!(window.bytes, 0);
    }
}
