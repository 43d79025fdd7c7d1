//! A server that takes and gives bodies of any size and holds none of them.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{body::Body, response::Response};
use http::{Request, header};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

use crate::pattern::Pattern;

/// What is asked, and how it is answered.
#[derive(Clone, Default)]
pub(crate) struct Exchange {
    /// The path that is asked for.
    pub(crate) path: &'static str,
    pub(crate) asked: Pattern,
    pub(crate) content_type: &'static str,
    /// The answer's `content-encoding`.
    pub(crate) encoding: Option<&'static str>,
    pub(crate) answer: Pattern,
}

/// The server, until it is dropped.
pub(crate) struct Large {
    address: SocketAddr,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

struct Shared {
    exchange: Mutex<Exchange>,
    asked: Mutex<usize>,
    /// Connections that are closed, with all that belonged to them.
    closed: Semaphore,
}

impl Large {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { exchange: Mutex::default(), asked: Mutex::default(), closed: Semaphore::new(0) };
        let shared = Arc::new(shared);
        let mut task = JoinSet::new();
        task.spawn(serve(listener, Arc::clone(&shared)));
        Self { address, shared, _task: task }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// What the next requests must be, and what they are answered with.
    pub(crate) fn prepare(&self, exchange: &Exchange) {
        *self.shared.exchange.lock().unwrap() = exchange.clone();
        *self.shared.asked.lock().unwrap() = 0;
    }

    /// How many requests came, each as it must be.
    pub(crate) fn asked(&self) -> usize {
        *self.shared.asked.lock().unwrap()
    }

    /// Waits until the client's connection is closed, and nothing is left of it.
    pub(crate) async fn closed(&self) {
        self.shared.closed.acquire().await.unwrap().forget();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        connection.set_nodelay(true).unwrap();
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let answer = service_fn(|request| shared.answer(request));
            // A client that goes away is no fault.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), answer).await;
            shared.closed.add_permits(1);
        });
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let exchange = self.exchange.lock().unwrap().clone();
        let mut expected = exchange.asked.expect();
        let mut body = request.into_body();
        while let Some(frame) = body.frame().await {
            expected.came(&frame.unwrap().into_data().unwrap());
        }
        expected.ended();
        *self.asked.lock().unwrap() += 1;
        Ok(exchange.response())
    }
}

impl Exchange {
    fn response(&self) -> Response {
        let mut response = Response::builder().header(header::CONTENT_TYPE, self.content_type);
        if let Some(encoding) = self.encoding {
            response = response.header(header::CONTENT_ENCODING, encoding);
        }
        // A stream has no length beforehand, a document has.
        if self.content_type != "text/event-stream" {
            response = response.header(header::CONTENT_LENGTH, self.answer.len());
        }
        response.body(Body::from_stream(self.answer.pieces())).unwrap()
    }
}
