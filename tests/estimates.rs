//! What nobody reports is estimated, and what somebody reports never is: streams that are abandoned or tell no usage, and
//! the numbers of recorded exchanges, for which both are known.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use http::HeaderMap;
use spanledger::{
    Recorder,
    call::{Call, Ending, PricingStatus, Timestamp, UsageSource},
    capture::inspect::{Exchange, inspect},
    estimate::tokens,
};

const CHAT: &str = "https://api.openai.com/v1/chat/completions";
const PROMPT: &str = "Which wood is this table made of?";
const WORDS: [&str; 5] = ["It", " is", " oak,", " not", " beech."];

fn asked() -> String {
    format!(r#"{{"model":"gpt-4o-mini","stream":true,"messages":[{{"role":"user","content":"{PROMPT}"}}]}}"#)
}

fn chunk(word: &str, usage: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}],\"usage\":{usage}}}\n\n"
    )
}

/// A call whose answer is this body, as it came, and ended like this.
fn call(url: &str, request: &str, content_type: &str, chunks: Vec<&[u8]>, ending: Ending) -> Call {
    with(&Recorder::new(), url, request, (200, content_type), chunks, ending)
}

fn with(
    recorder: &Recorder,
    url: &str,
    request: &str,
    (status, kind): (u16, &str),
    chunks: Vec<&[u8]>,
    ending: Ending,
) -> Call {
    let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, kind.parse().unwrap())]);
    let exchange = Exchange {
        method: "POST",
        url,
        request_headers: &HeaderMap::new(),
        request_body: Some(request.as_bytes()),
        status: Some(status),
        response_headers: &headers,
        chunks,
        ending,
        started_at: Timestamp::now(),
        duration: Duration::from_secs(1),
    };
    inspect(recorder, &exchange).unwrap()
}

fn stream(words: &[&str], ending: Ending) -> Call {
    let body: String = words.iter().map(|word| chunk(word, "null")).collect();
    call(CHAT, &asked(), "text/event-stream", vec![body.as_bytes()], ending)
}

fn counts(call: &Call) -> (Option<u64>, Option<u64>, UsageSource) {
    (call.usage.input_tokens, call.usage.output_tokens, call.usage.source)
}

fn estimated(input: &str, output: &str) -> (Option<u64>, Option<u64>, UsageSource) {
    (Some(tokens(input)), Some(tokens(output)), UsageSource::Estimated)
}

#[test]
fn an_abandoned_stream_is_estimated_by_what_was_seen() {
    for seen in 1..=WORDS.len() {
        let call = stream(&WORDS[..seen], Ending::Cancelled);
        assert_eq!(counts(&call), estimated(PROMPT, &WORDS[..seen].concat()), "{seen} words");
    }
}

#[test]
fn a_stream_that_tells_no_usage_is_estimated_and_priced() {
    let call = stream(&WORDS, Ending::Complete);
    assert_eq!(counts(&call), estimated(PROMPT, &WORDS.concat()));
    assert!(call.cost.total.is_some_and(|cost| cost > spanledger::call::Usd::ZERO));
    assert_eq!(call.cost.status, Some(PricingStatus::Exact), "the price is known, the usage is what is estimated");
}

#[test]
fn what_came_in_pieces_or_in_a_long_stream_is_the_same_text() {
    let words: Vec<String> = (0..3000).map(|n| format!(" word{}", n % 7)).collect();
    let body: String = words.iter().map(|word| chunk(word, "null")).collect();
    let whole = call(CHAT, &asked(), "text/event-stream", vec![body.as_bytes()], Ending::Complete);
    let pieces = call(CHAT, &asked(), "text/event-stream", body.as_bytes().chunks(97).collect(), Ending::Complete);
    assert_eq!(counts(&whole), counts(&pieces));
    let (found, exact) = (whole.usage.output_tokens.unwrap(), tokens(&words.concat()));
    assert!(found.abs_diff(exact) * 20 < exact, "{found} for {exact}");
}

#[test]
fn a_number_that_the_provider_gives_stays_a_zero_too() {
    for (usage, input, output, source) in [
        (r#"{"prompt_tokens":0,"completion_tokens":0}"#, Some(0), Some(0), UsageSource::Provider),
        (r#"{"prompt_tokens":7,"completion_tokens":900}"#, Some(7), Some(900), UsageSource::Provider),
        (r#"{"prompt_tokens":0}"#, Some(0), Some(tokens("It")), UsageSource::Estimated),
        (r#"{"completion_tokens":0}"#, Some(tokens(PROMPT)), Some(0), UsageSource::Estimated),
    ] {
        let body = chunk("It", usage);
        let call = call(CHAT, &asked(), "text/event-stream", vec![body.as_bytes()], Ending::Complete);
        assert_eq!(counts(&call), (input, output, source), "{usage}");
    }
}

#[test]
fn what_was_refused_or_abandoned_before_an_answer_used_nothing_that_we_know_of() {
    let unknown = (None, None, UsageSource::None);
    assert_eq!(counts(&stream(&[], Ending::Cancelled)), unknown);
    assert_eq!(counts(&stream(&[], Ending::Failed)), unknown);
    let error = br#"{"error":{"message":"No such model: oak","code":"model_not_found"}}"#;
    let refused = with(&Recorder::new(), CHAT, &asked(), (404, "application/json"), vec![error], Ending::Complete);
    assert_eq!(counts(&refused), unknown);
    let off = Recorder::new().with_estimates(false);
    let body = chunk("It", "null");
    let kind = (200, "text/event-stream");
    assert_eq!(counts(&with(&off, CHAT, &asked(), kind, vec![body.as_bytes()], Ending::Complete)), unknown);
}

#[test]
fn answers_in_one_piece_and_embeddings_are_estimated_too() {
    let answer = r#"{"id":"c","model":"m","choices":[{"message":{"role":"assistant","content":"It is oak."},"finish_reason":"stop"}]}"#;
    let json = "application/json";
    let whole = call(CHAT, &asked(), json, vec![answer.as_bytes()], Ending::Complete);
    assert_eq!(counts(&whole), estimated(PROMPT, "It is oak."));

    let request = format!(r#"{{"model":"text-embedding-3-small","input":["{PROMPT}","oak"]}}"#);
    let answer = br#"{"object":"list","model":"text-embedding-3-small","data":[{"embedding":[0.1,0.2],"index":0}]}"#;
    let url = "https://api.openai.com/v1/embeddings";
    let embedded = call(url, &request, json, vec![answer], Ending::Complete);
    assert_eq!(counts(&embedded), (Some(tokens(PROMPT) + tokens("oak")), None, UsageSource::Estimated));
    assert!(embedded.cost.total.is_some());
}

#[test]
fn what_is_no_text_is_not_estimated() {
    let url = "https://api.openai.com/v1/images/generations";
    let answer = br#"{"created":1,"data":[{"b64_json":"AAAA"}]}"#;
    let call =
        call(url, r#"{"model":"dall-e-3","prompt":"An oak."}"#, "application/json", vec![answer], Ending::Complete);
    assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (None, None));
    assert_ne!(call.usage.source, UsageSource::Estimated);
}

/// A prompt beyond what is held, in pieces: its length counts though most of it is cut out of what is read.
#[test]
fn a_long_prompt_and_a_long_answer_are_estimated_by_their_length() {
    let text = "The oak is a tree of the genus Quercus. ".repeat(10_000);
    let request = format!(r#"{{"model":"gpt-4o-mini","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let answer =
        format!(r#"{{"id":"c","model":"m","choices":[{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#);
    let call = call(CHAT, &request, "application/json", answer.as_bytes().chunks(5000).collect(), Ending::Complete);
    let exact = tokens(&text);
    for found in [call.usage.input_tokens.unwrap(), call.usage.output_tokens.unwrap()] {
        assert!(found.abs_diff(exact) * 50 < exact, "{found} for {exact}");
    }
}
