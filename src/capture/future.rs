//! The future of the tower service.

use std::{
    any::type_name,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use http_body::Body;

use super::{body::ResponseBody, watch::Watch};

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
    B: Body,
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
                Ok(Response::from_parts(parts, ResponseBody::new(body, watch, |_| type_name::<B::Error>())))
            }
            Err(error) => {
                if let Some(watch) = &mut watch {
                    watch.fail(type_name::<E>(), "no answer came".to_owned());
                }
                Err(error)
            }
        })
    }
}
