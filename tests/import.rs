//! `spanledger import` and `drain`: what others recorded becomes rows, once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/otlp/collector.jsonl");

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    program
        .args(arguments)
        .env("SPANLEDGER_LEDGER", format!("sqlite://{}/usage.db", folder.display()))
        .env_remove("SPANLEDGER_PRICES")
        .env_remove("SPANLEDGER_SPOOL");
    program
}

fn spanledger(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
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

/// A line with one span; ids are given by their last digits.
fn line(span: &str, parent: &str, operation: &str) -> String {
    let text = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
    let count = |key: &str, value: u64| format!(r#"{{"key":"{key}","value":{{"intValue":"{value}"}}}}"#);
    let attributes = [
        text("gen_ai.operation.name", operation),
        text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", "gpt-4o-mini"),
        count("gen_ai.usage.input_tokens", 1000),
        count("gen_ai.usage.output_tokens", 100),
    ];
    let parent = if parent.is_empty() { String::new() } else { format!("00000000000000{parent}") };
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00000000000000{span}","parentSpanId":"{parent}","name":"x","startTimeUnixNano":"1793527200000000000","endTimeUnixNano":"1793527201500000000","attributes":[{}]}}]}}]}}]}}"#,
        attributes.join(",")
    )
}

#[test]
fn a_span_that_another_ai_span_lies_under_is_kept_and_not_summed_in_any_order() {
    let spans = [line("a1", "", "invoke_agent"), line("a2", "a1", "chat"), line("a3", "a1", "chat")];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spans.jsonl");
        for span in order {
            std::fs::write(&file, &spans[span]).unwrap();
            assert!(spanledger(folder.path(), &["import", file.to_str().unwrap()]).status.success());
        }
        assert_eq!(calls(folder.path()).len(), 3, "{order:?}: all are kept");
        let report = spanledger(folder.path(), &["report", "--format", "json"]);
        let report: Value = serde_json::from_slice(&report.stdout).unwrap();
        assert_eq!((&report[0]["calls"], &report[0]["input_tokens"]), (&2.into(), &2000.into()), "{order:?}: {report}");
    }
}

/// A line with one span that is no AI call: of a tool, or of an HTTP client.
fn between(span: &str, parent: &str, name: &str, value: &str) -> String {
    let call = line(span, parent, "");
    let (head, _) = call.split_once("\"attributes\":[").unwrap();
    format!(r#"{head}"attributes":[{{"key":"{name}","value":{{"stringValue":"{value}"}}}}]}}]}}]}}]}}"#)
}

/// A chat under an HTTP client under a tool under an agent, and a chat directly under the agent.
fn far_family() -> [String; 5] {
    [
        line("a1", "", "invoke_agent"),
        between("b1", "a1", "gen_ai.operation.name", "execute_tool"),
        between("b2", "b1", "http.request.method", "POST"),
        line("a2", "b2", "chat"),
        line("a3", "a1", "chat"),
    ]
}

/// Calls and input tokens that count.
fn counted(folder: &Path) -> (Value, Value) {
    let report = spanledger(folder, &["report", "--format", "json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    (report[0]["calls"].clone(), report[0]["input_tokens"].clone())
}

#[test]
fn a_call_lies_under_another_also_with_tools_and_clients_between_in_any_order_of_lines() {
    let spans = far_family();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 2, 4, 1], [1, 3, 0, 4, 2]] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spans.jsonl");
        let lines: Vec<&str> = order.iter().map(|at| spans[*at].as_str()).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        let output = spanledger(folder.path(), &["import", file.to_str().unwrap()]);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(
            told.starts_with("Read 3 calls and 0 later facts; skipped 2 other spans;"),
            "a tool is no call: {told}"
        );
        assert_eq!(counted(folder.path()), (2.into(), 2000.into()), "{order:?}: the agent is kept and not summed");
        let again = spanledger(folder.path(), &["import", file.to_str().unwrap()]);
        assert!(String::from_utf8_lossy(&again.stdout).contains("Stored 0 rows; 3 were there already."));
    }
}

#[test]
fn spans_that_come_in_one_request_are_placed_wherever_it_is_read() {
    let inner = |line: &str| {
        let from = line.find("\"spans\":[").unwrap() + 9;
        line[from..line.len() - "]}]}]}".len()].to_owned()
    };
    let all = far_family().map(|span| inner(&span)).join(",");
    let request = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{all}]}}]}}]}}"#);
    let imported = tempfile::tempdir().unwrap();
    let file = imported.path().join("spans.jsonl");
    std::fs::write(&file, &request).unwrap();
    assert!(spanledger(imported.path(), &["import", file.to_str().unwrap()]).status.success());
    assert_eq!(counted(imported.path()), (2.into(), 2000.into()));
    // As the collector's file exporter may write it into a spool.
    let spooled = tempfile::tempdir().unwrap();
    let spool = spooled.path().join("usage.db.spool");
    std::fs::create_dir(&spool).unwrap();
    std::fs::write(spool.join("collector.jsonl"), request + "\n").unwrap();
    assert_eq!(counted(spooled.path()), (2.into(), 2000.into()));
}

#[test]
fn what_was_learnt_of_a_calls_place_is_not_lost_to_a_line_that_does_not_know_it() {
    let spans = far_family();
    for alone_first in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (alone, all) = (folder.path().join("alone.jsonl"), folder.path().join("all.jsonl"));
        std::fs::write(&alone, &spans[3]).unwrap();
        std::fs::write(&all, spans.join("\n")).unwrap();
        let files = if alone_first { [&alone, &all] } else { [&all, &alone] };
        for file in files {
            assert!(spanledger(folder.path(), &["import", file.to_str().unwrap()]).status.success());
        }
        assert_eq!(counted(folder.path()), (2.into(), 2000.into()), "alone first: {alone_first}");
    }
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

/// Lines of calls with span ids of their own.
fn lines(count: u32) -> Vec<String> {
    let one = line("a1", "", "chat");
    (1..=count).map(|number| one.replace("00000000000000a1", &format!("{number:016x}"))).collect()
}

#[test]
#[cfg(unix)]
fn an_import_is_interrupted_behind_a_line_and_the_same_command_does_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(300);
    let mut import =
        program(folder.path(), &["import", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = import.stdin.take().unwrap();
    writeln!(input, "{}\nno line", lines[0]).unwrap();
    // It is at work once it has said that a line cannot be read.
    let mut notes = std::io::BufReader::new(import.stderr.take().unwrap());
    let mut said = String::new();
    std::io::BufRead::read_line(&mut notes, &mut said).unwrap();
    assert!(said.starts_with("line 2: not JSON"), "{said}");
    assert!(Command::new("kill").args(["-INT", &import.id().to_string()]).status().unwrap().success());
    // It ends behind a line, so it gets lines until it does not read any more.
    while writeln!(input, "{}", lines[1]).is_ok() {}
    assert_eq!(import.wait().unwrap().code(), Some(130));
    said.clear();
    std::io::Read::read_to_string(&mut notes, &mut said).unwrap();
    assert!(
        said.starts_with("spanledger: interrupted: ") && said.ends_with("The same command does the rest.\n"),
        "{said}"
    );

    let file = folder.path().join("all.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    assert!(spanledger(folder.path(), &["import", file.to_str().unwrap()]).status.success());
    let listed = spanledger(folder.path(), &["calls", "--format", "json", "--limit", "1000"]);
    assert_eq!(serde_json::from_slice::<Value>(&listed.stdout).unwrap().as_array().unwrap().len(), 300);
}
