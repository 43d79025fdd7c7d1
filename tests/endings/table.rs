//! Every way a call can end. A new ending is an entry of [`ENDINGS`]: it is played through every way in.

use crate::wire::{Http, Reply, Retry, Step, Way};

/// How a call ends.
pub(crate) struct Ending {
    pub(crate) name: &'static str,
    pub(crate) replies: fn() -> Vec<Reply>,
    pub(crate) caller: Caller,
    pub(crate) retry: Retry,
    /// The rows that come out.
    pub(crate) rows: fn(&Way) -> &'static [Expected],
    /// Why there is no such cell.
    pub(crate) cannot: fn(&Way, Http) -> Option<&'static str>,
}

/// What the caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Reads until it is told that there is no more.
    ReadsAll,
    /// Reads this many chunks and drops the answer.
    Reads(usize),
    /// Reads this many chunks and panics.
    Panics(usize),
    /// Drops the future once the request has arrived.
    LeavesBeforeTheHead,
    /// Calls a port where nobody listens.
    CallsNobody,
    /// Speaks another protocol over the connection.
    Upgrades,
}

/// What a row says.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) ending: &'static str,
    pub(crate) http_status: Option<u64>,
    pub(crate) error_type: Option<&'static str>,
    pub(crate) output_tokens: Option<u64>,
    /// Whether they are an estimate: `output_tokens` was never told.
    pub(crate) estimated: bool,
}

const fn row(ending: &'static str, http_status: u64) -> Expected {
    Expected { ending, http_status: Some(http_status), error_type: None, output_tokens: None, estimated: false }
}

impl Expected {
    const fn error(self, error_type: &'static str) -> Self {
        Self { error_type: Some(error_type), ..self }
    }

    const fn tokens(self, output_tokens: u64) -> Self {
        Self { output_tokens: Some(output_tokens), ..self }
    }

    /// Two words came, and nobody told what they cost.
    const fn two_words(self) -> Self {
        Self { estimated: true, ..self.tokens(4) }
    }
}

const WHOLE: &str = r#"{"id":"c1","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"Oak."},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#;
const WORD: &str = r#"{"id":"c1","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"Oak."},"finish_reason":null}]}"#;
const USAGE: &str = r#"{"id":"c1","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#;

fn data(data: &str) -> Step {
    Step::Data(data.to_owned())
}

fn headers(content_type: &str) -> Vec<(&'static str, String)> {
    // Some come twice, and order matters.
    [("content-type", content_type), ("x-two", "1"), ("x-request-id", "r1"), ("x-two", "2")]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
}

/// A stream of four events; its end takes a step of its own.
fn stream() -> Vec<Reply> {
    let steps = [WORD, WORD, USAGE, "[DONE]"].map(|event| Step::Data(format!("data: {event}\n\n"))).into();
    vec![Reply { status: 200, headers: headers("text/event-stream"), steps, ..Reply::default() }]
}

/// A document in three pieces, whose length is told before.
fn measured() -> Vec<Reply> {
    let mut headers = headers("application/json");
    headers.push(("content-length", WHOLE.len().to_string()));
    let steps = [&WHOLE[..50], &WHOLE[50..100], &WHOLE[100..]].map(data).into();
    vec![Reply { status: 200, headers, steps, ends_with_last: true, ..Reply::default() }]
}

fn with_trailers() -> Vec<Reply> {
    with(document(200, WHOLE), |reply| {
        reply.headers.push(("trailer", "x-sum".to_owned()));
        reply.steps.push(Step::Trailers);
        reply.ends_with_last = true;
    })
}

fn document(status: u16, document: &str) -> Vec<Reply> {
    vec![Reply { status, headers: headers("application/json"), steps: vec![data(document)], ..Reply::default() }]
}

/// A head and nothing else.
fn empty(status: u16) -> Reply {
    Reply { status, headers: headers("application/json"), ends_with_last: true, ..Reply::default() }
}

fn then(mut first: Reply, header: Option<(&'static str, &str)>, mut rest: Vec<Reply>) -> Vec<Reply> {
    first.headers.extend(header.map(|(name, value)| (name, value.to_owned())));
    rest.insert(0, first);
    rest
}

fn with(mut replies: Vec<Reply>, change: impl FnOnce(&mut Reply)) -> Vec<Reply> {
    change(&mut replies[0]);
    replies
}

const fn unreachable(_: &Way) -> &'static [Expected] {
    const fn row(error_type: &'static str) -> Expected {
        Expected {
            ending: "failed",
            http_status: None,
            error_type: Some(error_type),
            output_tokens: None,
            estimated: false,
        }
    }
    const { &[row("connect")] }
}

const fn broken(_: &Way) -> &'static [Expected] {
    const ROW: Expected = row("failed", 200);
    const { &[ROW.error("body")] }
}

const fn broken_words(_: &Way) -> &'static [Expected] {
    const { &[row("failed", 200).error("body").two_words()] }
}

const fn ending(
    name: &'static str,
    replies: fn() -> Vec<Reply>,
    caller: Caller,
    rows: fn(&Way) -> &'static [Expected],
) -> Ending {
    Ending { name, replies, caller, retry: Retry::Nowhere, rows, cannot: |_, _| None }
}

/// Every ending.
pub(crate) const ENDINGS: &[Ending] = &[
    ending("end of body", stream, Caller::ReadsAll, |_| const { &[row("complete", 200).tokens(9)] }),
    ending(
        "end of a document",
        || document(200, WHOLE),
        Caller::ReadsAll,
        |_| const { &[row("complete", 200).tokens(9)] },
    ),
    ending(
        "length reached, not polled again",
        measured,
        Caller::Reads(3),
        |_| const { &[row("complete", 200).tokens(9)] },
    ),
    ending("protocol's last message, then dropped", stream, Caller::Reads(4), |_| {
        const { &[row("complete", 200).tokens(9)] }
    }),
    Ending {
        cannot: |way, _| way.over_reqwest.then_some("reqwest shows none"),
        ..ending("trailers", with_trailers, Caller::ReadsAll, |_| const { &[row("complete", 200).tokens(9)] })
    },
    Ending {
        cannot: |way, _| (!way.over_reqwest).then_some("the caller sees them"),
        ..ending("trailers that are left out", with_trailers, Caller::ReadsAll, |_| {
            const { &[row("complete", 200).tokens(9)] }
        })
    },
    ending("trailers, then dropped", with_trailers, Caller::Reads(2), |_| const { &[row("complete", 200).tokens(9)] }),
    ending(
        "body breaks",
        || with(stream(), |reply| reply.steps.insert(2, Step::Break)),
        Caller::ReadsAll,
        broken_words,
    ),
    ending(
        "body breaks before its length is reached",
        || with(measured(), |reply| reply.steps[2] = Step::Break),
        Caller::ReadsAll,
        broken,
    ),
    ending("dropped before the end", stream, Caller::Reads(2), |_| const { &[row("cancelled", 200).two_words()] }),
    ending("never polled", stream, Caller::Reads(0), |_| const { &[row("cancelled", 200)] }),
    ending("connection refused", Vec::new, Caller::CallsNobody, unreachable),
    ending(
        "non-2xx with a body",
        || document(429, r#"{"error":{"message":"Slow down","type":"requests","code":"rate_limit_exceeded"}}"#),
        Caller::ReadsAll,
        |_| const { &[row("complete", 429).error("429")] },
    ),
    ending(
        "non-2xx without a body",
        || vec![empty(500)],
        Caller::ReadsAll,
        |_| const { &[row("complete", 500).error("500")] },
    ),
    ending("empty body", || vec![empty(204)], Caller::Reads(0), |_| const { &[row("complete", 204)] }),
    Ending {
        cannot: |_, http| (http == Http::Two).then_some("HTTP/2 has no 101"),
        ..ending(
            "upgrade",
            || {
                let mut reply = empty(101);
                reply.headers = vec![("connection", "upgrade".to_owned()), ("upgrade", "echo".to_owned())];
                vec![reply]
            },
            Caller::Upgrades,
            |_| const { &[row("complete", 101)] },
        )
    },
    ending(
        "redirect",
        || then(empty(307), Some(("location", "/v1/chat/completions?moved=1")), stream()),
        Caller::ReadsAll,
        |way| {
            if way.over_reqwest {
                const { &[row("complete", 200).tokens(9)] }
            } else {
                const { &[row("complete", 307)] }
            }
        },
    ),
    Ending {
        retry: Retry::BeneathUs,
        ..ending(
            "retry beneath us",
            || then(empty(503), None, stream()),
            Caller::ReadsAll,
            |_| const { &[row("complete", 200).tokens(9)] },
        )
    },
    Ending {
        retry: Retry::OutsideOfUs,
        ..ending(
            "retry outside of us",
            || then(empty(503), None, stream()),
            Caller::ReadsAll,
            |_| const { &[row("complete", 503).error("503"), row("complete", 200).tokens(9)] },
        )
    },
    ending("panic of the caller", stream, Caller::Panics(2), |_| const { &[row("cancelled", 200).two_words()] }),
    ending(
        "future dropped before the head",
        || with(stream(), |reply| reply.held = true),
        Caller::LeavesBeforeTheHead,
        |_| const { &[Expected { http_status: None, ..row("cancelled", 0) }] },
    ),
];
