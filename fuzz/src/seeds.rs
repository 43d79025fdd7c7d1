//! What each target begins with: short messages of each protocol, in our own words. A target writes them into its corpus
//! when it starts, where they are not there yet.

use std::{fs, io::Write as _, path::Path};

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use serde_json::{Value, json};
use spanledger::{
    call::Source,
    fuzzing,
    span::{names, read},
};

use crate::exchange::{CONTENT_TYPES, Family, STATUSES, URLS};

/// Writes the seeds of a target into the corpus that the command line names.
///
/// # Panics
///
/// The corpus cannot be written.
pub fn plant(seeds: &[Vec<u8>]) {
    // Options begin with a dash; the corpus that is grown comes first.
    let Some(corpus) = std::env::args().skip(1).find(|argument| Path::new(argument).is_dir()) else { return };
    for (number, seed) in seeds.iter().enumerate() {
        let path = Path::new(&corpus).join(format!("seed-{number:03}"));
        if !path.exists() {
            fs::write(path, seed).expect("the corpus can be written");
        }
    }
}

const JSON: usize = 0;
const SSE: usize = 1;
const NDJSON: usize = 2;

/// Whole exchanges with each URL of a family.
#[must_use]
pub fn exchanges(family: Family) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (index, url) in family.urls().iter().enumerate() {
        for (request, content_type, answer) in messages(url.protocol) {
            seeds.push(exchange(index, 200, *content_type, request, answer));
        }
        seeds.push(exchange(index, 429, JSON, "{\"model\":\"m\"}", ERROR));
    }
    seeds
}

const ERROR: &str =
    r#"{"error":{"message":"Slow down, sk-canary-0123456789","type":"rate_limit_error","code":"slow"}}"#;

fn exchange(url: usize, status: u16, content_type: usize, request: &str, answer: &str) -> Vec<u8> {
    debug_assert!(content_type < CONTENT_TYPES.len());
    let status = STATUSES.iter().position(|known| *known == status).expect("a status that is walked");
    let head = [url, status | content_type << 3, 3, 6, 40].map(|byte| u8::try_from(byte).expect("a small number"));
    [&head, request.as_bytes(), b"\0", answer.as_bytes()].concat()
}

type Message = (&'static str, usize, &'static str);

/// Requests, with how they are answered.
fn messages(protocol: &str) -> &'static [Message] {
    match protocol {
        "openai_chat" => CHAT,
        "openai_responses" => RESPONSES,
        "openai_completions" => COMPLETIONS,
        "openai_embeddings" => EMBEDDINGS,
        "openai_images" => IMAGES,
        "openai_speech" | "openai_transcription" => AUDIO,
        "anthropic_messages" => MESSAGES,
        "anthropic_complete" => COMPLETE,
        "gemini_generate" => GENERATE,
        "gemini_embed" => EMBED,
        "ollama_chat" | "ollama_generate" => OLLAMA,
        "ollama_embed" => OLLAMA_EMBED,
        _ => UNBILLED,
    }
}

const CHAT: &[Message] = &[
    (
        r#"{"model":"gpt-4o-mini","temperature":0.5,"max_tokens":9,"n":2,"stop":["x"],"service_tier":"auto","messages":[]}"#,
        JSON,
        r#"{"id":"c-1","model":"gpt-4o-mini-2024-07-18","service_tier":"default","choices":[{"index":0,"finish_reason":"stop","message":{"content":"hi"},"logprobs":{"content":[{"logprob":-0.1}]}}],"usage":{"prompt_tokens":12,"completion_tokens":7,"total_tokens":19,"cost":0.0001,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":2}}}"#,
    ),
    (
        r#"{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true}}"#,
        SSE,
        "data: {\"id\":\"c-1\",\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n\
         data: {\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}],\"usage\":null}\n\n\
         data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
         data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":7,\"cost_in_usd_ticks\":77}}\n\ndata: [DONE]\n\n",
    ),
    (r#"{"model":"grok-4","stream":true}"#, SSE, "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n"),
];

const RESPONSES: &[Message] = &[
    (
        r#"{"model":"gpt-5-mini","input":"hi","reasoning":{"effort":"low"},"max_output_tokens":9,"text":{"format":{"type":"json_schema"}}}"#,
        JSON,
        r#"{"id":"r-1","object":"response","status":"completed","model":"gpt-5-mini","output":[{"type":"web_search_call"},{"type":"message","content":[{"type":"output_text","text":"hi"}]}],"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":4},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":19}}"#,
    ),
    (
        r#"{"model":"gpt-5-mini","stream":true}"#,
        SSE,
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r-1\",\"status\":\"in_progress\"}}\n\n\
         event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\n\
         event: response.incomplete\ndata: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}\n\n",
    ),
];

const COMPLETIONS: &[Message] = &[(
    r#"{"model":"davinci-002","prompt":"hi","max_tokens":3}"#,
    JSON,
    r#"{"id":"t-1","model":"davinci-002","choices":[{"text":"ho","finish_reason":"length","logprobs":{"token_logprobs":[-0.5,null]}}],"usage":{"prompt_tokens":2,"completion_tokens":3}}"#,
)];

const EMBEDDINGS: &[Message] = &[(
    r#"{"model":"text-embedding-3-small","input":["a"],"dimensions":64,"encoding_format":"float"}"#,
    JSON,
    r#"{"model":"text-embedding-3-small","data":[{"embedding":[0.1,-0.2]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#,
)];

const IMAGES: &[Message] = &[
    (
        r#"{"model":"gpt-image-1","prompt":"a cat","n":2}"#,
        JSON,
        r#"{"created":1,"data":[{"b64_json":"AAAA"},{"b64_json":"AAAA"}],"usage":{"input_tokens":5,"input_tokens_details":{"text_tokens":5,"image_tokens":0},"output_tokens":90,"total_tokens":95}}"#,
    ),
    (
        r#"{"model":"gpt-image-1","stream":true}"#,
        SSE,
        "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"AA\",\"usage\":{\"input_tokens\":5,\"output_tokens\":9}}\n\n",
    ),
];

const AUDIO: &[Message] = &[
    (r#"{"model":"tts-1","input":"hello","voice":"alloy"}"#, 6, "RIFF"),
    (
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--b--\r\n",
        JSON,
        r#"{"text":"hi","usage":{"type":"duration","seconds":9}}"#,
    ),
    (
        r#"{"model":"gpt-4o-transcribe","stream":true}"#,
        SSE,
        "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hi\"}\n\n\
         data: {\"type\":\"transcript.text.done\",\"text\":\"hi\",\"logprobs\":[{\"logprob\":-1}],\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"input_token_details\":{\"audio_tokens\":14},\"output_tokens\":5}}\n\n",
    ),
];

const MESSAGES: &[Message] = &[
    (
        r#"{"model":"claude-sonnet-4-5","max_tokens":9,"thinking":{"type":"enabled"},"messages":[]}"#,
        JSON,
        r#"{"id":"m-1","type":"message","model":"claude-sonnet-4-5","stop_reason":"end_turn","content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":3,"cache_read_input_tokens":4,"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3},"output_tokens":7,"service_tier":"standard","server_tool_use":{"web_search_requests":1}}}"#,
    ),
    (
        r#"{"model":"claude-sonnet-4-5","stream":true}"#,
        SSE,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m-1\",\"model\":\"claude-sonnet-4-5\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n\
         event: ping\ndata: {\"type\":\"ping\"}\n\n\
         event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n\
         event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n\
         event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ),
    (
        r#"{"model":"claude-sonnet-4-5","stream":true}"#,
        SSE,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
    ),
];

const COMPLETE: &[Message] = &[(
    r#"{"model":"claude-2","prompt":"hi"}"#,
    JSON,
    r#"{"completion":"ho","stop_reason":"stop_sequence","model":"claude-2"}"#,
)];

const GENERATE: &[Message] = &[
    (
        r#"{"contents":[],"generationConfig":{"temperature":0.5,"topK":4,"maxOutputTokens":9,"thinkingConfig":{"thinkingLevel":"low"}}}"#,
        JSON,
        r#"{"responseId":"g-1","modelVersion":"gemini-2.5-flash","candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP","avgLogprobs":-0.1}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":2,"toolUsePromptTokenCount":1,"totalTokenCount":17,"promptTokensDetails":[{"modality":"IMAGE","tokenCount":3}],"trafficType":"ON_DEMAND"}}"#,
    ),
    (
        "{}",
        SSE,
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"h\"}]}}],\"usageMetadata\":{\"promptTokenCount\":9}}\n\n\
         data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2,\"totalTokenCount\":11}}\n\n",
    ),
    (
        "{}",
        JSON,
        r#"[{"candidates":[{"content":{"parts":[{"text":"h"}]}}]},{"usageMetadata":{"promptTokenCount":9}},{"promptFeedback":{"blockReason":"SAFETY"}}]"#,
    ),
];

const EMBED: &[Message] = &[
    (r#"{"content":{},"outputDimensionality":64}"#, JSON, r#"{"embedding":{"values":[0.1]}}"#),
    ("{}", JSON, r#"{"predictions":[{"embeddings":{"statistics":{"token_count":4}}}]}"#),
];

const OLLAMA: &[Message] = &[
    (
        r#"{"model":"llama3.1:8b","stream":false,"options":{"temperature":0.1,"num_predict":9,"stop":["x"]}}"#,
        JSON,
        r#"{"model":"llama3.1:8b","message":{"content":"hi","thinking":""},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":4}"#,
    ),
    (
        r#"{"model":"llama3.1:8b"}"#,
        NDJSON,
        "{\"model\":\"llama3.1:8b\",\"message\":{\"content\":\"hi\"},\"done\":false}\n{\"model\":\"llama3.1:8b\",\"response\":\"\",\"done\":true,\"done_reason\":\"length\",\"prompt_eval_count\":9,\"eval_count\":4}\n",
    ),
    (r#"{"model":"llama3.1:8b"}"#, NDJSON, "{\"error\":\"out of memory\"}\n"),
];

const OLLAMA_EMBED: &[Message] = &[(
    r#"{"model":"all-minilm","input":["a"]}"#,
    JSON,
    r#"{"model":"all-minilm","embeddings":[[0.1]],"prompt_eval_count":2}"#,
)];

const UNBILLED: &[Message] = &[
    (
        r#"{"model":"omni-moderation-latest","input":"hi"}"#,
        JSON,
        r#"{"id":"modr-1","model":"omni-moderation","results":[]}"#,
    ),
    (r#"{"model":"claude-sonnet-4-5","messages":[]}"#, JSON, r#"{"input_tokens":14,"totalTokens":14}"#),
    (
        r#"{"input_file_id":"f","endpoint":"/v1/responses"}"#,
        JSON,
        r#"{"id":"batch_1","object":"batch","status":"validating"}"#,
    ),
];

/// Compressed bodies: for each coding the same short text.
#[must_use]
pub fn encodings() -> Vec<Vec<u8>> {
    let text = "data: {\"usage\":{\"prompt_tokens\":12}}\n\n".repeat(9);
    let seed = |coding: u8, body: &[u8]| [&[coding, 3, 40], body].concat();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    let write = "a vector can be written to";
    gzip.write_all(text.as_bytes()).expect(write);
    deflate.write_all(text.as_bytes()).expect(write);
    raw.write_all(text.as_bytes()).expect(write);
    vec![
        seed(0, &gzip.finish().expect(write)),
        seed(1, &deflate.finish().expect(write)),
        seed(1, &raw.finish().expect(write)),
        // Five bytes of text that are not compressed, by the letter of the formats.
        seed(2, b"\x0b\x02\x80hello\x03"),
        seed(3, b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello"),
    ]
}

/// Bodies of requests to every URL, JSON and forms.
#[must_use]
pub fn requests() -> Vec<Vec<u8>> {
    let urls = URLS.iter().enumerate();
    let seed = |index: usize, body: &str| [&[u8::try_from(index).expect("a small number")], body.as_bytes()].concat();
    urls.flat_map(|(index, url)| messages(url.protocol).iter().map(move |(request, ..)| seed(index, request))).collect()
}

/// Heads of requests: every URL, and a header.
#[must_use]
pub fn heads() -> Vec<Vec<u8>> {
    let head = |url: &str| {
        let (host, path) = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).unwrap_or_default();
        format!("\0{host}\n{path}\nanthropic-version: 2023-06-01").into_bytes()
    };
    URLS.iter().map(|url| head(url.url)).collect()
}

/// Headers to the proxy.
#[must_use]
pub fn headers() -> Vec<Vec<u8>> {
    let names = ["task", "user", "conversation", "job", "configuration", "variant", "attempt", "previous", "tag-shop"];
    let mut text: String = names.map(|name| format!("spanledger-{name}:7\n")).concat();
    text += "traceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n";
    text += "baggage:spanledger.task=ocr,user.id=42,spanledger.tag.shop=a%20b;p=1\nauthorization:Bearer x\n";
    vec![text.into_bytes()]
}

/// Recorded exchanges.
#[must_use]
pub fn har() -> Vec<Vec<u8>> {
    let entry = |url: &str, request: &str, answer: &str, encoding: &str| {
        json!({
            "startedDateTime": "2026-11-21T12:00:00.000Z", "time": 12.5,
            "request": {"method": "POST", "url": url, "headers": [{"name": "accept", "value": "*/*"}],
                "postData": {"mimeType": "application/json", "text": request}},
            "response": {"status": 200, "headers": [], "content": {"mimeType": "application/json", "text": answer, "encoding": encoding}},
        })
    };
    let (chat, request) = ("https://api.openai.com/v1/chat/completions", r#"{"model":"gpt-4o-mini"}"#);
    let entries = [
        entry(chat, request, r#"{"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, ""),
        entry(chat, request, "eyJ1c2FnZSI6e319", "base64"),
        entry("https://example.com/", "", "", ""),
    ];
    vec![json!({"log": {"version": "1.2", "entries": entries}}).to_string().into_bytes()]
}

/// Lines of a collector: a call, one of another library, and what was learnt later.
#[must_use]
pub fn otlp() -> Vec<Vec<u8>> {
    let attributes = json!([
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o-mini"}},
        {"key": "gen_ai.request.temperature", "value": {"doubleValue": 0.5}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}},
        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": 7}},
        {"key": "gen_ai.response.finish_reasons", "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
        {"key": "spanledger.cost.usd", "value": {"stringValue": "0.0001"}},
        {"key": "spanledger.confidence.component.completeness", "value": {"doubleValue": 0.5}},
        {"key": "spanledger.tag.shop", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": true}}]}}},
        {"key": "spanledger.usage.details.web_searches", "value": {"doubleValue": 2}},
    ]);
    let span = json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "", "name": "chat",
        "startTimeUnixNano": "1000000000", "endTimeUnixNano": 2_000_000_000, "attributes": attributes, "status": {"code": 2, "message": "x"},
    });
    let service = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]});
    let old = json!([{"key": "gen_ai.system", "value": {"stringValue": "xai"}}, {"key": "gen_ai.usage.prompt_tokens", "value": {"stringValue": "3"}}]);
    let later = json!([
        {"key": "spanledger.row.id", "value": {"stringValue": "0f8fad5b-d9cb-569f-a165-70867728950e"}},
        {"key": "spanledger.confidence.score", "value": {"doubleValue": 0.5}},
    ]);
    let foreign = {
        let mut foreign = span.clone();
        foreign["attributes"] = old;
        foreign
    };
    let spans = json!({"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": [span, foreign]}]}]});
    let event = json!({"timeUnixNano": "1000000000", "eventName": "spanledger.call.later", "attributes": later});
    let text = |name: &str, value: &str| json!({"key": name, "value": {"stringValue": value}});
    let score = json!({"timeUnixNano": "1", "eventName": names::EVALUATION_RESULT, "attributes": [
        text(names::ROW_ID, "0f8fad5b-d9cb-569f-a165-70867728950e"), text(names::EVALUATION_NAME, "accuracy"),
        text(names::EVALUATION_LABEL, "pass"), {"key": names::EVALUATION_SCORE, "value": {"doubleValue": 0.93}},
    ]});
    let configuration = json!({"timeUnixNano": "1", "eventName": names::CONFIGURATION_EVENT, "attributes": [
        text(names::CONFIGURATION_ID, "1"), text(names::CONFIGURATION_NAME, "cheap"),
        text(names::CONFIGURATION_CONTENT, "{\"temperature\":0.2}"),
    ]});
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [event, score, configuration]}]}]});
    let mut seeds: Vec<_> = [spans, logs].map(|line| line.to_string().into_bytes()).into();
    seeds.extend(ATTRIBUTES.chunks(9).map(|names| span_of(names).to_string().into_bytes()));
    // The same as we write them.
    for seed in seeds.clone() {
        for record in read::line(&seed, Source::Capture).expect("a good line").records {
            seeds.push(fuzzing::line_of(&record));
        }
    }
    seeds
}

/// Attributes with a field of their own, each with a value of its type.
const ATTRIBUTES: &[(&str, &str, &str)] = &[
    (names::SERVER_ADDRESS, "stringValue", "localhost"),
    (names::SERVER_PORT, "intValue", "8000"),
    (names::REQUEST_STREAM, "boolValue", "true"),
    (names::RESPONSE_ID, "stringValue", "r-1"),
    (names::RESPONSE_MODEL, "stringValue", "gpt-4o-mini-2024-07-18"),
    (names::RESPONSE_TIME_TO_FIRST_CHUNK, "doubleValue", "0.25"),
    (names::DURATION_MS, "doubleValue", "12.5"),
    (names::USAGE_CACHE_READ, "intValue", "1"),
    (names::USAGE_CACHE_CREATION, "intValue", "1"),
    (names::USAGE_REASONING, "intValue", "1"),
    (names::USAGE_SOURCE, "stringValue", "estimated"),
    (names::USAGE_COST, "doubleValue", "0.1"),
    (names::COST_INPUT_USD, "stringValue", "0.05"),
    (names::PRICING_STATUS, "stringValue", "partial"),
    (names::PRICING_SOURCE, "stringValue", "provider"),
    (names::ERROR_TYPE, "stringValue", "429"),
    (names::ERROR_MESSAGE, "stringValue", "Slow down"),
    (names::ENDING, "stringValue", "cancelled"),
    (names::HTTP_STATUS, "intValue", "429"),
    (names::ATTEMPT, "intValue", "2"),
    (names::USER_ID, "stringValue", "42"),
    (names::REQUEST_DATA, "stringValue", "x"),
    (names::CONFIDENCE_SCORE, "doubleValue", "0.5"),
    (names::CONFIDENCE_OUT_OF_RANGE, "boolValue", "true"),
    (names::ACTION, "stringValue", "use_ai_result"),
    (names::SOURCE, "stringValue", "capture"),
    (names::BILLABLE, "boolValue", "false"),
    (names::AI_PARENT_SPAN_ID, "stringValue", "b7ad6b7169203331"),
];

fn span_of(attributes: &[(&str, &str, &str)]) -> Value {
    let value = |kind: &str, text: &str| match kind {
        "stringValue" | "intValue" => json!(text),
        _ => serde_json::from_str(text).expect("a number or a truth"),
    };
    let attribute = |(name, kind, text): &(&str, &str, &str)| json!({"key": name, "value": {*kind: value(kind, text)}});
    let mut list: Vec<_> = attributes.iter().map(attribute).collect();
    list.push(json!({"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}));
    let span = json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331",
        "startTimeUnixNano": "1000000000", "endTimeUnixNano": "2000000000", "attributes": list,
    });
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
}

/// A segment: good lines, zeros, lines of others, and a torn one.
#[must_use]
pub fn segments() -> Vec<Vec<u8>> {
    let foreign = otlp().remove(0);
    vec![[b"G\nZZZ\nG\n\0\0\0\n{\"a\":1,\"crc32c\":5}\nnonsense\n\n", &foreign[..], b"\nG\n{\"torn\":"].concat()]
}

/// One line of the spool.
#[must_use]
pub fn lines() -> Vec<Vec<u8>> {
    ["{}", "{\"a\":1,\"crc32c\":7}", "{\"a\":\"\\\"crc32c\\\":1\"}", "\0\0"].map(|line| line.as_bytes().to_vec()).into()
}

/// A price file with every kind of key.
#[must_use]
pub fn price_files() -> Vec<Vec<u8>> {
    let all = r#"
[[price]]
provider = "ollama"
model = "llama3.1*"
valid_from = 2026-01-01
valid_until = "2027-01-01"
input = "0.15"
output = "6e-1"
cache_read = "0.01"
per_call = "0.001"
per_image = "0.02"
per_second = "0.0001"
per_unit = { web_searches = "0.01" }

[[price]]
model = "*"
input = "0"
output = "0"
"#;
    vec![all.as_bytes().to_vec()]
}

/// Short bodies in each framing, for the targets of the framings.
#[must_use]
pub fn bodies() -> Vec<Vec<u8>> {
    let all = Family::ALL.into_iter().flat_map(Family::urls).flat_map(|url| messages(url.protocol));
    let mut seeds: Vec<_> = all.map(|(_, _, answer)| [b"\x05", answer.as_bytes()].concat()).collect();
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}
