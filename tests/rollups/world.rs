//! What can happen to a ledger: calls in any version, facts learnt later, prices and rows changed, rows deleted, hours summed.

use std::time::Duration;

use opentelemetry::trace::{SpanId, TraceId};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use spanledger::{
    CallContext, Confidence,
    call::{Call, Later, PricingStatus, Record, Timestamp, Usd},
    confidence::{Action, Trust},
    store::{self, Query, Store, sqlite::Sqlite},
};

/// 2026-10-24T22:00Z: midnight in Berlin, three hours before its clocks go back.
pub(crate) const MIDNIGHT: i64 = 1_792_879_200_000_000;
pub(crate) const MINUTE: i64 = 60_000_000;
const CALLS: u8 = 12;

/// When a call starts, in microseconds: on, before and between the hours, half-hours and quarters of twelve hours and a
/// month later. It is part of the call's key, so each number has its own.
fn started_at(number: u8) -> i64 {
    let minutes = [0, 30, 45, 60, 75, 119, 120, 180, 615, 719, 720, 44_640];
    let just_before = i64::from(number % 3 == 1);
    MIDNIGHT + minutes[usize::from(number)] * MINUTE - just_before
}

fn key(number: u8) -> Call {
    let mut call = Call::default();
    // Four to a trace, so that some lie under others.
    call.identity.trace_id = TraceId::from_bytes([number / 4 + 1; 16]);
    call.identity.span_id = SpanId::from_bytes([number + 1; 8]);
    call.started_at = Timestamp::from_micros(started_at(number));
    call
}

/// Each call once, as it may be known at first.
pub(crate) fn first_versions() -> Vec<Record> {
    let first = |number| {
        let mut call = key(number);
        (call.provider, call.operation) = ("openai".into(), "chat".into());
        call.request.model = Some("gpt-4o".to_owned());
        call.cost.total = Some(Usd::from_pico(1_000_000_000_000 + i64::from(number)));
        Record::Call(Box::new(call))
    };
    (0..CALLS).map(first).collect()
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A version of a call, new or not, greater than what is there or not.
    Insert(Record),
    /// A fact learnt of a call that may be there or not.
    Learn(Record),
    /// Everything that was ever inserted, once more.
    Replay,
    /// Another price, or none, by whoever writes.
    Reprice(u8, Option<i64>),
    /// Another start, by hand.
    Move(u8, i64),
    Delete(u8),
    /// All calls of a model.
    DeleteModel(&'static str),
    /// Sums of the hours that began before this.
    RollUp(i64),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let moment = || (0..16i64).prop_map(|hours| MIDNIGHT + hours * 60 * MINUTE);
    prop_oneof![
        5 => version().prop_map(Step::Insert),
        2 => fact().prop_map(Step::Learn),
        1 => Just(Step::Replay),
        2 => (0..CALLS, prop::option::of(0..3_000_000_000_000i64)).prop_map(|(number, cost)| Step::Reprice(number, cost)),
        1 => (0..CALLS, moment()).prop_map(|(number, to)| Step::Move(number, to)),
        1 => (0..CALLS).prop_map(Step::Delete),
        1 => select(vec!["gpt-4o", "o3"]).prop_map(Step::DeleteModel),
        2 => moment().prop_map(Step::RollUp),
        2 => Just(Step::RollUp(i64::MAX)),
    ]
}

fn version() -> impl Strategy<Value = Record> {
    let what = (select(vec!["openai", "anthropic"]), select(vec!["gpt-4o", "o3"]), any::<bool>(), 0..3u8);
    let counts = (prop::option::of(0..1000u64), prop::option::of(0..1000u64), prop::option::of(0..3_000_000u64));
    let cost = prop::option::of(0..9_000_000_000_000i64);
    (0..CALLS, 0..4i64, what, counts, cost, prop::option::of(0..4u8), any::<bool>(), any::<bool>()).prop_map(
        |(number, ended, (provider, model, answered, user), (input, output, micros), cost, parent, failed, acted)| {
            let mut call = key(number);
            call.ended_at = call.started_at.after(Duration::from_secs(ended.unsigned_abs()));
            (call.provider, call.operation) = (provider.into(), "chat".into());
            call.request.model = Some(model.to_owned());
            call.response.model = answered.then(|| format!("{model}-2024-08-06"));
            (call.usage.input_tokens, call.usage.output_tokens) = (input, output);
            call.duration = micros.map(Duration::from_micros);
            call.cost.total = cost.map(Usd::from_pico);
            call.cost.status = Some(if cost.is_some() { PricingStatus::Exact } else { PricingStatus::Unpriced });
            call.identity.ai_parent_span_id = parent.map(|parent| key(number / 4 * 4 + parent).identity.span_id);
            call.context = if acted { CallContext::new("ocr") } else { CallContext::default() };
            if user > 0 {
                call.context = call.context.user(user);
            }
            if failed {
                (call.outcome.http_status, call.outcome.error_type) = (Some(500), Some("500".to_owned()));
            }
            Record::Call(Box::new(call))
        },
    )
}

fn fact() -> impl Strategy<Value = Record> {
    (0..CALLS, 0..4i64, 0..=100u8, any::<bool>()).prop_map(|(number, at, score, acted)| {
        let mut trust = Trust::default();
        trust.confidence = Some(Confidence::new(f64::from(score) / 100.0));
        trust.action = acted.then_some(if score > 50 { Action::UseAiResult } else { Action::FallbackToRules });
        let recorded_at = Timestamp::from_micros(MIDNIGHT + at);
        Record::Later(Box::new(Later { row_id: store::row_id(&key(number)), recorded_at, trust }))
    })
}

/// Does it.
pub(crate) async fn apply(store: &Sqlite, step: &Step, inserted: &mut Vec<Record>) {
    match step {
        Step::Insert(record) | Step::Learn(record) => {
            inserted.push(record.clone());
            store.insert(std::slice::from_ref(record)).await.unwrap();
        }
        Step::Replay => drop(store.insert(inserted).await.unwrap()),
        Step::Reprice(number, cost) => {
            change(store, "UPDATE usage_log SET cost_picousd = ? WHERE id = ?", [json!(cost), id(*number)]).await;
        }
        Step::Move(number, to) => {
            let to = store::sql_text(Timestamp::from_micros(*to));
            change(store, "UPDATE usage_log SET started_at = ? WHERE id = ?", [json!(to), id(*number)]).await;
        }
        Step::Delete(number) => change(store, "DELETE FROM usage_log WHERE id = ?", [id(*number)]).await,
        Step::DeleteModel(model) => {
            change(store, "DELETE FROM ai_model WHERE modelname = ?", [json!(model)]).await;
        }
        Step::RollUp(before) => roll_up(store, *before).await,
    }
}

fn id(number: u8) -> Value {
    json!(store::row_id(&key(number)).to_string())
}

async fn change<const N: usize>(store: &Sqlite, sql: &'static str, values: [Value; N]) {
    let change = values.into_iter().fold(Query::new(sql), Query::bind);
    store.change(&[change]).await.unwrap();
}

/// Sums all hours that began before a moment, however many moments of work it takes.
pub(crate) async fn roll_up(store: &Sqlite, before: i64) {
    while store.roll_up(Timestamp::from_micros(before)).await.unwrap() {}
}
