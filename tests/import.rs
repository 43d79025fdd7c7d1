//! `spanledger import` and `drain`: what others recorded becomes rows, once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/otlp/collector.jsonl");

fn spanledger(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanledger"))
        .args(arguments)
        .env("SPANLEDGER_LEDGER", format!("sqlite://{}/usage.db", folder.display()))
        .env_remove("SPANLEDGER_PRICES")
        .env_remove("SPANLEDGER_SPOOL")
        .output()
        .unwrap()
}

fn calls(folder: &Path) -> Vec<Value> {
    let output = spanledger(folder, &["calls", "--format", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().clone()
}

#[test]
fn good_spans_are_imported_and_bad_ones_are_named_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let output = spanledger(folder.path(), &["import", RECORDED]);
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @"
    Read 2 calls and 0 later facts; skipped 1 other spans; 3 could not be read.
    Stored 2 rows; 0 were there already.
    ");
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"
    line 1: a span of trace 0af7651916cd43dd8448eb211c80319c without a valid span id (16 hexadecimal digits)
    line 2: not JSON: expected ident at line 1 column 2
    line 5: neither resourceSpans nor resourceLogs is there
    ");
    let calls = calls(folder.path());
    assert_eq!(calls.len(), 2);
    let of = |provider: &str| calls.iter().find(|call| call["provider"] == provider).unwrap();
    assert_eq!(of("openai")["cost_usd"], "0.00021", "priced at the date of the span");
    assert_eq!(of("anthropic")["status"], "error");
}

#[test]
fn importing_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    spanledger(folder.path(), &["import", RECORDED]);
    let before = calls(folder.path());
    let again = String::from_utf8(spanledger(folder.path(), &["import", RECORDED]).stdout).unwrap();
    assert!(again.contains("Stored 0 rows; 2 were there already."), "{again}");
    assert_eq!(calls(folder.path()), before);
}

#[test]
fn draining_where_nothing_waits_says_so_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = spanledger(folder.path(), &["drain"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "There is no spool: nothing waits.\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_not_there_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let output = spanledger(folder.path(), &["import", "nowhere.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("nowhere.jsonl cannot be opened"), "{notes}");
}

#[test]
fn a_spool_whose_program_ended_before_its_ledger_was_made_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let output = spanledger(folder.path(), &["report"]);
    assert!(!output.status.success(), "neither ledger nor spool");
    let spool = folder.path().join("usage.db.spool");
    std::fs::create_dir(&spool).unwrap();
    let output = spanledger(folder.path(), &["report"]);
    assert!(!output.status.success() && !folder.path().join("usage.db").exists(), "nothing waits, nothing is made");
    std::fs::copy(RECORDED, spool.join("left-behind.jsonl")).unwrap();
    assert_eq!(calls(folder.path()).len(), 2);
}

#[test]
fn a_spool_in_a_folder_of_its_own_is_drained_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("elsewhere");
    let drain = || spanledger(folder.path(), &["drain", "--spool", spool.to_str().unwrap()]);
    assert!(!drain().status.success(), "there is no such folder");
    std::fs::create_dir(&spool).unwrap();
    std::fs::copy(RECORDED, spool.join("left-behind.jsonl")).unwrap();
    assert!(drain().status.success());
    assert_eq!(calls(folder.path()).len(), 2);
}
