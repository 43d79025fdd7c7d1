//! How fast an answer is streamed.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::sync::Semaphore;

/// How fast the chunks of a stream follow each other.
#[derive(Clone, Debug, Default)]
pub enum Pace {
    /// As fast as they can be read.
    #[default]
    AtOnce,
    /// One each time this has passed: to look at, never to synchronise by.
    Every(Duration),
    /// One for each step that the other side allows.
    LockStep(Steps),
}

/// The steps that streams in lock-step may take. Clones share them.
#[derive(Clone, Debug)]
pub struct Steps(Arc<Semaphore>);

impl Steps {
    /// No step is allowed yet.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Allows the next `count` chunks.
    pub fn allow(&self, count: usize) {
        self.0.add_permits(count);
    }
}

impl Pace {
    async fn wait(&self) {
        match self {
            Self::AtOnce => {}
            Self::Every(time) => tokio::time::sleep(*time).await,
            Self::LockStep(steps) => {
                if let Ok(step) = steps.0.acquire().await {
                    step.forget();
                }
            }
        }
    }
}

/// An answer in one piece.
pub fn json(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// An answer in many pieces, each an HTTP chunk of its own.
pub fn stream(content_type: &'static str, chunks: Vec<String>, pace: Pace) -> Response {
    let chunks = futures_util::stream::unfold((chunks.into_iter(), pace), |(mut chunks, pace)| async move {
        let chunk = chunks.next()?;
        pace.wait().await;
        Some((Ok::<_, Infallible>(chunk), (chunks, pace)))
    });
    ([(header::CONTENT_TYPE, content_type)], Body::from_stream(chunks)).into_response()
}
