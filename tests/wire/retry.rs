//! Sends again what was answered with 503, as a middleware of reqwest's and as a tower service.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use async_openai::middleware::HttpRequestFactory;
use http::Extensions;
use reqwest_middleware::{Middleware, Next};
use tower::Service;

/// Where a retry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Nowhere,
    OutsideOfUs,
    BeneathUs,
}

/// Sends a request twice, if the first answer is 503.
#[derive(Clone, Debug)]
pub struct Twice<S>(pub S);

/// A request that can be sent again.
pub trait Again: Sized {
    fn again(&self) -> Self;
}

impl<B: Clone> Again for http::Request<B> {
    fn again(&self) -> Self {
        self.clone()
    }
}

impl Again for reqwest::Request {
    fn again(&self) -> Self {
        self.try_clone().unwrap()
    }
}

impl Again for HttpRequestFactory {
    fn again(&self) -> Self {
        self.clone()
    }
}

/// What has a status.
pub trait HasStatus {
    fn status(&self) -> u16;
}

impl<B> HasStatus for http::Response<B> {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}

impl HasStatus for reqwest::Response {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}

impl<S, R> Service<R> for Twice<S>
where
    S: Service<R> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: HasStatus + Send,
    R: Again + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (again, mut service) = (request.again(), self.0.clone());
        let first = self.0.call(request);
        Box::pin(async move {
            let answer = first.await?;
            if answer.status() != 503 {
                return Ok(answer);
            }
            drop(answer);
            std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(again).await
        })
    }
}

#[async_trait::async_trait]
impl Middleware for Twice<()> {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let again = request.again();
        let answer = next.clone().run(request, extensions).await?;
        if answer.status() == 503 { next.run(again, extensions).await } else { Ok(answer) }
    }
}
