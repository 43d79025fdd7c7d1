//! The tower service, for `http::Request` over any body.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    body::ResponseBody,
    copied::{Copied, RequestBytes},
    future::ResponseFuture,
    recorder::Recorder,
    request_body::RequestBody,
    watch::Watch,
};
use crate::{context::CallContext, provider::RequestHead};

/// What [`AiCallLayer`](super::AiCallLayer) makes of a service.
#[derive(Clone, Debug)]
pub struct AiCallService<S> {
    pub(super) inner: S,
    pub(super) recorder: Arc<Recorder>,
}

impl<S, B, B2> Service<Request<B>> for AiCallService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<B2>>,
    S::Error: 'static,
    B: Body,
    B2: Body,
    B2::Error: 'static,
{
    type Response = Response<ResponseBody<B2>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture<S::Future> {
        let (mut parts, body) = request.into_parts();
        let copied = Arc::new(Copied::new(&parts.headers));
        let watch = begin(&self.recorder, &parts, Arc::clone(&copied));
        let body = RequestBody::new(body, watch.is_some().then_some(copied));
        if let Some(watch) = &watch {
            watch.send_trace_headers(&mut parts.headers);
        }
        let _inside = watch.as_ref().map(|watch| watch.context().clone().attach());
        ResponseFuture::new(self.inner.call(Request::from_parts(parts, body)), watch)
    }
}

fn begin(recorder: &Arc<Recorder>, parts: &http::request::Parts, copied: Arc<Copied>) -> Option<Watch> {
    let host_header = || parts.headers.get(http::header::HOST)?.to_str().ok()?.parse::<http::uri::Authority>().ok();
    let authority = parts.uri.authority().cloned().or_else(host_header)?;
    let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
    let head = RequestHead {
        method: parts.method.as_str(),
        host: &host,
        port: authority.port_u16().filter(|port| Some(*port) != default_port(&parts.uri)),
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
    };
    Watch::begin(recorder, &head, parts.extensions.get::<CallContext>(), RequestBytes::Passing(copied))
}

/// The port of a URL that names none.
fn default_port(uri: &http::Uri) -> Option<u16> {
    match uri.scheme_str()? {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}
