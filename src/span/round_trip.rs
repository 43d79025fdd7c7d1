//! Reading what was written gives the same call back, for generated calls within the caps.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, time::Duration};

use opentelemetry::{
    KeyValue,
    trace::{SpanId, TraceId},
};
use proptest::{collection, option, prelude::*};
use serde_json::{Map, Value, json};

use super::{Dialect, line, names, otlp, read, write};
use crate::{
    call::{
        Call, Configuration, Configured, Content, Cost, Ending, Identity, Later, Outcome, PricingStatus, Record,
        Request, Response, RowId, Score, Scored, Server, Source, Timestamp, Usage, UsageSource, Usd,
    },
    confidence::{Action, Confidence, Trust},
    context::CallContext,
};

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 :/._\"\\\\\u{e9}\u{1F980}\u{1}-]{1,20}"
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(text(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..86_400_000_000u64).prop_map(Duration::from_micros)
}

prop_compose! {
    fn identity()(trace in 1u128.., span in 1u64.., parent in option::of(1u64..), ai_parent in option::of(1u64..)) -> Identity {
        Identity {
            trace_id: TraceId::from(trace),
            span_id: SpanId::from(span),
            parent_span_id: parent.map(SpanId::from),
            ai_parent_span_id: ai_parent.map(SpanId::from),
        }
    }
}

prop_compose! {
    fn usage()(
        input in option::of(1000..9_000_000_000u64), output in option::of(1000..9_000_000_000u64),
        read in option::of(0..500u64), write in option::of(0..500u64), reasoning in option::of(0..1000u64),
        details in collection::btree_map("[a-z_]{1,12}", 0..1_000_000u32, 0..3), source in one_of(UsageSource::ALL),
    ) -> Usage {
        Usage {
            input_tokens: input, output_tokens: output, cache_read_tokens: read, cache_write_tokens: write,
            reasoning_tokens: reasoning, source,
            details: details.into_iter().map(|(unit, amount)| (unit.into(), f64::from(amount) / 4.0)).collect(),
        }
    }
}

prop_compose! {
    fn cost()(
        total in option::of(any::<i64>()), input in option::of(any::<i64>()), output in option::of(any::<i64>()),
        status in option::of(one_of(PricingStatus::ALL)), source in option::of(text()), version in option::of(text()),
    ) -> Cost {
        Cost {
            total: total.map(Usd::from_pico), input: input.map(Usd::from_pico), output: output.map(Usd::from_pico), status,
            price_source: source.map(Into::into), price_version: version,
        }
    }
}

prop_compose! {
    fn context()(
        texts in collection::vec(option::of(text()), 10), attempt in option::of(any::<u32>()),
        request_data in option::of(json_value()), tags in collection::btree_map(text(), json_value(), 0..3),
    ) -> CallContext {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        CallContext {
            task: next(), user_id: next(), conversation_id: next(), job_id: next(), configuration_id: next(),
            variant: next(), previous_id: next(), model_identifier: next(), model_alias: next(), node_id: next(),
            attempt, request_data, tags: tags.into_iter().collect(),
        }
    }
}

prop_compose! {
    fn trust()(
        score in option::of(-0.5..1.5f64), parts in collection::btree_map("[a-z_]{1,12}", -0.1..1.1f64, 0..3),
        derived in option::of(text()), known in any::<bool>(), action in option::of(one_of(Action::ALL)),
        fallback_reason in option::of(text()), response_data in option::of(json_value()),
    ) -> Trust {
        let confidence = (known && (score.is_some() || !parts.is_empty() || derived.is_some())).then(|| {
            let mut confidence = score.map(Confidence::new).unwrap_or_default();
            for (part, value) in parts {
                confidence = confidence.component(part, value);
            }
            match derived {
                Some(source) => confidence.derived_from(source),
                None => confidence,
            }
        });
        Trust { confidence, action, fallback_reason, response_data }
    }
}

prop_compose! {
    fn score()(
        name in "[a-z][a-z_]{0,11}x", score in option::of(-1e9..1e9f64), label in option::of(text()),
        explanation in option::of(json_value()),
    ) -> Score {
        let label = label.or_else(|| score.is_none().then(|| "pass".to_owned()));
        Score { name, score, label, explanation }
    }
}

prop_compose! {
    fn exchange()(
        request_model in option::of(text()), stream in option::of(any::<bool>()), temperature in option::of(0.0..2.0f64),
        asked in option::of(text()), id in option::of(text()), response_model in option::of(text()),
        finish_reasons in collection::vec(text(), 0..3), served in option::of(text()),
        address in option::of(text()), port in option::of(any::<u16>()),
    ) -> (Request, Response, Server) {
        (
            Request { model: request_model, stream, temperature, service_tier: asked },
            Response { id, model: response_model, finish_reasons, service_tier: served },
            Server { address, port },
        )
    }
}

prop_compose! {
    fn outcome()(
        ending in one_of(Ending::ALL), http_status in option::of(any::<u16>()),
        error in option::of((text(), option::of(text()))),
    ) -> Outcome {
        let (error_type, error_message) = error.map_or((None, None), |(kind, message)| (Some(kind), message));
        Outcome { ending, http_status, error_type, error_message }
    }
}

fn extra() -> impl Strategy<Value = Map<String, Value>> {
    let names =
        prop_oneof!["x\\.[a-z]{1,8}", Just(names::REQUEST_TOP_P.to_owned()), Just(names::REQUEST_SEED.to_owned())];
    collection::btree_map(names, json_value(), 0..3).prop_map(|map: BTreeMap<_, _>| map.into_iter().collect())
}

prop_compose! {
    fn call()(
        identity in identity(), started in 0..4_000_000_000_000_000i64, lasted in duration(), duration in option::of(duration()),
        first in option::of(duration()), exchange in exchange(), usage in usage(), cost in cost(), context in context(),
        outcome in outcome(), trust in trust(),
        rest in (one_of(Source::ALL), option::of(any::<bool>()), option::of(text()), option::of(text()), extra(), text(), text()),
    ) -> Call {
        let (request, response, server) = exchange;
        let (source, billable, service_name, environment, extra, provider, operation) = rest;
        let started_at = Timestamp::from_micros(started);
        Call {
            identity, started_at, ended_at: started_at.after(lasted), duration, time_to_first_chunk: first,
            provider: provider.into(), operation: operation.into(), request, response, server, usage, cost, context, trust,
            outcome, source, billable, service_name, environment, extra,
        }
    }
}

fn read_back(line: &[u8]) -> Record {
    let mut read = read::line(line, Source::Capture).expect("our own line");
    assert_eq!((read.records.len(), read.skipped, read.rejected.as_slice()), (1, 0, [].as_slice()));
    read.records.remove(0)
}

proptest! {
    #[test]
    fn a_spool_line_gives_the_same_call_back(call in call()) {
        prop_assert_eq!(read_back(&line::call(&call)), Record::Call(Box::new(call)));
    }

    #[test]
    fn the_short_way_through_our_own_lines_ends_where_the_long_one_does(call in call()) {
        let line = String::from_utf8(line::call(&call)).unwrap();
        prop_assert!(otlp::Line::goes_the_short_way(&line), "{line}");
        let sealed = format!("{},\"crc32c\":4294967295}}", line.strip_suffix('}').unwrap());
        prop_assert!(otlp::Line::goes_the_short_way(&sealed), "{sealed}");
    }

    #[test]
    fn no_damage_to_our_own_lines_makes_the_short_way_differ_from_the_long_one(
        call in call(), at in any::<prop::sample::Index>(), length in 0..12usize, put in "[\\[\\]{}:,\"\\\\a0-9.e\u{e9}\u{1}-]{0,3}",
    ) {
        let line = String::from_utf8(line::call(&call)).unwrap();
        let from = line.floor_char_boundary(at.index(line.len()));
        let to = line.ceil_char_boundary((from + length).min(line.len()));
        otlp::Line::goes_the_short_way(&format!("{}{put}{}", &line[..from], &line[to..]));
    }

    #[test]
    fn what_was_learnt_later_comes_back(id in any::<[u8; 16]>(), at in 0..4_000_000_000_000_000i64, trust in trust()) {
        let later = Later { row_id: RowId(id), recorded_at: Timestamp::from_micros(at), trust };
        prop_assert_eq!(read_back(&line::later(&later)), Record::Later(Box::new(later)));
    }

    #[test]
    fn a_score_comes_back(id in any::<[u8; 16]>(), at in 0..4_000_000_000_000_000i64, score in score()) {
        let scored = Scored { row_id: RowId(id), recorded_at: Timestamp::from_micros(at), score };
        prop_assert_eq!(read_back(&line::score(&scored)), Record::Score(Box::new(scored)));
    }

    #[test]
    fn a_configuration_comes_back(id in "[0-9a-f-]{36}", at in 0..4_000_000_000_000_000i64, name in text(), content in json_value()) {
        let configuration = Configuration::new(name, content);
        let configured = Configured { id, recorded_at: Timestamp::from_micros(at), configuration };
        prop_assert_eq!(read_back(&line::configuration(&configured)), Record::Configuration(Box::new(configured)));
    }

    #[test]
    fn what_was_said_comes_back(id in any::<[u8; 16]>(), at in 0..4_000_000_000_000_000i64, prompt in any::<Option<String>>(), said in json_value()) {
        let content = Content {
            row_id: RowId(id),
            started_at: Timestamp::from_micros(at),
            prompt,
            request: Some(said.clone()).filter(|said| !said.is_null()),
            response: Some(serde_json::json!([said])),
        };
        prop_assert_eq!(read_back(&line::content(&content)), Record::Content(Box::new(content)));
    }

    #[test]
    fn no_attribute_comes_twice(call in call()) {
        let mut attributes: Vec<KeyValue> = Vec::new();
        write::write(&call, Dialect::V1_41, &mut attributes);
        let mut keys: Vec<_> = attributes.iter().map(|attribute| attribute.key.as_str()).collect();
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        prop_assert_eq!(keys.len(), all);
    }

    #[test]
    fn bytes_from_outside_never_panic(bytes in collection::vec(any::<u8>(), 0..200)) {
        let _ = read::line(&bytes, Source::Foreign);
    }

    #[test]
    fn json_from_outside_never_panics(value in json_value()) {
        let span = json!({"resourceSpans": [{"scopeSpans": [{"spans": [value.clone(), {"attributes": value}]}]}]});
        let _ = read::line(span.to_string().as_bytes(), Source::Foreign);
    }
}

fn span(attributes: &Value) -> Vec<u8> {
    let list: Vec<Value> = attributes
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            let kind = match value {
                Value::String(_) => "stringValue",
                Value::Number(number) if number.is_i64() => "intValue",
                _ => "doubleValue",
            };
            json!({"key": key, "value": {kind: value}})
        })
        .collect();
    let span = json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "chat", "kind": 3,
        "startTimeUnixNano": "1000000", "endTimeUnixNano": 2_000_000, "attributes": list,
    });
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string().into_bytes()
}

fn only_call(bytes: &[u8], trusted: Source) -> Call {
    match read::line(bytes, trusted).unwrap().records.remove(0) {
        Record::Call(call) => *call,
        other => panic!("a call was expected, not {other:?}"),
    }
}

#[test]
fn both_dialects_of_the_cache_write_count_are_understood() {
    for name in [names::USAGE_CACHE_CREATION, names::USAGE_CACHE_WRITE] {
        let call = only_call(&span(&json!({name: 7, "gen_ai.usage.input_tokens": 9})), Source::Foreign);
        assert_eq!(call.usage.cache_write_tokens, Some(7), "{name}");
    }
}

#[test]
fn deprecated_names_are_understood_and_todays_win() {
    let call = only_call(
        &span(&json!({"gen_ai.system": "xai", "gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": "4"})),
        Source::Foreign,
    );
    assert_eq!((call.provider.as_ref(), call.usage.input_tokens, call.usage.output_tokens), ("x_ai", Some(3), Some(4)));
    let both = json!({"gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.input_tokens": 5});
    assert_eq!(only_call(&span(&both), Source::Foreign).usage.input_tokens, Some(5));
}

#[test]
fn nobody_outside_can_claim_to_be_our_own_capture() {
    let forged = json!({"gen_ai.operation.name": "chat", "spanledger.source": "capture"});
    assert_eq!(only_call(&span(&forged), Source::Otlp).source, Source::Otlp);
    assert_eq!(only_call(&span(&json!({"gen_ai.operation.name": "chat"})), Source::Otlp).source, Source::Foreign);
}

#[test]
fn prompts_answers_and_urls_that_others_put_on_their_spans_are_dropped() {
    let told = json!({
        "gen_ai.operation.name": "chat", "gen_ai.input.messages": "[canary]", "gen_ai.prompt.0.content": "canary",
        "gen_ai.completion.0.content": "canary", "input.value": "canary", "llm.input_messages.0.message.content": "canary",
        "url.full": "https://x/?key=canary", "gen_ai.tool.call.arguments": "canary", "gen_ai.prompt.name": "greeting",
    });
    let call = only_call(&span(&told), Source::Foreign);
    assert!(!format!("{call:?}").contains("canary"), "{:?}", call.extra);
    assert_eq!(call.extra["gen_ai.prompt.name"], "greeting");
}

#[test]
fn a_span_without_genai_attributes_is_no_call() {
    let line = read::line(&span(&json!({"http.route": "/"})), Source::Foreign).unwrap();
    assert_eq!((line.records.len(), line.skipped), (0, 1));
}

#[test]
fn a_score_without_a_row_is_somebody_elses_and_one_that_says_nothing_is_rejected() {
    let event = |attributes: Value| {
        let event = json!({"timeUnixNano": "1000", "eventName": "gen_ai.evaluation.result", "attributes": attributes});
        let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [event]}]}]});
        read::line(logs.to_string().as_bytes(), Source::Otlp).unwrap()
    };
    let name = json!({"key": "gen_ai.evaluation.name", "value": {"stringValue": "accuracy"}});
    let row = json!({"key": "spanledger.row.id", "value": {"stringValue": "0f8fad5b-d9cb-569f-a165-70867728950e"}});
    let foreign = event(json!([name]));
    assert_eq!((foreign.records.len(), foreign.skipped), (0, 1));
    let empty = event(json!([name, row]));
    assert_eq!(empty.records, []);
    assert_eq!(
        empty.rejected,
        ["gen_ai.evaluation.result of row 0f8fad5b-d9cb-569f-a165-70867728950e: a score needs a number or a label"]
    );
}

#[test]
fn a_long_configuration_is_not_cut() {
    let configuration = Configuration::new("long", json!({"orchestrator_prompt": "\u{e9}".repeat(200_000)}));
    let configured = Configured { id: "1".to_owned(), recorded_at: Timestamp::from_micros(1), configuration };
    assert_eq!(read_back(&line::configuration(&configured)), Record::Configuration(Box::new(configured)));
}

#[test]
fn one_bad_span_never_takes_its_neighbours_with_it() {
    let mut good: Value = serde_json::from_slice(&span(&json!({"gen_ai.operation.name": "chat"}))).unwrap();
    let spans = good.pointer_mut("/resourceSpans/0/scopeSpans/0/spans").unwrap().as_array_mut().unwrap();
    let mut bad = spans[0].clone();
    bad["traceId"] = json!("00000000000000000000000000000000");
    spans.insert(0, bad);
    let line = read::line(good.to_string().as_bytes(), Source::Foreign).unwrap();
    assert_eq!((line.records.len(), line.rejected.len()), (1, 1));
}

#[test]
fn top_k_is_a_double_in_1_41_and_an_integer_in_the_newest() {
    let mut call = Call { operation: "chat".into(), ..Call::default() };
    call.extra.insert(names::REQUEST_TOP_K.to_owned(), json!(40));
    for (dialect, value) in
        [(Dialect::V1_41, opentelemetry::Value::F64(40.0)), (Dialect::Latest, opentelemetry::Value::I64(40))]
    {
        let mut attributes: Vec<KeyValue> = Vec::new();
        write::write(&call, dialect, &mut attributes);
        assert_eq!(
            attributes.iter().find(|kv| kv.key.as_str() == names::REQUEST_TOP_K).map(|kv| &kv.value),
            Some(&value)
        );
    }
}

#[test]
fn long_texts_are_cut_at_a_character_and_large_json_becomes_a_note() {
    let mut call = Call { operation: "chat".into(), ..Call::default() };
    call.identity.trace_id = TraceId::from(1);
    call.identity.span_id = SpanId::from(1);
    call.context.task = Some("\u{e9}".repeat(4000));
    call.context.request_data = Some(json!(["x".repeat(70_000)]));
    let read = only_call(&line::call(&call), Source::Capture);
    assert_eq!(read.context.task.unwrap().len(), super::MAX_TEXT);
    assert_eq!(read.context.request_data.unwrap()["truncated"], true);
}

#[test]
fn json_that_is_nested_too_deep_for_a_line_becomes_a_note_and_costs_no_row() {
    let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
    let mut call = Call { operation: "chat".into(), ..Call::default() };
    call.identity.trace_id = TraceId::from(1);
    call.identity.span_id = SpanId::from(1);
    for levels in [super::MAX_JSON_DEPTH, super::MAX_JSON_DEPTH + 1, 100] {
        call.context.request_data = Some(nested(levels));
        call.context.tags.insert("t".to_owned(), nested(levels));
        let read = only_call(&line::call(&call), Source::Capture);
        let is_whole = levels <= super::MAX_JSON_DEPTH;
        assert_eq!(read.context == call.context, is_whole, "{levels} levels");
        assert_eq!(read.context.request_data.unwrap().get("truncated").is_none(), is_whole, "{levels} levels");
    }
}

#[test]
fn an_attribute_of_another_type_is_not_kept_beside_its_own_field() {
    let told = json!({
        "gen_ai.operation.name": "chat", "spanledger.confidence.out_of_range": 1, "spanledger.pricing.status": 7,
        "spanledger.confidence.component.completeness": 2, "spanledger.source": 7, "spanledger.task": 7,
    });
    let mut call = only_call(&span(&told), Source::Otlp);
    assert_eq!(Value::from(call.extra.clone()), json!({"spanledger.task": 7}));
    call.cost.status = Some(PricingStatus::Unpriced);
    let again = only_call(&line::call(&call), Source::Capture);
    assert!(again.trust.confidence.as_ref().unwrap().out_of_range());
    assert_eq!(again, call);
}
