//! Ranges of time in which a price holds.

use std::fmt;

use crate::{call::Timestamp, store::rfc3339};

/// A range of time; `None`: open.
pub(super) type Span = (Option<Timestamp>, Option<Timestamp>);

/// What two ranges have in common.
pub(super) fn overlap(one: Span, other: Span) -> Option<Span> {
    let from = one.0.max(other.0);
    let until = [one.1, other.1].into_iter().flatten().min();
    from.zip(until).is_none_or(|(from, until)| from < until).then_some((from, until))
}

/// What is left of ranges without one.
pub(super) fn without(spans: Vec<Span>, taken: Span) -> Vec<Span> {
    let rest = |span: Span| {
        let Some(common) = overlap(span, taken) else { return vec![span] };
        let before = common.0.filter(|from| Some(*from) != span.0).map(|from| (span.0, Some(from)));
        let behind = common.1.filter(|until| Some(*until) != span.1).map(|until| (Some(until), span.1));
        before.into_iter().chain(behind).collect()
    };
    spans.into_iter().flat_map(rest).collect()
}

/// `from 2026-01-01 until 2026-02-01`.
pub(super) fn words((from, until): Span) -> String {
    let words = [("from", from), ("until", until)].map(|(word, time)| time.map(|time| format!("{word} {}", Day(time))));
    let words: Vec<_> = words.into_iter().flatten().collect();
    if words.is_empty() { "always".to_owned() } else { words.join(" ") }
}

struct Day(Timestamp);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&rfc3339(self.0).replace("T00:00:00.000000Z", ""))
    }
}
