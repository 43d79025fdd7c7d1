//! What a client says of who asks, and what is never written down.

use std::fs;

use serde_json::json;
use spanledger::Recorder;

use crate::{
    Bench, SOON, client, server,
    support::{Pace, Row, scenario},
};

/// One call of a proxy with these headers; its row.
async fn row_of(bench: &Bench, headers: &[(&str, &str)]) -> Row {
    let scenario = scenario::named("anthropic messages").unwrap();
    let mut request = client().post(format!("{}{}", bench.url, scenario.path)).json(&scenario.body());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap();
    bench.row().await
}

async fn anthropic() -> crate::support::Server {
    server(scenario::named("anthropic messages").unwrap().api.app(Pace::AtOnce)).await
}

#[tokio::test]
async fn headers_say_who_asks_and_for_what() {
    let upstream = anthropic().await;
    let bench = Bench::before(&upstream.url()).await;
    let row = row_of(
        &bench,
        &[
            ("spanledger-task", "ocr"),
            ("spanledger-user", "Zo%C3%AB"),
            ("spanledger-conversation", "c-1"),
            ("spanledger-job", "j-1"),
            ("Spanledger-Tag-image_id", "17"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("baggage", "user.id=evil,spanledger.variant=B"),
        ],
    )
    .await;
    let who = ["task", "user_id", "conversation_id", "job_id"].map(|column| row.text(column));
    assert_eq!(who, ["ocr", "Zo\u{eb}", "c-1", "j-1"]);
    assert_eq!(row.get("tags"), &json!({"image_id": "17"}));
    assert_eq!(row.text("trace_id"), "0af7651916cd43dd8448eb211c80319c", "the caller's trace");
    assert_eq!(row.text("parent_span_id"), "b7ad6b7169203331", "under the caller's span");
    assert!(row.get("variant").is_null(), "nobody asked for baggage");
}

#[tokio::test]
async fn baggage_fills_what_headers_leave_open_if_that_is_asked_for() {
    let upstream = anthropic().await;
    let choose = |ledger: spanledger::ledger::Builder| ledger.recorder(Recorder::new().with_baggage(true));
    let bench = Bench::with(&upstream.url(), SOON, choose).await;
    let headers =
        [("spanledger-user", "42"), ("baggage", "user.id=evil,spanledger.variant=B,spanledger.tag.shop=North%20End")];
    let row = row_of(&bench, &headers).await;
    assert_eq!((row.text("user_id"), row.text("variant")), ("42", "B"));
    assert_eq!(row.get("tags"), &json!({"shop": "North End"}));
}

#[tokio::test]
async fn credentials_are_in_no_file() {
    const CANARY: &str = "cAnArY-7f3a";
    let upstream = anthropic().await;
    let bench = Bench::before(&upstream.url()).await;
    let request = client()
        .post(format!("{}/v1/messages?key={CANARY}&api-key={CANARY}", bench.url))
        .json(&json!({"model": "claude-haiku-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": CANARY}]}))
        .header("authorization", format!("Bearer {CANARY}"))
        .header("x-api-key", CANARY)
        .header("cookie", format!("session={CANARY}"))
        .header("proxy-authorization", CANARY);
    assert_eq!(request.send().await.unwrap().text().await.unwrap().matches(CANARY).count(), 0);
    bench.row().await;
    let mut files = 0;
    let mut folders = vec![bench.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "{} holds a credential or the prompt", path.display());
        }
    }
    assert!(files >= 2, "the database, and its log or the spool");
}
