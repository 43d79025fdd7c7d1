//! Numbers, clocks and texts that cannot be, live and from other programs; and one call told in two ways.

use std::{fs, path::Path, process::Command};

use axum::{Router, body::Bytes, routing::post};
use serde_json::{Map, Value, json};
use spanledger::{CallContext, CallHandle, Confidence, report::REPORTS};

use crate::{
    calls::SOON,
    oracle::{self, Row},
    replay::drain,
    support::Server,
    told,
    world::{builder, client, url},
};

/// What an answer says, and what the row must say of it: tokens in and out, pico-dollars, status of the price.
type Answer = (&'static str, &'static str, [Value; 4]);

fn answers() -> Vec<Answer> {
    let n = Value::Null;
    vec![
        (
            "zero",
            r#""usage":{"prompt_tokens":0,"completion_tokens":0}"#,
            [json!(0), json!(0), json!(0), json!("exact")],
        ),
        (
            "negative",
            r#""usage":{"prompt_tokens":-5,"completion_tokens":7}"#,
            [n.clone(), json!(7), json!(4_200_000), json!("partial")],
        ),
        (
            "2^63",
            r#""usage":{"prompt_tokens":9223372036854775808,"completion_tokens":7}"#,
            [n.clone(), json!(7), json!(4_200_000), json!("partial")],
        ),
        (
            "2^63-1",
            r#""usage":{"prompt_tokens":9223372036854775807,"completion_tokens":7}"#,
            [n.clone(), json!(7), n.clone(), json!("unpriced")],
        ),
        (
            "2^64",
            r#""usage":{"prompt_tokens":18446744073709551616,"completion_tokens":7}"#,
            [n.clone(), json!(7), json!(4_200_000), json!("partial")],
        ),
        (
            "a stated cost below zero",
            r#""usage":{"prompt_tokens":3,"completion_tokens":7,"cost":-1}"#,
            [json!(3), json!(7), json!(4_650_000), json!("exact")],
        ),
        (
            "a stated cost beyond all money",
            r#""usage":{"prompt_tokens":3,"completion_tokens":7,"cost":1e308}"#,
            [json!(3), json!(7), json!(4_650_000), json!("exact")],
        ),
        // No JSON: nothing of it is known, and the row says so.
        ("NaN", r#""usage":{"prompt_tokens":NaN}"#, [n.clone(), n.clone(), n.clone(), json!("unpriced")]),
        ("infinite", r#""usage":{"prompt_tokens":1e999}"#, [n.clone(), n.clone(), n, json!("unpriced")]),
        (
            "texts",
            "\"system_fingerprint\":\"\\u0000\u{202e}\u{1f600}\\u001b[31m\",\"choices\":[{\"index\":0,\"message\":\
             {\"role\":\"assistant\",\"content\":\"\\ud800 alone\"},\"finish_reason\":\"st\\u0000op\"}],\
             \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":7}",
            [json!(3), json!(7), json!(4_650_000), json!("exact")],
        ),
    ]
}

fn task(row: &Row) -> &str {
    row["task"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_answers_are_rows_in_which_what_cannot_be_is_unknown() {
    told::listen();
    let answers = answers();
    let says: Vec<String> =
        answers.iter().map(|(_, says, _)| format!("{{\"id\":\"x\",\"model\":\"gpt-4o-mini\",{says}}}")).collect();
    let served = says.clone();
    let answer = move |body: Bytes| {
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let at: usize = asked["messages"][0]["content"].as_str().unwrap().parse().unwrap();
        std::future::ready(([("content-type", "application/json")], served[at].clone()))
    };
    let server = Server::start(Router::new().route("/v1/chat/completions", post(answer))).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("usage.db");
    let ledger = builder(&database, &server.host()).open().unwrap();
    let http = client(&ledger);
    for (at, (name, _, _)) in answers.iter().enumerate() {
        let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": at.to_string()}]});
        let context = CallContext::new(*name).user("\u{202e}\0=1+1 \u{1f600}").tag("\0\u{1b}[31m", f64::NAN);
        let request = http.post(format!("{}/v1/chat/completions", server.url())).json(&body).with_extension(context);
        let response = request.send().await.unwrap();
        CallHandle::from_response(&response).confidence(Confidence::new(1.7).component("completeness", f64::NAN));
        assert_eq!(response.text().await.unwrap(), says[at], "the caller gets what was sent");
    }
    assert_eq!(ledger.flush(SOON).await.waiting, 0, "{:?}", ledger.health());
    assert_eq!((ledger.health().refused, ledger.health().set_aside), (0, 0));
    let rows = oracle::rows(&oracle::open(&database));
    assert_eq!(rows.len(), answers.len());
    for row in &rows {
        let (name, _, expected) = answers.iter().find(|(name, _, _)| *name == task(row)).unwrap();
        let is = ["input_tokens", "output_tokens", "cost_picousd", "pricing_status"].map(|column| row[column].clone());
        assert_eq!(is, *expected, "{name}");
        assert_eq!(row["user_id"], "\u{202e}=1+1 \u{1f600}", "{name}");
        assert_eq!(row["tags"], json!({"\u{1b}[31m": null}), "{name}");
        assert_eq!(
            (&row["confidence_score"], &row["extra"]["confidence_out_of_range"]),
            (&Value::Null, &json!(true)),
            "{name}"
        );
    }
    reports_answer(&database);
}

/// Every report sums what is there, whatever it is; of a thousand years in hours it says what to ask instead.
fn reports_answer(database: &Path) {
    for report in REPORTS {
        let output = Command::new(env!("CARGO_BIN_EXE_spanledger"))
            .args(["--ledger", &url(database), "report", report.name, "--format", "json"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || said.contains("choose a shorter range of time"), "{}: {said}", report.name);
        if output.status.success() {
            serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", report.name));
        }
    }
}

/// A span of another program.
pub(crate) fn span(id: u64, start: &str, end: &str, attributes: &Value) -> Vec<u8> {
    let Value::Object(mut all) = json!({"gen_ai.operation.name": {"stringValue": "chat"},
        "gen_ai.provider.name": {"stringValue": "openai"}, "gen_ai.request.model": {"stringValue": "gpt-4o-mini"}})
    else {
        unreachable!()
    };
    all.extend(attributes.as_object().cloned().unwrap_or_default());
    let attributes: Vec<_> = all.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let span = json!({"traceId": format!("{id:032x}"), "spanId": format!("{id:016x}"), "name": "chat",
        "startTimeUnixNano": start, "endTimeUnixNano": end, "attributes": attributes});
    let mut line = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Drains segments, each with these lines, into a ledger of their own.
async fn drained(segments: &[Vec<u8>]) -> (tempfile::TempDir, Vec<Row>) {
    let folder = tempfile::tempdir().unwrap();
    let (database, spool) = (folder.path().join("usage.db"), folder.path().join("usage.db.spool"));
    fs::create_dir(&spool).unwrap();
    for (at, segment) in segments.iter().enumerate() {
        fs::write(spool.join(format!("{at:05}.jsonl")), segment).unwrap();
    }
    let drained = drain(&spool, &database).await;
    assert_eq!((drained.waiting, &drained.store_error), (0, &None), "{drained:?}");
    let rows = oracle::rows(&oracle::open(&database));
    (folder, rows)
}

#[tokio::test]
async fn clocks_that_cannot_be_lose_no_row_and_give_no_duration_below_zero() {
    let clocks = [
        ("1970", "0", "1000000", "1970", Some(1.0)),
        ("end before start", "1790000000000000000", "1780000000000000000", "2026", None),
        ("2262", "9223372036854775807", "9223372036855775807", "2262", Some(1.0)),
        ("2500", "16725225600000000000", "16725225601000000000", "2500", Some(1_000.0)),
        ("no end", "1790000000000000000", "0", "2026", None),
        ("a day ahead", "1790086400000000000", "1790086400250000000", "2026", Some(250.0)),
    ];
    let lines: Vec<Vec<u8>> = clocks
        .iter()
        .zip(1..)
        .map(|((name, start, end, ..), id)| span(id, start, end, &json!({"spanledger.task": {"stringValue": name}})))
        .collect();
    let (folder, rows) = drained(&[lines.concat()]).await;
    assert_eq!(rows.len(), clocks.len());
    for (name, _, _, year, duration) in clocks {
        let row = rows.iter().find(|row| task(row) == name).unwrap();
        assert!(row["started_at"].as_str().unwrap().starts_with(year), "{name}: {}", row["started_at"]);
        assert_eq!(row["duration_ms"].as_f64(), duration, "{name}");
        assert!(row["ended_at"].as_str() >= row["started_at"].as_str(), "{name}: {}", row["ended_at"]);
    }
    reports_answer(&folder.path().join("usage.db"));
}

#[tokio::test]
async fn hostile_attributes_of_others_cost_no_row() {
    let text = |text: &str| json!({"stringValue": text});
    let hostile = [
        json!({"gen_ai.usage.input_tokens": {"intValue": "-5"}, "gen_ai.usage.output_tokens": {"intValue": "9223372036854775808"}}),
        json!({"gen_ai.usage.cost": {"doubleValue": "NaN"}, "gen_ai.usage.input_tokens": {"doubleValue": "Infinity"}}),
        json!({"spanledger.confidence.score": {"doubleValue": 1.7}, "gen_ai.request.temperature": {"doubleValue": 1e308}}),
        json!({"spanledger.task": text("\0\u{202e}\u{1b}]0;\u{7}\u{1f600}"), "user.id": text("'; DROP TABLE usage_log; --")}),
        json!({"gen_ai.request.model": {"arrayValue": {"values": [{"intValue": "1"}]}}, "spanledger.cost.usd": text("1e999")}),
    ];
    let mut lines: Vec<Vec<u8>> = hostile
        .into_iter()
        .zip(1..)
        .map(|(attributes, id)| span(id, "1790000000000000000", "1790000001000000000", &attributes))
        .collect();
    let (_, rows) = drained(&[lines.concat()]).await;
    assert_eq!(rows.len(), lines.len());
    assert!(rows.iter().all(|row| row["input_tokens"].is_null() && row["cost_picousd"].is_null()), "{rows:?}");
    assert!(rows.iter().all(|row| row["confidence_score"].is_null()), "{rows:?}");

    // Half of a pair, as Python writes it.
    let half = String::from_utf8(span(99, "1", "2", &json!({"spanledger.task": text("HALF")}))).unwrap();
    lines.insert(2, half.replace("HALF", "\\ud800").into_bytes());
    let (_folder, rows) = drained(&[lines.concat()]).await;
    assert_eq!(rows.len(), lines.len());
    assert!(rows.iter().any(|row| row["task"] == "\u{fffd}"));
}

#[tokio::test]
async fn of_several_versions_of_one_call_the_same_one_stands_in_any_order_and_any_segments() {
    let version = |end: &str, tokens: u64| {
        span(1, "1790000000000000000", end, &json!({"gen_ai.usage.input_tokens": {"intValue": tokens.to_string()}}))
    };
    // The latest end wins; of two that end together, the one with the greater hash, whichever that is.
    let versions = [
        version("1790000001000000000", 1),
        version("1790000003000000000", 2),
        version("1790000003000000000", 3),
        version("1790000002000000000", 4),
    ];
    let mut standing: Option<Map<String, Value>> = None;
    for order in orders() {
        let ordered = order.map(|at| versions[at].clone());
        for segments in [ordered.to_vec(), vec![ordered.concat()]] {
            let (_folder, rows) = drained(&segments).await;
            assert_eq!(rows.len(), 1, "{order:?}");
            let arrival = |name: &String| name == "created_at" || name == "updated_at";
            let row: Map<String, Value> = rows[0].clone().into_iter().filter(|(name, _)| !arrival(name)).collect();
            assert!([json!(2), json!(3)].contains(&row["input_tokens"]), "{order:?}: {}", row["input_tokens"]);
            assert_eq!(*standing.get_or_insert_with(|| row.clone()), row, "{order:?}");
        }
    }
}

/// Every order of four, by swapping (Heap's way).
fn orders() -> Vec<[usize; 4]> {
    fn permute(order: &mut [usize; 4], of: usize, all: &mut Vec<[usize; 4]>) {
        if of == 1 {
            return all.push(*order);
        }
        for at in 0..of {
            permute(order, of - 1, all);
            order.swap(if of.is_multiple_of(2) { at } else { 0 }, of - 1);
        }
    }
    let mut all = Vec::new();
    permute(&mut [0, 1, 2, 3], 4, &mut all);
    assert_eq!(all.len(), 24);
    all
}
