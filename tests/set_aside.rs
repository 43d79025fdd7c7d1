//! `spanledger set-aside`: what could not become rows is seen, and goes back once its reason is gone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

fn spanledger(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    program.current_dir(folder).env_remove("SPANLEDGER_LEDGER").env_remove("SPANLEDGER_SPOOL");
    program.env_remove("SPANLEDGER_PRICES").args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap()
}

fn rows(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = spanledger(folder, &[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", told(&output));
    serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().clone()
}

/// A spool in which a line that can be read now was set aside, and one that never will be.
fn spool(folder: &Path) -> String {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/otlp/collector.jsonl");
    let recorded = fs::read_to_string(recorded).unwrap();
    let good = recorded.lines().find(|line| line.contains("anthropic")).unwrap().to_owned();
    let aside = |line: &str, reason: &str, offset: u64| {
        let at = "2026-11-21T08:15:00Z";
        json!({ "reason": reason, "at": at, "segment": "a.jsonl", "offset": offset, "length": line.len(), "line": line })
    };
    let lines = [aside(&good, "its reader panicked", 0), aside("\u{1b}[31mgarbage", "garbage: no JSON object", 999)];
    fs::create_dir(folder.join("usage.db.spool")).unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(folder.join("usage.db.spool/set-aside.jsonl"), text).unwrap();
    good
}

#[test]
fn what_was_set_aside_is_listed_shown_and_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let good = spool(folder.path());
    insta::assert_snapshot!(told(&spanledger(folder.path(), &["set-aside", "list"])), @"
    number  at                    reason                   segment  offset  length
         1  2026-11-21T08:15:00Z  its reader panicked      a.jsonl       0     752
         2  2026-11-21T08:15:00Z  garbage: no JSON object  a.jsonl     999      12
    ");
    assert_eq!(rows(folder.path(), &["set-aside", "show", "1"])[0]["line"], good);
    let shown = told(&spanledger(folder.path(), &["set-aside", "show", "2"]));
    assert!(shown.contains("[31mgarbage") && !shown.contains('\u{1b}'), "{shown:?}");

    insta::assert_snapshot!(told(&spanledger(folder.path(), &["set-aside", "retry"])), @"
    Put back 2 lines.
    Stored 1 rows; 0 were there already.
    1 lines could not become rows; `spanledger set-aside list` tells why.
    ");
    assert_eq!(rows(folder.path(), &["calls"]).len(), 1);
    let left = rows(folder.path(), &["set-aside", "list"]);
    assert_eq!((left.len(), &left[0]["reason"]), (1, &json!("garbage: no JSON object")), "it failed again");
}

#[test]
fn lines_are_put_back_by_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    spool(folder.path());
    let output = spanledger(folder.path(), &["set-aside", "retry", "1"]);
    assert!(output.status.success() && told(&output).contains("Stored 1 rows"), "{}", told(&output));
    let left = rows(folder.path(), &["set-aside", "list"]);
    assert_eq!((left.len(), &left[0]["offset"]), (1, &json!(999)), "the other one was not touched");
}

#[test]
fn what_cannot_be_done_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    assert!(rows(folder.path(), &["set-aside", "list"]).is_empty());
    assert!(told(&spanledger(folder.path(), &["set-aside", "list"])).ends_with("\nNothing is set aside\n"));
    let refused = |arguments: &[&str]| {
        let output = spanledger(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        told(&output)
    };
    assert_eq!(refused(&["set-aside", "show", "1"]), "spanledger: Nothing is set aside\n");
    assert_eq!(refused(&["set-aside", "retry"]), "spanledger: There is no spool: nothing is set aside\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
    spool(folder.path());
    assert_eq!(refused(&["set-aside", "retry", "7"]), "spanledger: There is no line 7: 2 are set aside\n");

    let lock = fs::File::create(folder.path().join("usage.db.spool/drain.lock")).unwrap();
    lock.try_lock().unwrap();
    let busy = refused(&["set-aside", "retry"]);
    assert!(busy.starts_with("spanledger: Another process drains this spool now"), "{busy}");
    assert_eq!(rows(folder.path(), &["set-aside", "list"]).len(), 2);
}
