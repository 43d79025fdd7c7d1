//! `spanledger proxy`, as people start it.

use std::{fs, path::Path, process::Output};

use crate::{
    client,
    running::{Running, program},
    server,
    support::{Pace, rows, scenario, server::nobody},
};

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_until_ctrl_c_and_leaves_every_row() {
    let scenario = scenario::named("anthropic messages, stream").unwrap();
    let upstream = server(scenario.api.app(Pace::AtOnce)).await;
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("usage.db");
    let running = Running::start(&ledger, &["--to", &upstream.url(), "--provider", "anthropic"]);
    let expected =
        format!("Calls to {} go to {}, their rows to the ledger. Ctrl-C ends it.\n", running.url, upstream.url());
    assert_eq!(running.said, expected);
    let request = client().post(format!("{}{}", running.url, scenario.path)).json(&scenario.body());
    let response = request.header("spanledger-task", "ocr").send().await.unwrap();
    let row_id = response.headers()["spanledger-row-id"].to_str().unwrap().to_owned();
    response.bytes().await.unwrap();

    let (said, well) = tokio::task::spawn_blocking(|| running.stop()).await.unwrap();
    assert_eq!((said.as_str(), well), ("Calls under way have 30 seconds; Ctrl-C again cuts them off.\n", true));
    let rows = rows::all(&format!("sqlite://{}", ledger.display())).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].text("id"), rows[0].text("task"), rows[0].text("provider")),
        (row_id.as_str(), "ocr", "anthropic")
    );
    assert_eq!(rows[0].counts(), scenario.counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_the_ledger_is_told_by_its_name_when_it_begins_and_when_it_ends() {
    let scenario = scenario::named("anthropic messages, stream").unwrap();
    let upstream = server(scenario.api.app(Pace::AtOnce)).await;
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("usage.db");
    let mut running = Running::start(&ledger, &["--to", &upstream.url(), "--provider", "anthropic"]);
    let away = folder.path().join("away");
    fs::create_dir(&away).unwrap();
    let files =
        || ["usage.db", "usage.db-wal", "usage.db-shm"].map(|name| (ledger.with_file_name(name), away.join(name)));
    for (here, there) in files() {
        // What is not there cannot be moved.
        let _ = fs::rename(here, there);
    }
    let call = client().post(format!("{}{}", running.url, scenario.path)).json(&scenario.body());
    call.send().await.unwrap().bytes().await.unwrap();
    let (mut running, began) = tokio::task::spawn_blocking(move || {
        let said = running.says();
        (running, said)
    })
    .await
    .unwrap();
    assert!(began.contains(r#"event="spanledger.drain.store_unavailable" state="began""#), "{began}");
    for (here, there) in files() {
        let _ = fs::rename(there, here);
    }
    let ended = tokio::task::spawn_blocking(move || running.says()).await.unwrap();
    assert!(ended.contains(r#"event="spanledger.drain.store_unavailable" state="ended""#), "{ended}");
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = program(&folder.join("usage.db")).args(arguments).output().unwrap();
    assert!(!status.success() && stdout.is_empty(), "{arguments:?}");
    assert!(!folder.join("usage.db").exists(), "no ledger is made for a command that cannot work");
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn what_cannot_work_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let told = refused(folder.path(), &["--to", "https://api.openai.com", "--listen", "0.0.0.0:0"]);
    assert_eq!(
        told,
        "spanledger: Other machines can reach 0.0.0.0:0, and whoever reaches it can use the proxy; say --allow-remote if \
         that is wanted, or listen on 127.0.0.1\n"
    );
    let told = refused(folder.path(), &["--to", "https://api.openai.com", "--listen", "4000"]);
    assert!(told.contains("write an address and a port, such as 127.0.0.1:4000"), "{told}");
    let told = refused(folder.path(), &["--to", "https://canary@api.openai.com"]);
    assert!(told.contains("it holds credentials") && !told.contains("canary"), "{told}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let told = refused(folder.path(), &["--to", &nobody().await.unwrap(), "--listen", &taken]);
    assert!(told.starts_with(&format!("spanledger: Nothing can listen on {taken}: ")), "{told}");
}
