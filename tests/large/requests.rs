//! Large requests, and requests that are not there yet when they are sent: the provider gets each byte when the client says
//! it, nobody holds what has passed, and what can be known of it is known.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::Request};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::Full;
use serde_json::Value;
use spanledger::{AiCallLayer, CallContext, Hosts, framing::MAX_HELD_BYTES};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use tower::{Layer as _, ServiceExt as _};

use crate::{
    bench::{Bench, KIB, MIB, SOON},
    pattern::Pattern,
    server::Exchange,
    support::Server,
    wire::{Answer, Ask, Book, Failure, Http, Payload, Piece, Reply, Retry, Script, Setup, Step, WAYS, Way},
};

/// What a call may hold more with us than without us: a short form of the request, and what buffers differ by.
const BOUND: usize = MAX_HELD_BYTES + MIB;

pub(crate) const ANSWER: &str = r#"{"id":"c1","model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#;

/// A prompt with images of 20 MiB in one protocol.
pub(crate) struct Prompt {
    name: &'static str,
    provider: &'static str,
    path: &'static str,
    /// In front of the images, around each of them, and behind them.
    parts: [&'static str; 4],
    model: &'static str,
    streamed: Value,
}

pub(crate) const PROMPTS: &[Prompt] = &[
    Prompt {
        name: "OpenAI chat, model in front",
        provider: "openai",
        path: "/v1/chat/completions",
        parts: [
            r#"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"What is it?"}"#,
            r#",{"type":"image_url","image_url":{"url":"data:image/png;base64,"#,
            r#""}}"#,
            "]}]}",
        ],
        model: "gpt-4o-mini",
        streamed: Value::Bool(true),
    },
    Prompt {
        name: "OpenAI chat, model behind",
        provider: "openai",
        path: "/v1/chat/completions",
        parts: [
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"What is it?"}"#,
            r#",{"type":"image_url","image_url":{"url":"data:image\/png;base64,"#,
            r#""}}"#,
            r#"]}],"stream":true,"model":"gpt-4o-mini"}"#,
        ],
        model: "gpt-4o-mini",
        streamed: Value::Bool(true),
    },
    Prompt {
        name: "OpenAI responses, model behind",
        provider: "openai",
        path: "/v1/responses",
        parts: [
            r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"What is it?"}"#,
            r#",{"type":"input_image","image_url":"data:image/png;base64,"#,
            r#""}"#,
            r#"]}],"stream":true,"model":"gpt-4o-mini"}"#,
        ],
        model: "gpt-4o-mini",
        streamed: Value::Bool(true),
    },
    Prompt {
        name: "Anthropic, model behind",
        provider: "anthropic",
        path: "/v1/messages",
        parts: [
            r#"{"max_tokens":100,"messages":[{"role":"user","content":[{"type":"text","text":"What is it?"}"#,
            r#",{"type":"image","source":{"type":"base64","media_type":"image/png","data":""#,
            r#""}}"#,
            r#"]}],"model":"claude-sonnet-4-5","stream":true}"#,
        ],
        model: "claude-sonnet-4-5",
        streamed: Value::Bool(true),
    },
    Prompt {
        name: "Gemini",
        provider: "gcp.gemini",
        path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        parts: [
            r#"{"contents":[{"role":"user","parts":[{"text":"What is it?"}"#,
            r#",{"inlineData":{"mimeType":"image/png","data":""#,
            r#""}}"#,
            r#"]}],"generationConfig":{"temperature":0.5}}"#,
        ],
        model: "gemini-2.5-flash",
        streamed: Value::Bool(true),
    },
    Prompt {
        name: "Ollama, model behind",
        provider: "ollama",
        path: "/api/chat",
        parts: [
            r#"{"messages":[{"role":"user","content":"What is it?","images":["""#,
            r#",""#,
            r#"""#,
            r#"]}],"stream":false,"model":"llava"}"#,
        ],
        model: "llava",
        streamed: Value::Bool(false),
    },
];

impl Prompt {
    /// Four images of 5 MiB.
    pub(crate) fn pattern(&self) -> Pattern {
        let data = Bytes::from("iVBORw0KGgo/".repeat(1 << 12));
        let [before, start, end, after] = self.parts;
        let image =
            |pattern: Pattern| pattern.then(start).times((5 * MIB).div_ceil(data.len()), data.clone()).then(end);
        (0..4).fold(Pattern::default().then(before), |pattern, _| image(pattern)).then(after)
    }
}

#[tokio::test]
async fn a_prompt_with_20_mib_of_images_is_sent_as_it_is_and_its_model_and_stream_are_known() {
    for prompt in PROMPTS {
        let mut bench = Bench::new(prompt.provider).await;
        let asked = prompt.pattern();
        let whole = Payload::from(asked.whole());
        let (path, answer) = (prompt.path, Pattern::default().then(ANSWER));
        let exchange = Exchange { path, asked, content_type: "application/json", encoding: None, answer };
        for way in WAYS {
            let measured = bench.measure(way, &exchange, &whole).await;
            let (row, held) = (measured.row, measured.held / KIB);
            println!("{} MiB, {}, {}: {held} KiB more", exchange.asked.len() / MIB, prompt.name, way.name);
            assert!(measured.held < BOUND, "{}, {}: {held} KiB more than without us", prompt.name, way.name);
            assert_eq!(row.text("request_model"), prompt.model, "{}, {}", prompt.name, way.name);
            assert_eq!(*row.get("streamed"), prompt.streamed, "{}, {}", prompt.name, way.name);
        }
    }
}

#[tokio::test]
async fn a_request_of_100_mib_that_comes_in_pieces_is_never_held() {
    let mut bench = Bench::new("openai").await;
    let [before, start, end, after] = PROMPTS[1].parts;
    let data = Bytes::from("iVBORw0KGgo/".repeat(1 << 12));
    let asked = Pattern::default().then(before).then(start);
    let asked = asked.times((100 * MIB).div_ceil(data.len()), data).then(end).then(after);
    let pieces = asked.clone();
    let payload = Payload::pieces(move || pieces.pieces());
    let (path, answer) = (PROMPTS[1].path, Pattern::default().then(ANSWER));
    let exchange = Exchange { path, asked, content_type: "application/json", encoding: None, answer };
    for way in WAYS {
        let measured = bench.measure(way, &exchange, &payload).await;
        println!("100 MiB in pieces, {}: {} KiB more", way.name, measured.held / KIB);
        assert!(measured.held < BOUND, "{}: {} KiB more than without us", way.name, measured.held / KIB);
        assert_eq!(measured.row.text("request_model"), "gpt-4o-mini", "{}", way.name);
        assert_eq!(measured.row.text("response_model"), "gpt-4o-mini-2024-07-18", "{}", way.name);
    }
}

#[tokio::test]
async fn the_model_of_a_form_is_known_behind_a_file_of_20_mib() {
    let mut bench = Bench::new("openai").await;
    let file = Bytes::from("RIFF\r\n--b\r\r\n--".repeat(1 << 12));
    let asked = Pattern::default()
        .then("--boundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n")
        .times((20 * MIB).div_ceil(file.len()), file)
        .then("\r\n--boundary\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1")
        .then("\r\n--boundary--\r\n");
    let answer = Pattern::default().then(r#"{"text":"Oak.","usage":{"type":"duration","seconds":9}}"#);
    let (whole, pieces) = (Payload::from(asked.whole()), asked.clone());
    let pieces = Payload::pieces(move || pieces.pieces());
    let path = "/v1/audio/transcriptions";
    let exchange = Exchange { path, asked, content_type: "application/json", encoding: None, answer };
    for way in WAYS {
        for payload in [&whole, &pieces] {
            let measured = bench.measure(way, &exchange, payload).await;
            println!("a form of 20 MiB, {payload:?}, {}: {} KiB more", way.name, measured.held / KIB);
            assert!(measured.held < BOUND, "{}: {} KiB more than without us", way.name, measured.held / KIB);
            assert_eq!(measured.row.text("request_model"), "whisper-1", "{}, {payload:?}", way.name);
        }
    }
}

/// A request in the pieces that somebody writes.
struct Written {
    name: &'static str,
    path: &'static str,
    content_type: &'static str,
    pieces: &'static [&'static str],
    model: &'static str,
}

const WRITTEN: &[Written] = &[
    Written {
        name: "a prompt",
        path: "/v1/chat/completions",
        content_type: "application/json",
        pieces: &[r#"{"messages":[{"role":"user","#, r#""content":"?"}],"mod"#, r#"el":"gpt-4o-mini"}"#],
        model: "gpt-4o-mini",
    },
    Written {
        name: "a form",
        path: "/v1/audio/transcriptions",
        content_type: "multipart/form-data; boundary=b",
        pieces: &[
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF",
            "....data....\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n",
            "whisper-1\r\n--b--\r\n",
        ],
        model: "whisper-1",
    },
];

fn ask(url: String, content_type: &'static str, body: Payload) -> Ask {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    Ask { url, headers, body }
}

async fn read(mut answer: Answer) {
    while !matches!(answer.next().await.unwrap(), Piece::End(_)) {}
}

#[tokio::test]
async fn a_request_that_is_still_being_written_is_sent_piece_by_piece() {
    let (seen, mut arrived) = mpsc::unbounded_channel();
    let app = Router::new().fallback(async move |request: Request| {
        let mut body = request.into_body().into_data_stream();
        while let Some(piece) = body.next().await {
            // HTTP/2 may end with an empty frame.
            if let Some(piece) = Some(piece.unwrap()).filter(|piece| !piece.is_empty()) {
                seen.send(piece).unwrap();
            }
        }
        ([(header::CONTENT_TYPE, "application/json")], ANSWER)
    });
    let server = Server::start(app).await.unwrap();
    let book = Book::open(Hosts::default().name(server.host(), "openai"));
    let mut tasks = Vec::new();
    for (written, way, http) in cells() {
        let (write, read_end) = mpsc::unbounded_channel::<Bytes>();
        let read_end = Arc::new(Mutex::new(read_end));
        let payload = Payload::pieces(move || {
            let written = Arc::clone(&read_end);
            stream::unfold(written, |written| async move {
                let piece = written.lock().await.recv().await?;
                Some((io::Result::Ok(piece), written))
            })
            .boxed()
        });
        let setup = Setup { http, ledger: Some(&book.ledger), retry: Retry::Nowhere };
        let task = format!("{}, {}, {http}", written.name, way.name);
        let ask = ask(format!("{}{}", server.url(), written.path), written.content_type, payload);
        let sending = CallContext::new(&task).scope((way.send)(&setup, &ask));
        let writing = async {
            for piece in written.pieces {
                write.send(Bytes::from_static(piece.as_bytes())).unwrap();
                let came = timeout(SOON, arrived.recv()).await;
                assert_eq!(came.expect("nobody waits for the rest").unwrap(), piece, "{task}");
            }
            drop(write);
        };
        let (answer, ()) = tokio::join!(sending, writing);
        read(answer.unwrap()).await;
        tasks.push((task, written.model));
    }
    let rows = book.rows().await;
    assert_eq!(rows.len(), tasks.len());
    for (task, model) in tasks {
        let row = rows.iter().find(|row| row.text("task") == task).unwrap();
        assert_eq!((row.text("request_model"), row.text("ending")), (model, "complete"), "{task}");
    }
}

fn cells() -> impl Iterator<Item = (&'static Written, &'static Way, Http)> {
    WRITTEN.iter().flat_map(|written| WAYS.iter().flat_map(move |way| Http::ALL.map(|http| (written, way, http))))
}

/// Where nobody listens, no client ever asks for the body.
#[tokio::test]
async fn a_request_that_is_never_sent_is_never_read() {
    let book = Book::open(Hosts::default().name("127.0.0.1:9", "openai"));
    for way in WAYS {
        let polled = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&polled);
        let payload = Payload::pieces(move || {
            let polled = Arc::clone(&counter);
            stream::poll_fn(move |_| {
                polled.fetch_add(1, Ordering::Relaxed);
                std::task::Poll::Ready(Some(io::Result::Ok(Bytes::from_static(b"{}"))))
            })
            .boxed()
        });
        let setup = Setup { http: Http::One, ledger: Some(&book.ledger), retry: Retry::Nowhere };
        let ask = ask("http://127.0.0.1:9/v1/chat/completions".to_owned(), "application/json", payload);
        assert!((way.send)(&setup, &ask).await.is_err());
        assert_eq!(polled.load(Ordering::Relaxed), 0, "{}", way.name);
    }
    assert_eq!(book.rows().await.len(), WAYS.len());
}

/// The caller learns the same of it as without us; reqwest wraps an error once more where we wrap the body.
#[tokio::test]
async fn a_request_whose_body_breaks_fails_as_it_does_without_us() {
    let server = Server::start(Router::new().fallback(async |request: Request| {
        let mut body = request.into_body().into_data_stream();
        while let Some(Ok(_)) = body.next().await {}
        ANSWER
    }));
    let server = server.await.unwrap();
    let book = Book::open(Hosts::default().name(server.host(), "openai"));
    let payload = Payload::pieces(|| {
        let pieces = [Ok(Bytes::from_static(b"{\"model\":\"gpt-4o-mini\"")), Err(io::Error::other("the disk is gone"))];
        stream::iter(pieces).boxed()
    });
    for (way, http) in WAYS.iter().flat_map(|way| Http::ALL.map(|http| (way, http))) {
        let url = format!("{}/v1/chat/completions", server.url());
        let fail = async |ledger| {
            let setup = Setup { http, ledger, retry: Retry::Nowhere };
            let ask = ask(url.clone(), "application/json", payload.clone());
            (way.send)(&setup, &ask).await.err().expect("it cannot be sent")
        };
        let (without, with) = (fail(None).await, fail(Some(&book.ledger)).await);
        let told = |failure: &Failure| (failure.kind, failure.display.clone(), failure.is.clone(), failure.url.clone());
        assert_eq!(told(&with), told(&without), "{}, {http}", way.name);
        assert_eq!(with.chain.last(), without.chain.last(), "{}, {http}: the root cause", way.name);
        let links = with.chain.len() - without.chain.len();
        assert!(links <= usize::from(way.over_reqwest), "{}, {http}: {with:#?}", way.name);
    }
    for row in book.rows().await {
        assert_eq!(
            (row.text("ending"), row.get("request_model")),
            ("failed", &Value::Null),
            "half a prompt says nothing"
        );
    }
}

/// Lengths, codings and all else that a client says of a body are what they are without us.
#[tokio::test]
async fn a_request_that_is_a_stream_arrives_with_the_same_headers() {
    let script = Script::start().await;
    let book = Book::open(Hosts::default().name(script.host(), "openai"));
    let url = format!("http://{}/v1/chat/completions", script.host());
    let steps = || vec![Reply { status: 200, steps: vec![Step::Data(ANSWER.to_owned())], ..Reply::default() }];
    let payload = Payload::pieces(|| {
        stream::iter(["{\"model\":", "\"gpt-4o-mini\"}"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())))).boxed()
    });
    for (way, http) in WAYS.iter().flat_map(|way| Http::ALL.map(|http| (way, http))) {
        let asked = async |ledger| {
            script.play(steps());
            script.allow();
            script.allow();
            let setup = Setup { http, ledger, retry: Retry::Nowhere };
            read((way.send)(&setup, &ask(url.clone(), "application/json", payload.clone())).await.unwrap()).await;
            script.asked()
        };
        assert_eq!(asked(Some(&book.ledger)).await, asked(None).await, "{}, {http}", way.name);
    }

    // reqwest knows the length of some streams.
    let client = || reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let asked = async |layer: Option<AiCallLayer>| {
        script.play(steps());
        script.allow();
        script.allow();
        let body = reqwest::Body::wrap(Full::new(Bytes::from_static(b"{\"model\":\"gpt-4o-mini\"}")));
        let request = client().post(&url).body(body).build().unwrap();
        let answer = match layer {
            Some(layer) => layer.layer(client()).oneshot(request).await,
            None => client().oneshot(request).await,
        };
        read(answer.unwrap().into()).await;
        script.asked()
    };
    let (without, with) = (asked(None).await, asked(Some(book.ledger.tower_layer())).await);
    assert_eq!(with, without);
    assert!(with[0].headers.contains(&("content-length".to_owned(), "23".to_owned())), "{with:?}");
    let models = book.rows().await.into_iter().map(|row| row.text("request_model").to_owned());
    assert_eq!(models.collect::<Vec<_>>(), ["gpt-4o-mini"; 9]);
}
