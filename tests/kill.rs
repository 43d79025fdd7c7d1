//! `kill -9` of a program under load: every call whose body had ended is a row after the next open, once.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

use std::{
    collections::{HashMap, HashSet},
    env,
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use spanledger::{CallContext, CallHandle, Hosts, Ledger, store::Query};

const FOLDER: &str = "SPANLEDGER_TEST_KILL_FOLDER";
const SERVER: &str = "SPANLEDGER_TEST_KILL_SERVER";
const KILLS: u64 = 20;
const CALLERS: usize = 8;

/// The program that is killed: this test's own binary, told so by its environment.
#[test]
fn the_program_under_load() {
    let (Ok(folder), Ok(server)) = (env::var(FOLDER), env::var(SERVER)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async move {
        let ledger = Ledger::builder(format!("sqlite://{folder}/usage.db"))
            .hosts(Hosts::default().name(&server, "openai"))
            .open()
            .unwrap();
        let http =
            reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(ledger.reqwest_middleware()).build();
        let callers = (0..CALLERS).map(|caller| {
            let (http, server) = (http.clone(), server.clone());
            tokio::task::spawn(async move {
                for number in 0.. {
                    let context = CallContext::new("load").tag("number", format!("{caller}-{number}"));
                    let request = http.post(format!("http://{server}/v1/chat/completions")).with_extension(context);
                    let response = request.json(&json!({"model": "m", "messages": []})).send().await.unwrap();
                    let call = CallHandle::from_response(&response);
                    response.bytes().await.unwrap();
                    // The body has ended, and the caller knows the row.
                    let line = format!("\nended {} {caller}-{number}\n", call.row_id().unwrap());
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_whose_body_had_ended_is_a_row_after_kill_9_once() {
    let server = openai().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/usage.db", folder.path().display());
    let mut ended: HashMap<String, String> = HashMap::new();
    for _ in 0..KILLS {
        let after = RandomState::new().hash_one(()) % 400;
        let (folder, server) = (folder.path().to_owned(), server.clone());
        let lines = tokio::task::spawn_blocking(move || run_and_kill(&folder, &server, after)).await.unwrap();
        ended.extend(lines);
    }
    let ledger = Ledger::open(&url).await.unwrap();
    assert_eq!(ledger.flush(Duration::from_secs(60)).await.waiting, 0, "{:?}", ledger.health());
    let store = spanledger::store::open(&url, false).unwrap();
    let table = store.query(&Query::new("SELECT id, json_extract(tags, '$.number') FROM usage_log")).await.unwrap();
    let rows: Vec<(String, String)> = table
        .rows
        .iter()
        .map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_str().unwrap().to_owned()))
        .collect();
    let stored: HashMap<_, _> = rows.iter().cloned().collect();
    assert_eq!(stored.len(), rows.len(), "no row twice");
    let lost: HashSet<_> = ended.iter().filter(|(id, number)| stored.get(*id) != Some(*number)).collect();
    assert!(lost.is_empty(), "{} of {} calls lost: {lost:?}", lost.len(), ended.len());
    println!("{KILLS} kills: {} calls had ended, {} rows stored, 0 lost, 0 doubled", ended.len(), rows.len());
    assert!(ended.len() > usize::try_from(KILLS).unwrap(), "the program was under load when it was killed");
}

/// Runs the program, kills it that many milliseconds after its first call, and tells which calls it had seen end.
fn run_and_kill(folder: &Path, server: &str, after: u64) -> Vec<(String, String)> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_program_under_load", "--nocapture"])
        .envs([(FOLDER, folder.as_os_str()), (SERVER, server.as_ref())])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut seen: Vec<String> = lines.by_ref().find(|line| line.starts_with("ended ")).into_iter().collect();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        child.wait().unwrap();
    });
    seen.extend(lines);
    killer.join().unwrap();
    let words = seen.iter().filter_map(|line| line.strip_prefix("ended ")?.split_once(' '));
    words.map(|(id, number)| (id.to_owned(), number.to_owned())).collect()
}

async fn openai() -> String {
    let answer = axum::Json(
        json!({"id": "x", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
    );
    let router = axum::Router::new().route("/v1/chat/completions", axum::routing::post(async move || answer.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(tokio::task::spawn(async move { axum::serve(listener, router).await }));
    address
}
