//! What nobody reports is estimated, and what somebody reports never is: streams that are abandoned or tell no usage, and
//! the numbers of recorded exchanges, for which both are known.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it measured")]

use std::time::Duration;

use http::HeaderMap;
use recorded as exchanges;
use spanledger::{
    Recorder,
    call::{Call, Ending, PricingStatus, Timestamp, UsageSource},
    capture::inspect::{Exchange, inspect},
    estimate::tokens,
};

#[path = "recorded/mod.rs"]
mod recorded;

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

/// The members that tell usage, so that a copy of an answer can be made that does not tell it.
const USAGE: [&str; 4] = ["\"usage\"", "\"usageMetadata\"", "\"prompt_eval_count\"", "\"eval_count\""];

/// What a request or an answer has whose calls used what is no text: tools, images, thoughts that are not shown.
const NO_TEXT: [&str; 8] =
    ["\"tools\"", "image", "\"file", "inlineData", "\"response_format\"", "audio", "compact", "executed_tools"];

/// Recorded answers of real providers, with their usage hidden, against what it says: by how much estimates are off.
#[test]
fn estimates_of_recorded_answers_are_near_what_their_providers_count() {
    let Some(recorded) = exchanges::all() else {
        println!("{}", exchanges::NONE);
        return;
    };
    let (recorder, began) = (Recorder::new(), Timestamp::now());
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    for exchange in recorded.iter().filter(|exchange| exchange.status == 200) {
        let Ok(body) = std::str::from_utf8(&exchange.response_body) else { continue };
        let hidden = USAGE.iter().fold(body.to_owned(), |body, name| body.replace(name, "\"hidden\""));
        let call = |body: &str| exchange.inspect(&recorder, vec![body.as_bytes()], Ending::Complete, began);
        let (Some(told), Some(guessed)) = (call(body), call(&hidden)) else { continue };
        let asked = String::from_utf8_lossy(&exchange.request_body);
        let is_plain = !NO_TEXT.iter().any(|word| asked.contains(word) || body.contains(word));
        let is_all_shown = told.usage.reasoning_tokens.unwrap_or(0) == 0;
        // Perplexity repeats the whole answer in each chunk, beside its usage.
        let repeats = told.provider == "perplexity";
        let is_known = told.usage.source == UsageSource::Provider && guessed.usage.source == UsageSource::Estimated;
        if !(is_known && is_plain && is_all_shown) || repeats {
            continue;
        }
        let pair = |told: Option<u64>, guessed: Option<u64>| Some((told? as f64, guessed? as f64));
        inputs.extend(pair(told.usage.input_tokens, guessed.usage.input_tokens));
        let output = pair(told.usage.output_tokens, guessed.usage.output_tokens);
        outputs.extend(output.filter(|(told, _)| *told >= 20.0));
    }
    // Each provider frames messages with tokens of its own, which is most of a short prompt.
    let missing = spread("input tokens too few", inputs.iter().map(|(told, guessed)| told - guessed).collect());
    assert!(inputs.len() >= 20 && (0.0..=15.0).contains(&missing[1]), "{inputs:?}");
    let ratios = spread("output, estimated over told", outputs.iter().map(|(told, guessed)| guessed / told).collect());
    assert!(outputs.len() >= 15 && (0.85..1.2).contains(&ratios[1]), "{outputs:?}");
}

/// Where a tenth, a half and nine tenths of them lie below.
fn spread(what: &str, mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let spread = [0.1, 0.5, 0.9].map(|share| values[(share * (values.len() - 1) as f64) as usize]);
    println!("{what}, {} calls: {spread:.2?} (10, 50 and 90 of 100 are below)", values.len());
    spread
}
