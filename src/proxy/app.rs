//! The proxy as a tower service.

use std::{
    convert::Infallible,
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, Version};
use http_body::Body as HttpBody;
use http_body_util::Either;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use opentelemetry::trace::FutureExt as _;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tower_layer::Layer as _;
use tower_service::Service;

use super::{
    answer::{self, Body},
    context, headers,
    upstream::Upstream,
};
use crate::{CallHandle, Ledger, RequestBody, capture::AiCallService};

/// Names the row in the answer's head.
pub(super) const ROW_ID: HeaderName = HeaderName::from_static("spanledger-row-id");

type Sender<B> = AiCallService<Client<HttpsConnector<HttpConnector>, RequestBody<B>>>;

/// A reverse proxy in front of one provider: a tower service of `http::Request` over any body. See [`app`].
pub struct Proxy<B> {
    sender: Sender<B>,
    upstream: Arc<Upstream>,
    baggage: bool,
}

/// Makes a proxy that passes each request on to the provider and records it in the ledger.
///
/// It is a service like any other: [`serve`](super::serve) gives it a port, and an application that has one already can
/// mount it beside its own routes.
///
/// # Errors
///
/// If the system's certificates cannot be read, which an `https` upstream needs.
pub fn app<B>(ledger: &Ledger, upstream: Upstream) -> io::Result<Proxy<B>>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector(&upstream)?);
    let (sender, baggage) = (ledger.tower_layer().layer(client), ledger.reads_baggage());
    Ok(Proxy { sender, upstream: Arc::new(upstream), baggage })
}

fn connector(upstream: &Upstream) -> io::Result<HttpsConnector<HttpConnector>> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let (builder, provider) = (HttpsConnectorBuilder::new(), ring::default_provider());
    let builder = if upstream.is_encrypted() {
        builder.with_provider_and_native_roots(provider)?
    } else {
        let config = ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_root_certificates(RootCertStore::empty());
        builder.with_tls_config(config.with_no_client_auth())
    };
    Ok(builder.https_or_http().enable_http1().enable_http2().wrap_connector(tcp))
}

impl<B> Service<Request<B>> for Proxy<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let target = request.uri().path_and_query().map(|asked| self.upstream.join(asked));
        let Some(Ok(target)) = target else {
            return Box::pin(async { Ok(answer::no_request()) });
        };
        let parent = context::parent(request.headers(), self.baggage);
        let context = context::take(request.headers_mut());
        headers::remove_hop_by_hop(request.headers_mut());
        headers::remove_addressing(request.headers_mut());
        *request.uri_mut() = target;
        *request.version_mut() = Version::HTTP_11;
        let (mut sender, upstream) = (self.sender.clone(), Arc::clone(&self.upstream));
        Box::pin(async move {
            let exchange = async move {
                poll_fn(|cx| sender.poll_ready(cx)).await?;
                sender.call(request).await
            };
            let (result, calls) = context.scope_calls(exchange.with_context(parent)).await;
            let mut response = match result {
                Ok(response) => passed_on(response.map(Either::Left)),
                Err(error) => answer::no_answer(upstream.host(), &error),
            };
            let row_id = calls.first().and_then(CallHandle::coming_row_id);
            if let Some(value) = row_id.and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
                response.headers_mut().insert(ROW_ID, value);
            }
            Ok(response)
        })
    }
}

fn passed_on(mut response: Response<Body>) -> Response<Body> {
    headers::remove_hop_by_hop(response.headers_mut());
    *response.version_mut() = Version::HTTP_11;
    response
}

impl<B> Clone for Proxy<B> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), upstream: Arc::clone(&self.upstream), baggage: self.baggage }
    }
}

impl<B> fmt::Debug for Proxy<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}
