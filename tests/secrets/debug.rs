//! The `Debug` texts of our types, with a canary in whatever they hold.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use spanledger::{
    AiCallLayer, Recorder, RequestBody,
    call::{Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
    framing::{ContentDecoder, Decoder, Elided, Message},
    provider::RequestHead,
};
use tower::{Layer as _, Service as _, service_fn};

use super::{hits, scenes};

const ANSWER: &str = r#"{"model":"gpt-4o-mini","choices":[{"message":{"content":"canary-answer"}}]}"#;

fn assert_no_hit(what: &str, text: &str) {
    assert_eq!(hits(text.as_bytes()), [""; 0], "{what}");
}

#[tokio::test]
async fn bodies_and_services_show_nothing() {
    let provider = service_fn(|request: Request<RequestBody<Full<Bytes>>>| async move {
        let mut body = request.into_body();
        assert_no_hit("the request's body", &format!("{body:?}"));
        drop(body.frame().await);
        assert_no_hit("the request's body when it was sent", &format!("{body:?}"));
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(ANSWER))))
    });
    let request = Request::post("https://api.openai.com/v1/chat/completions").body(Full::from(scenes::ASKED)).unwrap();
    let mut service = AiCallLayer::new().layer(provider);
    let response = service.call(request).await.unwrap();
    let mut body = response.into_body();
    assert_no_hit("the answer's body", &format!("{body:?}"));
    drop(body.frame().await);
    assert_no_hit("the answer's body when it was read", &format!("{body:?}"));
}

#[test]
fn what_is_inspected_shows_nothing() {
    let headers = scenes::headers();
    let url = "https://user:canary-userinfo@api.openai.com/v1/chat/completions?key=canary-query";
    let exchange = Exchange {
        method: "POST",
        url,
        request_headers: &headers,
        request_body: Some(scenes::ASKED.as_bytes()),
        status: Some(200),
        response_headers: &HeaderMap::new(),
        chunks: vec![ANSWER.as_bytes()],
        ending: Ending::Complete,
        started_at: Timestamp::from_micros(0),
        duration: Duration::ZERO,
    };
    assert_no_hit("the exchange", &format!("{exchange:?}"));
    let call = inspect(&Recorder::new(), &exchange).unwrap();
    assert!(format!("{call:?}").contains("gpt-4o-mini"), "what is known is shown");
    assert_no_hit("the call", &format!("{call:?}"));
    let (host, query) = ("api.openai.com", Some("key=canary-query"));
    let head = RequestHead { method: "POST", host, port: None, path: "/", query, headers: &headers };
    assert_no_hit("the request's head", &format!("{head:?}"));
}

#[test]
fn parsers_show_nothing() {
    let mut decoder = Decoder::new(Some("text/event-stream"));
    decoder.push(b"data: canary-begun", &mut |_| {});
    assert!(decoder.held_bytes() > 0, "it holds what has begun");
    assert_no_hit("the decoder", &format!("{decoder:?}"));
    let mut elided = Elided::new();
    elided.push(ANSWER.as_bytes());
    assert_no_hit("what is elided", &format!("{elided:?}"));
    let mut decoder = ContentDecoder::new("identity").unwrap();
    decoder.push(ANSWER.as_bytes(), &mut |_| {});
    assert_no_hit("the content's decoder", &format!("{decoder:?}"));
    assert_no_hit("a message", &format!("{:?}", Message::whole(None, ANSWER.as_bytes())));
}
