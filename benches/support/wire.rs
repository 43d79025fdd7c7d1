//! What goes over the wire.

/// How many events with content a stream has.
pub(crate) const CHUNKS: usize = 200;

pub(crate) const ASKED: &str = r#"{"model":"gpt-4o-mini","temperature":0.2,"messages":[{"role":"system","content":"You classify building materials. Answer in JSON with material, manufacturer and completeness."},{"role":"user","content":"Spruce, planed, 24 by 48 millimetres, length 3 metres, untreated."}]}"#;

pub(crate) const ASKED_STREAM: &str = r#"{"model":"gpt-4o-mini","temperature":0.2,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Describe spruce in two hundred words."}]}"#;

/// A JSON answer of 1.4 KB.
pub(crate) fn answer() -> String {
    let words = "Spruce is a light and even-grained softwood of the northern forests, easy to plane and to glue. ";
    let content: String = words.chars().cycle().take(790).collect();
    format!(
        r#"{{"id":"chatcmpl-C1b2c3d4e5f6g7h8i9j0k1l2m3n4o","object":"chat.completion","created":1790000000,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":57,"completion_tokens":151,"total_tokens":208,"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_0a1b2c3d4e"}}"#
    )
}

/// The events of a stream: a role, the words, a finish reason, the usage, the end.
pub(crate) fn events() -> Vec<String> {
    let event = |rest: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-C1b2c3d4e5f6g7h8i9j0\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-4o-mini-2024-07-18\",{rest}}}\n\n"
        )
    };
    let choice = |delta: &str, reason: &str| {
        event(&format!(r#""choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}]"#))
    };
    let mut events = vec![choice(r#"{"role":"assistant","content":""}"#, "null")];
    events.extend((0..CHUNKS).map(|_| choice(r#"{"content":" spruce"}"#, "null")));
    events.push(choice("{}", r#""stop""#));
    events.push(event(
        r#""choices":[],"usage":{"prompt_tokens":57,"completion_tokens":200,"total_tokens":257,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}"#,
    ));
    events.push("data: [DONE]\n\n".to_owned());
    events
}
