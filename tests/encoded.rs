//! Answers and requests that pass compressed: the caller gets them as they are, and the row is the one of the plain call.
#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

use std::{convert::Infallible, io::Write as _, vec};

use bytes::Bytes;
use flate2::{Compression, write};
use futures_util::stream;
use http::{Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;
use spanledger::{Hosts, RequestBody};
use support::Row;
use tower::{Layer as _, ServiceExt as _, service_fn};
use wire::Book;

mod support;
mod wire;

const ENCODINGS: [&str; 5] = ["identity", "gzip", "deflate", "br", "zstd"];
/// What differs between two calls that are alike.
const OWN: &[&str] = &[
    "id",
    "trace_id",
    "span_id",
    "started_at",
    "ended_at",
    "duration_ms",
    "time_to_first_chunk_ms",
    "created_at",
    "updated_at",
    "content_hash",
];
const ASKED: &str =
    r#"{"model":"gpt-4o-mini","stream":true,"temperature":0.5,"messages":[{"role":"user","content":"?"}]}"#;
const WHOLE: &str = r#"{"id":"c1","object":"chat.completion","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Oak."},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#;
const STREAM: &str = concat!(
    r#"data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{"content":"Oak."},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\n",
    r#"data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#,
    "\n\ndata: [DONE]\n\n",
);

fn encode(encoding: &str, body: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut encoder = write::GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut encoded = Vec::new();
            brotli::CompressorWriter::new(&mut encoded, 4096, 3, 20).write_all(body).unwrap();
            encoded
        }
        "zstd" => compress_to_vec(body, CompressionLevel::Fastest),
        _ => body.to_vec(),
    }
}

/// A call whose request and answer have these encodings and come in small pieces.
struct Exchange<'a> {
    asked: &'a [u8],
    asked_as: &'a str,
    status: u16,
    content_type: &'a str,
    answer: &'a [u8],
    answered_as: &'a str,
    /// The answer is given as it is sent.
    packed: bool,
    /// How many pieces of 50 bytes the caller reads before it drops the body.
    reads: usize,
}

impl Default for Exchange<'_> {
    fn default() -> Self {
        Self {
            asked: ASKED.as_bytes(),
            asked_as: "identity",
            status: 200,
            content_type: "application/json",
            answer: WHOLE.as_bytes(),
            answered_as: "identity",
            packed: false,
            reads: usize::MAX,
        }
    }
}

type Pieces = StreamBody<stream::Iter<vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

fn in_pieces(body: &[u8]) -> Pieces {
    let pieces: Vec<_> = body.chunks(50).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
    StreamBody::new(stream::iter(pieces))
}

/// Makes the call, checks that both sides got each other's bytes as they were, and gives its row.
async fn whole_row(exchange: Exchange<'_>) -> Row {
    let book = Book::open(Hosts::default());
    let Exchange { asked, asked_as, status, content_type, answer, answered_as, packed, reads } = exchange;
    let (asked, answer) = (encode(asked_as, asked), encode(if packed { "identity" } else { answered_as }, answer));
    let (arrives, sent) = (asked.clone(), answer.clone());
    let provider = service_fn(move |request: Request<RequestBody<Pieces>>| {
        let (arrives, sent) = (arrives.clone(), sent.clone());
        async move {
            let mut body = request.into_body();
            let mut received = Vec::new();
            while let Some(frame) = body.frame().await {
                received.extend_from_slice(&frame?.into_data().unwrap());
            }
            assert!(received == arrives, "the provider gets the request as it was sent");
            Ok::<_, Infallible>(
                Response::builder()
                    .status(status)
                    .header(header::CONTENT_TYPE, content_type)
                    .header(header::CONTENT_ENCODING, answered_as)
                    .body(in_pieces(&sent))
                    .unwrap(),
            )
        }
    });
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header(header::CONTENT_ENCODING, asked_as)
        .body(in_pieces(&asked))
        .unwrap();
    let mut body = book.ledger.tower_layer().layer(provider).oneshot(request).await.unwrap().into_body();
    let mut seen = Vec::new();
    for _ in 0..reads {
        let Some(frame) = body.frame().await else { break };
        seen.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    assert!(answer.starts_with(&seen) && (reads < usize::MAX || seen == answer), "the caller gets what was sent");
    drop(body);
    let rows = book.rows().await;
    assert_eq!(rows.len(), 1);
    rows[0].clone()
}

async fn row(exchange: Exchange<'_>) -> Value {
    whole_row(exchange).await.without(OWN)
}

#[tokio::test]
async fn every_encoding_of_answer_and_request_gives_the_row_of_the_plain_call() {
    for (content_type, answer) in [("application/json", WHOLE), ("text/event-stream", STREAM)] {
        let exchange = || Exchange { content_type, answer: answer.as_bytes(), ..Exchange::default() };
        let plain = row(exchange()).await;
        assert_eq!((&plain["output_tokens"], &plain["ending"]), (&9.into(), &"complete".into()), "{plain:#}");
        assert_eq!(plain["request_model"], "gpt-4o-mini");
        for encoding in ENCODINGS {
            assert_eq!(row(Exchange { answered_as: encoding, ..exchange() }).await, plain, "answered as {encoding}");
            assert_eq!(row(Exchange { asked_as: encoding, ..exchange() }).await, plain, "asked as {encoding}");
        }
    }
}

#[tokio::test]
async fn what_a_decoder_holds_back_to_the_end_has_no_time_of_its_first_chunk() {
    for answered_as in ENCODINGS {
        let answer = STREAM.as_bytes();
        let row =
            whole_row(Exchange { content_type: "text/event-stream", answer, answered_as, ..Exchange::default() }).await;
        assert_eq!(row.get("time_to_first_chunk_ms").is_null(), answered_as == "zstd", "{answered_as}");
    }
}

#[tokio::test]
async fn the_error_in_an_encoded_answer_is_read() {
    let answer = br#"{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}"#;
    for encoding in ENCODINGS {
        let row = row(Exchange { status: 429, answer, answered_as: encoding, ..Exchange::default() }).await;
        assert_eq!((&row["error_message"], &row["error_type"]), (&"Slow down".into(), &"429".into()), "{encoding}");
    }
}

#[tokio::test]
async fn an_encoded_answer_that_is_dropped_is_read_as_far_as_it_came() {
    let events: String =
        (0..4000).map(|i| STREAM.lines().next().unwrap().replace("Oak", &format!("{}", i * i)) + "\n\n").collect();
    for encoding in ENCODINGS {
        let exchange = Exchange {
            content_type: "text/event-stream",
            answer: events.as_bytes(),
            answered_as: encoding,
            reads: encode(encoding, events.as_bytes()).len() / 100,
            ..Exchange::default()
        };
        let row = row(exchange).await;
        assert_eq!((&row["ending"], &row["response_id"]), (&"cancelled".into(), &"c1".into()), "{encoding}");
    }
}

#[tokio::test]
async fn an_encoded_stream_whose_last_message_came_is_complete() {
    for encoding in ENCODINGS {
        // The last piece has come, the body's end is not asked for.
        let reads = encode(encoding, STREAM.as_bytes()).len().div_ceil(50);
        let (content_type, answer) = ("text/event-stream", STREAM.as_bytes());
        let row = row(Exchange { content_type, answer, answered_as: encoding, reads, ..Exchange::default() }).await;
        assert_eq!((&row["ending"], &row["output_tokens"]), (&"complete".into(), &9.into()), "{encoding}");
    }
}

#[tokio::test]
async fn encodings_that_nobody_knows_leave_fields_empty() {
    for encoding in ["compress", "gzip, br"] {
        let row = row(Exchange { answered_as: encoding, asked_as: encoding, ..Exchange::default() }).await;
        assert_eq!((&row["ending"], &row["status"]), (&"complete".into(), &"success".into()), "{encoding}");
        assert_eq!((&row["request_model"], &row["output_tokens"]), (&Value::Null, &Value::Null), "{encoding}");
    }
}

#[tokio::test]
async fn what_is_not_encoded_as_it_says_leaves_fields_empty() {
    for encoding in &ENCODINGS[1..] {
        let answer = encode("gzip", &encode("br", WHOLE.as_bytes()));
        let row = row(Exchange { answer: &answer, answered_as: encoding, ..Exchange::default() }).await;
        assert_eq!((&row["ending"], &row["output_tokens"]), (&"complete".into(), &Value::Null), "{encoding}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_bomb_costs_no_memory() {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::best());
    let (head, tail) = WHOLE.split_at(WHOLE.find("Oak").unwrap());
    encoder.write_all(head.as_bytes()).unwrap();
    for _ in 0..64 {
        encoder.write_all(&[b'A'; 1 << 20]).unwrap();
    }
    encoder.write_all(tail.as_bytes()).unwrap();
    let bomb = encoder.finish().unwrap();
    let before = peak_kib();
    let row = row(Exchange { answer: &bomb, answered_as: "gzip", packed: true, ..Exchange::default() }).await;
    assert_eq!(row["output_tokens"], 9, "what lies behind 64 MiB is read");
    let grown = peak_kib() - before;
    assert!(grown < 32 * 1024, "the copy of 64 MiB took {grown} KiB");
}

/// The most memory that this process ever had.
#[cfg(target_os = "linux")]
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim_end_matches("kB").trim().parse().unwrap()
}
