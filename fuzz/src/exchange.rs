//! Whole exchanges with a provider, through the code that a live call meets.
//!
//! The first bytes of the input say where the request goes, how the answer begins and ends, and how it is cut. Then come the
//! request's body, a zero byte, and the answer's body.

use std::{sync::LazyLock, time::Duration};

use http::{HeaderMap, HeaderValue, header};
use spanledger::{
    Call, PriceBook, Recorder,
    call::{Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
};

use crate::{Cuts, call, framing};

/// Every URL of the crate's own table of detection that is an AI call, with its protocol and its provider. Every protocol is
/// in that table (a test of the crate's sees to it), and every line of it in one family: so each is walked.
pub static URLS: LazyLock<Vec<Url>> = LazyLock::new(|| {
    let lines = include_str!("../../tests/fixtures/detection.txt").lines();
    lines.filter_map(Url::read).collect()
});

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Url {
    /// The URL.
    pub url: &'static str,
    /// The protocol that reads it.
    pub protocol: &'static str,
    /// Whose it is.
    pub provider: &'static str,
}

impl Url {
    fn read(line: &'static str) -> Option<Self> {
        let (url, what) = line.split_once(" -> ")?;
        let mut words = what.split(' ');
        let (protocol, provider) = (words.next()?, words.next()?);
        Some(Self { url, protocol, provider })
    }
}

/// The URLs that one target walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// OpenAI's protocols, at OpenAI and on Azure.
    OpenAi,
    /// Anthropic's protocols, wherever they are spoken.
    Anthropic,
    /// Google's protocols.
    Gemini,
    /// Ollama's own protocols.
    Ollama,
    /// OpenAI's protocols as others speak them.
    Others,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 5] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Ollama, Self::Others];

    /// Its URLs.
    #[must_use]
    pub fn urls(self) -> Vec<Url> {
        URLS.iter().copied().filter(|url| Self::of(*url) == self).collect()
    }

    fn of(url: Url) -> Self {
        match url.protocol.split('_').next() {
            Some("anthropic") => Self::Anthropic,
            Some("gemini") => Self::Gemini,
            Some("ollama") => Self::Ollama,
            Some("openai") if url.provider == "openai" || url.provider.starts_with("azure.") => Self::OpenAi,
            _ => Self::Others,
        }
    }
}

/// What the answer calls itself.
pub const CONTENT_TYPES: [Option<&str>; 8] = [
    Some("application/json"),
    Some("text/event-stream"),
    Some("application/x-ndjson"),
    None,
    Some("text/event-stream; charset=utf-8"),
    Some("text/plain"),
    Some("audio/mpeg"),
    Some("application/json; charset=utf-8"),
];
/// Most answers are successes.
pub const STATUSES: [u16; 8] = [200, 200, 200, 201, 400, 429, 500, 529];
/// Half of them end as they should.
pub const ENDINGS: [Ending; 4] = [Ending::Complete, Ending::Complete, Ending::Cancelled, Ending::Failed];
/// Before, between and after changes of prices, in seconds since 1970.
const DAYS: [i64; 4] = [1_690_000_000, 1_735_700_000, 1_760_000_000, 1_795_000_000];
/// A key that the request carries.
const KEY: &str = "sk-canary-0123456789";

/// Prices of the user's are in front, so that both ways of pricing are walked.
static RECORDER: LazyLock<Recorder> = LazyLock::new(|| {
    let file = r#"
        [[price]]
        provider = "ollama"
        model = "*"
        input = "0.15"
        output = "0.6"
        cache_read = "0.01"
        per_call = "0.001"
        per_unit = { web_searches = "0.01" }
    "#;
    let book = PriceBook::bundled().with_file(file, "prices.toml").expect("a good price file");
    Recorder::new().with_prices(book)
});

/// Any pieces give the same call, and so does reading without short cuts; it holds what calls hold; garbage behind the body
/// changes nothing.
pub fn walk(family: Family, input: &[u8]) {
    let [url, head, day, first, second, rest @ ..] = input else { return };
    let urls = family.urls();
    let at = rest.iter().position(|byte| *byte == 0);
    let (request, answer) = at.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + 1..]));
    let exchange = Recorded {
        url: urls[usize::from(*url) % urls.len()].url,
        status: STATUSES[usize::from(*head & 7)],
        content_type: CONTENT_TYPES[usize::from((*head >> 3) & 7)],
        ending: ENDINGS[usize::from(*head >> 6)],
        started_at: Timestamp::from_micros(DAYS[usize::from(*day & 3)] * 1_000_000),
        request,
    };
    exchange.check(answer, Cuts(*first, *second));
}

/// The same messages with a member more, whose name nobody asks for and whose value is never the same: what is read in a
/// short way, because it is plain or like the message before, is now read by the letter. Forms and plain texts have no
/// members.
fn oddly(body: &[u8]) -> Vec<u8> {
    if !["{", "data:", "event:", ":"].iter().any(|start| body.starts_with(start.as_bytes())) {
        return body.to_vec();
    }
    let mut odd = Vec::with_capacity(body.len());
    for (number, line) in body.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let message = line.strip_prefix(b"data:").unwrap_or(line).trim_ascii_start();
        if message.starts_with(b"{\"") {
            let (before, message) = line.split_at(line.len() - message.len() + 1);
            odd.extend_from_slice(before);
            odd.extend_from_slice(format!("\"\\u007a\":{number},").as_bytes());
            odd.extend_from_slice(message);
        } else {
            odd.extend_from_slice(line);
        }
    }
    odd
}

struct Recorded<'a> {
    url: &'a str,
    status: u16,
    content_type: Option<&'static str>,
    ending: Ending,
    started_at: Timestamp,
    request: &'a [u8],
}

impl Recorded<'_> {
    fn check(&self, answer: &[u8], cuts: Cuts) {
        framing::holds_little(self.content_type, &cuts.of(answer));
        let whole = self.inspect(vec![answer]);
        assert_eq!(self.inspect(cuts.of(answer)), whole);
        let odd = Recorded { request: &oddly(self.request), ..*self };
        // The body of an error is no stream of messages.
        let odd_answer = if self.status < 400 || answer.starts_with(b"{") { oddly(answer) } else { answer.to_vec() };
        assert_eq!(odd.inspect(vec![&odd_answer]), whole, "read without short cuts");
        if let Some(whole) = whole {
            call::holds(&whole);
            let message = whole.outcome.error_message.as_deref().unwrap_or_default();
            assert!(!message.contains(KEY), "{message}");
            assert!(whole.outcome.error_type.is_some() || self.status < 400);
            if let Some(garbage) = self.garbage_behind(answer) {
                assert_eq!(self.inspect(vec![answer, garbage]).as_ref(), Some(&whole), "with garbage behind it");
            }
        }
    }

    /// What may stand behind a body without costing a message before it, where there is such a thing. Where the body broke
    /// off it may end the last message, and the call is more complete than it was.
    fn garbage_behind(&self, answer: &[u8]) -> Option<&'static [u8]> {
        let is_json = answer.trim_ascii().starts_with(b"{") && answer.trim_ascii().ends_with(b"}");
        match self.content_type {
            _ if self.status >= 400 || self.ending != Ending::Complete => None,
            Some(media) if media.starts_with("audio/") => None,
            _ if answer.starts_with(b"data:") || answer.starts_with(b"event:") => Some(b"\n\n:garbage\nnonsense\n\n"),
            Some("application/x-ndjson") if is_json => Some(b"\ngarbage\n"),
            _ if is_json => Some(b"\ngarbage {"),
            _ => None,
        }
    }

    fn inspect(&self, chunks: Vec<&[u8]>) -> Option<Call> {
        let mut request_headers = HeaderMap::new();
        request_headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer sk-canary-0123456789"));
        let mut response_headers = HeaderMap::new();
        if let Some(content_type) = self.content_type {
            response_headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let exchange = Exchange {
            method: "POST",
            url: self.url,
            request_headers: &request_headers,
            request_body: Some(self.request),
            status: Some(self.status),
            response_headers: &response_headers,
            chunks,
            ending: self.ending,
            started_at: self.started_at,
            duration: Duration::from_millis(1500),
        };
        inspect(&RECORDER, &exchange)
    }
}
