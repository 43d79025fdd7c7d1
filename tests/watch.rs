//! `--watch`: the steps of a job that another process makes, as they come.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;
use spanledger::{
    CallContext,
    call::{Call, Record, Timestamp, UsageSource},
    store::{Store, sqlite::Sqlite},
};
use tempfile::TempDir;

/// 2026-09-21T14:13:20.25Z.
const NOON: i64 = 1_790_000_000_250_000;

fn step(number: u8, cost: Option<&str>) -> Call {
    let mut call = Call::default();
    call.identity.trace_id = TraceId::from_bytes([number; 16]);
    call.identity.span_id = SpanId::from_bytes([number; 8]);
    call.started_at = Timestamp::from_micros(NOON + i64::from(number) * 1_000_000);
    call.duration = Some(Duration::from_millis(250));
    call.ended_at = call.started_at;
    call.provider = "openai".into();
    call.operation = "chat".into();
    call.request.model = Some("gpt-4o".to_owned());
    call.context = CallContext::new(format!("stage{number}")).job("job-7");
    call.usage.input_tokens = Some(100);
    call.usage.source = UsageSource::Provider;
    call.cost.total = cost.map(|cost| cost.parse().unwrap());
    call
}

/// The process that makes the calls.
struct Job(TempDir, tokio::runtime::Runtime);

impl Job {
    fn new() -> Self {
        let job = Self(
            tempfile::tempdir().unwrap(),
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        );
        job.makes(&[]);
        job
    }

    fn makes(&self, calls: &[Call]) {
        let records: Vec<_> = calls.iter().map(|call| Record::Call(Box::new(call.clone()))).collect();
        self.1.block_on(async {
            let store = Sqlite::open(self.0.path().join("usage.db"), true).unwrap();
            store.migrate().await.unwrap();
            store.insert(&records).await.unwrap();
            store.close().await;
        });
    }
}

struct Watching {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watching {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_spanledger"));
        program.current_dir(folder).env_remove("SPANLEDGER_LEDGER").env_remove("SPANLEDGER_SPOOL");
        let mut child = program.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    fn json(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Ctrl-C; what came behind what was read.
    fn interrupted(self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.rest()
    }

    /// The rest, once it has ended well.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

#[test]
fn each_step_comes_once_with_what_the_job_has_cost_so_far() {
    let job = Job::new();
    let mut elsewhere = step(9, Some("99"));
    elsewhere.context = CallContext::new("other").job("job-8");
    job.makes(&[step(1, Some("0.25")), elsewhere]);
    let arguments = ["calls", "--job", "job-7", "--watch", "--format", "ndjson"];
    let mut watching = Watching::start(job.0.path(), &arguments);
    let first = watching.json();
    assert_eq!((&first["task"], &first["model"]), (&"stage1".into(), &"gpt-4o".into()));
    assert_eq!((&first["duration_ms"], &first["input_tokens"]), (&250.0.into(), &100.into()));
    assert_eq!((&first["cost_usd"], &first["running_cost_usd"]), (&"0.25".into(), &"0.25".into()));
    job.makes(&[step(3, None), step(2, Some("0.5"))]);
    let [second, third] = [watching.json(), watching.json()];
    assert_eq!((&second["task"], &second["running_cost_usd"]), (&"stage2".into(), &"0.75".into()));
    assert_eq!((&third["cost_usd"], &third["running_cost_usd"]), (&Value::Null, &"0.75".into()));
    assert_eq!(watching.interrupted(), "");
}

#[test]
fn rows_for_a_spreadsheet_have_one_header() {
    let job = Job::new();
    job.makes(&[step(1, Some("1"))]);
    let arguments = ["calls", "--watch", "--format", "csv", "--columns", "task,running_cost_usd"];
    let mut watching = Watching::start(job.0.path(), &arguments);
    assert_eq!([watching.line(), watching.line()], ["task,running_cost_usd\n", "stage1,1\n"]);
    job.makes(&[step(2, Some("1"))]);
    assert_eq!(watching.line(), "stage2,2\n");
    assert_eq!(watching.interrupted(), "");
}

#[test]
fn a_report_comes_again_when_it_has_changed() {
    let job = Job::new();
    job.makes(&[step(1, Some("1"))]);
    let arguments = ["report", "job_steps", "--job", "job-7", "--watch", "--format", "json"];
    let mut watching = Watching::start(job.0.path(), &arguments);
    assert_eq!(watching.json()["rows"].as_array().unwrap().len(), 1);
    job.makes(&[step(2, Some("1"))]);
    let second = watching.json();
    assert_eq!(second["rows"][1]["running_cost_usd"], "2");
    assert!(second["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(watching.interrupted(), "");
}

#[test]
fn it_ends_by_itself_when_nothing_comes_any_more() {
    let job = Job::new();
    job.makes(&[step(1, Some("1"))]);
    let arguments = ["calls", "--watch", "--until-idle", "1", "--format", "ndjson", "--columns", "task"];
    assert_eq!(Watching::start(job.0.path(), &arguments).rest(), "{\"task\":\"stage1\"}\n");
}

#[test]
fn what_a_process_that_has_ended_left_in_its_spool_is_seen_too() {
    let job = Job::new();
    let arguments = ["calls", "--watch", "--format", "ndjson", "--columns", "provider"];
    let mut watching = Watching::start(job.0.path(), &arguments);
    let spool = job.0.path().join("usage.db.spool");
    std::fs::create_dir_all(&spool).unwrap();
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/otlp/collector.jsonl");
    std::fs::copy(recorded, spool.join("left-behind.jsonl")).unwrap();
    let mut providers = [watching.line(), watching.line()];
    providers.sort();
    assert_eq!(providers, ["{\"provider\":\"anthropic\"}\n", "{\"provider\":\"openai\"}\n"]);
    assert_eq!(watching.interrupted(), "");
}
