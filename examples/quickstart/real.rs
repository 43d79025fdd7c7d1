//! One small real call to each provider that the environment has a key or an address for.
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::{env, time::Duration};

use reqwest_middleware::{ClientWithMiddleware, RequestBuilder};
use serde_json::{Value, json};
use spanledger::{CallContext, Hosts};

const QUESTION: &str = "Answer with one word: is oak a hardwood?";

/// Adds the address of the Ollama, which may be on any port.
pub(crate) fn hosts(hosts: Hosts) -> Hosts {
    match ollama() {
        Some(url) => hosts.name(url.trim_start_matches("http://").trim_start_matches("https://"), "ollama"),
        None => hosts,
    }
}

/// Makes the calls. A failure is told and changes nothing else.
pub(crate) async fn run(http: &ClientWithMiddleware) {
    if let Some(key) = key("OPENAI_API_KEY") {
        let body = json!({"model": "gpt-4.1-nano", "max_completion_tokens": 16, "messages": messages()});
        let request = http.post("https://api.openai.com/v1/chat/completions").bearer_auth(key).json(&body);
        tell("OpenAI", "gpt-4.1-nano", request).await;
    }
    if let Some(key) = key("ANTHROPIC_API_KEY") {
        let body = json!({"model": "claude-haiku-4-5", "max_tokens": 16, "messages": messages()});
        let request = http.post("https://api.anthropic.com/v1/messages").header("x-api-key", key);
        tell("Anthropic", "claude-haiku-4-5", request.header("anthropic-version", "2023-06-01").json(&body)).await;
    }
    if let Some(url) = ollama() {
        match smallest_model(http, &url).await {
            Some(model) => {
                let options = json!({"num_predict": 16});
                let body = json!({"model": model, "stream": false, "options": options, "messages": messages()});
                tell("Ollama", &model, http.post(format!("{url}/api/chat")).json(&body)).await;
            }
            None => println!(
                "Ollama at {url} does not answer or has no model (`ollama pull llama3.2:1b`); going on without."
            ),
        }
    }
}

fn messages() -> Value {
    json!([{"role": "user", "content": QUESTION}])
}

fn key(variable: &str) -> Option<String> {
    env::var(variable).ok().map(|key| key.trim().to_owned()).filter(|key| !key.is_empty())
}

/// `OLLAMA_HOST` as a URL: it may lack the scheme or the port.
fn ollama() -> Option<String> {
    let host = key("OLLAMA_HOST")?;
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", &host));
    let rest = rest.trim_end_matches('/').replace("0.0.0.0", "127.0.0.1");
    let port = if rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) { "" } else { ":11434" };
    Some(format!("{scheme}://{rest}{port}"))
}

async fn smallest_model(http: &ClientWithMiddleware, url: &str) -> Option<String> {
    let request = http.get(format!("{url}/api/tags")).timeout(Duration::from_secs(5));
    let tags: Value = request.send().await.ok()?.json().await.ok()?;
    let smallest = tags["models"].as_array()?.iter().min_by_key(|model| model["size"].as_u64())?;
    smallest["name"].as_str().map(str::to_owned)
}

/// Sends the request and says how it went.
async fn tell(provider: &str, model: &str, request: RequestBuilder) {
    let context = CallContext::new("real_call").user("me");
    let sent = request.with_extension(context).timeout(Duration::from_secs(60)).send().await;
    let end = match sent {
        Ok(response) if response.status().is_success() => match response.bytes().await {
            Ok(_) => "answered".to_owned(),
            Err(_) => "the answer broke off; the quickstart goes on".to_owned(),
        },
        Ok(response) => {
            let status = response.status();
            let body: Value = response.json().await.unwrap_or_default();
            let message =
                body["error"]["message"].as_str().or_else(|| body["error"].as_str()).unwrap_or("no reason given");
            format!("refused: {status} ({message}); the quickstart goes on")
        }
        Err(_) => format!("{provider} could not be reached; the quickstart goes on"),
    };
    println!("{:<25}  {:<6}  {model:<22}  {:<9}  {end}", "real_call", "me", "an answer");
}
