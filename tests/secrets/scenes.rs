//! What a provider may do with what must not be kept. A new scene is an entry of [`SCENES`].

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::wire::{Reply, Step};

/// How every canary begins.
pub(crate) const CANARY: &str = "canary-";

/// Credentials that reach the provider, by the header that they come in.
const HEADERS: [(&str, &str); 6] = [
    ("authorization", "Bearer canary-authorization-51f0c2"),
    ("x-api-key", "canary-x-api-key-51f0c2"),
    ("api-key", "canary-api-key-51f0c2"),
    ("x-goog-api-key", "canary-x-goog-api-key-51f0c2"),
    ("x-vendor-token", "canary-vendor-51f0c2"),
    ("cookie", "session=canary-cookie-51f0c2; theme=dark"),
];

/// The canary of `?key=`.
pub(crate) const KEY: &str = "canary-query-51f0c2";

/// The canary of userinfo.
pub(crate) const USERINFO: &str = "user:canary-userinfo-51f0c2";

/// A prompt, and all else that a request says of people.
pub(crate) const ASKED: &str = r#"{"model":"gpt-4o-mini","stream":true,"user":"canary-user","metadata":{"a":"canary-metadata"},"messages":[{"role":"system","content":"canary-system"},{"role":"user","content":[{"type":"text","text":"canary-prompt"},{"type":"image_url","image_url":{"url":"data:image/png;base64,canary-image"}}]}],"tools":[{"type":"function","function":{"name":"canary-tool","description":"canary-description","parameters":{}}}],"stop":["END"]}"#;

const SAID: &str = r#"{"id":"c1","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"canary-answer","refusal":"canary-refusal","reasoning_content":"canary-reasoning","tool_calls":[{"id":"t1","type":"function","function":{"name":"canary-called","arguments":"{\"a\":\"canary-argument\"}"}}]},"logprobs":{"content":[{"token":"canary-token","logprob":-0.1,"bytes":null,"top_logprobs":[]}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33}}"#;
const CHUNK: &str = r#"{"id":"c1","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"canary-delta"},"finish_reason":null}]}"#;

/// What happens to a call.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) replies: fn() -> Vec<Reply>,
    /// How many chunks are read before the answer is dropped.
    pub(crate) reads: usize,
}

/// Every scene.
pub(crate) const SCENES: [Scene; 10] = [
    Scene { name: "an answer", replies: || reply(200, "application/json", vec![data(SAID)]), reads: usize::MAX },
    Scene { name: "a stream that is dropped", replies: || stream(vec![event(CHUNK), event(CHUNK)]), reads: 1 },
    Scene { name: "a stream that breaks", replies: || stream(vec![event(CHUNK), Step::Break]), reads: usize::MAX },
    Scene {
        name: "an answer cut in the middle",
        replies: || reply(200, "application/json", vec![data(&SAID[..200])]),
        reads: 1,
    },
    Scene {
        name: "a refusal that repeats every credential",
        replies: || {
            let message = serde_json::json!({"message": repeated(), "type": repeated(), "code": KEY});
            reply(401, "application/json", vec![Step::Data(serde_json::json!({"error": message}).to_string())])
        },
        reads: usize::MAX,
    },
    Scene {
        name: "a refusal in plain text",
        replies: || reply(404, "text/plain", vec![Step::Data(format!("Cannot POST /v1/x?key={KEY} ({})", repeated()))]),
        reads: usize::MAX,
    },
    Scene {
        name: "a refusal with stars in the key",
        replies: || {
            reply(
                401,
                "application/json",
                vec![data(r#"{"error":"Incorrect API key provided: canary-a*******f0c2."}"#)],
            )
        },
        reads: usize::MAX,
    },
    Scene {
        name: "an error inside a stream",
        replies: || {
            let error = serde_json::json!({"error": {"message": repeated(), "type": KEY, "code": KEY}});
            stream(vec![event(CHUNK), event(&error.to_string())])
        },
        reads: usize::MAX,
    },
    Scene {
        name: "a refusal that repeats what was said",
        replies: || {
            let body = r#"{"detail":[{"loc":["body","messages"],"msg":"Field required","input":"canary-prompt"}],"failed_generation":"canary-answer"}"#;
            reply(422, "application/json", vec![data(body)])
        },
        reads: usize::MAX,
    },
    Scene {
        name: "a redirect",
        replies: || {
            let mut replies = reply(307, "text/plain", Vec::new());
            replies[0].headers.push(("location", "/v1/chat/completions?key=canary-moved-51f0c2".to_owned()));
            replies[0].ends_with_last = true;
            replies.extend(reply(200, "application/json", vec![data(SAID)]));
            replies
        },
        reads: usize::MAX,
    },
];

/// The request's headers.
pub(crate) fn headers() -> HeaderMap {
    let headers = HEADERS.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let to_the_next_hop = HeaderValue::from_static("Basic canary-proxy-c2Rq");
    let json = HeaderValue::from_static("application/json");
    headers.chain([(header::PROXY_AUTHORIZATION, to_the_next_hop), (header::CONTENT_TYPE, json)]).collect()
}

fn repeated() -> String {
    let values: Vec<_> = HEADERS.iter().map(|(name, value)| format!("{name}: '{value}'")).collect();
    format!("Incorrect API key provided: {} and ?key={KEY}.", values.join(", "))
}

fn data(data: &str) -> Step {
    Step::Data(data.to_owned())
}

fn event(event: &str) -> Step {
    Step::Data(format!("data: {event}\n\n"))
}

fn stream(steps: Vec<Step>) -> Vec<Reply> {
    reply(200, "text/event-stream", steps)
}

fn reply(status: u16, content_type: &str, steps: Vec<Step>) -> Vec<Reply> {
    let headers = [
        ("content-type", content_type),
        ("set-cookie", "session=canary-set-cookie"),
        ("openai-organization", "canary-organization"),
        ("openai-project", "canary-project"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
    vec![Reply { status, headers, steps, ..Reply::default() }]
}
