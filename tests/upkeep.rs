//! What an operator does to a ledger: take away what is old, name its users, delete a model.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use spanledger::{
    CallContext,
    call::{Call, Content, Record, Score, Scored, Timestamp},
    store::{self, Query, Store as _, sql_text, sqlite::Sqlite},
};
use tempfile::TempDir;

const DAY: i64 = 24 * 3_600_000_000;
/// What was said in every call.
const SAID: &str = "canary-of-what-was-said";

fn days_ago(days: i64) -> Timestamp {
    Timestamp::from_micros(Timestamp::now().micros() - days * DAY)
}

/// A call of so many days ago with its content and a score.
fn records(number: u64, model: &str, days: i64) -> Vec<Record> {
    let mut call = Call::default();
    call.identity.trace_id = u128::from(number).into();
    call.identity.span_id = number.into();
    (call.started_at, call.ended_at) = (days_ago(days), days_ago(days));
    (call.provider, call.operation) = ("openai".into(), "chat".into());
    call.request.model = Some(model.to_owned());
    call.cost.total = Some("0.25".parse().unwrap());
    call.context = CallContext::new("t").user(number);
    let row_id = store::row_id(&call);
    let started_at = call.started_at;
    let content = Content {
        row_id,
        started_at,
        prompt: Some(SAID.to_owned()),
        request: Some(json!([SAID])),
        response: Some(json!(SAID)),
    };
    let mut score = Score::default();
    (score.name, score.score) = ("accuracy".to_owned(), Some(0.5));
    vec![
        Record::Call(Box::new(call)),
        Record::Content(Box::new(content)),
        Record::Score(Box::new(Scored { row_id, recorded_at: started_at, score })),
    ]
}

/// A ledger of calls of the last days, each of which arrived when it was made.
fn ledger(calls: &[(&str, i64)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<_> = (1..).zip(calls).flat_map(|(number, (model, days))| records(number, model, *days)).collect();
    with(folder.path(), async |store| {
        store.insert(&records).await.unwrap();
        let changes = [
            "UPDATE usage_log SET created_at = started_at",
            "UPDATE ai_call_content SET created_at = started_at",
            "UPDATE ai_call_score SET created_at = recorded_at",
        ];
        store.change(&changes.map(Query::new)).await.unwrap();
    });
    folder
}

fn with<T>(folder: &Path, what: impl AsyncFnOnce(&Sqlite) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(folder.join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        let got = what(&store).await;
        store.close().await;
        got
    })
}

fn ask(folder: &Path, sql: &'static str) -> Vec<Vec<Value>> {
    with(folder, async |store| store.query(&Query::new(sql)).await.unwrap().rows)
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM usage_log), (SELECT count(*) FROM ai_call_content), (SELECT count(*) FROM ai_call_score)";

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    command.current_dir(folder).env_remove("SPANLEDGER_LEDGER").args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).stdin(Stdio::null()).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn rows(output: &Output) -> Value {
    assert!(output.status.success(), "{}", told(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said_in(file: &Path) -> bool {
    fs::read(file).is_ok_and(|bytes| bytes.windows(SAID.len()).any(|window| window == SAID.as_bytes()))
}

#[test]
fn gc_shows_what_would_go_and_deletes_it_only_when_told() {
    let folder = ledger(&[("gpt-4o", 500), ("gpt-4o", 100), ("gpt-4o", 1)]);
    let options = ["gc", "--content", "30d", "--calls", "400d", "--scores", "30d"];
    let dry = run(folder.path(), &[&options[..], &["--format", "json"]].concat());
    let found = rows(&dry);
    let of = |what: &str| {
        let row = found.as_array().unwrap().iter().find(|row| row["what"] == what).unwrap();
        (row["rows"].as_u64().unwrap(), row["oldest_at"].as_str().map(|at| at[..10].to_owned()))
    };
    let day = Some(sql_text(days_ago(500))[..10].to_owned());
    assert_eq!(of("calls"), (1, day.clone()));
    assert_eq!(of("content"), (2, day), "with that of the calls that go");
    assert_eq!(of("scores without a call"), (0, None));
    assert_eq!(found.as_array().unwrap().len(), 3, "no call is dated in the future: {found}");
    assert!(told(&dry).contains("Nothing was deleted"), "{}", told(&dry));
    assert_eq!(ask(folder.path(), COUNTS), [[json!(3), json!(3), json!(3)]]);

    let wet = run(folder.path(), &[&options[..], &["--yes"]].concat());
    assert!(wet.status.success() && told(&wet).contains("Deleted 2 rows"), "{}", told(&wet));
    assert_eq!(ask(folder.path(), COUNTS), [[json!(2), json!(1), json!(2)]]);
    let again = run(folder.path(), &[&options[..], &["--yes"]].concat());
    assert!(told(&again).contains("Deleted 0 rows"), "{}", told(&again));
}

#[test]
fn gc_without_a_span_says_what_to_say() {
    let folder = ledger(&[]);
    let nothing = run(folder.path(), &["gc"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(told(&nothing).contains("--content"), "{}", told(&nothing));
    let both = run(folder.path(), &["gc", "--calls", "1d", "--yes", "--dry-run"]);
    assert_eq!(both.status.code(), Some(2), "{}", told(&both));
}

#[test]
fn after_a_vacuum_nothing_of_what_was_said_is_in_the_file() {
    let folder = ledger(&[("gpt-4o", 2), ("gpt-4o", 1)]);
    let (file, wal) = (folder.path().join("usage.db"), folder.path().join("usage.db-wal"));
    assert!(said_in(&file) || said_in(&wal), "the search finds what is there");
    let output = run(folder.path(), &["gc", "--content", "0d", "--yes", "--vacuum"]);
    assert!(output.status.success() && told(&output).contains("given back"), "{}", told(&output));
    assert!(!said_in(&file) && !said_in(&wal));
    assert_eq!(ask(folder.path(), COUNTS), [[json!(2), json!(0), json!(2)]]);
}

#[test]
fn reports_and_the_views_do_not_count_what_went() {
    let folder = ledger(&[("gpt-4o", 500), ("gpt-4o", 1)]);
    let spend = || rows(&run(folder.path(), &["report", "spend_by_model", "--format", "json"]))[0]["calls"].clone();
    assert_eq!(spend(), 2);
    assert!(run(folder.path(), &["gc", "--calls", "400d", "--yes"]).status.success());
    assert_eq!(spend(), 1);
    assert_eq!(ask(folder.path(), "SELECT count(*) FROM ai_usage_log"), [[json!(1)]]);
}

/// So many that deleting them takes several batches.
const MANY: u64 = 12_000;

/// A ledger with many old calls, and nothing else.
fn old_ledger() -> TempDir {
    let folder = ledger(&[]);
    let calls: Vec<_> = (1..=MANY).map(|number| records(number, "gpt-4o", 500).remove(0)).collect();
    with(folder.path(), async |store| {
        for calls in calls.chunks(2000) {
            store.insert(calls).await.unwrap();
        }
        store.change(&[Query::new("UPDATE usage_log SET created_at = started_at")]).await.unwrap();
    });
    folder
}

const OLD: &str = "SELECT count(*) FROM usage_log WHERE created_at = started_at";

#[test]
fn who_writes_goes_on_while_gc_deletes() {
    let folder = old_ledger();
    let mut gc = program(folder.path(), &["gc", "--calls", "400d", "--yes"]).stderr(Stdio::null()).spawn().unwrap();
    let mut written = 0;
    while gc.try_wait().unwrap().is_none() {
        let call = records(MANY + 1 + written, "gpt-4o", 1).remove(0);
        with(folder.path(), async |store| store.insert(&[call]).await.unwrap());
        written += 1;
    }
    assert!(gc.wait().unwrap().success());
    assert_eq!(ask(folder.path(), OLD), [[json!(0)]]);
    assert_eq!(ask(folder.path(), COUNTS)[0][0], json!(written));
    assert!(written > 0, "somebody wrote meanwhile");
}

#[cfg(unix)]
#[test]
fn gc_that_is_interrupted_ends_behind_its_batch_and_is_completed_by_another_run() {
    let folder = old_ledger();
    let options = ["gc", "--calls", "400d", "--yes"];
    let gc = program(folder.path(), &options).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let left = || ask(folder.path(), OLD)[0][0].as_u64().unwrap();
    while left() == MANY {}
    Command::new("kill").args(["-INT", &gc.id().to_string()]).status().unwrap();
    let ended = gc.wait_with_output().unwrap();
    // It may have been done by then.
    let (code, left_then) = (ended.status.code().unwrap(), left());
    assert_eq!(code, if left_then > 0 { 130 } else { 0 }, "{left_then} left: {}", told(&ended));
    assert!(left_then % 2000 == 0, "whole batches: {left_then}");
    assert!(run(folder.path(), &options).status.success());
    assert_eq!(left(), 0);
}

const OF_MODELS: &str = "SELECT modelname, version FROM ai_model ORDER BY modelname, version";

#[test]
fn a_model_goes_with_its_calls_their_content_and_scores_and_no_report_counts_them() {
    let folder = ledger(&[("gpt-4o-2024-08-06", 2), ("gpt-4o-2024-08-06", 1), ("gpt-4o", 1), ("llama3.1:8b", 1)]);
    let output = run(folder.path(), &["models", "delete", "gpt-4o@2024-08-06", "--yes"]);
    assert!(output.status.success(), "{}", told(&output));
    let says =
        "With gpt-4o@2024-08-06 go 2 calls that cost 0.5 USD, what was said in 2 of them, and 2 scores and facts.";
    assert!(told(&output).starts_with(says), "{}", told(&output));
    assert_eq!(ask(folder.path(), COUNTS), [[json!(2), json!(2), json!(2)]]);
    assert_eq!(ask(folder.path(), OF_MODELS), [[json!("gpt-4o"), json!("")], [json!("llama3.1:8b"), json!("")]]);
    let spend = rows(&run(folder.path(), &["report", "spend_by_day", "--format", "json"]));
    let calls: u64 = spend.as_array().unwrap().iter().map(|row| row["calls"].as_u64().unwrap()).sum();
    assert_eq!(calls, 2, "{spend}");
}

#[test]
fn a_model_is_never_deleted_without_a_yes() {
    let folder = ledger(&[("gpt-4o-2024-08-06", 1), ("gpt-4o", 1)]);
    for (name, says) in [
        ("gpt-4o", "several versions; name one of gpt-4o@, gpt-4o@2024-08-06"),
        ("gpt-5", "There is no model \"gpt-5\""),
        ("gpt-4o@", "say --yes"),
    ] {
        let output = run(folder.path(), &["models", "delete", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(told(&output).contains(says), "{name}: {}", told(&output));
    }
    assert_eq!(ask(folder.path(), COUNTS), [[json!(2), json!(2), json!(2)]]);
}

/// Whoever deletes a model by SQL of their own gets the same.
#[test]
fn the_schema_itself_takes_away_what_belongs_to_a_model() {
    let folder = ledger(&[("gpt-4o", 1), ("llama3.1:8b", 1)]);
    let spend = || rows(&run(folder.path(), &["report", "spend_by_day", "--format", "json"]))[0]["calls"].clone();
    assert_eq!(spend(), 2);
    let delete = Query::new("DELETE FROM ai_model WHERE modelname = 'gpt-4o'");
    with(folder.path(), async |store| store.change(&[delete]).await.unwrap());
    assert_eq!(ask(folder.path(), COUNTS), [[json!(1), json!(1), json!(1)]]);
    assert_eq!(spend(), 1);
}

fn import(folder: &Path, csv: &str) -> Output {
    fs::write(folder.join("users.csv"), csv).unwrap();
    run(folder, &["users", "import", "users.csv"])
}

const USERS: &str = "SELECT id, name, email, link FROM ai_user ORDER BY id";

#[test]
fn users_are_imported_listed_and_found_by_their_calls() {
    let folder = ledger(&[("gpt-4o", 1)]);
    let csv = "\u{feff}Name, e-mail ,ID,colour\n\"Zoë, \"\"O'Neil\"\"\",zoe@example.com,1,red\nAda,,2,blue\n";
    let output = import(folder.path(), csv);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("\"colour\" is passed over"), "{}", told(&output));
    assert_eq!(
        ask(folder.path(), USERS),
        [
            [json!("1"), json!("Zoë, \"O'Neil\""), json!("zoe@example.com"), Value::Null],
            [json!("2"), json!("Ada"), Value::Null, Value::Null],
        ]
    );
    let listed = rows(&run(folder.path(), &["users", "list", "--format", "json"]));
    assert_eq!((&listed[0]["user_id"], &listed[0]["calls"], &listed[1]["calls"]), (&json!("1"), &json!(1), &json!(0)));
    let again = import(folder.path(), csv);
    assert!(String::from_utf8(again.stdout).unwrap().contains("0 are new or changed"), "the same file twice");
}

#[test]
fn an_import_changes_what_the_file_says_and_nothing_else() {
    let folder = ledger(&[]);
    import(folder.path(), "id,name,email\n1,Ada,ada@example.com\n2,Bob,bob@example.com\n");
    import(folder.path(), "id,email,link\n1,,https://example.com/ada\n");
    assert_eq!(
        ask(folder.path(), USERS),
        [
            [json!("1"), json!("Ada"), Value::Null, json!("https://example.com/ada")],
            [json!("2"), json!("Bob"), json!("bob@example.com"), Value::Null],
        ]
    );
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_costs_no_other() {
    let folder = ledger(&[]);
    let mut csv = "id,name\n1,Ada\n2\n,Nobody\n3,".as_bytes().to_vec();
    csv.extend([0xff, b'\n']);
    csv.extend(b"4,Zo\xc3\xab\n5,E\0ve\n");
    fs::write(folder.path().join("users.csv"), csv).unwrap();
    let output = run(folder.path(), &["users", "import", "users.csv"]);
    assert!(output.status.success());
    let told = told(&output);
    for line in ["line 3: 1 cells where the header has 2", "line 4: without an id", "line 5: not UTF-8"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let names = ask(folder.path(), "SELECT id, name FROM ai_user ORDER BY id");
    assert_eq!(names, [[json!("1"), json!("Ada")], [json!("4"), json!("Zoë")], [json!("5"), json!("Eve")]]);
}

#[test]
fn lines_that_a_missing_quote_swallows_become_nobodys_name_and_are_told() {
    let folder = ledger(&[]);
    let output = import(folder.path(), "id,name\n1,Ada\n2,\"Bob\n3,Eve\n");
    assert!(told(&output).contains("line 3: a cell goes on behind its line"), "{}", told(&output));
    assert_eq!(ask(folder.path(), "SELECT id, name FROM ai_user"), [[json!("1"), json!("Ada")]]);
}

#[test]
fn a_file_without_ids_is_refused_in_a_sentence() {
    let folder = ledger(&[]);
    for (csv, says) in [
        ("name,email\nAda,a@example.com\n", "one of them is id"),
        ("", "one of them is id"),
        ("id,id\n1,2\n", "two columns"),
        ("id\n,\n", "Nothing in users.csv could be imported"),
    ] {
        let output = import(folder.path(), csv);
        assert_eq!(output.status.code(), Some(1), "{csv:?}");
        assert!(told(&output).contains(says), "{csv:?}: {}", told(&output));
    }
    let missing = run(folder.path(), &["users", "import", "nobody.csv"]);
    assert!(told(&missing).contains("nobody.csv cannot be opened"), "{}", told(&missing));
}

#[test]
fn users_come_from_standard_input_too() {
    let folder = ledger(&[]);
    let mut child =
        program(folder.path(), &["users", "import", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"id\n7\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(ask(folder.path(), USERS), [[json!("7"), Value::Null, Value::Null, Value::Null]]);
}
