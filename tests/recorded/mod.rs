//! Recorded exchanges of real providers, where they are at hand.
//!
//! They are no part of this project: `SPANLEDGER_EXCHANGES` names their folder, else `../shared/exchanges` beside the project
//! is looked at. Each is a JSON file with `request`, `response` and `expected`.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of this module")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;
use spanledger::{
    Call, Recorder,
    call::{Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
};

/// What belongs to one connection or to the recorder's own coding of the body, and not to the exchange.
const CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
];

/// One exchange, its bodies decoded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The file: `openai/chat__0.json`.
    pub name: String,
    /// Whose protocol it is, as the recording says.
    pub protocol: String,
    pub streamed: bool,
    pub method: String,
    pub url: String,
    pub request_headers: HeaderMap,
    pub request_body: Bytes,
    pub status: u16,
    pub response_headers: HeaderMap,
    pub response_body: Bytes,
}

/// What a test prints where there are none.
pub const NONE: &str = "no recorded exchanges here: set SPANLEDGER_EXCHANGES to their folder to test with them";

/// All of them, by name. `None`: there are none here.
pub fn all() -> Option<Vec<Recorded>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/exchanges");
    let folder = std::env::var_os("SPANLEDGER_EXCHANGES").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        return None;
    }
    let mut all = Vec::new();
    for provider in entries(&folder).into_iter().filter(|path| path.is_dir()) {
        for file in entries(&provider).into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let name = file.strip_prefix(&folder).unwrap().display().to_string();
            all.push(Recorded::read(name, &serde_json::from_slice(&fs::read(&file).unwrap()).unwrap()));
        }
    }
    assert!(!all.is_empty(), "{} has no exchange", folder.display());
    Some(all)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

impl Recorded {
    fn read(name: String, exchange: &Value) -> Self {
        let (request, response, expected) = (&exchange["request"], &exchange["response"], &exchange["expected"]);
        let text = |of: &Value| of.as_str().unwrap().to_owned();
        Self {
            name,
            protocol: text(&expected["protocol"]),
            streamed: expected["streaming"] == true,
            method: text(&request["method"]),
            url: text(&request["url"]),
            request_headers: headers(&request["headers"]),
            request_body: body(&request["body"], &request["body_base64"]),
            status: response["status"].as_u64().unwrap().try_into().unwrap(),
            response_headers: headers(&response["headers"]),
            response_body: body(&response["body_text"], &response["body_base64"]),
        }
    }

    /// What `inspect` says of it when its answer comes in these chunks and ends so.
    pub fn inspect(
        &self,
        recorder: &Recorder,
        chunks: Vec<&[u8]>,
        ending: Ending,
        started_at: Timestamp,
    ) -> Option<Call> {
        let exchange = Exchange {
            method: &self.method,
            url: &self.url,
            request_headers: &self.request_headers,
            request_body: Some(&self.request_body),
            status: Some(self.status),
            response_headers: &self.response_headers,
            chunks,
            ending,
            started_at,
            duration: Duration::from_secs(1),
        };
        inspect(recorder, &exchange)
    }
}

fn headers(of: &Value) -> HeaderMap {
    let pair = |(name, value): (&String, &Value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(value.as_str()?).ok()?))
    };
    let mut headers: HeaderMap = of.as_object().into_iter().flatten().filter_map(pair).collect();
    for name in CONNECTION {
        headers.remove(name);
    }
    headers
}

fn body(text: &Value, base64: &Value) -> Bytes {
    match (text, base64) {
        (_, Value::String(base64)) => STANDARD.decode(base64).unwrap().into(),
        (Value::Null, _) => Bytes::new(),
        (Value::String(text), _) => text.clone().into(),
        (json, _) => json.to_string().into(),
    }
}
