//! What the proxy says itself, where no answer of the provider can be passed on.

use std::error::Error;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use serde_json::json;

use super::upstream::Upstream;
use crate::ResponseBody;

/// The body of an answer: the provider's, watched and otherwise untouched; or a sentence of the proxy's own.
pub type Body = Either<ResponseBody<Incoming>, Full<Bytes>>;

/// The provider did not answer. The shape is that of its own errors, as the clients of OpenAI and Anthropic read them.
pub(super) fn no_answer(host: &str, error: &hyper_util::client::legacy::Error) -> Response<Body> {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let what = if error.is_connect() { "could not be reached" } else { "did not answer" };
    own(StatusCode::BAD_GATEWAY, &format!("{host} {what}: {cause}"))
}

/// What was asked cannot be passed on.
pub(super) fn no_request() -> Response<Body> {
    let message = "this is a proxy for one provider: use its address as the base URL, not as an HTTP proxy";
    own(StatusCode::BAD_REQUEST, message)
}

/// A WebSocket is asked for: what is said there is no call.
pub(super) fn no_web_socket(upstream: &Upstream) -> Response<Body> {
    let (scheme, host) = (if upstream.is_encrypted() { "wss" } else { "ws" }, upstream.host());
    let message =
        format!("a WebSocket cannot pass, for what is said there would not be recorded: use {scheme}://{host}");
    own(StatusCode::NOT_IMPLEMENTED, &message)
}

fn own(status: StatusCode, message: &str) -> Response<Body> {
    let message = format!("spanledger proxy: {message}");
    let body = json!({"type": "error", "error": {"type": "proxy_error", "code": null, "message": message}});
    let mut response = Response::new(Either::Right(Full::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
