use proptest::prelude::*;

use super::*;
use crate::call::Call;

const DAY: i64 = 86_400_000_000;

/// Provider, model, first and last day.
type Written = (Option<&'static str>, &'static str, Option<u8>, Option<u8>);

/// Entries for patterns over two letters and days of one week.
fn entries() -> impl Strategy<Value = Vec<Written>> {
    let patterns =
        || prop_oneof![Just("a"), Just("b"), Just("a*"), Just("*a"), Just("ab"), Just("a*b"), Just("*"), Just("**")];
    let entry =
        (proptest::option::of(patterns()), patterns(), proptest::option::of(1u8..4), proptest::option::of(4u8..7));
    proptest::collection::vec(entry, 1..6)
}

proptest! {
    /// No call has the price of an entry that is said never to count.
    #[test]
    fn an_entry_that_never_counts_prices_no_call(entries in entries()) {
        let toml = |(provider, model, from, until): &Written| {
            let day = |key: &str, day: Option<u8>| day.map(|day| format!("{key} = \"2026-01-0{day}\"\n")).unwrap_or_default();
            let provider = provider.map(|name| format!("provider = \"{name}\"\n")).unwrap_or_default();
            format!("[[price]]\n{provider}model = \"{model}\"\ninput = \"1\"\n{}{}", day("valid_from", *from), day("valid_until", *until))
        };
        let text: String = entries.iter().map(toml).collect();
        let (entries, mistakes) = parse_all(&text, "prices.toml");
        prop_assert!(mistakes.is_empty());
        let never = |at: usize| {
            let doubts = Doubts { entry: &entries[at], before: &entries[..at], all: &entries };
            doubts.order().iter().any(|doubt| doubt.starts_with("never counts"))
        };
        let names = ["a", "b", "ab", "aa", "ba", "bb", "aab", "abb", "cab", "c", ""];
        for (provider, model) in names.iter().flat_map(|provider| names.map(|model| (provider, model))) {
            for day in 0..8 {
                let mut call = Call { provider: (*provider).into(), ..Call::default() };
                // The first of January 2026.
                call.started_at = Timestamp::from_micros((20_454 + day) * DAY);
                let first = entries.iter().position(|entry| entry.covers(&call, model));
                prop_assert!(!first.is_some_and(never), "{provider}/{model} on day {day} has price {first:?}\n{text}");
            }
        }
    }
}

#[test]
fn what_is_left_of_a_range_is_what_was_not_taken() {
    let at = |day: i64| Some(Timestamp::from_micros(day));
    let always = (None, None);
    assert_eq!(without(vec![always], (at(1), at(3))), [(None, at(1)), (at(3), None)]);
    assert_eq!(without(vec![(at(1), at(3))], always), []);
    assert_eq!(without(vec![(at(1), at(3))], (at(3), None)), [(at(1), at(3))]);
    assert_eq!(without(vec![(at(1), at(5))], (at(2), None)), [(at(1), at(2))]);
    assert_eq!(overlap((at(1), at(3)), (at(3), at(4))), None);
}
