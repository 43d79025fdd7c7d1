//! A stream that is cut at any byte and comes in any chunks: the caller gets the same bytes, and the call is that of the
//! uncut beginning. The streams are `fixtures/streams/`; a new one is an entry of [`STREAMS`].
#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use proptest::{collection::vec, prelude::*, sample::Index};
use spanledger::{
    AiCallLayer, Call, Recorder, RequestBody,
    call::{Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// A stream, and what its whole says.
struct Stream {
    name: &'static str,
    body: &'static [u8],
    content_type: &'static str,
    url: &'static str,
    model: &'static str,
    finish_reason: &'static str,
    cached: Option<u64>,
    /// Whether the protocol has a last message.
    says_when_it_is_over: bool,
}

const STREAMS: [Stream; 6] = [
    Stream {
        name: "OpenAI chat",
        body: include_bytes!("fixtures/streams/openai_chat.sse"),
        content_type: "text/event-stream; charset=utf-8",
        url: "https://api.openai.com/v1/chat/completions",
        model: "gpt-4o-mini-2024-07-18",
        finish_reason: "stop",
        cached: Some(1024),
        says_when_it_is_over: true,
    },
    Stream {
        name: "OpenAI responses",
        body: include_bytes!("fixtures/streams/openai_responses.sse"),
        content_type: "text/event-stream; charset=utf-8",
        url: "https://api.openai.com/v1/responses",
        model: "gpt-4o-mini-2024-07-18",
        finish_reason: "",
        cached: Some(1024),
        says_when_it_is_over: true,
    },
    Stream {
        name: "Anthropic messages",
        body: include_bytes!("fixtures/streams/anthropic_messages.sse"),
        content_type: "text/event-stream",
        url: "https://api.anthropic.com/v1/messages",
        model: "claude-sonnet-4-5-20250929",
        finish_reason: "end_turn",
        cached: Some(1024),
        says_when_it_is_over: true,
    },
    Stream {
        name: "Gemini, as events",
        body: include_bytes!("fixtures/streams/gemini_generate.sse"),
        content_type: "text/event-stream",
        url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        model: "gemini-2.5-flash",
        finish_reason: "STOP",
        cached: Some(1024),
        says_when_it_is_over: false,
    },
    Stream {
        name: "Gemini, as an array",
        body: include_bytes!("fixtures/streams/gemini_generate.json"),
        content_type: "application/json; charset=UTF-8",
        url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        model: "gemini-2.5-flash",
        finish_reason: "STOP",
        cached: Some(1024),
        says_when_it_is_over: false,
    },
    Stream {
        name: "Ollama chat",
        body: include_bytes!("fixtures/streams/ollama_chat.ndjson"),
        content_type: "application/x-ndjson",
        url: "http://localhost:11434/api/chat",
        model: "llama3.2:1b",
        finish_reason: "stop",
        cached: None,
        says_when_it_is_over: true,
    },
];

impl Stream {
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
        assert_eq!(seen, chunks, "{}: chunk by chunk", self.name);
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
fn the_whole_is_understood() {
    let recorder = Recorder::new();
    for stream in &STREAMS {
        let call = stream.call(&recorder, vec![stream.body], Ending::Complete);
        let usage = &call.usage;
        let counts = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens);
        assert_eq!(counts, (Some(1424), Some(208), stream.cached), "{}", stream.name);
        assert_eq!(call.response.model.as_deref(), Some(stream.model), "{}", stream.name);
        assert_eq!(call.response.finish_reasons.concat(), stream.finish_reason, "{}", stream.name);
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
                stream.name
            );
            let over = at_once.outcome.ending == Ending::Complete;
            assert!(over || !complete, "{} cut at {cut}: what was over stays so", stream.name);
            assert!(at_once.usage.output_tokens <= whole.usage.output_tokens, "{} cut at {cut}", stream.name);
            complete |= over;
        }
        assert_eq!(complete, stream.says_when_it_is_over, "{}", stream.name);
    }
}

#[test]
fn byte_by_byte_is_the_same() {
    let recorder = Recorder::new();
    for stream in &STREAMS {
        for ending in [Ending::Complete, Ending::Cancelled, Ending::Failed] {
            let at_once = stream.call(&recorder, vec![stream.body], ending);
            assert_eq!(stream.call(&recorder, stream.body.chunks(1).collect(), ending), at_once, "{}", stream.name);
        }
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
