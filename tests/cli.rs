//! The program as people run it: what they read, and what they are told when something is wrong.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::Read,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::{Value, json};
use spanledger::{
    Confidence,
    call::{Call, Later, PricingStatus, Record, Timestamp, UsageSource},
    confidence::{Action, Trust},
    report::REPORTS,
    store::{self, Store, columns::COLUMNS, sqlite::Sqlite},
};
use tempfile::TempDir;

/// 2026-09-21T14:13:20.25Z.
const NOON: i64 = 1_790_000_000_250_000;
const HOUR: i64 = 3_600_000_000;

fn call(number: u8, model: &str, tokens: [u64; 2], cost: Option<&str>) -> Call {
    let mut call = Call::default();
    call.identity.trace_id = TraceId::from_bytes([number; 16]);
    call.identity.span_id = SpanId::from_bytes([number; 8]);
    call.started_at = Timestamp::from_micros(NOON + i64::from(number) * HOUR);
    call.duration = Some(Duration::from_millis(100 * u64::from(number)));
    call.ended_at = call.started_at.after(Duration::from_millis(100 * u64::from(number)));
    call.provider = "openai".into();
    call.operation = "chat".into();
    call.request.model = Some(model.to_owned());
    call.usage.input_tokens = Some(tokens[0]);
    call.usage.output_tokens = Some(tokens[1]);
    call.usage.source = UsageSource::Provider;
    call.cost.total = cost.map(|cost| cost.parse().unwrap());
    call.cost.status = Some(if cost.is_some() { PricingStatus::Exact } else { PricingStatus::Unpriced });
    call
}

/// A ledger of a small application: two models with prices, one without, an error, an agent over a call.
fn calls() -> Vec<Record> {
    let mut classify = call(1, "gpt-4o", [150, 80], Some("0.001175"));
    classify.context =
        spanledger::CallContext::new("material_classification").user(42).job("job-7").tag("image_id", 17);
    classify.response.model = Some("gpt-4o-2024-08-06".to_owned());
    classify.response.finish_reasons = vec!["stop".to_owned()];
    let mut embed = call(2, "text-embedding-3-small", [20, 0], Some("0.0000004"));
    embed.operation = "embeddings".into();
    embed.context = spanledger::CallContext::new("text_embedding_generation").user(42);
    let mut hostile = call(3, "=cmd|'/C calc'!A0", [1000, 2000], None);
    hostile.context = spanledger::CallContext::new("\u{1b}]0;owned\u{7}chat\u{202e}").user("Zoë, \"O'Neil\"");
    let mut failed = call(4, "gpt-4o", [0, 0], None);
    failed.usage = spanledger::call::Usage::default();
    failed.cost.status = None;
    failed.outcome.http_status = Some(429);
    failed.outcome.error_type = Some("429".to_owned());
    failed.outcome.error_message = Some("Rate limit reached".to_owned());
    let mut agent = call(5, "gpt-4o", [150, 80], Some("0.001175"));
    agent.identity.trace_id = classify.identity.trace_id;
    agent.operation = "invoke_agent".into();
    classify.identity.ai_parent_span_id = Some(agent.identity.span_id);

    let mut trust = Trust::default();
    trust.confidence = Some(Confidence::new(0.87).component("completeness", 0.85));
    trust.action = Some(Action::UseAiResult);
    let learnt =
        Later { row_id: store::row_id(&classify), recorded_at: Timestamp::from_micros(NOON + 2 * HOUR), trust };
    let calls = [classify, embed, hostile, failed, agent].map(|call| Record::Call(Box::new(call)));
    calls.into_iter().chain([Record::Later(Box::new(learnt))]).collect()
}

fn ledger_with(records: &[Record]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        store.insert(records).await.unwrap();
        store.close().await;
    });
    folder
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    command.current_dir(folder).env_remove("SPANLEDGER_LEDGER").args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

/// What a person sees: the exit code, standard output, standard error.
fn seen(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    format!(
        "$ spanledger {}\n[{}]\n{}--- stderr\n{}",
        arguments.join(" "),
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap().replace(&folder.display().to_string(), "DIR"),
    )
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_first_report_is_spend_by_model() {
    let ledger = ledger_with(&calls());
    insta::assert_snapshot!(seen(ledger.path(), &["report"]));
}

#[test]
fn every_report_answers_in_every_format() {
    let ledger = ledger_with(&calls());
    for report in REPORTS {
        let rows = json(ledger.path(), &["report", report.name]);
        let csv = run(ledger.path(), &["report", report.name, "--format", "csv"]);
        let lines = String::from_utf8(csv.stdout).unwrap().lines().count();
        assert_eq!(lines, rows.as_array().unwrap().len() + 1, "{}", report.name);
        assert!(run(ledger.path(), &["report", report.name]).status.success(), "{}", report.name);
    }
    insta::assert_snapshot!("report_list", seen(ledger.path(), &["report", "--list"]));
    insta::assert_snapshot!("report_csv", seen(ledger.path(), &["report", "--format", "csv"]));
    insta::assert_snapshot!("report_json", seen(ledger.path(), &["report", "--format", "json"]));
}

#[test]
fn days_are_those_of_the_zone_and_add_up_to_the_range() {
    let ledger = ledger_with(&calls());
    let days = |zone: &str| {
        let rows = json(ledger.path(), &["report", "spend_by_day", "--tz", zone, "--since", "2026-09-21"]);
        let days = rows.as_array().unwrap().iter().map(|row| (row["day"].clone(), row["calls"].as_i64().unwrap()));
        days.collect::<Vec<_>>()
    };
    assert_eq!(days("UTC"), [(json!("2026-09-21"), 4)]);
    // The calls begin at 15:13, 16:13, 17:13 and 18:13 UTC.
    assert_eq!(days("Asia/Yangon"), [(json!("2026-09-21"), 3), (json!("2026-09-22"), 1)]);
    assert_eq!(days("Asia/Tokyo"), [(json!("2026-09-22"), 4)]);
    insta::assert_snapshot!("no_zone", seen(ledger.path(), &["report", "--tz", "Europe/Atlantis"]));
}

#[test]
fn a_report_keeps_to_its_range() {
    let ledger = ledger_with(&calls());
    let calls = |arguments: &[&str]| {
        let rows = json(ledger.path(), &[&["report", "spend_by_day"], arguments].concat());
        rows.as_array().unwrap().iter().filter_map(|row| row["calls"].as_i64()).sum::<i64>()
    };
    assert_eq!(calls(&["--since", "2026-09-21T16:00", "--until", "2026-09-21T17:13:20.250Z"]), 1);
    assert_eq!(calls(&["--since", "2026-09-21", "--until", "2026-09-22"]), 4);
    assert_eq!(calls(&["--until", "2026-09-21"]), 0);
    let nothing = run(ledger.path(), &["report", "--until", "2026-09-21"]);
    assert_eq!(String::from_utf8(nothing.stderr).unwrap(), "No call matches\n");
}

#[test]
fn a_report_is_about_the_calls_that_are_asked_for() {
    let ledger = ledger_with(&calls());
    let calls = |arguments: &[&str]| {
        let rows = json(ledger.path(), &[&["report"], arguments].concat());
        rows.as_array().unwrap().iter().filter_map(|row| row["calls"].as_i64()).sum::<i64>()
    };
    assert_eq!(calls(&["--user", "42"]), 2);
    assert_eq!(calls(&["--user", "42", "--operation", "embeddings"]), 1);
    assert_eq!(calls(&["--status", "error"]), 1);
    assert_eq!(calls(&["--error-type", "429"]), 1);
    assert_eq!(calls(&["--action", "use_ai_result"]), 1);
    assert_eq!(calls(&["--pricing", "unpriced"]), 1);
    assert_eq!(calls(&["--tag", "image_id"]), 1);
    assert_eq!(calls(&["--tag", "image_id=17"]), 1);
    assert_eq!(calls(&["--tag", "image_id=18"]), 0);
    assert_eq!(calls(&["--task", "' OR 1=1 --"]), 0);
    let rows = json(ledger.path(), &["report", "--limit", "2"]);
    assert_eq!(rows.as_array().unwrap().len(), 2);
}

#[test]
fn calls_are_listed_newest_first() {
    let ledger = ledger_with(&calls());
    insta::assert_snapshot!("calls", seen(ledger.path(), &["calls"]));
    insta::assert_snapshot!("calls_limit", seen(ledger.path(), &["calls", "--limit", "2"]));
    insta::assert_snapshot!("calls_csv", seen(ledger.path(), &["calls", "--format", "csv"]));
}

#[test]
fn calls_are_filtered() {
    let ledger = ledger_with(&calls());
    let count = |arguments: &[&str]| json(ledger.path(), &[&["calls"], arguments].concat()).as_array().unwrap().len();
    assert_eq!(count(&["--model", "gpt-4o"]), 3);
    assert_eq!(count(&["--model", "openai:gpt-4o", "--status", "success"]), 2);
    assert_eq!(count(&["--status", "error"]), 1);
    assert_eq!(count(&["--user", "42"]), 2);
    assert_eq!(count(&["--user", "42", "--task", "text_embedding_generation"]), 1);
    assert_eq!(count(&["--job", "job-7"]), 1);
    assert_eq!(count(&["--provider", "anthropic"]), 0);
    assert_eq!(count(&["--task", "' OR 1=1 --"]), 0);
    assert_eq!(count(&["--last", "1m"]), 0);
    assert_eq!(count(&["--since", "2026-09-21T17:13:20.250Z"]), 3);
    assert_eq!(count(&["--limit", "2"]), 2);
}

/// What stands below a list.
fn totals(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, &[&["calls"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once("\n\n").unwrap().1.to_owned()
}

#[test]
fn calls_are_searched_in_what_people_know_them_by() {
    let ledger = ledger_with(&calls());
    add_user(ledger.path(), "42", "Ann Example-Özil", "ann@example.com");
    let found = |text: &str| {
        let rows = json(ledger.path(), &["calls", "--search", text]);
        let shown = totals(ledger.path(), &["--search", text]);
        let [first, second] = [0, 1].map(|line| shown.lines().nth(line).unwrap_or_default());
        let number = |line: &str| line.split(' ').next().unwrap().parse::<usize>().unwrap_or_default();
        let wrappers = if second.ends_with("not summed") { number(second) } else { 0 };
        assert_eq!(rows.as_array().unwrap().len(), number(first) + wrappers, "{text}: {shown}");
        rows.as_array().unwrap().len()
    };
    assert_eq!([found("42"), found("ANN EX"), found("@example.com")], [3, 2, 2], "user (or error 429), name, e-mail");
    assert_eq!([found("Özil"), found("ÖZIL")], [2, 2], "as it is written, and of other letters than a to z only so");
    assert_eq!([found("Material"), found("gpt-4O"), found("rate LIMIT"), found("429")], [1, 3, 1, 1]);
    assert_eq!([found("zoë"), found("O'Neil"), found("invoke_agent")], [1, 1, 1]);
    assert_eq!([found("%"), found("_4"), found("!"), found("' OR 1=1 --")], [0, 0, 1, 0], "no wildcards: =cmd|…!A0");
    let id = json(ledger.path(), &["calls", "--limit", "1"])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!([found(&id[..13]), found(&id[1..])], [1, 0], "the beginning of an id");
}

fn add_user(folder: &Path, id: &str, name: &str, email: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(folder.join("usage.db"), false).unwrap();
        let user = store::Query::new("INSERT INTO ai_user (id, name, email) VALUES (?, ?, ?)");
        store.change(&[user.bind(id).bind(name).bind(email)]).await.unwrap();
        store.close().await;
    });
}

#[test]
fn pages_behind_a_place_hold_every_call_once_while_calls_are_added() {
    let many: Vec<_> = (1..=9).map(|number| Record::Call(Box::new(call(number, "m", [1, 1], Some("0.5"))))).collect();
    let ledger = ledger_with(&many[..8]);
    let first = run(ledger.path(), &["calls", "--limit", "3"]);
    let more = String::from_utf8(first.stderr).unwrap();
    let place = more.trim().strip_prefix("More: --after ").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(ledger.path().join("usage.db"), false).unwrap();
        store.insert(&many[8..]).await.unwrap();
        store.close().await;
    });
    let started = |arguments: &[&str]| -> Vec<String> {
        let rows = json(ledger.path(), &[&["calls", "--limit", "3"], arguments].concat());
        let moment = |row: &Value| row["started_at"].as_str().unwrap()[11..13].to_owned();
        rows.as_array().unwrap().iter().map(moment).collect()
    };
    assert_eq!(started(&["--after", place]), ["19", "18", "17"], "as if nothing had come");
    assert_eq!(started(&["--page", "2"]), ["20", "19", "18"], "one further");
    assert_eq!(started(&["--page", "4"]), Vec::<String>::new());
    let totals = totals(ledger.path(), &["--page", "2", "--limit", "3"]);
    assert_eq!(totals, "9 calls: 9 succeeded, 0 failed; 9 tokens in, 9 out; 4.5 USD\n", "of all, not of the page");
    let last = run(ledger.path(), &["calls", "--page", "3", "--limit", "3"]);
    assert!(last.stderr.is_empty(), "there is no more");
    assert_eq!(run(ledger.path(), &["calls", "--after", "yesterday"]).status.code(), Some(2));
}

#[test]
fn a_file_holds_every_call_that_matches_and_a_shorter_list_says_that_there_are_more() {
    let many: Vec<_> = (1..=60).map(|number| Record::Call(Box::new(call(number, "m", [1, 1], Some("0.5"))))).collect();
    let ledger = ledger_with(&many);
    let lines = |arguments: &[&str]| {
        let output = run(ledger.path(), &[&["calls", "--output", "calls.csv"], arguments].concat());
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
        let written = std::fs::read_to_string(ledger.path().join("calls.csv")).unwrap();
        (written.lines().count() - 1, String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(lines(&[]), (60, String::new()));
    assert_eq!(lines(&["--since", "2026-09-23"]).0, 60 - 33, "of the range");
    let (listed, more) = lines(&["--limit", "7"]);
    assert_eq!(listed, 7, "as many as were asked for");
    assert!(more.starts_with("More: --after "), "{more}");
    assert_eq!(lines(&["--after", more.trim().strip_prefix("More: --after ").unwrap()]).0, 53, "all behind it");
    for format in ["csv", "json", "ndjson"] {
        let piped = run(ledger.path(), &["calls", "--format", format]);
        let more = String::from_utf8(piped.stderr).unwrap();
        assert!(more.starts_with("More: --after "), "50 of 60 are not passed off as all: {format} {more}");
    }
}

#[test]
fn what_calls_come_to_is_what_a_report_says() {
    let ledger = ledger_with(&calls());
    let expected = "4 calls: 3 succeeded, 1 failed; 1,170 tokens in, 2,080 out; 0.0011754 USD\n\
                    1 could not be priced: what they cost is not in the sum\n\
                    1 more lies over others and is not summed\n";
    assert_eq!(totals(ledger.path(), &[]), expected);
    assert_eq!(totals(ledger.path(), &["--status", "error"]), "1 call: 0 succeeded, 1 failed\n");
    assert_eq!(totals(ledger.path(), &["--task", "chat"]), "1 call: 0 succeeded, 1 failed\n", "its operation");
}

#[test]
fn a_call_is_shown_by_its_id_its_beginning_or_its_trace() {
    let ledger = ledger_with(&calls());
    let listed = json(ledger.path(), &["calls", "--job", "job-7"]);
    let id = listed[0]["id"].as_str().unwrap();
    for given in [id, &id[..13], &id.to_uppercase()] {
        assert_eq!(json(ledger.path(), &["show", given])[0]["id"], id);
    }
    let shown = json(ledger.path(), &["show", id])[0].clone();
    for column in COLUMNS {
        assert!(shown.get(column.name).is_some(), "{} is not shown", column.name);
    }
    assert_eq!(shown["started_at"], "2026-09-21T15:13:20.250000Z");
    assert_eq!(shown["cost_usd"], "0.001175");
    assert_eq!(shown["tags"], json!({ "image_id": 17 }));
    assert_eq!(shown["confidence_score"], 0.87);
    assert_eq!(shown["billable"], true);
    assert_eq!(shown["scores"][0]["recorded_at"], "2026-09-21T16:13:20.250000Z");

    let trace = json(ledger.path(), &["show", "01010101010101010101010101010101"]);
    assert_eq!(trace.as_array().unwrap().len(), 2);
    let shown = seen(ledger.path(), &["show", &id[..13]]);
    let arrival = |line: &&str| line.starts_with("created_at") || line.starts_with("updated_at");
    assert_eq!(shown.lines().filter(arrival).count(), 2);
    insta::assert_snapshot!("show", shown.lines().filter(|line| !arrival(line)).collect::<Vec<_>>().join("\n"));
    insta::assert_snapshot!("show_nothing", seen(ledger.path(), &["show", "ffffffff-ffff"]));
    insta::assert_snapshot!("show_no_id", seen(ledger.path(), &["show", "gpt-4o"]));
}

#[test]
fn nothing_steers_the_terminal_or_starts_a_formula() {
    let ledger = ledger_with(&calls());
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        for command in [&["calls"][..], &["report", "spend_by_task"], &["show", "03030303030303030303030303030303"]] {
            let output = run(ledger.path(), &[command, &["--format", format]].concat()).stdout;
            let text = String::from_utf8(output).unwrap();
            let steers = |mark: char| mark.is_control() && mark != '\n';
            assert!(!text.chars().any(steers), "{command:?} {format}: {text:?}");
            assert!(format != "csv" || !text.contains(",=cmd"), "{text}");
        }
    }
}

#[test]
fn a_ledger_that_is_not_there_is_a_sentence_and_never_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["report"][..], &["calls"], &["show", "00"], &["migrate", "status"], &["migrate", "down"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty());
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert!(sentence.starts_with("spanledger: There is no ledger at usage.db; "), "{sentence}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    insta::assert_snapshot!("no_ledger", seen(folder.path(), &["report"]));
    insta::assert_snapshot!("no_url", seen(folder.path(), &["--ledger", "usage.db", "report"]));
    insta::assert_snapshot!(
        "no_postgres",
        seen(folder.path(), &["--ledger", "postgres://me:secret@db/usage", "report"])
    );
}

#[test]
fn the_schema_goes_up_and_down() {
    let folder = tempfile::tempdir().unwrap();
    let states = |arguments: &[&str]| {
        let rows = json(folder.path(), arguments);
        rows.as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(states(&["migrate", "up"]).iter().all(|state| state == "applied"));
    assert!(states(&["migrate", "up"]).iter().all(|state| state == "applied"));
    assert!(run(folder.path(), &["report"]).status.success(), "an empty ledger is a ledger");
    insta::assert_snapshot!("down_without_yes", seen(folder.path(), &["migrate", "down", "--to", "0"]));
    assert!(states(&["migrate", "down", "--to", "0", "--yes"]).iter().all(|state| state == "pending"));
    insta::assert_snapshot!("report_without_schema", seen(folder.path(), &["report"]));
    assert!(states(&["migrate", "status"]).iter().all(|state| state == "pending"));
}

#[test]
fn the_environment_names_the_ledger() {
    let ledger = ledger_with(&calls());
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", ledger.path().join("usage.db").display());
    let output = program(elsewhere.path(), &["calls"]).env("SPANLEDGER_LEDGER", &url).output().unwrap();
    assert!(output.status.success());
    assert!(run(elsewhere.path(), &["calls", "--ledger", &url]).status.success(), "also behind the subcommand");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let ledger = ledger_with(
        &(0..250).map(|number| Record::Call(Box::new(call(number, "m", [1, 1], None)))).skip(1).collect::<Vec<_>>(),
    );
    let mut child = program(ledger.path(), &["calls", "--limit", "5000", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}

#[test]
fn what_cannot_be_understood_is_exit_code_two() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["repotr"][..],
        &["report", "spend_by_moon"],
        &["calls", "--since", "yesterday"],
        &["calls", "--last", "7"],
        &[],
    ] {
        assert_eq!(run(folder.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    for command in [&["report"][..], &["calls"], &["models"], &["reprice", "--dry-run"]] {
        let range = ["--since", "2026-11-01", "--until", "2026-10-01"];
        let sentence = String::from_utf8(run(folder.path(), &[command, &range].concat()).stderr).unwrap();
        let meant = "spanledger: Nothing lies between --since and --until: ";
        assert!(sentence.starts_with(meant), "{command:?}: {sentence}");
    }
    insta::assert_snapshot!("bad_time", seen(folder.path(), &["calls", "--since", "yesterday"]));
}

#[test]
fn help_has_examples() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["report", "calls", "show", "migrate", "proxy"] {
        let seen = seen(folder.path(), &[command, "--help"]);
        assert!(seen.contains("Examples:\n  spanledger "), "{seen}");
    }
    insta::assert_snapshot!("help", seen(folder.path(), &["--help"]));
    insta::assert_snapshot!("help_report", seen(folder.path(), &["report", "--help"]));
    insta::assert_snapshot!("help_proxy", seen(folder.path(), &["proxy", "--help"]));
    insta::assert_snapshot!("help_calls", seen(folder.path(), &["calls", "--help"]));
}

#[test]
fn every_command_that_prints_rows_prints_chosen_columns_and_names_those_that_there_are() {
    let ledger = ledger_with(&calls());
    for command in [&["calls"][..], &["report"], &["show", "01010101010101010101010101010101"]] {
        let output = run(ledger.path(), &[command, &["--columns", "cost_usd,provider", "--format", "csv"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().next(), Some("cost_usd,provider"), "{command:?}");
        let output = run(ledger.path(), &[command, &["--columns", "provider,costs"]].concat());
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(sentence.starts_with("spanledger: There is no column \"costs\" here; there are "), "{sentence}");
        assert!(sentence.contains(", cost_usd"), "{sentence}");
    }
}

#[test]
fn the_name_of_a_file_says_what_is_written_into_it() {
    let ledger = ledger_with(&calls());
    for (name, begins) in [("a.csv", "provider,"), ("a.json", "[\n{"), ("a.jsonl", "{\"provider\""), ("a.xlsx", "PK")] {
        let output = run(ledger.path(), &["report", "--output", name]);
        assert!(output.status.success() && output.stdout.is_empty(), "{name}");
        let written = std::fs::read(ledger.path().join(name)).unwrap();
        assert!(written.starts_with(begins.as_bytes()), "{name}");
    }
    let output = run(ledger.path(), &["report", "--output", "nowhere/a.csv"]);
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert!(sentence.starts_with("spanledger: nowhere/a.csv cannot be written: "), "{sentence}");
}

#[test]
fn what_is_piped_has_no_colours_and_no_bars_unless_they_are_asked_for() {
    let ledger = ledger_with(&calls());
    let report = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = program(ledger.path(), &[&["calls"], arguments].concat());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!report(&[], &[]).contains('\u{1b}'));
    assert!(report(&[("CLICOLOR_FORCE", "1")], &[]).contains("\u{1b}[31m"), "a call has failed");
    assert!(!report(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]).contains('\u{1b}'));
    assert!(!report(&[("CLICOLOR_FORCE", "1")], &["--format", "csv"]).contains('\u{1b}'));
    let bars = |arguments: &[&str]| {
        let output = run(ledger.path(), &[&["report", "spend_by_task"], arguments].concat());
        String::from_utf8(output.stdout).unwrap().contains('█')
    };
    assert_eq!([bars(&[]), bars(&["--bars", "always"]), bars(&["--bars", "never"])], [false, true, false]);
}
