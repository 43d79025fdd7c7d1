//! A stream that is cut at any byte and comes in any chunks: the caller gets the same bytes, and the call is that of the
//! uncut beginning. `streams` has one of each protocol, which is cut at every byte; the recorded ones are cut by chance.
#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use proptest::{collection::vec, prelude::*, sample::Index};
use spanledger::{
    AiCallLayer, Call, Recorder, RequestBody,
    call::{Ending, Timestamp, UsageSource},
    capture::inspect::{Exchange, inspect},
    provider::{self, Hosts, PROVIDERS, RequestHead},
};
use streams::{STREAMS, Stream, WHOLE};
use tower::{Layer as _, ServiceExt as _, service_fn};

mod recorded;
mod streams;

#[path = "../support/chance.rs"]
mod chance;
#[path = "../recorded/mod.rs"]
mod exchanges;

impl Stream {
    /// Whose protocol its URL is.
    fn detected(&self) -> &'static str {
        let url: Uri = self.url.parse().unwrap();
        let head = RequestHead {
            method: "POST",
            host: url.host().unwrap(),
            port: url.port_u16(),
            path: url.path(),
            query: url.query(),
            headers: &HeaderMap::new(),
        };
        provider::detect(&head, &Hosts::default()).unwrap().0.name()
    }

    /// The call whose answer came in these chunks and was then dropped, or ended.
    fn call(&self, recorder: &Recorder, chunks: Vec<&[u8]>, ending: Ending) -> Call {
        let content_type = HeaderValue::from_static(self.content_type);
        let exchange = Exchange {
            method: "POST",
            url: self.url,
            request_headers: &HeaderMap::new(),
            request_body: Some(br#"{"model":"asked","stream":true}"#),
            status: Some(200),
            response_headers: &HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]),
            chunks,
            ending,
            started_at: Timestamp::from_micros(1_790_000_000_000_000),
            duration: Duration::from_secs(1),
        };
        inspect(recorder, &exchange).unwrap()
    }

    /// The bytes that a caller gets, watched, when they come in these chunks.
    fn passed(&self, chunks: Vec<&[u8]>) -> Vec<u8> {
        let chunks: Vec<_> = chunks.into_iter().map(Bytes::copy_from_slice).collect();
        let provider = service_fn(|_: Request<RequestBody<Empty<Bytes>>>| {
            let frames = stream::iter(chunks.clone().into_iter().map(|chunk| Ok::<_, Infallible>(Frame::data(chunk))));
            let response = Response::builder().header(header::CONTENT_TYPE, self.content_type);
            std::future::ready(Ok::<_, Infallible>(response.body(StreamBody::new(frames)).unwrap()))
        });
        let request = Request::post(self.url).body(Empty::new()).unwrap();
        let answer = AiCallLayer::new().layer(provider).oneshot(request).now_or_never().unwrap().unwrap();
        let mut body = answer.into_body();
        let mut seen = Vec::new();
        while let Some(frame) = body.frame().now_or_never().unwrap() {
            seen.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(seen, chunks, "{}: chunk by chunk", self.protocol);
        seen.concat()
    }
}

fn pieces<'b>(mut body: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = body.split_at(cut.index(body.len() + 1));
        pieces.push(piece);
        body = rest;
    }
    pieces.push(body);
    pieces
}

#[test]
fn every_protocol_that_streams_has_a_stream() {
    for provider in PROVIDERS {
        let streams = STREAMS.iter().any(|stream| stream.protocol == provider.name());
        assert!(
            streams != WHOLE.contains(&provider.name()),
            "{} has a stream in tests/cuts/streams.rs, or stands among those that never stream",
            provider.name()
        );
    }
}

#[test]
fn the_whole_is_understood() {
    let recorder = Recorder::new().with_estimates(false);
    for stream in &STREAMS {
        assert_eq!(stream.detected(), stream.protocol);
        let call = stream.call(&recorder, vec![stream.body], Ending::Complete);
        let usage = &call.usage;
        let counts = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens);
        assert_eq!(counts, stream.counts, "{}", stream.protocol);
        assert_eq!(call.response.model.as_deref(), stream.model, "{}", stream.protocol);
        assert_eq!(call.response.finish_reasons.concat(), stream.finish_reason, "{}", stream.protocol);
    }
}

#[test]
fn every_cut_gives_the_call_of_the_beginning_however_it_comes() {
    let recorder = Recorder::new();
    for stream in &STREAMS {
        let whole = stream.call(&recorder, vec![stream.body], Ending::Cancelled);
        let mut complete = false;
        for cut in 0..=stream.body.len() {
            let beginning = &stream.body[..cut];
            let at_once = stream.call(&recorder, vec![beginning], Ending::Cancelled);
            let (head, tail) = beginning.split_at(cut / 2);
            assert_eq!(
                stream.call(&recorder, vec![head, b"", tail], Ending::Cancelled),
                at_once,
                "{} cut at {cut}",
                stream.protocol
            );
            let over = at_once.outcome.ending == Ending::Complete;
            assert!(over || !complete, "{} cut at {cut}: what was over stays so", stream.protocol);
            let is_counted = at_once.usage.source != UsageSource::Estimated;
            assert!(
                !is_counted || at_once.usage.output_tokens <= whole.usage.output_tokens,
                "{} cut at {cut}",
                stream.protocol
            );
            complete |= over;
        }
        assert_eq!(complete, stream.says_when_it_is_over, "{}", stream.protocol);
    }
}

#[test]
fn byte_by_byte_is_the_same() {
    let recorder = Recorder::new();
    for stream in &STREAMS {
        for ending in [Ending::Complete, Ending::Cancelled, Ending::Failed] {
            let at_once = stream.call(&recorder, vec![stream.body], ending);
            assert_eq!(stream.call(&recorder, stream.body.chunks(1).collect(), ending), at_once, "{}", stream.protocol);
        }
    }
}

#[test]
fn lines_that_end_with_crlf_say_the_same() {
    let recorder = Recorder::new();
    for stream in &STREAMS {
        let body = String::from_utf8(stream.body.to_vec()).unwrap().replace('\n', "\r\n");
        let call = stream.call(&recorder, vec![stream.body], Ending::Complete);
        assert_eq!(stream.call(&recorder, vec![body.as_bytes()], Ending::Complete), call, "{}", stream.protocol);
        assert_eq!(stream.call(&recorder, body.as_bytes().chunks(1).collect(), Ending::Complete), call);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_and_any_chunks_give_the_same_bytes_and_the_same_call(
        stream in 0..STREAMS.len(),
        cut in any::<Index>(),
        cuts in vec(any::<Index>(), 0..30),
        ending in prop::sample::select(&[Ending::Complete, Ending::Cancelled, Ending::Failed][..]),
    ) {
        let (stream, recorder) = (&STREAMS[stream], Recorder::new());
        let beginning = &stream.body[..cut.index(stream.body.len() + 1)];
        let chunks = pieces(beginning, &cuts);
        prop_assert_eq!(&stream.passed(chunks.clone()), beginning);
        prop_assert_eq!(stream.call(&recorder, chunks, ending), stream.call(&recorder, vec![beginning], ending));
    }

    #[test]
    fn noise_between_messages_changes_no_byte(
        stream in 0..STREAMS.len(),
        at in any::<Index>(),
        noise in vec(any::<u8>(), 0..50),
        cuts in vec(any::<Index>(), 0..10),
    ) {
        let stream = &STREAMS[stream];
        let (head, tail) = stream.body.split_at(at.index(stream.body.len() + 1));
        let body = [head, &noise, tail].concat();
        let chunks = pieces(&body, &cuts);
        prop_assert_eq!(&stream.passed(chunks.clone()), &body);
        let (recorder, ending) = (Recorder::new(), Ending::Cancelled);
        prop_assert_eq!(stream.call(&recorder, chunks, ending), stream.call(&recorder, vec![&body], ending));
    }
}
