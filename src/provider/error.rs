//! What went wrong, in the provider's words.
//!
//! An answer with HTTP status 400 or more goes to [`read`], whoever sent it: the shapes overlap between providers, and a
//! gateway in between has its own. Known are, in this order:
//!
//! | shape | who |
//! | --- | --- |
//! | `{"error": {"message", "type", "code", "status"}}` | OpenAI and its dialects, Anthropic, Google, Azure |
//! | `{"error": "text", "code" or "error_type": …}` | xAI, Ollama, TGI, Venice |
//! | `{"message": "text", "type", "code"}` | Mistral, vLLM, Cohere, Bedrock |
//! | `{"detail": "text"}` or `{"detail": [{"loc", "msg"}]}` | FastAPI behind Mistral, Voyage, Hyperbolic, Replicate |
//! | `[{"error": …}]` | Gemini without `alt=sse` |
//! | `data: …`, one of these as an event | gateways that refuse a stream |
//! | plain text | Hugging Face, proxies |
//!
//! The code is the first of `code`, `status` and `type` that is a word; a number (the status again, or a code of Mistral's)
//! is taken where there is no word.
//!
//! Only the message and the code are read: some errors carry what the model said (`failed_generation`) or what the caller
//! sent (`input`), and that stays where it is. What looks like a key in a message is taken out.
//!
//! What headers say of an error is not kept: its status is the error's type, and ids and limits are about the connection.
//!
//! Sources: the error pages of each provider's API reference, and recorded errors.
//!
//! An error inside an answer with status 200 goes through `Problem::inside_success`, which also makes the call an error.

use serde::Deserialize;

use super::{
    fill,
    lenient::{self, List, Text, TextOr},
    secrets,
};
use crate::{call::Call, span::names};

/// The longest message that is kept, in bytes.
const MAX_MESSAGE_BYTES: usize = 2_000;

/// Reads the body of an answer with status 400 or more: message and code.
pub fn read(body: &[u8], call: &mut Call) {
    let body = first_event(body);
    match lenient::read_all::<Body<'_>>(body).into_iter().next() {
        Some(body) => body.problem().note(call),
        None => {
            let text = String::from_utf8_lossy(body);
            let text = text.trim();
            // A web page says nothing that a sentence could hold, and JSON that broke off may hold what the model said.
            if !text.is_empty() && !text.starts_with(['<', '{', '[']) && text != "null" {
                message(call, text.trim_matches('"'));
            }
        }
    }
}

/// Of a stream that was refused in the framing of a stream, the data of its first event; else the body.
fn first_event(body: &[u8]) -> &[u8] {
    let text = body.trim_ascii_start();
    if !text.starts_with(b"data:") && !text.starts_with(b"event:") {
        return body;
    }
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:")).unwrap_or_default()
}

/// An error, as far as it is understood.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem<'a> {
    #[serde(borrow)]
    message: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    code: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
}

impl<'a> Problem<'a> {
    /// Reads the data of an error event, or of a chunk that holds an error.
    pub(super) fn read(data: &'a [u8]) -> Self {
        lenient::read::<Body<'_>>(data).map(Body::problem).unwrap_or_default()
    }

    /// A problem that is told in one sentence; its kind may be empty.
    pub(super) fn told(kind: &str, message: String) -> Self {
        Self { kind: Text::from(kind.to_owned()), message: Text::from(message), ..Self::default() }
    }

    /// Makes the call an error by the provider's own code, else `_OTHER`.
    pub(super) fn inside_success(&self, call: &mut Call) {
        self.note(call);
        let kind = fill::name(self.code().unwrap_or("_OTHER"));
        if call.outcome.error_message.is_none() {
            message(call, &kind);
        }
        call.outcome.error_type = Some(kind);
    }

    fn note(&self, call: &mut Call) {
        if let Some(text) = self.message.get() {
            message(call, text);
        }
        fill::extra(call, names::ERROR_CODE, self.code().map(fill::name));
    }

    fn code(&self) -> Option<&str> {
        let codes = || [&self.code, &self.status, &self.kind].into_iter().filter_map(Text::get);
        codes().find(|code| code.parse::<i64>().is_err()).or_else(|| codes().next())
    }
}

fn message(call: &mut Call, text: &str) {
    let text = secrets::without_keys(fill::cut(text, 2 * MAX_MESSAGE_BYTES));
    call.outcome.error_message = Some(fill::cut(&text, MAX_MESSAGE_BYTES).to_owned());
}

/// The body of an error: every shape at once.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    error: TextOr<'a, Problem<'a>>,
    #[serde(borrow, alias = "Message")]
    message: Text<'a>,
    #[serde(borrow)]
    detail: TextOr<'a, Detail<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    error_type: Text<'a>,
    #[serde(borrow)]
    code: Text<'a>,
}

/// One complaint of FastAPI's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail<'a> {
    #[serde(borrow)]
    msg: Text<'a>,
    #[serde(borrow)]
    loc: List<Text<'a>>,
}

impl<'a> Body<'a> {
    fn problem(self) -> Problem<'a> {
        let message = match self.error {
            TextOr::Object(problem) => return problem,
            TextOr::Text(message) => message,
            TextOr::Neither if self.message.get().is_some() => self.message,
            TextOr::Neither => match self.detail {
                TextOr::Text(message) => message,
                TextOr::Object(detail) => detail.sentence(),
                TextOr::Neither => Text::default(),
            },
        };
        let kind = if self.error_type.get().is_some() { self.error_type } else { self.kind };
        Problem { message, kind, code: self.code, ..Problem::default() }
    }
}

impl<'a> Detail<'a> {
    /// `Field required (body.model)`.
    fn sentence(self) -> Text<'a> {
        let place = self.loc.0.iter().filter_map(Text::get).collect::<Vec<_>>().join(".");
        match self.msg.get() {
            Some(msg) if !place.is_empty() => Text::from(format!("{msg} ({place})")),
            _ => self.msg,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> (String, String) {
        let mut call = Call::default();
        read(body.as_bytes(), &mut call);
        assert_eq!(call.outcome.error_type, None, "the status is the type of an error with a status");
        let code = call.extra.get(names::ERROR_CODE).map_or("", |code| code.as_str().unwrap());
        (call.outcome.error_message.unwrap_or_default(), code.to_owned())
    }

    #[test]
    fn every_known_shape_gives_message_and_code() {
        for (body, message, code) in [
            (
                r#"{"error":{"message":"No such model","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
                "No such model",
                "model_not_found",
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
                "Overloaded",
                "overloaded_error",
            ),
            (
                r#"{"error":{"code":429,"message":"Slow down","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"48s"}]}}"#,
                "Slow down",
                "RESOURCE_EXHAUSTED",
            ),
            (
                r#"[{"error":{"code":400,"message":"Bad key","status":"INVALID_ARGUMENT"}}]"#,
                "Bad key",
                "INVALID_ARGUMENT",
            ),
            (r#"{"code":"invalid-argument","error":"Bad argument"}"#, "Bad argument", "invalid-argument"),
            ("event: error\ndata: {\"error\":{\"message\":\"Slow down\",\"code\":\"slow\"}}\n\n", "Slow down", "slow"),
            ("data: {\"choices\":[{\"delta\":{\"content\":\"what the mod", "", ""),
            (r#"{"error":"model 'x' not found"}"#, "model 'x' not found", ""),
            (r#"{"error":"Too long","error_type":"validation"}"#, "Too long", "validation"),
            (
                r#"{"object":"error","message":"Bad","type":"invalid_model","param":null,"code":"1500"}"#,
                "Bad",
                "invalid_model",
            ),
            (r#"{"error":{"code":"401","message":"No key"}}"#, "No key", "401"),
            (
                r#"{"error":{"code":400,"message":"Too long","type":"exceed_context_size_error","n_ctx":8}}"#,
                "Too long",
                "exceed_context_size_error",
            ),
            (
                r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"secret","provider_name":"p"}},"user_id":"u"}"#,
                "Provider returned error",
                "429",
            ),
            (
                r#"{"error":{"code":"content_filter","message":"Filtered","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
                "Filtered",
                "content_filter",
            ),
            (r#"{"message":"Denied"}"#, "Denied", ""),
            (r#"{"Message":"Denied"}"#, "Denied", ""),
            (r#"{"detail":"Invalid API Key"}"#, "Invalid API Key", ""),
            (
                r#"{"detail":[{"type":"missing","loc":["body","model_name"],"msg":"Field required","input":{"prompt":"secret"}}]}"#,
                "Field required (body.model_name)",
                "",
            ),
            (r#""not now""#, "not now", ""),
            ("  upstream connect error\n", "upstream connect error", ""),
            ("<html><title>502</title></html>", "", ""),
            ("", "", ""),
            ("null", "", ""),
        ] {
            assert_eq!(told(body), (message.to_owned(), code.to_owned()), "{body}");
        }
    }

    #[test]
    fn what_the_model_said_stays_where_it_is() {
        let body = br#"{"error":{"message":"Failed","code":"tool_use_failed","failed_generation":"secret answer"}}"#;
        let mut call = Call::default();
        for body in [&body[..], &body[..body.len() - 3]] {
            read(body, &mut call);
            assert!(!format!("{call:?}").contains("secret"), "also where it breaks off");
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let body = format!(r#"{{"error":"{}"}}"#, "ä".repeat(3_000));
        assert_eq!(told(&body).0.len(), 2_000);
    }

    #[test]
    fn inside_a_success_a_word_names_the_error_before_a_number_does() {
        for (data, kind) in [
            (r#"{"error":{"code":503,"status":"UNAVAILABLE","message":"m"}}"#, "UNAVAILABLE"),
            (r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#, "overloaded_error"),
            (r#"{"error":{"code":502,"message":"m"}}"#, "502"),
            (r#"{"error":"m"}"#, "_OTHER"),
            ("nonsense", "_OTHER"),
        ] {
            let mut call = Call::default();
            Problem::read(data.as_bytes()).inside_success(&mut call);
            assert_eq!(call.outcome.error_type.as_deref(), Some(kind));
            assert!(call.outcome.error_message.is_some(), "an error always has a message");
        }
    }
}
