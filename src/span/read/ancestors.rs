//! The nearest AI ancestor of a call, where spans that are no AI calls (a tool, an HTTP client, a function) lie between.
//!
//! A call directly under another needs nothing of this: that it lies there is in its own span.

use std::collections::{HashMap, VecDeque};

use opentelemetry::trace::{SpanId, TraceId};

use crate::call::{Call, Record, Source};

/// A span, as far as it matters for what lies under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// The span it lies under.
    pub parent_span_id: Option<SpanId>,
    /// Whether it is an AI call.
    pub is_call: bool,
}

/// How many spans may lie between a call and its ancestor.
const DEEPEST: usize = 64;

/// Spans by their ids, the last so many of them.
#[derive(Debug)]
pub struct Ancestors {
    spans: HashMap<(TraceId, SpanId), Link>,
    order: VecDeque<(TraceId, SpanId)>,
    most: usize,
}

impl Ancestors {
    /// Knows the last so many spans.
    #[must_use]
    pub fn of_last(most: usize) -> Self {
        Self { spans: HashMap::new(), order: VecDeque::new(), most }
    }

    /// Adds spans; the oldest are forgotten.
    pub fn add(&mut self, links: impl IntoIterator<Item = Link>) {
        for link in links {
            let key = (link.trace_id, link.span_id);
            if self.spans.insert(key, link).is_none() {
                self.order.push_back(key);
            }
            if self.order.len() > self.most
                && let Some(oldest) = self.order.pop_front()
            {
                self.spans.remove(&oldest);
            }
        }
    }

    /// Says under which AI call this one lies, if that is known only now, and only from spans between. A version that says
    /// so stands above one that does not, so that it makes no difference which of the two arrives last.
    pub fn place(&self, call: &mut Call, trusted: Source) {
        if call.identity.ai_parent_span_id.is_none()
            && let Some(ancestor) = self.above(call)
        {
            call.identity.ai_parent_span_id = Some(ancestor);
            call.source = call.source.max(Source::Otlp).min(trusted);
        }
    }

    /// The nearest AI call above a call's parent.
    fn above(&self, call: &Call) -> Option<SpanId> {
        let trace_id = call.identity.trace_id;
        let at = |span_id: SpanId| self.spans.get(&(trace_id, span_id));
        let mut span = at(call.identity.parent_span_id?)?;
        if span.is_call {
            return None;
        }
        for _ in 0..DEEPEST {
            span = at(span.parent_span_id?)?;
            if span.is_call {
                return Some(span.span_id).filter(|ancestor| *ancestor != call.identity.span_id);
            }
        }
        None
    }
}

/// Places the calls of one line among its spans.
pub(super) fn within(links: &[Link], records: &mut [Record], trusted: Source) {
    let has_both = links.iter().any(|link| link.is_call) && links.iter().any(|link| !link.is_call);
    if !has_both {
        return;
    }
    let mut ancestors = Ancestors::of_last(links.len());
    ancestors.add(links.iter().copied());
    for record in records {
        if let Record::Call(call) = record {
            ancestors.place(call, trusted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(span: u64, parent: u64, is_call: bool) -> Link {
        let parent_span_id = (parent != 0).then(|| SpanId::from(parent));
        Link { trace_id: TraceId::from(1), span_id: SpanId::from(span), parent_span_id, is_call }
    }

    fn under(links: &[Link], parent: u64) -> Option<u64> {
        let mut ancestors = Ancestors::of_last(100);
        ancestors.add(links.iter().copied());
        let mut call = Call { source: Source::Foreign, ..Call::default() };
        call.identity.trace_id = TraceId::from(1);
        call.identity.span_id = SpanId::from(99);
        call.identity.parent_span_id = Some(SpanId::from(parent));
        ancestors.place(&mut call, Source::Otlp);
        let placed = call.identity.ai_parent_span_id.map(|id| u64::from_be_bytes(id.to_bytes()));
        assert_eq!(call.source, if placed.is_some() { Source::Otlp } else { Source::Foreign });
        placed
    }

    #[test]
    fn the_nearest_call_above_the_spans_between_is_the_ancestor() {
        let agent_and_tool = [link(1, 0, true), link(2, 1, true), link(3, 2, false), link(4, 3, false)];
        assert_eq!(under(&agent_and_tool, 4), Some(2));
        assert_eq!(under(&agent_and_tool, 3), Some(2));
        assert_eq!(under(&agent_and_tool, 2), None, "directly under a call nothing is to be said");
        assert_eq!(under(&[link(3, 0, false)], 3), None);
        assert_eq!(under(&[link(3, 7, false)], 3), None, "a span that is not there");
    }

    #[test]
    fn spans_in_a_circle_have_no_ancestor() {
        assert_eq!(under(&[link(3, 4, false), link(4, 3, false)], 3), None);
        assert_eq!(under(&[link(3, 3, false)], 3), None);
        assert_eq!(under(&[link(3, 99, false), link(99, 3, true)], 3), None, "no call lies under itself");
    }

    #[test]
    fn only_the_last_spans_are_known() {
        let mut ancestors = Ancestors::of_last(2);
        ancestors.add((1..=1000).map(|span| link(span, span - 1, false)));
        assert_eq!((ancestors.spans.len(), ancestors.order.len()), (2, 2));
    }
}
