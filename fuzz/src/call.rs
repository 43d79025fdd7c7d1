//! What must hold of any call, whatever it was read from.

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;
use spanledger::{
    Call, PriceBook,
    call::{PricingStatus, Record, Source, Usd},
    fuzzing,
    span::{Dialect, MAX_TEXT, read, write},
    store::columns,
};

/// A call as a reader made it, and as it is priced: its counts can be stored, and it survives the way through the spool.
pub fn holds(call: &Call) {
    counts_can_be_stored(call);
    assert_eq!(call.outcome.error_type.is_some(), call.outcome.error_message.is_some(), "{:?}", call.outcome);
    cost_is_sound(call);
    for dialect in [Dialect::V1_41, Dialect::Latest] {
        no_attribute_comes_twice(call, dialect);
    }
    is_a_row(call);
    comes_back(call);
}

/// It can be stored: each column has a value that its kind allows.
pub fn is_a_row(call: &Call) {
    let row = columns::row_json(call);
    for column in ["started_at", "ended_at"] {
        let moment = row.get(column).and_then(Value::as_str).unwrap_or_else(|| panic!("{column} of {row:?}"));
        assert!(moment.len() >= "2026-11-21T12:00:00Z".len() && moment.ends_with('Z'), "{moment}");
    }
    assert!(serde_json::to_string(&columns::Row(call)).is_ok());
}

/// Counts fit their columns, amounts are amounts, parts are no larger than their totals.
pub fn counts_can_be_stored(call: &Call) {
    let usage = &call.usage;
    for count in [
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    ] {
        assert!(count.is_none_or(|count| i64::try_from(count).is_ok()), "{usage:?}");
    }
    assert!(usage.details.values().all(|amount| amount.is_finite() && *amount >= 0.0), "{usage:?}");
    let known = |count: Option<u64>| count.unwrap_or(0);
    assert!(
        usage
            .input_tokens
            .is_none_or(|input| known(usage.cache_read_tokens) + known(usage.cache_write_tokens) <= input),
        "{usage:?}"
    );
    assert!(usage.output_tokens.is_none_or(|output| known(usage.reasoning_tokens) <= output), "{usage:?}");
}

/// A cost has a status, an unpriced call has none, and nobody is paid for calling.
pub fn cost_is_sound(call: &Call) {
    let cost = &call.cost;
    assert!(cost.total.is_none() || cost.status.is_some(), "{cost:?}");
    match cost.status {
        Some(PricingStatus::Unpriced) => assert_eq!(cost.total, None, "{cost:?}"),
        Some(PricingStatus::ProviderReported) => assert!(cost.total.is_some(), "{cost:?}"),
        _ => {}
    }
    for amount in [cost.total, cost.input, cost.output].into_iter().flatten() {
        assert!(amount >= Usd::ZERO, "{cost:?} of {:?}", call.usage);
    }
}

/// Any book has a sound answer for any call.
pub fn is_priced_soundly(book: &PriceBook, call: &Call) {
    let mut priced = call.clone();
    priced.cost = book.price(call);
    assert_eq!(book.price(call), priced.cost, "a price is a pure function");
    cost_is_sound(&priced);
}

fn no_attribute_comes_twice(call: &Call, dialect: Dialect) {
    let mut attributes: Vec<KeyValue> = Vec::new();
    write::write(call, dialect, &mut attributes);
    let mut keys: Vec<_> = attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "{call:?}");
}

/// What was written is read the same; a call with texts beyond the caps is cut once, and not again.
pub fn comes_back(call: &Call) {
    let mut call = call.clone();
    if call.identity.trace_id == TraceId::INVALID {
        (call.identity.trace_id, call.identity.span_id) = (TraceId::from(1), SpanId::from(1));
    }
    let once = read_back(&call);
    if format!("{call:?}").len() <= MAX_TEXT {
        assert_eq!(once, call);
    }
    assert_eq!(read_back(&once), once);
}

fn read_back(call: &Call) -> Call {
    let line = fuzzing::line_of_call(call);
    let mut read = read::line(&line, Source::Capture).unwrap_or_else(|error| panic!("{error}: {call:?}"));
    assert_eq!((read.records.len(), read.skipped, read.rejected.len()), (1, 0, 0), "{call:?}");
    match read.records.remove(0) {
        Record::Call(call) => *call,
        other => panic!("{other:?}"),
    }
}
