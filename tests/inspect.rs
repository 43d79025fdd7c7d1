//! `spanledger inspect`: what the rows of recorded exchanges would be.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/har/recorded.har");

fn inspect(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spanledger"))
        .arg("inspect")
        .args(arguments)
        .env_remove("SPANLEDGER_PRICES")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has seen enough need not read to the end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn rows(output: &Output) -> Vec<Value> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_entry_is_one_line_and_what_is_no_call_is_null() {
    let output = inspect(&[RECORDED], "");
    assert!(output.status.success());
    let rows = rows(&output);
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[1], &rows[2]), (&Value::Null, &Value::Null));
    insta::assert_json_snapshot!(rows[0]);
    insta::assert_json_snapshot!(rows[3]);
}

#[test]
fn an_entry_that_cannot_be_read_is_said_and_costs_nothing_else() {
    let notes = String::from_utf8(inspect(&[RECORDED], "").stderr).unwrap();
    assert!(notes.starts_with("entry 3: startedDateTime \"nope\" is no ISO 8601 time"), "{notes}");
    assert_eq!(notes.lines().count(), 1);
}

#[test]
fn columns_come_in_the_order_of_the_contract() {
    let output = inspect(&[RECORDED], "");
    let line = String::from_utf8(output.stdout).unwrap().lines().next().unwrap().to_owned();
    let mut at = 0;
    for column in spanledger::store::columns::COLUMNS {
        let found = line[at..].find(&format!("\"{}\":", column.name));
        at += found.unwrap_or_else(|| panic!("{} is missing behind the ones before it", column.name));
    }
}

#[test]
fn a_dash_reads_standard_input() {
    let text = std::fs::read_to_string(RECORDED).unwrap();
    assert_eq!(inspect(&["-"], &text).stdout, inspect(&[RECORDED], "").stdout);
}

#[test]
fn nothing_of_prompts_keys_or_headers_is_printed() {
    let output = inspect(&[RECORDED], "");
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8(all).unwrap().contains("canary"));
}

#[test]
fn what_is_no_har_file_is_a_sentence() {
    for (input, expected) in [
        ("nonsense", "standard input is not a HAR file: it is no JSON"),
        ("{}", "standard input is not a HAR file: log.entries is missing"),
    ] {
        let output = inspect(&["-"], input);
        assert_eq!(output.status.code(), Some(1));
        let notes = String::from_utf8(output.stderr).unwrap();
        assert!(notes.contains(expected), "{notes}");
    }
    assert!(inspect(&["-"], r#"{"log": {"entries": []}}"#).status.success());
}

#[test]
fn a_named_host_and_an_own_price_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("prices.toml");
    std::fs::write(&prices, "[[price]]\nprovider = \"vllm\"\nmodel = \"*\"\ninput = \"1\"\noutput = \"2\"\n").unwrap();
    let har = r#"{"log": {"entries": [{"startedDateTime": "2026-11-01T00:00:00Z", "time": 1,
        "request": {"method": "POST", "url": "http://llm.internal:8000/v1/chat/completions", "headers": [],
                    "postData": {"text": "{\"model\": \"own\"}"}},
        "response": {"status": 200, "headers": [], "content": {"text":
            "{\"choices\": [], \"usage\": {\"prompt_tokens\": 10, \"completion_tokens\": 5}}"}}}]}}"#;
    let output = inspect(&["--prices", prices.to_str().unwrap(), "--host", "llm.internal:8000=vllm", "-"], har);
    let row = &rows(&output)[0];
    assert_eq!(row["provider"], "vllm");
    assert_eq!(row["cost_usd"], "0.00002");
    assert_eq!(row["price_source"], "file:prices.toml");
}

#[test]
fn a_har_file_of_any_tool_will_do() {
    // A byte order mark, no zone in the time, no headers at all, base64 folded into lines and without its end.
    let har = serde_json::json!({"log": {"entries": [{
        "startedDateTime": "2026-09-21T12:00:00.000",
        "request": {
            "method": "POST", "url": "https://api.openai.com/v1/chat/completions",
            "postData": {"mimeType": "application/json", "text": "{\"model\":\"gpt-4o-mini\",\"stream\":true}"},
        },
        "response": {"status": 200, "content": {
            "mimeType": "text/event-stream", "encoding": "base64",
            "text": "ZGF0YTogeyJpZCI6ImMxIiwibW9kZWwiOiJncHQtNG8tbWluaSIsImNob2ljZXMiOltdLCJ1c2Fn\r\nZSI6eyJwcm9tcHRfdG9rZW5zIjo3LCJjb21wbGV0aW9uX3Rva2VucyI6Mn19CgpkYXRhOiBbRE9ORV0KCg",
        }},
    }]}});
    let output = inspect(&["-"], &format!("\u{feff}{har}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = rows(&output);
    assert_eq!((&rows[0]["input_tokens"], &rows[0]["output_tokens"]), (&7.into(), &2.into()));
    assert_eq!(rows[0]["started_at"], "2026-09-21T12:00:00.000000Z");
}
