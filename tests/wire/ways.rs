//! The ways in. A new one is an entry of [`WAYS`]: it inherits every ending and every canary.

use std::{
    fmt,
    future::{Ready, ready},
    io, iter,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use async_openai::{
    error::OpenAIError,
    middleware::{HttpRequestFactory, ReqwestService},
};
use http::HeaderMap;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns},
    },
    rt::TokioExecutor,
};
use spanledger::Ledger;
use tower::{Layer as _, Service, ServiceExt as _};

use super::{Answer, Failure, Payload, Retry, retry::Twice};

/// A way in.
pub struct Way {
    pub name: &'static str,
    /// reqwest is beneath us: it follows redirects, and its errors tell what they are.
    pub over_reqwest: bool,
    /// Builds the client and sends the request.
    pub send: fn(&Setup<'_>, &Ask) -> Answered,
}

/// Every way in.
pub const WAYS: &[Way] = &[
    Way { name: "reqwest-middleware", over_reqwest: true, send: reqwest_middleware },
    Way { name: "tower over hyper", over_reqwest: false, send: tower_over_hyper },
    Way { name: "reqwest as tower", over_reqwest: true, send: reqwest_as_tower },
    Way { name: "async-openai", over_reqwest: true, send: async_openai },
];

/// How the client is built.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    pub http: Http,
    /// `None`: nobody watches.
    pub ledger: Option<&'a Ledger>,
    pub retry: Retry,
}

/// The version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    One,
    /// By prior knowledge, without TLS.
    Two,
}

impl Http {
    pub const ALL: [Self; 2] = [Self::One, Self::Two];
}

impl fmt::Display for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::One { "HTTP/1.1" } else { "HTTP/2" })
    }
}

/// What is asked, by `POST`.
#[derive(Clone, Debug)]
pub struct Ask {
    pub url: String,
    pub headers: HeaderMap,
    pub body: Payload,
}

pub type Answered = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;

/// Sends a request through a tower stack: the client, us if somebody watches, and a retry where it belongs.
macro_rules! through_tower {
    ($setup:expr, $client:expr, $request:expr) => {
        match ($setup.ledger.map(Ledger::tower_layer), $setup.retry) {
            (None, Retry::Nowhere) => answered($client.oneshot($request)),
            (None, _) => answered(Twice($client).oneshot($request)),
            (Some(us), Retry::Nowhere) => answered(us.layer($client).oneshot($request)),
            (Some(us), Retry::OutsideOfUs) => answered(Twice(us.layer($client)).oneshot($request)),
            (Some(us), Retry::BeneathUs) => answered(us.layer(Twice($client)).oneshot($request)),
        }
    };
}

fn answered<A: Into<Answer>, F: Into<Failure>>(
    sending: impl Future<Output = Result<A, F>> + Send + 'static,
) -> Answered {
    Box::pin(async { sending.await.map(Into::into).map_err(Into::into) })
}

fn reqwest_middleware(setup: &Setup<'_>, ask: &Ask) -> Answered {
    let mut client = reqwest_middleware::ClientBuilder::new(reqwest_client(setup.http));
    if setup.retry == Retry::OutsideOfUs {
        client = client.with(Twice(()));
    }
    if let Some(ledger) = setup.ledger {
        client = client.with(ledger.reqwest_middleware());
    }
    if setup.retry == Retry::BeneathUs {
        client = client.with(Twice(()));
    }
    let (client, request) = (client.build(), reqwest_request(ask));
    answered(async move { client.execute(request).await })
}

fn tower_over_hyper(setup: &Setup<'_>, ask: &Ask) -> Answered {
    fn client<B: http_body::Body<Data: Send> + Send>(http: Http) -> Client<HttpConnector<Loopback>, B> {
        let connector = HttpConnector::new_with_resolver(Loopback);
        Client::builder(TokioExecutor::new()).http2_only(http == Http::Two).build(connector)
    }
    let mut request = http::Request::post(&ask.url).body(ask.body.body()).unwrap();
    *request.headers_mut() = ask.headers.clone();
    through_tower!(setup, client(setup.http), request)
}

fn reqwest_as_tower(setup: &Setup<'_>, ask: &Ask) -> Answered {
    through_tower!(setup, reqwest_client(setup.http), reqwest_request(ask))
}

fn async_openai(setup: &Setup<'_>, ask: &Ask) -> Answered {
    let ask = ask.clone();
    let request = HttpRequestFactory::new(move || {
        let request = reqwest_request(&ask);
        async move { Ok::<_, OpenAIError>(request) }
    });
    through_tower!(setup, ReqwestService::new(reqwest_client(setup.http)), request)
}

fn reqwest_client(http: Http) -> reqwest::Client {
    // Without TLS there are no certificates to load.
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).dns_resolver(Arc::new(Loopback));
    let client = if http == Http::Two { client.http2_prior_knowledge() } else { client };
    client.build().unwrap()
}

fn reqwest_request(ask: &Ask) -> reqwest::Request {
    let mut request = reqwest::Request::new(http::Method::POST, ask.url.parse().unwrap());
    *request.headers_mut() = ask.headers.clone();
    *request.body_mut() = Some(ask.body.reqwest());
    request
}

/// Whatever a host is called, it is this machine: a test asks `http://api.openai.com:PORT` and means its own server.
#[derive(Clone, Debug)]
struct Loopback;

/// The port is filled in by who asks.
const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl reqwest::dns::Resolve for Loopback {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Ok(Box::new(iter::once(HERE)) as reqwest::dns::Addrs) })
    }
}

impl Service<dns::Name> for Loopback {
    type Response = iter::Once<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: dns::Name) -> Self::Future {
        ready(Ok(iter::once(HERE)))
    }
}
