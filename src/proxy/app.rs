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
use http::{HeaderName, HeaderValue, Request, Response, Version, header};
use http_body::Body as HttpBody;
use http_body_util::Either;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::Client,
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
    way_out::WayOut,
};
use crate::{CallHandle, Ledger, RequestBody, capture::AiCallService};

/// Names the row in the answer's head.
pub(super) const ROW_ID: HeaderName = HeaderName::from_static("spanledger-row-id");

type Sender<B> = AiCallService<Client<HttpsConnector<WayOut>, RequestBody<B>>>;

/// A reverse proxy in front of one provider: a tower service of `http::Request` over any body. See [`app`].
pub struct Proxy<B> {
    sender: Sender<B>,
    upstream: Arc<Upstream>,
    way: WayOut,
    baggage: bool,
}

/// Makes a proxy that passes each request on to the provider and records it in the ledger.
///
/// It is a service like any other: [`serve`](super::serve()) gives it a port, and an application that has one already can
/// mount it beside its own routes.
///
/// # Errors
///
/// If the system's certificates cannot be read, which an `https` upstream needs; or if the environment names an HTTP proxy
/// for the way to the provider that cannot be used.
pub fn app<B>(ledger: &Ledger, upstream: Upstream) -> io::Result<Proxy<B>>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let way = WayOut::of_environment(&upstream.uri())?;
    let connector = connector(&upstream, way.clone())?;
    let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
    let (sender, baggage) = (ledger.tower_layer().layer(client), ledger.reads_baggage());
    Ok(Proxy { sender, upstream: Arc::new(upstream), way, baggage })
}

fn connector(upstream: &Upstream, way: WayOut) -> io::Result<HttpsConnector<WayOut>> {
    let (builder, provider) = (HttpsConnectorBuilder::new(), ring::default_provider());
    let builder = if upstream.is_encrypted() {
        builder.with_provider_and_native_roots(provider)?
    } else {
        let config = ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_root_certificates(RootCertStore::empty());
        builder.with_tls_config(config.with_no_client_auth())
    };
    Ok(builder.https_or_http().enable_http1().enable_http2().wrap_connector(way))
}

impl<B> Proxy<B> {
    /// Host and port of the HTTP proxy by which the provider is reached, if the environment names one.
    #[must_use]
    pub fn through(&self) -> Option<&str> {
        self.way.through()
    }
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
        // Over HTTP/1 only a client that takes this for an HTTP proxy names a host, whose secrets are not the provider's to see.
        let for_another = request.version() < Version::HTTP_2 && request.uri().authority().is_some();
        let target = request.uri().path_and_query().map(|asked| self.upstream.join(asked));
        let Some(Ok(target)) = target.filter(|_| !for_another) else {
            return Box::pin(async { Ok(answer::no_request()) });
        };
        if headers::asks_for_a_web_socket(request.headers()) {
            let refusal = answer::no_web_socket(&self.upstream);
            return Box::pin(async { Ok(refusal) });
        }
        let parent = context::parent(request.headers(), self.baggage);
        let context = context::take(request.headers_mut());
        headers::remove_hop_by_hop(request.headers_mut());
        headers::remove_addressing(request.headers_mut());
        if let Some(credentials) = self.way.credentials(&target) {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, credentials.clone());
        }
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
        let (sender, upstream) = (self.sender.clone(), Arc::clone(&self.upstream));
        Self { sender, upstream, way: self.way.clone(), baggage: self.baggage }
    }
}

impl<B> fmt::Debug for Proxy<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}
