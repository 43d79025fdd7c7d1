//! Many calls in flight: what each holds.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use reqwest_middleware::{Middleware, Next};
use spanledger::{Hosts, PriceBook, RequestBody};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{
    bench::{SOON, alone, held_now},
    wire::Book,
};

const CALLS: usize = 5_000;
/// What a call of small bodies may take, in bytes: twice what the page of `capture` says. `benches/README.md` has what it
/// really takes.
const BOUND: usize = 8 * 1024;

const URL: &str = "http://llm.test/v1/chat/completions";
const ASKED: &str = r#"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Which wood?"}]}"#;
const EVENT: &str = "data: {\"id\":\"c1\",\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Oak\"},\"finish_reason\":null}]}\n\n";

/// Three events, the last of which is not whole, and then nothing for ever.
fn open() -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let events = [EVENT, EVENT, &EVENT[..60]].map(|event| Ok(Bytes::from_static(event.as_bytes())));
    stream::iter(events).chain(stream::pending())
}

/// Answers instead of a server.
struct Stub;

#[async_trait::async_trait]
impl Middleware for Stub {
    async fn handle(
        &self,
        _: reqwest::Request,
        _: &mut http::Extensions,
        _: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let body = reqwest::Body::wrap_stream(open());
        Ok(Response::builder().header(header::CONTENT_TYPE, "text/event-stream").body(body).unwrap().into())
    }
}

/// What each of many calls holds whose streams are open. A few go before them, and the ledger rests: what is made once, and
/// what calls hold that are over, is none of theirs.
async fn each<T>(book: &Book, call: impl AsyncFn() -> T) -> usize {
    for _ in 0..10 {
        call().await;
    }
    assert_eq!(book.ledger.flush(SOON).await.waiting, 0);
    let mut open = Vec::with_capacity(CALLS);
    let before = held_now();
    for _ in 0..CALLS {
        open.push(call().await);
    }
    (held_now() - before) / CALLS
}

#[tokio::test]
async fn a_stream_in_flight_holds_8_kib_at_most() {
    let _alone = alone().await;
    PriceBook::bundled().warm();
    let _ = spanledger::estimate::tokens("what estimates count by");
    let book = Book::open(Hosts::default().name("llm.test", "openai"));

    let over_reqwest = |watched: bool| {
        let client =
            reqwest_middleware::ClientBuilder::new(reqwest::Client::builder().tls_certs_only([]).build().unwrap());
        let client = if watched { client.with(book.ledger.reqwest_middleware()) } else { client };
        let client = client.with(Stub).build();
        async move || {
            let mut response = client.post(URL).body(ASKED).send().await.unwrap();
            for _ in 0..3 {
                response.chunk().await.unwrap().unwrap();
            }
            response
        }
    };
    let (with, without) = (over_reqwest(true), over_reqwest(false));
    let (with, without) = (each(&book, with).await, each(&book, without).await);
    check("reqwest-middleware", with, without);

    let answer = || {
        let body = StreamBody::new(open().map(|event| event.map(Frame::data)));
        std::future::ready(Ok::<_, Infallible>(
            Response::builder().header(header::CONTENT_TYPE, "text/event-stream").body(Box::pin(body)).unwrap(),
        ))
    };
    let request = || Request::post(URL).body(Full::new(Bytes::from_static(ASKED.as_bytes()))).unwrap();
    let with = async || {
        // The request is read by whoever sends it.
        let provider = service_fn(async |request: Request<RequestBody<Full<Bytes>>>| {
            let mut body = request.into_body();
            while body.frame().await.transpose()?.is_some() {}
            answer().await
        });
        let mut body = book.ledger.tower_layer().layer(provider).oneshot(request()).await.unwrap().into_body();
        for _ in 0..3 {
            body.frame().await.unwrap().unwrap();
        }
        body
    };
    let without = async || {
        let mut body = service_fn(|_: Request<Full<Bytes>>| answer()).oneshot(request()).await.unwrap().into_body();
        for _ in 0..3 {
            body.frame().await.unwrap().unwrap();
        }
        body
    };
    let (with, without) = (each(&book, with).await, each(&book, without).await);
    check("tower", with, without);
}

fn check(way: &str, with: usize, without: usize) {
    let more = with.saturating_sub(without);
    println!("{way}: {CALLS} streams in flight hold {more} bytes each more than without us ({with} and {without})");
    assert!(more > 0 && more <= BOUND, "{way}: {more} bytes each");
}
