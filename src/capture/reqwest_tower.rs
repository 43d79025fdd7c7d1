//! `reqwest::Client`, or anything over it, as a tower service.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use reqwest::{Request, Response};
use tower_service::Service;

use super::{
    cause,
    reqwest::{Inside, begin, fail, watched},
    service::AiCallService,
};

impl<S, E> Service<Request> for AiCallService<S>
where
    S: Service<Request, Response = Response, Error = E>,
    S::Future: Send + 'static,
    E: AsReqwestError + 'static,
{
    type Response = Response;
    type Error = E;
    type Future = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // This way has no extensions on the request: the context comes from the scope.
        let Some(mut watch) = begin(&self.recorder, &mut request, None) else {
            return Box::pin(self.inner.call(request));
        };
        watch.send_trace_headers(request.headers_mut());
        let context = watch.context().clone();
        let inside = context.clone().attach();
        let future = Box::pin(self.inner.call(request));
        drop(inside);
        Box::pin(async move {
            match (Inside { context, future }).await {
                Ok(response) => Ok(watched(response, watch)),
                Err(error) => {
                    match error.as_reqwest_error() {
                        Some(error) => fail(&mut watch, error),
                        None => {
                            let (kind, message) = cause::of_call(&error);
                            watch.fail(kind, message);
                        }
                    }
                    Err(error)
                }
            }
        })
    }
}

/// An error of a service over reqwest: perhaps reqwest's own.
pub trait AsReqwestError {
    /// reqwest's error, if that is what it is.
    fn as_reqwest_error(&self) -> Option<&reqwest::Error>;
}

impl AsReqwestError for reqwest::Error {
    fn as_reqwest_error(&self) -> Option<&reqwest::Error> {
        Some(self)
    }
}

impl AsReqwestError for reqwest_middleware::Error {
    fn as_reqwest_error(&self) -> Option<&reqwest::Error> {
        match self {
            Self::Reqwest(error) => Some(error),
            Self::Middleware(_) => None,
        }
    }
}

impl AsReqwestError for Box<dyn std::error::Error + Send + Sync> {
    fn as_reqwest_error(&self) -> Option<&reqwest::Error> {
        self.downcast_ref()
    }
}
