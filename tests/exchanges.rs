//! Measures what we read against recorded exchanges of real providers, where they are at hand.
//!
//! The recordings are no part of this project: `SPANLEDGER_EXCHANGES` names their folder, else `../shared/exchanges` beside
//! the project is looked at. Each is a JSON file with `request`, `response` and `expected`. The rules that they follow are
//! tested one by one with fixtures of our own, beside the code.

#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use serde_json::{Value, json};
use spanledger::{
    call::Call,
    framing::{Decoder, Message},
    provider::{self, Hosts, RequestHead},
};

/// The protocols that must reach [`ENOUGH`]; the others are printed only.
const MEASURED: [&str; 15] = [
    "openai_chat",
    "openai_responses",
    "openai_completions",
    "openai_embeddings",
    "openai_images",
    "openai_speech",
    "openai_batches",
    "anthropic_messages",
    "anthropic_count_tokens",
    "gemini_generate",
    "gemini_embed",
    "gemini_count_tokens",
    "ollama_chat",
    "ollama_generate",
    "ollama_embed",
];

/// The least share of equal fields.
const ENOUGH: f64 = 0.99;

#[derive(Debug, Default)]
struct Tally {
    exchanges: usize,
    equal: usize,
    fields: usize,
}

#[test]
fn recorded_exchanges_are_read_as_expected() {
    let Some(folder) = folder() else {
        println!("no recorded exchanges here: set SPANLEDGER_EXCHANGES to their folder to measure against them");
        return;
    };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut differences = Vec::new();
    for file in files(&folder) {
        let exchange: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let expected = &exchange["expected"];
        let protocol = expected["protocol"].as_str().unwrap();
        let tally = tallies.entry(protocol.to_owned()).or_default();
        tally.exchanges += 1;
        let (name, call) = read(&exchange);
        let found = found(name, &call);
        for (field, value) in expected.as_object().unwrap() {
            if let Some(equal) = equal(field, value, &found, expected) {
                tally.fields += 1;
                tally.equal += usize::from(equal);
                if !equal {
                    let file = file.strip_prefix(&folder).unwrap().display();
                    differences.push(format!("{protocol}: {field} should be {value}, is {} ({file})", found[field]));
                }
            }
        }
    }
    println!("{:24} {:>9} {:>7} {:>7} {:>8}", "protocol", "exchanges", "fields", "equal", "share");
    let share = |tally: &Tally| tally.equal as f64 / tally.fields as f64;
    for (protocol, tally) in &tallies {
        let percent = 100.0 * share(tally);
        println!("{protocol:24} {:>9} {:>7} {:>7} {percent:>6.1} %", tally.exchanges, tally.fields, tally.equal);
    }
    differences
        .iter()
        .filter(|line| MEASURED.iter().any(|protocol| line.starts_with(protocol)))
        .for_each(|line| println!("{line}"));
    for protocol in MEASURED {
        let tally =
            tallies.get(protocol).unwrap_or_else(|| panic!("no exchange of {protocol} in {}", folder.display()));
        assert!(share(tally) >= ENOUGH, "{protocol}: only {} of {} fields are equal", tally.equal, tally.fields);
    }
}

/// The protocol that we took it for, and the call.
fn read(exchange: &Value) -> (&'static str, Call) {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let url: Uri = request["url"].as_str().unwrap().parse().unwrap();
    let headers = headers(&request["headers"]);
    let head = RequestHead {
        method: request["method"].as_str().unwrap(),
        host: url.host().unwrap(),
        port: url.port_u16(),
        path: url.path(),
        query: url.query(),
        headers: &headers,
    };
    let mut call = Call::default();
    let Some((provider, detected)) = provider::detect(&head, &Hosts::default()) else { return ("none", call) };
    call.provider = detected.provider;
    call.operation = detected.operation.into();
    call.request.model = detected.model;
    call.request.stream = detected.stream;

    let mut reader = provider.reader();
    match &request["body"] {
        Value::Null => {}
        Value::String(text) => reader.request(text.as_bytes(), &mut call),
        json => reader.request(json.to_string().as_bytes(), &mut call),
    }
    let answered = self::headers(&response["headers"]);
    reader.headers(&answered, &mut call);
    let status = response["status"].as_u64().unwrap();
    call.outcome.http_status = u16::try_from(status).ok();
    let body = response["body_text"].as_str().unwrap_or_default();
    if status >= 400 {
        call.outcome.error_type = Some(status.to_string());
        provider::error::read(body.as_bytes(), &mut call);
    } else {
        let kind = answered.get("content-type").and_then(|kind| kind.to_str().ok());
        let mut decoder = Decoder::new(kind);
        let mut on = |message: Message<'_>| {
            reader.message(message, &mut call);
        };
        body.as_bytes().chunks(1_000).for_each(|piece| decoder.push(piece, &mut on));
        decoder.finish(&mut on);
    }
    reader.finish(&mut call);
    call.usage.check();
    (provider.name(), call)
}

/// What was read, under the names of `expected`.
fn found(protocol: &str, call: &Call) -> Value {
    json!({
        "protocol": protocol,
        "provider": call.provider,
        "operation": call.operation,
        "request_model": call.request.model,
        "response_model": call.response.model,
        "response_id": call.response.id,
        "finish_reasons": call.response.finish_reasons,
        "input_tokens": call.usage.input_tokens,
        "output_tokens": call.usage.output_tokens,
        "cached_tokens": call.usage.cache_read_tokens,
        "cache_creation_tokens": call.usage.cache_write_tokens,
        "reasoning_tokens": call.usage.reasoning_tokens,
        "streaming": call.was_streamed().unwrap_or(false),
        "status": call.outcome.http_status,
        "error_type": call.outcome.error_type,
        "service_tier": call.response.service_tier,
        "has_logprobs": call.trust.confidence.is_some(),
        "provider_cost_usd": call.cost.total.map(|usd| usd.to_f64()),
    })
}

/// Whether a field is as expected; `None`: it is not ours to compare.
fn equal(field: &str, expected: &Value, found: &Value, all: &Value) -> Option<bool> {
    let found = found.get(field)?;
    Some(match field {
        // Other names are free.
        "provider" if all["provider_is_semconv_value"] == false => return None,
        // An error inside a success has no status to be called by: any name of it will do.
        "error_type" if !all["error_in_body"].is_null() => found.is_string(),
        "provider_cost_usd" => {
            matches!((found.as_f64(), expected.as_f64()), (Some(a), Some(b)) if (a - b).abs() < 1e-11)
        }
        // Enums that the client asked to have as integers are spelled as such.
        "finish_reasons" => {
            let words = |list: &Value| list.as_array().unwrap().iter().map(word).collect::<Vec<_>>();
            words(found) == words(expected)
        }
        _ => found == expected,
    })
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn headers(of: &Value) -> HeaderMap {
    let pair = |(name, value): (&String, &Value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(value.as_str()?).ok()?))
    };
    of.as_object().into_iter().flatten().filter_map(pair).collect()
}

fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/exchanges");
    let folder = std::env::var_os("SPANLEDGER_EXCHANGES").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for provider in fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        files.extend(fs::read_dir(provider.path()).unwrap().flatten().map(|entry| entry.path()));
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}
