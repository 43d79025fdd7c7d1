//! What is kept of the exchanges of real providers, where they are at hand.
//!
//! The recordings are no part of this project (see `tests/recorded`).

use std::collections::BTreeMap;

use crate::{
    recorded::Recorded,
    replay::Replay,
    wire::{Ask, Http, Payload},
};

use super::*;

/// The answer of this protocol is a recording.
const AUDIO: &str = "openai_speech";

#[tokio::test]
async fn of_every_recorded_exchange_the_prompt_and_the_answer_are_kept() {
    let Some(exchanges) = recorded::all() else {
        println!("{}", recorded::NONE);
        return;
    };
    let replay = Replay::start().await;
    let port = replay.server.host().rsplit_once(':').unwrap().1.to_owned();
    let named = ["localhost", "127.0.0.1"].map(|host| format!("{host}:{port}"));
    let hosts = named.into_iter().fold(Hosts::default(), |hosts, host| hosts.name(host, "ollama"));
    let book = Book::built(|ledger| ledger.hosts(hosts).capture_content(Some(ContentCapture::new())));
    for exchange in &exchanges {
        replay.prepare(exchange, vec![exchange.response_body.clone()]);
        let setup = Setup { http: Http::One, ledger: Some(&book.ledger), retry: Retry::Nowhere };
        let asking = CallContext::new(&exchange.name).scope((WAYS[1].send)(&setup, &ask(exchange, &port)));
        let mut answer = asking.await.map_err(|failure| format!("{failure:?}")).unwrap();
        while !matches!(answer.next().await, Ok(Piece::End(_)) | Err(_)) {}
    }
    let rows = book
        .ask("SELECT task, prompt, request, response, operation, http_status FROM usage_log LEFT JOIN ai_call_content ON call_id = id")
        .await;
    let mut tally: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut faults = Vec::new();
    for row in &rows {
        let exchange = exchanges.iter().find(|exchange| row[0] == exchange.name.as_str()).unwrap();
        let kept = [&row[1], &row[2], &row[3]].map(|part| !part.is_null());
        let counts = tally.entry(exchange.protocol.clone()).or_default();
        counts[0] += 1;
        for (count, kept) in counts[1..].iter_mut().zip(kept) {
            *count += usize::from(kept);
        }
        let answers = row[4] != "embeddings" && row[5].as_u64() < Some(400);
        if answers && !kept[2] && exchange.protocol != AUDIO {
            faults.push(format!("{}: no answer", exchange.name));
        }
        if answers && !kept[1] && serde_json::from_slice::<Value>(&exchange.request_body).is_ok_and(|body| says(&body))
        {
            faults.push(format!("{}: no request", exchange.name));
        }
        for part in [&row[2], &row[3]].into_iter().filter_map(|part| part.as_str()) {
            if part.len() > 64 * 1024 || serde_json::from_str::<Value>(part).is_err() {
                faults.push(format!("{}: {} bytes", exchange.name, part.len()));
            }
        }
    }
    for (protocol, counts) in &tally {
        println!("{protocol:30} {counts:?}");
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(tally.values().map(|counts| counts[3]).sum::<usize>() > 100, "enough is kept for this to mean something");
}

/// Whether a request has messages or a prompt, by the names that nearly all protocols have for them.
fn says(body: &Value) -> bool {
    ["messages", "contents", "prompt", "input"].iter().any(|name| body.get(name).is_some())
}

/// The recorded request, to the port of ours.
fn ask(exchange: &Recorded, port: &str) -> Ask {
    let (_, rest) = exchange.url.split_once("://").unwrap();
    let (authority, target) = rest.split_at(rest.find('/').unwrap());
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let body: Payload = exchange.request_body.clone().into();
    Ask { url: format!("http://{host}:{port}{target}"), headers: exchange.request_headers.clone(), body }
}
