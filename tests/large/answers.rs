//! Large answers: the caller gets each byte, nobody holds them, and the counts at the end are read.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use spanledger::framing::MAX_HELD_BYTES;

use crate::{
    bench::{Bench, KIB, MIB},
    chance::Chance,
    pattern::Pattern,
    server::Exchange,
    support::Row,
    wire::{Payload, WAYS},
};

/// What a call may hold more with us than without us: our parser's own bound, the call, and what the connection's buffers
/// differ by from one run to the next.
const BOUND: usize = MAX_HELD_BYTES + MIB;

pub(crate) const ASKED: &str = r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"A long story"}]}"#;
const ASKED_STREAM: &str =
    r#"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"A long story"}]}"#;

/// A document of about so many bytes whose usage comes last.
pub(crate) fn document(bytes: usize) -> Pattern {
    let word = Bytes::from("to be or not to be, that is the question\\n".repeat(1_000));
    Pattern::default()
        .then(r#"{"id":"c1","object":"chat.completion","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":""#)
        .times(bytes / word.len() + 1, word)
        .then(r#""},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#)
}

/// A stream of about so many bytes whose usage comes last.
fn events(bytes: usize) -> Pattern {
    let event = |choices: &str, more: &str| {
        format!(
            "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{choices}]{more}}}\n\n"
        )
    };
    let content = |text: &str| format!(r#"{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}"#);
    let (short, long) = (event(&content("Oak."), ""), event(&content(&"question ".repeat(40_000)), ""));
    let some = Bytes::from(short.repeat(20) + &long);
    Pattern::default()
        .times(bytes / some.len() + 1, some)
        .then(event(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#, ""))
        .then(event("", r#","usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}"#))
        .then("data: [DONE]\n\n")
}

fn counts(row: &Row) -> (Option<u64>, Option<u64>) {
    (row.counts().input, row.counts().output)
}

#[tokio::test]
async fn an_answer_of_100_mib_is_never_held_and_its_usage_is_read() {
    let mut bench = Bench::new("openai").await;
    for (what, content_type, asked, answer) in [
        ("document", "application/json", ASKED, document(100 * MIB)),
        ("stream", "text/event-stream", ASKED_STREAM, events(100 * MIB)),
    ] {
        let asked_pattern = Pattern::default().then(asked);
        let exchange =
            Exchange { path: "/v1/chat/completions", asked: asked_pattern, content_type, answer, encoding: None };
        for way in WAYS {
            let measured = bench.measure(way, &exchange, &Payload::from(asked)).await;
            let (bytes, held) = (exchange.answer.len() / MIB, measured.held / KIB);
            println!("a {what} of {bytes} MiB, {}: {held} KiB more", way.name);
            assert!(measured.held < BOUND, "{}, {what}: {held} KiB more than without us", way.name);
            assert_eq!(counts(&measured.row), (Some(24), Some(9)), "{}, {what}", way.name);
            assert_eq!(measured.row.text("response_model"), "gpt-4o-mini-2024-07-18", "{}, {what}", way.name);
        }
    }
}

/// An answer in one of the other framings.
struct Framed {
    what: &'static str,
    provider: &'static str,
    path: &'static str,
    content_type: &'static str,
    answer: Pattern,
    output: Option<u64>,
}

fn framed() -> [Framed; 4] {
    let text = "question ".repeat(40_000);
    let times = 20 * MIB / text.len() + 1;
    let gemini = |text: &str, usage: &str| {
        format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}],"modelVersion":"m"{usage}}}"#)
    };
    let ollama = |text: &str, done: &str| format!("{{\"model\":\"m\",\"response\":\"{text}\",\"done\":{done}}}\n");
    let counted = r#","usageMetadata":{"promptTokenCount":24,"candidatesTokenCount":9,"totalTokenCount":33}"#;
    let image = Pattern::default().then(r#"data: {"type":"image_generation.completed","b64_json":""#);
    [
        Framed {
            what: "an array",
            provider: "gcp.gemini",
            path: "/v1beta/models/m:streamGenerateContent",
            content_type: "application/json",
            answer: Pattern::default()
                .then("[")
                .times(times, gemini(&text, "") + ",")
                .then(gemini("", counted))
                .then("]"),
            output: Some(9),
        },
        Framed {
            what: "lines",
            provider: "ollama",
            path: "/api/generate",
            content_type: "application/x-ndjson",
            answer: Pattern::default()
                .times(times, ollama(&text, "false"))
                .then(ollama("", r#"true,"prompt_eval_count":24,"eval_count":9"#)),
            output: Some(9),
        },
        Framed {
            what: "an event",
            provider: "openai",
            path: "/v1/images/generations",
            content_type: "text/event-stream",
            answer: image
                .times(20 * MIB / 12_000, "iVBORw0KGgo/".repeat(1_000))
                .then("\",\"usage\":{\"input_tokens\":24,\"output_tokens\":9,\"total_tokens\":33}}\n\n"),
            output: Some(9),
        },
        Framed {
            what: "vectors",
            provider: "openai",
            path: "/v1/embeddings",
            content_type: "application/json",
            answer: Pattern::default()
                .then(r#"{"object":"list","data":["#)
                .times(20 * MIB / 14_000, format!(r#"{{"embedding":[{}0]}},"#, "-0.0123456789,".repeat(1_000)))
                .then(r#"{"embedding":[0]}],"model":"m","usage":{"prompt_tokens":24,"total_tokens":24}}"#),
            output: None,
        },
    ]
}

#[tokio::test]
async fn answers_of_20_mib_in_every_other_framing_are_never_held_and_their_usage_is_read() {
    let asked = r#"{"model":"m","stream":true,"prompt":"A long story"}"#;
    for Framed { what, provider, path, content_type, answer, output } in framed() {
        let mut bench = Bench::new(provider).await;
        let exchange = Exchange { path, asked: Pattern::default().then(asked), content_type, encoding: None, answer };
        for way in WAYS {
            let measured = bench.measure(way, &exchange, &Payload::from(asked)).await;
            let (bytes, held) = (exchange.answer.len() / MIB, measured.held / KIB);
            println!("{bytes} MiB as {what}, {}: {held} KiB more", way.name);
            assert!(measured.held < BOUND, "{}, {what}: {held} KiB more than without us", way.name);
            assert_eq!(counts(&measured.row), (Some(24), output), "{}, {what}", way.name);
        }
    }
}

#[tokio::test]
async fn the_usage_of_an_image_call_is_read_behind_the_image_and_in_front_of_it() {
    let mut bench = Bench::new("openai").await;
    let asked = r#"{"model":"gpt-image-1","prompt":"An oak","n":1}"#;
    let image = Bytes::from("iVBORw0KGgo/".repeat(1 << 12));
    let usage = r#""usage":{"input_tokens":50,"output_tokens":4160,"total_tokens":4210,"input_tokens_details":{"text_tokens":50,"image_tokens":0}}"#;
    let data = |pattern: Pattern| {
        pattern.then(r#""data":[{"b64_json":""#).times((8 * MIB).div_ceil(image.len()), image.clone()).then(r#""}]"#)
    };
    let start = Pattern::default().then(r#"{"created":1790000000,"#);
    for (where_, answer) in [
        ("behind", data(start.clone()).then(",").then(usage).then("}")),
        ("in front of", data(start.then(usage).then(",")).then("}")),
    ] {
        let exchange = Exchange {
            path: "/v1/images/generations",
            asked: Pattern::default().then(asked),
            content_type: "application/json",
            encoding: None,
            answer,
        };
        for way in WAYS {
            let measured = bench.measure(way, &exchange, &Payload::from(asked)).await;
            assert!(measured.held < BOUND, "{}: {} KiB more than without us", way.name, measured.held / KIB);
            assert_eq!(counts(&measured.row), (Some(50), Some(4160)), "usage {where_} the image, {}", way.name);
            assert_eq!(measured.row.text("request_model"), "gpt-image-1", "{}", way.name);
        }
    }
}

/// An encoding, what its window and buffers may take besides (see `framing`), and how a body is encoded so.
type Encoding = (&'static str, usize, fn(&[u8]) -> Vec<u8>);

const ENCODINGS: [Encoding; 6] = [
    ("gzip", 256 * KIB + 32 * KIB, gzip),
    ("deflate", 256 * KIB + 32 * KIB, deflate),
    // A window that grows stands beside the one before it, which is half as large.
    ("br", 256 * KIB + 6 * MIB, |body| br(body, 22)),
    ("br", 256 * KIB + 24 * MIB, |body| br(body, 24)),
    ("zstd", 256 * KIB + 16 * MIB, |body| compress_to_vec(body, CompressionLevel::Fastest)),
    ("zstd", 256 * KIB + 16 * MIB, bare_zstd),
];

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn br(body: &[u8], window_bits: u32) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorWriter::new(&mut encoded, 4096, 1, window_bits).write_all(body).unwrap();
    encoded
}

/// One frame with the largest window that decoders must take, 8 MiB, and blocks that are stored as they are.
fn bare_zstd(body: &[u8]) -> Vec<u8> {
    let mut encoded = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3];
    let blocks = body.chunks(128 * KIB);
    let last = blocks.len() - 1;
    for (at, block) in blocks.enumerate() {
        let header = (block.len() << 3 | usize::from(at == last)).to_le_bytes();
        encoded.extend_from_slice(&header[..3]);
        encoded.extend_from_slice(block);
    }
    encoded
}

#[tokio::test]
async fn an_encoded_answer_of_20_mib_is_read_through_a_bounded_copy() {
    let mut bench = Bench::new("openai").await;
    // Text that is not simply the same again: what compresses too well says nothing of windows.
    let mut chance = Chance::new(7);
    let noise: String = (0..64 * KIB).map(|_| char::from(b'a' + chance.below(26) as u8)).collect();
    let plain = Pattern::default()
        .then(r#"{"id":"c1","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":""#)
        .times(20 * MIB / noise.len(), noise)
        .then(r#""},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#)
        .whole();
    for (encoding, window, encode) in ENCODINGS {
        let exchange = Exchange {
            path: "/v1/chat/completions",
            asked: Pattern::default().then(ASKED),
            content_type: "application/json",
            encoding: Some(encoding),
            answer: Pattern::default().then(encode(&plain)),
        };
        for way in WAYS {
            let measured = bench.measure(way, &exchange, &Payload::from(ASKED)).await;
            let (bytes, held) = (exchange.answer.len() / KIB, measured.held / KIB);
            println!("{encoding}, {bytes} KiB, {}: {held} KiB more", way.name);
            assert!(measured.held < BOUND + window, "{encoding}, {}: {held} KiB more than without us", way.name);
            assert_eq!(counts(&measured.row), (Some(24), Some(9)), "{encoding}, {}", way.name);
        }
    }
}
