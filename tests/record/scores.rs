//! Scores that arrive later, earlier, twice, or by way of a handle.

use serde_json::{Value, json};
use spanledger::{
    Call,
    call::{RowId, Score},
};

use super::{Desk, rows};

const TOLD: &str = "SELECT name, score, label, detail ->> '$' FROM ai_call_score ORDER BY name";

#[test]
fn a_score_may_come_before_its_row_and_the_later_one_stands() {
    let desk = Desk::open();
    let call = || {
        let at = spanledger::call::Timestamp::from_micros(1_790_000_000_000_000);
        Call::new("mine", "chat").ids(7.into(), 8.into()).started_at(at).ended_at(at)
    };
    let id = desk.ledger.record(call()).unwrap();
    let early = Desk::open();
    assert!(early.ledger.score(id, Score::new("accuracy", 0.1)));
    assert!(early.ledger.score(id, Score::new("accuracy", 0.93).label("pass").explanation("28 of 30")));
    assert!(early.ledger.score(id, Score::new("confidence", 0.5)));
    assert_eq!(early.ask("SELECT count(*) FROM usage_log"), rows![[0]]);
    assert_eq!(early.ledger.record(call()), Some(id), "the same ids and start have the same row id everywhere");
    assert_eq!(early.ask("SELECT confidence_score FROM usage_log"), rows![[0.5]]);
    assert_eq!(early.ask(TOLD), rows![["accuracy", 0.93, "pass", "28 of 30"], ["confidence", 0.5, null, null]]);
}

#[test]
fn what_says_nothing_is_refused_and_costs_nothing() {
    let desk = Desk::open();
    let id = RowId([7; 16]);
    for nothing in [Score::new("", 1.0), Score::new("accuracy", f64::NAN), Score::labelled("action", "x")] {
        assert!(!desk.ledger.score(id, nothing));
    }
    assert!(desk.ledger.score(id, Score::labelled("relevance", "relevant").explanation(json!({"by": "judge"}))));
    assert_eq!(desk.ask(TOLD), rows![["relevance", null, "relevant", r#"{"by":"judge"}"#]]);
    assert_eq!(desk.ledger.health().set_aside, 0);
}

#[test]
fn a_score_line_is_the_standard_event() {
    let desk = Desk::open();
    let id = RowId([7; 16]);
    let shut = desk.ledger.shutdown_blocking(super::SOON);
    assert_eq!(shut.waiting, 0);
    desk.ledger.score(id, Score::new("accuracy", 0.93).label("pass").explanation("good"));
    let spool = desk.folder.path().join("usage.db.spool");
    let lines: String = std::fs::read_dir(spool)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let line: Value = serde_json::from_str(lines.trim()).unwrap();
    let event = &line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
    assert_eq!(event["eventName"], "gen_ai.evaluation.result");
    assert_eq!(
        event["attributes"],
        json!([
            {"key": "spanledger.row.id", "value": {"stringValue": id.to_string()}},
            {"key": "gen_ai.evaluation.name", "value": {"stringValue": "accuracy"}},
            {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.93}},
            {"key": "gen_ai.evaluation.score.label", "value": {"stringValue": "pass"}},
            {"key": "gen_ai.evaluation.explanation", "value": {"stringValue": "good"}},
        ])
    );
}

#[test]
fn a_score_that_cannot_be_read_is_set_aside_alone() {
    let desk = Desk::open();
    let id = RowId([7; 16]).to_string();
    let line = |row: &str, score: Value| {
        let event = json!({"timeUnixNano": "1790000000000000000", "eventName": "gen_ai.evaluation.result", "attributes": [
            {"key": "spanledger.row.id", "value": {"stringValue": row}},
            {"key": "gen_ai.evaluation.name", "value": {"stringValue": "accuracy"}},
            {"key": "gen_ai.evaluation.score.value", "value": score},
        ]});
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [event]}]}]}).to_string()
    };
    let good = line(&id, json!({"doubleValue": 0.5}));
    let lines = [line("nobody", json!({"doubleValue": 1})), good, line(&id, json!({"stringValue": "much"}))];
    let spool = desk.folder.path().join("usage.db.spool");
    std::fs::write(spool.join("of-another-program.jsonl"), lines.join("\n") + "\n").unwrap();
    assert_eq!(desk.ask(TOLD), rows![["accuracy", 0.5, null, null]]);
    assert_eq!(desk.ledger.health().set_aside, 2);
    let aside = std::fs::read_to_string(spool.join("set-aside.jsonl")).unwrap();
    assert!(aside.contains("a row id is a UUID") && aside.contains("a score needs a number or a label"), "{aside}");
}
