//! A server on a loopback port that answers with the exchange at hand, chunk by chunk.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use crate::{recorded::Recorded, support::Server};

/// The server, until it is dropped.
pub(crate) struct Replay {
    pub(crate) server: Server,
    at_hand: Arc<Mutex<AtHand>>,
}

#[derive(Default)]
struct AtHand {
    answer: Response,
    asked: Option<(String, Bytes)>,
}

impl Replay {
    pub(crate) async fn start() -> Self {
        let at_hand = Arc::<Mutex<AtHand>>::default();
        let shared = Arc::clone(&at_hand);
        let app = Router::new().fallback(async move |request: Request| {
            let target = request.uri().path_and_query().unwrap().to_string();
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            let mut at_hand = shared.lock().unwrap();
            at_hand.asked = Some((target, body));
            std::mem::take(&mut at_hand.answer)
        });
        Self { server: Server::start(app).await.unwrap(), at_hand }
    }

    /// What the next request is answered with.
    pub(crate) fn prepare(&self, exchange: &Recorded, chunks: Vec<Bytes>) {
        // Each chunk is sent before the next one is there: a pause makes the server flush.
        let body = stream::iter(chunks).then(async |chunk| {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(chunk)
        });
        let mut answer = Response::new(Body::from_stream(body));
        *answer.status_mut() = exchange.status.try_into().unwrap();
        *answer.headers_mut() = exchange.response_headers.clone();
        *self.at_hand.lock().unwrap() = AtHand { answer, asked: None };
    }

    /// Path, query and body of the request that came.
    pub(crate) fn asked(&self) -> (String, Bytes) {
        self.at_hand.lock().unwrap().asked.take().expect("it was asked")
    }
}
