//! `spanledger score` as people and programs run it.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use spanledger::{
    Call, Ledger,
    call::RowId,
    store::{self, Query},
};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);
const TOLD: &str = "SELECT call_id, name, score, label, detail ->> '$' FROM ai_call_score ORDER BY 1, 2";

/// A ledger with three calls, its program ended.
fn ledger() -> (TempDir, Vec<RowId>) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open_blocking(url(&folder)).unwrap();
    let mut ids: Vec<_> = (0..3).map(|_| ledger.record(Call::new("mine", "chat")).unwrap()).collect();
    assert_eq!(ledger.shutdown_blocking(SOON).waiting, 0);
    ids.sort_unstable();
    (folder, ids)
}

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("usage.db").display())
}

fn run(folder: &TempDir, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    command.args(["--ledger", &url(folder), "score"]).args(arguments).current_dir(folder.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input has closed it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What it printed and what it told, if it went well.
fn good(folder: &TempDir, arguments: &[&str], input: &str) -> (String, String) {
    let output = run(folder, arguments, input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, notes) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{out}\n{notes}");
    (out, notes)
}

/// What it told, if it did not go well.
fn bad(folder: &TempDir, arguments: &[&str], code: i32) -> String {
    let output = run(folder, arguments, "");
    assert_eq!(output.status.code(), Some(code));
    String::from_utf8(output.stderr).unwrap()
}

fn scores(folder: &TempDir, sql: &'static str) -> Vec<Vec<Value>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = store::open(&url(folder), false).unwrap();
        let rows = store.query(&Query::new(sql)).await.unwrap().rows;
        store.close().await;
        rows
    })
}

#[test]
fn one_call_is_scored_by_the_beginning_of_its_id() {
    let (folder, ids) = ledger();
    let id = ids[1].to_string();
    let (out, notes) =
        good(&folder, &[&id[..13], "accuracy", "0.93", "--label", "pass", "--explanation", "28 of 30"], "");
    assert_eq!((out.as_str(), notes.as_str()), (format!("accuracy 0.93 pass for {id}\n").as_str(), ""));
    good(&folder, &[&id, "drift", "-2.5"], "");
    good(&folder, &[&id, "confidence", "0.5"], "");
    assert_eq!(
        scores(&folder, TOLD),
        [
            [json!(id), json!("accuracy"), json!(0.93), json!("pass"), json!("28 of 30")],
            [json!(id), json!("confidence"), json!(0.5), Value::Null, Value::Null],
            [json!(id), json!("drift"), json!(-2.5), Value::Null, Value::Null],
        ]
    );
    let told = "SELECT confidence_score FROM usage_log WHERE confidence_score IS NOT NULL";
    assert_eq!(scores(&folder, told), [[0.5]]);
}

#[test]
fn a_whole_id_may_come_before_its_call() {
    let (folder, _) = ledger();
    let id = "00000000-0000-0000-0000-000000000001";
    let (_, notes) = good(&folder, &[id, "relevance", "--label", "relevant"], "");
    assert_eq!(notes, format!("The ledger has no call {id} yet; the score waits for it.\n"));
    assert_eq!(scores(&folder, TOLD).len(), 1);
}

#[test]
fn what_cannot_be_a_score_is_said_in_a_sentence() {
    let (folder, ids) = ledger();
    let id = ids[0].to_string();
    for (arguments, sentence) in [
        (vec![id.as_str(), "accuracy"], "spanledger: This is no score: a score needs a number or a label\n"),
        (vec!["ffffffff-ffff", "accuracy", "1"], "spanledger: The ledger has no call ffffffff-ffff\n"),
        (
            vec!["no", "accuracy", "1"],
            "spanledger: An id is made of the digits 0 to 9, the letters a to f, and dashes\n",
        ),
        (
            vec![id.as_str(), "confidence", "93"],
            "spanledger: A confidence is a number from 0 to 1, such as 0.93 for 93 %\n",
        ),
    ] {
        assert_eq!(bad(&folder, &arguments, 1), sentence);
    }
    for arguments in [vec![], vec![id.as_str()], vec![id.as_str(), "accuracy", "many"]] {
        bad(&folder, &arguments, 2);
    }
    for number in ["many", "NaN", "inf"] {
        let told = bad(&folder, &[id.as_str(), "accuracy", number], 2);
        assert!(told.contains("write a number, such as 0.93; a verdict in a word is --label"), "{told}");
    }
    assert!(scores(&folder, TOLD).is_empty());
    let empty = tempfile::tempdir().unwrap();
    assert!(bad(&empty, &[&id, "accuracy", "1"], 1).starts_with("spanledger: There is no ledger at"));
    assert!(!empty.path().join("usage.db").exists(), "scoring makes no ledger");
}

#[test]
fn many_scores_come_from_a_file_and_one_bad_line_costs_one_line() {
    let (folder, ids) = ledger();
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let file = format!(
        "id,name,score,label,recorded_at\n{},accuracy,0.5,,2026-11-01\n{},accuracy,a lot,,\nnobody,accuracy,1,,\n\
         {},accuracy,0.75,,2026-10-01\n{},,1,,\n{},accuracy,0.25,poor,\n",
        ids[0], ids[1], ids[0], ids[1], ids[2]
    );
    fs::write(folder.path().join("scores.csv"), file).unwrap();
    let (out, notes) = good(&folder, &["--file", "scores.csv"], "");
    assert!(out.starts_with("Read 3 scores; 3 lines could not be read.\n"), "{out}");
    assert_eq!(
        notes,
        "line 3: `a lot` is no number\n\
         line 4: An id is made of the digits 0 to 9, the letters a to f, and dashes\n\
         line 6: a score needs a name, such as accuracy\n"
    );
    let expected = [
        [json!(ids[0]), json!("accuracy"), json!(0.5), Value::Null, Value::Null],
        [json!(ids[2]), json!("accuracy"), json!(0.25), json!("poor"), Value::Null],
    ];
    assert_eq!(scores(&folder, TOLD), expected, "of two with one name the later stands, whatever their order");
    good(&folder, &["--file", "scores.csv"], "");
    assert_eq!(scores(&folder, TOLD), expected, "the same file again changes nothing");
}

#[test]
fn json_lines_come_from_standard_input() {
    let (folder, ids) = ledger();
    let id = ids[2].to_string();
    let lines = format!(
        "{{\"id\":\"{id}\",\"name\":\"accuracy\",\"score\":1,\"explanation\":{{\"by\":\"judge\"}}}}\nnot JSON\n"
    );
    let (out, notes) = good(&folder, &["--file", "-"], &lines);
    assert!(out.starts_with("Read 1 scores; 1 lines could not be read.\n"), "{out}");
    assert!(notes.starts_with("line 2: "), "{notes}");
    let by_judge = json!(r#"{"by":"judge"}"#);
    assert_eq!(scores(&folder, TOLD), [[json!(id), json!("accuracy"), json!(1.0), Value::Null, by_judge]]);
    let none = run(&folder, &["--file", "-"], "not,a,score\n");
    assert_eq!(none.status.code(), Some(1));
}

#[test]
fn a_hostile_name_in_a_file_steers_no_terminal() {
    let (folder, ids) = ledger();
    let bad = json!({"id": ids[0].to_string(), "name": "a", "\u{1b}]0;title\u{7}": 1});
    let good_one = json!({"id": ids[0].to_string(), "name": "a", "score": 1});
    let (_, notes) = good(&folder, &["--file", "-"], &format!("{bad}\n{good_one}\n"));
    assert!(notes.contains("line 1: unknown field `]0;title`"), "{notes:?}");
    assert!(!notes.contains(['\u{1b}', '\u{7}']), "{notes:?}");
}
