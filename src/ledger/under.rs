//! Which spans have AI calls under them, as spans end: those under a span before the span itself.

use std::collections::{HashMap, VecDeque};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;

/// So many spans that have not ended are remembered.
const MOST: usize = 16 * 1024;

/// Where a span lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Calls lie under it that the store cannot know of: other spans are between.
    AroundCalls,
    /// Nothing is to be said of it.
    Anywhere,
}

/// How a call lies under a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Directly,
    ThroughOthers,
}

/// The spans that calls lie under and that have not ended yet.
#[derive(Debug, Default)]
pub(super) struct Under {
    open: HashMap<(TraceId, SpanId), Way>,
    order: VecDeque<(TraceId, SpanId)>,
}

impl Under {
    /// A span has ended.
    pub(super) fn ended(&mut self, span: &SpanData, is_call: bool) -> Place {
        let trace_id = span.span_context.trace_id();
        let way = self.open.remove(&(trace_id, span.span_context.span_id()));
        let above = match (is_call, way) {
            (true, _) => Some(Way::Directly),
            (false, Some(_)) => Some(Way::ThroughOthers),
            (false, None) => None,
        };
        if let Some(way) = above.filter(|_| span.parent_span_id != SpanId::INVALID) {
            self.remember((trace_id, span.parent_span_id), way);
        }
        if is_call && way == Some(Way::ThroughOthers) { Place::AroundCalls } else { Place::Anywhere }
    }

    fn remember(&mut self, span: (TraceId, SpanId), way: Way) {
        match self.open.get_mut(&span) {
            Some(known) => *known = way.max(*known),
            None => {
                self.open.insert(span, way);
                self.order.push_back(span);
            }
        }
        // Those that ended are in the order still; they go when it is twice as long.
        if self.order.len() > 2 * MOST {
            self.order.retain(|span| self.open.contains_key(span));
            while self.order.len() > MOST
                && let Some(oldest) = self.order.pop_front()
            {
                self.open.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    fn span(id: u64, parent: u64) -> SpanData {
        let context = SpanContext::new(1.into(), id.into(), TraceFlags::default(), false, TraceState::default());
        SpanData {
            span_context: context,
            parent_span_id: parent.into(),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "x".into(),
            start_time: std::time::UNIX_EPOCH,
            end_time: std::time::UNIX_EPOCH,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: opentelemetry::InstrumentationScope::default(),
        }
    }

    #[test]
    fn a_call_around_calls_is_known_when_it_ends() {
        let mut under = Under::default();
        // Chat under HTTP under a tool under an agent under a framework's span.
        let ended = [(5, 4, true), (4, 3, false), (3, 2, false), (2, 1, true), (1, 0, true)]
            .map(|(id, parent, is_call)| under.ended(&span(id, parent), is_call));
        use Place::{Anywhere, AroundCalls};
        assert_eq!(
            ended,
            [Anywhere, Anywhere, Anywhere, AroundCalls, Anywhere],
            "the outermost has a call directly under it"
        );
        assert!(under.open.is_empty(), "nothing is remembered of what has ended");
    }

    #[test]
    fn spans_that_never_end_are_forgotten_at_last() {
        let mut under = Under::default();
        for id in 1..200_000 {
            under.ended(&span(id, id + 1_000_000), true);
        }
        assert!(under.open.len() <= 2 * MOST && under.order.len() <= 2 * MOST, "{}", under.open.len());
    }
}
