//! The reqwest-middleware way in, and what all ways over reqwest share.

use std::{error::Error as _, pin::Pin, sync::Arc, task};

use http::Extensions;
use reqwest::{Body, Request, Response, ResponseBuilderExt as _};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::{
    body::ResponseBody,
    copied::{Copied, RequestBytes},
    handle::HasExtensions,
    recorder::Recorder,
    request_body::RequestBody,
    watch::Watch,
};
use crate::{context::CallContext, provider::RequestHead};

/// Watches the AI calls of a `reqwest_middleware` client.
///
/// ```
/// use spanledger::AiCallMiddleware;
///
/// let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(AiCallMiddleware::new()).build();
/// ```
#[derive(Clone, Debug)]
pub struct AiCallMiddleware(Arc<Recorder>);

impl AiCallMiddleware {
    /// A middleware that emits spans only, with the defaults of [`Recorder::new`].
    #[must_use]
    pub fn new() -> Self {
        Recorder::new().into()
    }
}

impl Default for AiCallMiddleware {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Recorder> for AiCallMiddleware {
    fn from(recorder: Recorder) -> Self {
        recorder.warm();
        Self(Arc::new(recorder))
    }
}

#[async_trait::async_trait]
impl Middleware for AiCallMiddleware {
    async fn handle(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let Some(mut watch) = begin(&self.0, &mut request, extensions.get::<CallContext>()) else {
            return next.run(request, extensions).await;
        };
        watch.send_trace_headers(request.headers_mut());
        let context = watch.context().clone();
        match (Inside { context, future: next.run(request, extensions) }).await {
            Ok(response) => Ok(watched(response, watch)),
            Err(error) => {
                match &error {
                    Error::Reqwest(error) => fail(&mut watch, error),
                    Error::Middleware(_) => watch.fail("middleware", "another middleware gave up".to_owned()),
                }
                Err(error)
            }
        }
    }
}

/// Polls a future with an OpenTelemetry context attached.
pub(super) struct Inside<F> {
    pub(super) context: opentelemetry::Context,
    pub(super) future: F,
}

impl<F: Future + Unpin> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let _inside = self.context.clone().attach();
        Pin::new(&mut self.future).poll(cx)
    }
}

/// Begins to watch a reqwest request, if it is an AI call.
pub(super) fn begin(recorder: &Arc<Recorder>, request: &mut Request, context: Option<&CallContext>) -> Option<Watch> {
    let passing = passing(request);
    let watch = Watch::begin(recorder, &head(request)?, context, bytes(request, passing.as_ref()))?;
    pass_by(request, passing);
    Some(watch)
}

/// The call's request was built anew.
#[cfg_attr(not(feature = "async-openai"), expect(dead_code, reason = "only factories build twice"))]
pub(super) fn rebuilt(watch: &mut Watch, request: &mut Request) {
    let passing = passing(request);
    if let Some(head) = head(request) {
        watch.rebuilt(&head, bytes(request, passing.as_ref()));
    }
    pass_by(request, passing);
}

/// Where a body that is a stream will be found once it has passed: an upload, a form.
fn passing(request: &Request) -> Option<Arc<Copied>> {
    let is_stream = request.body().is_some_and(|body| body.as_bytes().is_none());
    is_stream.then(|| Arc::new(Copied::new(request.headers())))
}

fn bytes<'a>(request: &'a Request, passing: Option<&Arc<Copied>>) -> RequestBytes<'a> {
    match passing {
        Some(copied) => RequestBytes::Passing(Arc::clone(copied)),
        None => request.body().and_then(Body::as_bytes).map_or(RequestBytes::Unseen, RequestBytes::Whole),
    }
}

/// Looks at the body's pieces when the client asks for them. Only streams are wrapped: bytes stay bytes, which can be sent again.
fn pass_by(request: &mut Request, passing: Option<Arc<Copied>>) {
    if let (Some(copied), Some(body)) = (passing, request.body_mut()) {
        let inner = std::mem::take(body);
        *body = Body::wrap(RequestBody::new(inner, Some(copied)));
    }
}

fn head(request: &Request) -> Option<RequestHead<'_>> {
    let url = request.url();
    Some(RequestHead {
        method: request.method().as_str(),
        host: url.host_str()?.trim_matches(['[', ']']),
        port: url.port(),
        path: url.path(),
        query: url.query(),
        headers: request.headers(),
    })
}

/// The same response around a watched body: URL, version, status, headers and extensions stay, one extension is added.
pub(super) fn watched(response: Response, mut watch: Watch) -> Response {
    watch.head(response.status().as_u16(), response.headers());
    // Rebuilding a response forgets its URL, unless it is put back as the builder's extension.
    let url = http::Response::builder().url(response.url().clone()).body(());
    let (mut parts, body) = http::Response::from(response).into_parts();
    if let Ok(url) = url {
        parts.extensions.extend(url.into_parts().0.extensions);
    }
    parts.extensions.insert(watch.extension());
    let kind = |error: &reqwest::Error| if error.is_timeout() { "timeout" } else { "body" };
    Response::from(http::Response::from_parts(parts, Body::wrap(ResponseBody::new(body, Some(watch), kind))))
}

/// The call failed: what kind of failure it was, in words that hold no URL.
pub(super) fn fail(watch: &mut Watch, error: &reqwest::Error) {
    let (kind, what) = if error.is_timeout() {
        ("timeout", "the request timed out")
    } else if error.is_connect() {
        ("connect", "could not connect")
    } else if error.is_redirect() {
        ("redirect", "too many or bad redirects")
    } else if error.is_body() {
        ("body", "the body broke")
    } else if error.is_decode() {
        ("decode", "the body could not be decoded")
    } else {
        ("request", "the request could not be sent")
    };
    // reqwest's own text names the whole URL, keys included; the root cause is the system's.
    let mut root = error.source();
    while let Some(deeper) = root.and_then(std::error::Error::source) {
        root = Some(deeper);
    }
    let cause = root.and_then(|root| root.downcast_ref::<std::io::Error>()).map(|cause| format!(": {cause}"));
    watch.fail(kind, format!("{what}{}", cause.unwrap_or_default()));
}

impl HasExtensions for Response {
    fn extensions(&self) -> &Extensions {
        self.extensions()
    }
}
