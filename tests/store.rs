//! The ledger in SQLite: what is promised of rows, of their versions and of the schema.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use opentelemetry::trace::{SpanId, TraceId};
use proptest::prelude::*;
use serde_json::{Value, json};
use spanledger::{
    Confidence,
    call::{Call, Configuration, Configured, Later, Record, Score, Scored, Source, Timestamp, Usd},
    confidence::{Action, Trust},
    store::{self, Error, MigrationState, Query, Store, Table, columns::COLUMNS, sqlite::Sqlite},
};
use tempfile::TempDir;

const NOON: i64 = 1_790_000_000_250_000;

/// A ledger in a folder of its own, migrated.
async fn ledger() -> (TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
    store.migrate().await.unwrap();
    (folder, store)
}

fn call(number: u64) -> Call {
    let mut call = Call::default();
    call.identity.trace_id = TraceId::from_bytes(u128::from(number + 1).to_be_bytes());
    call.identity.span_id = SpanId::from_bytes((number + 1).to_be_bytes());
    call.started_at = Timestamp::from_micros(NOON + i64::try_from(number).unwrap());
    call.ended_at = Timestamp::from_micros(NOON + 2_000_000);
    call.provider = "openai".into();
    call.operation = "chat".into();
    call.request.model = Some("gpt-4o".to_owned());
    call.response.model = Some("gpt-4o-2024-08-06".to_owned());
    call
}

fn record(call: &Call) -> Record {
    Record::Call(Box::new(call.clone()))
}

fn later(call: &Call, micros: i64, trust: Trust) -> Record {
    Record::Later(Box::new(Later {
        row_id: store::row_id(call),
        recorded_at: Timestamp::from_micros(NOON + micros),
        trust,
    }))
}

fn scored(call: &Call, micros: i64, score: Score) -> Record {
    let recorded_at = Timestamp::from_micros(NOON + micros);
    Record::Score(Box::new(Scored { row_id: store::row_id(call), recorded_at, score }))
}

fn configured(at: i64, configuration: Configuration) -> Record {
    let id = store::configuration_id(&configuration.content);
    Record::Configuration(Box::new(Configured { id, recorded_at: Timestamp::from_micros(at), configuration }))
}

fn confident(confidence: Confidence) -> Trust {
    let mut trust = Trust::default();
    trust.confidence = Some(confidence);
    trust
}

async fn rows(store: &Sqlite, sql: &'static str) -> Vec<Vec<Value>> {
    store.query(&Query::new(sql)).await.unwrap().rows
}

async fn one(store: &Sqlite, sql: &'static str) -> Value {
    rows(store, sql).await.remove(0).remove(0)
}

/// It is in every ledger: with another one, a replay would not know its own rows.
#[tokio::test]
async fn the_hash_of_a_row_stays_the_same_for_ever() {
    let (_folder, store) = ledger().await;
    let mut call = call(1);
    call.context.tags.insert("page".to_owned(), json!({"title": "\u{e9}\"", "length": 1.5}));
    call.extra.insert("gen_ai.request.top_k".to_owned(), json!(40));
    call.server.address = Some("api.openai.com".to_owned());
    call.trust = confident(Confidence::new(0.25).component("completeness", 0.5));
    call.cost.total = Some(Usd::from_pico(120_000_000));
    call.response.finish_reasons = vec!["stop".to_owned()];
    let mut trust = confident(Confidence::from_components([("completeness", 0.5)]));
    trust.fallback_reason = Some("below \u{e9}".to_owned());
    trust.response_data = Some(json!({"label": ["oak", null, 2]}));
    store.insert(&[record(&call), later(&call, 5, trust)]).await.unwrap();
    let hashes = "SELECT content_hash FROM usage_log UNION ALL
        SELECT * FROM (SELECT content_hash FROM ai_call_score ORDER BY name)";
    let hashes: Vec<Value> = rows(&store, hashes).await.into_iter().flatten().collect();
    let always: [i64; 4] =
        [-5_250_770_510_039_039_416, -6_643_039_629_774_104_492, -1_284_432_755_463_366_685, 5_952_931_441_612_227_693];
    assert_eq!(hashes, always);
}

#[tokio::test]
async fn every_column_says_what_the_row_said() {
    let (_folder, store) = ledger().await;
    let mut call = call(1);
    call.identity.parent_span_id = Some(SpanId::from_bytes([9; 8]));
    call.usage.input_tokens = Some(150);
    call.usage.output_tokens = Some(80);
    call.usage.details.insert("web_searches".into(), 2.0);
    call.cost.total = Some("0.000120000001".parse().unwrap());
    call.response.finish_reasons = vec!["stop".to_owned()];
    call.request.stream = Some(true);
    call.context.user_id = Some("42".to_owned());
    call.context.tags.insert("async".to_owned(), true.into());
    call.context.request_data = Some(json!({ "image": 17 }));
    call.extra.insert("gen_ai.request.top_p".to_owned(), 0.5.into());
    call.trust = confident(Confidence::from_components([("completeness", 0.85)]));
    store.insert(&[record(&call)]).await.unwrap();

    let table = store
        .query(&Query::new("SELECT *, cost_picousd AS cost_usd, input_cost_picousd AS input_cost_usd FROM usage_log"))
        .await
        .unwrap();
    let stored = |name: &str| {
        let at = table.columns.iter().rposition(|column| column == name).unwrap_or_else(|| panic!("no column {name}"));
        table.rows[0][at].clone()
    };
    let expected = store::row_json(&call);
    for column in COLUMNS {
        match column.name {
            "model_id" | "created_at" | "updated_at" => assert_ne!(stored(column.name), Value::Null, "{}", column.name),
            name => assert_eq!(stored(name), expected[name], "{name}"),
        }
    }
    assert_eq!(expected["total_tokens"], 230);
    assert_eq!(expected["cost_usd"], "0.000120000001");
    assert_eq!(expected["usage_details"], json!({ "web_searches": 2 }));
    assert_eq!(
        rows(&store, "SELECT modelname, version FROM ai_model JOIN usage_log ON model_id = ai_model.id").await,
        [["gpt-4o", "2024-08-06"]]
    );
}

#[tokio::test]
async fn a_replay_changes_nothing_and_says_so() {
    let (_folder, store) = ledger().await;
    let batch: Vec<Record> = (0..626).map(|number| record(&call(number))).collect();
    let first = store.insert(&batch).await.unwrap();
    assert_eq!((first.written, first.known), (626, 0));
    let everything = "SELECT * FROM usage_log ORDER BY id";
    let before = rows(&store, everything).await;
    for boundaries in [1, 7, 500] {
        for part in batch.chunks(boundaries).rev().take(60) {
            let again = store.insert(part).await.unwrap();
            assert_eq!((again.written, again.known), (0, part.len()));
        }
    }
    assert_eq!(rows(&store, everything).await, before);
}

#[tokio::test]
async fn the_same_span_ids_at_another_time_are_another_row() {
    let (_folder, store) = ledger().await;
    let mut other = call(1);
    other.started_at = Timestamp::from_micros(NOON + 77);
    store.insert(&[record(&call(1)), record(&other)]).await.unwrap();
    assert_eq!(one(&store, "SELECT count(*) FROM usage_log").await, 2);
}

#[tokio::test]
async fn a_call_without_ids_is_refused() {
    let (_folder, store) = ledger().await;
    let error = store.insert(&[Record::Call(Box::default())]).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn one_poisoned_row_is_refused_with_its_whole_batch_and_never_quoted() {
    let (_folder, store) = ledger().await;
    let mut batch: Vec<Record> = (0..499).map(|number| record(&call(number))).collect();
    let mut poison = call(500);
    poison.identity.span_id = SpanId::INVALID;
    poison.context.task = Some("secret".to_owned());
    batch.push(record(&poison));

    let error = store.insert(&batch).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(sentence) if !sentence.contains("secret")), "{error:?}");
    assert_eq!(one(&store, "SELECT count(*) FROM usage_log").await, 0, "all of a batch or nothing");
    batch.pop();
    assert_eq!(store.insert(&batch).await.unwrap().written, 499);
}

#[tokio::test]
async fn hostile_texts_are_stored_as_texts() {
    let (_folder, store) = ledger().await;
    let hostile = "'); DROP TABLE usage_log; -- \0\u{202e}\u{1b}[31m 𝒳 \u{fffd} =1+1";
    let mut call = call(1);
    for field in [&mut call.request.model, &mut call.response.model, &mut call.response.id, &mut call.service_name] {
        *field = Some(hostile.to_owned());
    }
    call.provider = hostile.into();
    call.context.task = Some(hostile.to_owned());
    call.context.user_id = Some(hostile.repeat(10_000));
    call.context.tags.insert(hostile.to_owned(), hostile.into());
    call.outcome.error_type = Some(hostile.to_owned());
    let mut trust = Trust::default();
    trust.fallback_reason = Some(hostile.to_owned());
    trust.response_data = Some(hostile.into());
    store.insert(&[record(&call), later(&call, 1, trust)]).await.unwrap();

    let clean = hostile.replace('\0', "");
    for sql in [
        "SELECT request_model FROM usage_log",
        "SELECT task FROM usage_log",
        "SELECT error_message FROM usage_log",
        "SELECT fallback_reason FROM usage_log",
        "SELECT modelname FROM ai_model",
        "SELECT key FROM usage_log, json_each(tags)",
        "SELECT value FROM usage_log, json_each(tags)",
        "SELECT extra ->> 'response_data' FROM usage_log",
    ] {
        assert_eq!(one(&store, sql).await, clean, "{sql}");
    }
    let deep = (0..400).fold(json!(1), |inner, _| json!([inner]));
    call.context.tags.insert("deep".to_owned(), deep);
    call.ended_at = Timestamp::from_micros(NOON + 3_000_000);
    assert_eq!(store.insert(&[record(&call)]).await.unwrap().written, 1);
    assert_eq!(one(&store, "SELECT length(CAST(user_id AS BLOB)) <= 65536 FROM usage_log").await, 1);
}

#[tokio::test]
async fn numbers_and_clocks_that_cannot_be_become_unknown_or_the_nearest() {
    let (_folder, store) = ledger().await;
    let mut batch = Vec::new();
    for (number, micros) in [i64::MIN, 0, 16_725_225_600_000_000, i64::MAX].into_iter().enumerate() {
        let mut call = call(number as u64);
        call.started_at = Timestamp::from_micros(micros);
        call.usage.input_tokens = Some(u64::MAX);
        call.usage.output_tokens = Some(i64::MAX as u64);
        call.request.temperature = Some(f64::NAN);
        call.trust = confident(Confidence::new(1.7));
        batch.push(record(&call));
    }
    assert_eq!(store.insert(&batch).await.unwrap().written, 4);
    assert_eq!(store.insert(&batch).await.unwrap().known, 4);
    let unknown = "SELECT count(*) FROM usage_log WHERE input_tokens IS NULL AND output_tokens IS NULL
        AND total_tokens IS NULL AND temperature IS NULL AND confidence_score IS NULL
        AND extra ->> '$.confidence_out_of_range' AND extra ->> '$.implausible_tokens.input_tokens'";
    assert_eq!(one(&store, unknown).await, 4);
    assert_eq!(
        rows(&store, "SELECT substr(started_at, 1, 4), duration_ms > 0 FROM usage_log ORDER BY started_at").await,
        [
            [json!("0000"), Value::Null],
            [json!("1970"), json!(1)],
            [json!("2500"), Value::Null],
            [json!("9999"), Value::Null]
        ]
    );
}

#[tokio::test]
async fn an_error_always_has_a_message() {
    let (_folder, store) = ledger().await;
    let mut call = call(1);
    call.outcome.error_type = Some("timeout".to_owned());
    store.insert(&[record(&call)]).await.unwrap();
    assert_eq!(rows(&store, "SELECT status, error_message FROM usage_log").await, [["error", "timeout"]]);
}

#[tokio::test]
async fn deleting_a_model_takes_its_calls_and_what_was_learnt_of_them() {
    let (folder, store) = ledger().await;
    store.insert(&[record(&call(1)), later(&call(1), 1, confident(Confidence::new(0.9)))]).await.unwrap();
    run_sql(&folder, "PRAGMA foreign_keys = ON; DELETE FROM ai_model").await;
    assert_eq!(
        rows(&store, "SELECT (SELECT count(*) FROM usage_log), (SELECT count(*) FROM ai_call_score)").await,
        [[0, 0]]
    );
    store.insert(&[record(&call(2))]).await.unwrap();
    assert_eq!(one(&store, "SELECT count(*) FROM ai_model").await, 1);
}

mod versions {
    use super::*;

    /// One change of the world: a version of a row, or a fact learnt of one.
    fn event() -> impl Strategy<Value = Record> {
        let version = (0..3u64, 0..3usize, 0..3i64, 0..3u64, any::<bool>(), 0..4u64, 0..3u8).prop_map(
            |(number, source, ended, tokens, own, parent, stated)| {
                let mut call = super::call(number);
                // All three in one trace, so that any may lie under any.
                call.identity.trace_id = TraceId::from_bytes([7; 16]);
                call.identity.ai_parent_span_id = (parent < 3).then(|| super::call(parent).identity.span_id);
                call.source = Source::ALL[source];
                call.ended_at = Timestamp::from_micros(NOON + 5_000_000 + ended);
                call.usage.input_tokens = Some(tokens);
                call.billable = [None, Some(true), Some(false)][usize::from(stated)];
                if own {
                    let confidence = Confidence::new(0.5).component("completeness", 0.25);
                    call.trust.confidence =
                        Some(if tokens == 0 { confidence.derived_from("logprobs") } else { confidence });
                    call.trust.action = Some(Action::UseAiResult);
                    call.trust.response_data = Some(json!({ "own": tokens }));
                }
                record(&call)
            },
        );
        let fact = (0..3u64, 0..3i64, 0..6u8, 0..3u8).prop_map(|(number, at, what, value)| {
            let mut call = super::call(number);
            call.identity.trace_id = TraceId::from_bytes([7; 16]);
            let mut trust = Trust::default();
            let score = Confidence::new(f64::from(value) / 4.0);
            match what {
                0 => trust.confidence = Some(score),
                1 => trust.confidence = Some(score.derived_from("logprobs")),
                2 => trust.confidence = Some(Confidence::new(2.0)),
                3 => trust.fallback_reason = Some(format!("reason {value}")),
                4 => trust.action = Some(Action::UseAiResult),
                _ => trust.response_data = Some(json!({ "later": value })),
            }
            later(&call, at, trust)
        });
        let score = (0..3u64, 0..3i64, 0..4u8, 0..3u8).prop_map(|(number, at, what, value)| {
            let mut call = super::call(number);
            call.identity.trace_id = TraceId::from_bytes([7; 16]);
            let score = match what {
                0 => Score::new("accuracy", f64::from(value) / 4.0),
                1 => Score::labelled("accuracy", ["pass", "fail", "unclear"][usize::from(value)]),
                2 => Score::new("confidence", f64::from(value)).explanation("looked at by hand"),
                _ => Score::new("stars", f64::from(value)).explanation(json!({ "of": 5 })),
            };
            scored(&call, at, score)
        });
        let configuration = (0..2u8, 0..3i64, 0..3u8).prop_map(|(content, at, name)| {
            configured(NOON + at, Configuration::new(["a", "b", "c"][usize::from(name)], json!({ "content": content })))
        });
        prop_oneof![3 => version, 2 => fact, 2 => score, 1 => configuration]
    }

    async fn world(batches: &[&[Record]]) -> Vec<Vec<Vec<Value>>> {
        let (_folder, store) = ledger().await;
        for batch in batches {
            store.insert(batch).await.unwrap();
        }
        let wrong = "SELECT count(*) FROM usage_log JOIN usage_log_leaf USING (id)
            WHERE usage_log.billable IS NOT usage_log_leaf.billable";
        assert_eq!(one(&store, wrong).await, 0, "billable follows the rule for leaves");
        let calls =
            "SELECT id, ai_parent_span_id, ended_at, input_tokens, billable, confidence_score, confidence_breakdown,
            confidence_given, action, fallback_reason, extra, source_rank FROM usage_log ORDER BY id";
        let facts = "SELECT call_id, name, score, label, detail, given, recorded_at FROM ai_call_score ORDER BY 1, 2";
        let configurations = "SELECT id, name, model_config, created_at, updated_at FROM ai_configuration ORDER BY id";
        let world = vec![rows(&store, calls).await, rows(&store, facts).await, rows(&store, configurations).await];
        store.close().await;
        world
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_order_and_any_batches_end_in_the_same_rows(
            events in prop::collection::vec(event(), 1..14),
            seed in any::<prop::sample::Index>(),
            boundary in 1..6usize,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let at_once = runtime.block_on(world(&[&events]));
            let mut turned = events.clone();
            turned.reverse();
            let middle = seed.index(turned.len());
            turned.rotate_left(middle);
            let replayed: Vec<&[Record]> = turned.chunks(boundary).chain(events.chunks(1)).collect();
            prop_assert_eq!(at_once, runtime.block_on(world(&replayed)));
        }
    }

    #[tokio::test]
    async fn capture_wins_over_foreign_then_the_later_end() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let (_folder, store) = ledger().await;
            let versions = [(Source::Foreign, 9), (Source::Capture, 1), (Source::Capture, 2)].map(|(source, ended)| {
                let mut call = call(1);
                call.source = source;
                call.ended_at = Timestamp::from_micros(NOON + 5_000_000 + ended);
                call.usage.input_tokens = Some(u64::try_from(ended).unwrap());
                call
            });
            for at in order {
                store.insert(&[record(&versions[at])]).await.unwrap();
            }
            assert_eq!(one(&store, "SELECT input_tokens FROM usage_log").await, 2, "{order:?}");
        }
    }

    #[tokio::test]
    async fn what_was_said_later_stands_but_a_derived_score_never_replaces_a_stated_one() {
        let (_folder, store) = ledger().await;
        let mut call = call(1);
        call.trust = confident(Confidence::new(0.8));
        let mut fell_back = Trust::default();
        fell_back.action = Some(Action::FallbackToRules);
        fell_back.fallback_reason = Some("below 0.70".to_owned());
        store.insert(&[later(&call, 9, fell_back)]).await.unwrap();
        store.insert(&[record(&call)]).await.unwrap();
        store.insert(&[later(&call, 99, confident(Confidence::new(0.1).derived_from("logprobs")))]).await.unwrap();
        let told = "SELECT confidence_score, action, fallback_reason FROM usage_log";
        assert_eq!(rows(&store, told).await, [[json!(0.8), json!("fallback_to_rules"), json!("below 0.70")]]);

        store.insert(&[later(&call, 5, confident(Confidence::new(0.6)))]).await.unwrap();
        let mut accepted = Trust::default();
        accepted.action = Some(Action::UseAiResult);
        store.insert(&[later(&call, 10, accepted)]).await.unwrap();
        assert_eq!(rows(&store, told).await, [[json!(0.6), json!("use_ai_result"), Value::Null]]);
    }
}

#[tokio::test]
async fn a_score_is_a_row_of_its_own_and_a_confidence_is_the_calls() {
    let (_folder, store) = ledger().await;
    let call = call(1);
    let accuracy = Score::new("accuracy", 0.93).label("pass").explanation("28 of 30 fields");
    let confidence = Score::new("confidence", 0.25).explanation("a person looked");
    store.insert(&[scored(&call, 5, accuracy), scored(&call, 6, confidence)]).await.unwrap();
    store.insert(&[record(&call)]).await.unwrap();
    store.insert(&[scored(&call, 4, Score::new("accuracy", 0.1))]).await.unwrap();
    assert_eq!(
        rows(&store, "SELECT name, score, label, detail ->> '$' FROM ai_call_score ORDER BY name").await,
        [
            [json!("accuracy"), json!(0.93), json!("pass"), json!("28 of 30 fields")],
            [json!("confidence"), json!(0.25), Value::Null, json!(r#"{"explanation":"a person looked"}"#)],
        ]
    );
    assert_eq!(
        rows(&store, "SELECT confidence_score, confidence_breakdown FROM usage_log").await,
        [[json!(0.25), json!({"explanation": "a person looked"})]]
    );
    let out_of_range = Score::new("confidence", 25.0);
    store.insert(&[scored(&call, 7, out_of_range)]).await.unwrap();
    assert_eq!(
        rows(&store, "SELECT confidence_score, extra ->> 'confidence_out_of_range' FROM usage_log").await,
        [[Value::Null, json!(1)]]
    );
}

#[tokio::test]
async fn equal_content_is_one_configuration_and_its_later_name_stands() {
    let (_folder, store) = ledger().await;
    let (one_order, other_order) = (json!({"b": 1, "a": [true]}), json!({"a": [true], "b": 1.0}));
    let batch = [
        configured(NOON + 3, Configuration::new("later", one_order)),
        configured(NOON, Configuration::new("first", other_order)),
        configured(NOON, Configuration::new("other", json!({"b": 2}))),
    ];
    assert_eq!(store.insert(&batch).await.unwrap().written, 3);
    let again = store.insert(&batch).await.unwrap();
    assert_eq!((again.written, again.known), (0, 3), "a replay changes nothing");
    let told = "SELECT name, model_config, created_at < updated_at FROM ai_configuration ORDER BY name";
    assert_eq!(
        rows(&store, told).await,
        [[json!("later"), json!(r#"{"a":[true],"b":1}"#), json!(1)], [json!("other"), json!(r#"{"b":2}"#), json!(0)],]
    );
}

mod leaves {
    use super::*;

    /// An agent over a framework's span over our own call, and the agent's second call.
    fn family() -> [Call; 4] {
        let mut family = [call(0), call(1), call(2), call(3)];
        for member in &mut family {
            member.identity.trace_id = TraceId::from_bytes([7; 16]);
        }
        let [agent, framework, ..] = family.each_ref().map(|call| call.identity.span_id);
        family[1].identity.ai_parent_span_id = Some(agent);
        family[2].identity.ai_parent_span_id = Some(framework);
        family[3].identity.ai_parent_span_id = Some(agent);
        family
    }

    #[tokio::test]
    async fn only_leaves_count_in_any_order_of_arrival() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
            let (_folder, store) = ledger().await;
            let family = family();
            for at in order {
                store.insert(&[record(&family[at])]).await.unwrap();
            }
            let counted = rows(&store, "SELECT billable FROM usage_log ORDER BY span_id").await;
            assert_eq!(counted, [[false], [false], [true], [true]], "{order:?}");
        }
    }

    #[tokio::test]
    async fn what_the_caller_states_wins() {
        let (_folder, store) = ledger().await;
        let mut family = family();
        family[0].billable = Some(true);
        family[3].billable = Some(false);
        store.insert(&family.each_ref().map(record)).await.unwrap();
        let counted = rows(&store, "SELECT billable FROM usage_log ORDER BY span_id").await;
        assert_eq!(counted, [[true], [false], [true], [false]]);
    }

    #[tokio::test]
    async fn a_call_counts_again_when_nothing_lies_under_it_any_more() {
        let (folder, store) = ledger().await;
        store.insert(&family().each_ref().map(record)).await.unwrap();
        run_sql(&folder, "DELETE FROM usage_log WHERE span_id = '0000000000000003'").await;
        let counted = rows(&store, "SELECT billable FROM usage_log ORDER BY span_id").await;
        assert_eq!(counted, [[false], [true], [true]]);
    }
}

mod schema {
    use super::*;

    fn objects() -> &'static str {
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'spanledger_migrations' ORDER BY name"
    }

    #[tokio::test]
    async fn migrations_go_up_down_and_up_again() {
        let (_folder, store) = ledger().await;
        let all = rows(&store, objects()).await;
        assert!(all.contains(&vec![json!("usage_log")]));
        store.migrate().await.unwrap();
        let history = store.migrations().await.unwrap();
        assert!(history.iter().all(|step| step.state == MigrationState::Applied && step.applied_at.is_some()));

        store.revert(0).await.unwrap();
        assert_eq!(rows(&store, objects()).await, Vec::<Vec<Value>>::new());
        assert_eq!(store.migrations().await.unwrap()[0].state, MigrationState::Pending);
        let error = store.insert(&[record(&call(1))]).await.unwrap_err();
        assert!(matches!(error, Error::Schema(_)), "rows that find no schema are not poison: {error:?}");

        store.migrate().await.unwrap();
        assert_eq!(rows(&store, objects()).await, all);
    }

    #[tokio::test]
    async fn a_ledger_of_the_first_schema_keeps_its_rows_and_the_rule_for_leaves() {
        let (_folder, store) = ledger().await;
        store.revert(1).await.unwrap();
        let old = store.migrations().await.unwrap();
        assert_eq!(old.iter().filter(|step| step.state == MigrationState::Applied).count(), 1);
        store.migrate().await.unwrap();
        store.insert(&[record(&call(1))]).await.unwrap();
        store.revert(1).await.unwrap();
        store.migrate().await.unwrap();
        let mut under = call(2);
        under.identity.trace_id = call(1).identity.trace_id;
        under.identity.parent_span_id = Some(call(1).identity.span_id);
        store.insert(&[record(&under)]).await.unwrap();
        let counted = rows(&store, "SELECT billable FROM usage_log ORDER BY span_id").await;
        assert_eq!(counted, [[json!(false)], [json!(true)]]);
    }

    #[tokio::test]
    async fn another_text_of_a_migration_is_refused() {
        let (folder, store) = ledger().await;
        run_sql(&folder, "UPDATE spanledger_migrations SET checksum = x'00'").await;
        let error = store.migrate().await.unwrap_err().to_string();
        assert!(error.contains("checksum"), "{error}");
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_and_still_shown() {
        let (folder, store) = ledger().await;
        run_sql(
            &folder,
            "INSERT INTO spanledger_migrations SELECT 99, 'of tomorrow', installed_on, success, checksum, 0
             FROM spanledger_migrations WHERE version = 1",
        )
        .await;
        for error in [
            store.migrate().await.unwrap_err(),
            store.revert(0).await.unwrap_err(),
            store.insert(&[record(&call(1))]).await.unwrap_err(),
        ] {
            assert!(matches!(&error, Error::Schema(sentence) if sentence.contains("newer")), "{error:?}");
        }
        let history = store.migrations().await.unwrap();
        assert_eq!(history.last().unwrap().state, MigrationState::Newer);
        assert_eq!(history.last().unwrap().name, "of tomorrow");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_that_migrate_at_once_all_end_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.db");
        let all = (0..8u64).map(|number| {
            let path = path.clone();
            async move {
                let store = Sqlite::open(path, true).unwrap();
                store.migrate().await.unwrap();
                store.insert(&[record(&call(number))]).await.unwrap();
            }
        });
        futures_util::future::join_all(all).await;
        let store = Sqlite::open(path, false).unwrap();
        assert_eq!(one(&store, "SELECT count(*) FROM usage_log").await, 8);
    }

    #[tokio::test]
    async fn a_migration_that_breaks_off_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.db");
        run_sql(&folder, "CREATE TABLE ai_call_score (mine)").await;
        let store = Sqlite::open(&path, true).unwrap();
        let error = store.migrate().await.unwrap_err();
        assert!(matches!(error, Error::Schema(_)), "{error:?}");
        assert_eq!(rows(&store, objects()).await, [["ai_call_score"]]);
    }

    #[tokio::test]
    async fn filters_use_their_indexes() {
        let (_folder, store) = ledger().await;
        for (index, sql) in [
            ("usage_log_started_at", "EXPLAIN QUERY PLAN SELECT * FROM usage_log ORDER BY started_at DESC LIMIT 50"),
            (
                "usage_log_user_id",
                "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE user_id = ? ORDER BY started_at DESC LIMIT 10",
            ),
            (
                "usage_log_conversation_id",
                "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE conversation_id = ? ORDER BY started_at DESC",
            ),
            ("usage_log_job_id", "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE job_id = ? ORDER BY started_at"),
            ("usage_log_task", "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE task = ? AND started_at >= ?"),
            ("usage_log_action", "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE action = ? AND started_at >= ?"),
            (
                "usage_log_configuration_id",
                "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE configuration_id = ? ORDER BY started_at",
            ),
            ("usage_log_request_model", "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE request_model = ?"),
            ("usage_log_model_identifier", "EXPLAIN QUERY PLAN SELECT * FROM usage_log WHERE model_identifier = ?"),
            (
                "usage_log_under",
                "EXPLAIN QUERY PLAN SELECT 1 FROM usage_log WHERE trace_id = ? AND ai_parent_span_id = ?",
            ),
        ] {
            let plan = format!("{:?}", rows(&store, sql).await);
            assert!(
                plan.contains(&format!("INDEX {index} ")) || plan.contains(&format!("INDEX {index}\"")),
                "{index}: {plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{index}: {plan}");
        }
    }
}

mod away {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn two_writers_and_a_long_reader_lose_nothing() {
        let (folder, store) = ledger().await;
        store.insert(&[record(&call(9_999))]).await.unwrap();
        let reader = sqlx_connection(&folder).await;
        let mut reader = reader.acquire().await.unwrap();
        sqlx::query("BEGIN").execute(&mut *reader).await.unwrap();
        let count = || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM usage_log");
        assert_eq!(count().fetch_one(&mut *reader).await.unwrap(), 1);

        let other = Sqlite::open(folder.path().join("usage.db"), false).unwrap();
        let write = async |store: &Sqlite, numbers: std::ops::Range<u64>| {
            for number in numbers {
                store.insert(&[record(&call(number))]).await.unwrap();
            }
        };
        tokio::join!(write(&store, 0..60), write(&other, 60..120));
        assert_eq!(count().fetch_one(&mut *reader).await.unwrap(), 1, "a report sees one moment");
        sqlx::query("COMMIT").execute(&mut *reader).await.unwrap();
        assert_eq!(count().fetch_one(&mut *reader).await.unwrap(), 121);
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let start = std::time::Instant::now();
        let store = Sqlite::open(folder.path().join("no/usage.db"), true).unwrap();
        assert!(store.migrate().await.unwrap_err().is_transient());
        assert!(start.elapsed().as_secs() < 3);
    }

    #[tokio::test]
    async fn a_ledger_that_is_not_there_is_a_sentence_and_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usage.db").display());
        let error = store::open(&url, false).unwrap_err();
        assert!(error.is_transient() && error.to_string().starts_with("There is no ledger at "), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn urls_that_name_no_ledger_say_what_to_write() {
        for url in
            ["usage.db", "postgres://db/usage", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite://a?mode=what"]
        {
            let error = store::open(url, true).unwrap_err();
            assert!(!error.is_transient() && error.to_string().contains("sqlite://usage.db"), "{url}: {error}");
        }
    }

    #[tokio::test]
    async fn a_locked_ledger_is_only_busy() {
        let (folder, store) = ledger().await;
        let other = sqlx_connection(&folder).await;
        let mut other = other.acquire().await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.unwrap();
        let error = store.insert(&[record(&call(1))]).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        sqlx::query("COMMIT").execute(&mut *other).await.unwrap();
        assert_eq!(store.insert(&[record(&call(1))]).await.unwrap().written, 1);
    }

    #[tokio::test]
    async fn a_ledger_that_is_gone_is_waited_for_and_never_begun_anew_by_itself() {
        let (folder, store) = ledger().await;
        let path = folder.path().join("usage.db");
        store.insert(&[record(&call(1))]).await.unwrap();
        let away = folder.path().join("away.db");
        std::fs::rename(&path, &away).unwrap();
        let error = store.insert(&[record(&call(2))]).await.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("is gone; put it back"), "{error}");
        assert!(!path.exists());
        let moved = Sqlite::open(&away, false).unwrap();
        assert_eq!(one(&moved, "SELECT count(*) FROM usage_log").await, 1, "all that was stored went with it");
        moved.close().await;

        std::fs::rename(&away, &path).unwrap();
        assert_eq!(store.insert(&[record(&call(2))]).await.unwrap().written, 1);
        assert_eq!(one(&store, "SELECT count(*) FROM usage_log").await, 2);
    }

    #[tokio::test]
    async fn a_ledger_that_is_taken_away_during_a_commit_has_not_stored_the_batch_yet() {
        let (folder, store) = ledger().await;
        let path = folder.path().join("usage.db");
        let other = sqlx_connection(&folder).await;
        let mut other = other.acquire().await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.unwrap();
        let batch = [record(&call(1))];
        let mut insert = store.insert(&batch);
        // It has looked which file is there, and waits for the lock.
        assert!(futures_util::FutureExt::now_or_never(&mut insert).is_none());
        let away = folder.path().join("away.db");
        std::fs::rename(&path, &away).unwrap();
        sqlx::query("COMMIT").execute(&mut *other).await.unwrap();
        let error = insert.await.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("was taken away"), "{error}");

        std::fs::rename(&away, &path).unwrap();
        let again = store.insert(&batch).await.unwrap();
        assert_eq!((again.written, again.known), (0, 1), "it is the same file, and the batch went into it");
    }

    #[tokio::test]
    async fn a_ledger_that_is_gone_is_begun_anew_when_somebody_says_so() {
        let (folder, store) = ledger().await;
        let path = folder.path().join("usage.db");
        store.insert(&[record(&call(1))]).await.unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        store.insert(&[record(&call(2))]).await.unwrap_err();
        let other = Sqlite::open(&path, true).unwrap();
        other.migrate().await.unwrap();
        store.insert(&[record(&call(2))]).await.unwrap();
        assert_eq!(one(&store, "SELECT count(*) FROM usage_log").await, 1);
        assert_eq!(one(&other, "SELECT count(*) FROM usage_log").await, 1);
    }

    #[tokio::test]
    async fn a_ledger_that_takes_the_place_of_another_is_whole_although_two_had_the_other_open() {
        let (folder, first) = ledger().await;
        let path = folder.path().join("usage.db");
        let second = Sqlite::open(&path, true).unwrap();
        second.migrate().await.unwrap();
        let copy = folder.path().join("copy.db");
        first.insert(&[record(&call(1))]).await.unwrap();
        let into = format!("VACUUM INTO '{}'", copy.display());
        let pool = sqlx_connection(&folder).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(into)).execute(&pool).await.unwrap();
        pool.close().await;
        for number in 2..400 {
            [&first, &second][number as usize % 2].insert(&[record(&call(number))]).await.unwrap();
        }

        std::fs::rename(&copy, &path).unwrap();
        assert_eq!(first.insert(&[record(&call(500))]).await.unwrap().written, 1);
        assert_eq!(second.insert(&[record(&call(501))]).await.unwrap().written, 1);
        assert_eq!(first.insert(&[record(&call(502))]).await.unwrap().written, 1);
        let other = Sqlite::open(&path, false).unwrap();
        for store in [&first, &second, &other] {
            assert_eq!(one(store, "SELECT count(*) FROM usage_log").await, 4, "the copy's row and the three since");
            assert_eq!(one(store, "PRAGMA integrity_check").await, "ok");
        }
    }

    #[tokio::test]
    async fn a_copy_that_gets_the_inode_of_the_deleted_ledger_is_taken_for_another_file() {
        let (folder, store) = ledger().await;
        let path = folder.path().join("usage.db");
        store.insert(&[record(&call(1))]).await.unwrap();
        let copy = folder.path().join("copy.db");
        let into = format!("VACUUM INTO '{}'", copy.display());
        let pool = sqlx_connection(&folder).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(into)).execute(&pool).await.unwrap();
        pool.close().await;
        for number in 2..400 {
            store.insert(&[record(&call(number))]).await.unwrap();
        }

        std::fs::remove_file(&path).unwrap();
        store.insert(&[record(&call(500))]).await.unwrap_err();
        assert!(folder.path().join("usage.db-wal").exists(), "SQLite leaves behind what belongs to a deleted file");
        std::fs::copy(&copy, &path).unwrap();
        assert_eq!(store.insert(&[record(&call(500))]).await.unwrap().written, 1);
        assert_eq!(one(&store, "SELECT count(*) FROM usage_log").await, 2, "the copy's row and the one since");
        assert_eq!(one(&store, "PRAGMA integrity_check").await, "ok");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.db");
        std::fs::write(&path, "not a database, but long enough to be taken for one".repeat(40)).unwrap();
        let error = Sqlite::open(&path, false).unwrap().migrations().await.unwrap_err();
        assert!(error.to_string().contains("not a SQLite database"), "{error}");
    }
}

#[tokio::test]
async fn answers_have_their_columns_even_without_rows() {
    let (_folder, store) = ledger().await;
    let table = store.query(&Query::new("SELECT id, task FROM usage_log WHERE task = ?").bind("x")).await.unwrap();
    assert_eq!(table, Table { columns: vec!["id".to_owned(), "task".to_owned()], rows: vec![] });
}

#[test]
fn the_spool_lies_beside_the_file() {
    let folder = |url| store::spool_folder(url).unwrap();
    assert_eq!(folder("sqlite://usage.db"), std::path::Path::new("usage.db.spool"));
    assert_eq!(folder("sqlite:///var/lib/usage.db"), std::path::Path::new("/var/lib/usage.db.spool"));
}

#[test]
fn the_id_of_a_row_is_the_same_for_ever() {
    assert_eq!(store::row_id(&call(1)).to_string(), "6ff19182-b42a-554e-b8dc-b6c51ca55115");
    assert_eq!(Usd::from_pico(1).to_string(), "0.000000000001");
}

async fn sqlx_connection(folder: &TempDir) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.path().join("usage.db"))
        .create_if_missing(true)
        .foreign_keys(false);
    sqlx::SqlitePool::connect_with(options).await.unwrap()
}

/// What somebody else does to the file.
async fn run_sql(folder: &TempDir, sql: &'static str) {
    let pool = sqlx_connection(folder).await;
    sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    pool.close().await;
}
