//! The future of the tower service.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use http_body::Body;

use super::{body::ResponseBody, cause, watch::Watch};

pin_project_lite::pin_project! {
    /// What [`AiCallService`](super::AiCallService) returns. Dropped before the head came, the call was cancelled.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        watch: Option<Watch>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, watch: Option<Watch>) -> Self {
        Self { inner, watch }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: 'static,
    B: Body,
    B::Error: 'static,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = {
            let _inside = this.watch.as_ref().map(|watch| watch.context().clone().attach());
            this.inner.poll(cx)
        };
        let mut watch = this.watch.take_if(|_| polled.is_ready());
        Poll::Ready(match ready!(polled) {
            Ok(response) => {
                let (mut parts, body) = response.into_parts();
                if let Some(watch) = &mut watch {
                    watch.head(parts.status.as_u16(), &parts.headers);
                    parts.extensions.insert(watch.extension());
                }
                Ok(Response::from_parts(parts, ResponseBody::new(body, watch, cause::of_body)))
            }
            Err(error) => {
                if let Some(watch) = &mut watch {
                    let (kind, message) = cause::of_call(&error);
                    watch.fail(kind, message);
                }
                Err(error)
            }
        })
    }
}
