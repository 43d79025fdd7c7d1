//! A request body that passes by while it is sent.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};

use super::{body::see, copied::Copied};

pin_project_lite::pin_project! {
    /// The body of a request on its way to the inner service: the same frames, hints and errors.
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        copied: Option<Arc<Copied>>,
        begun: bool,
    }
}

impl<B> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("watched", &self.copied.is_some()).finish_non_exhaustive()
    }
}

/// For retries beneath us, which send a copy of the request.
impl<B: Clone> Clone for RequestBody<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), copied: self.copied.clone(), begun: false }
    }
}

impl<B: Body> RequestBody<B> {
    pub(super) fn new(inner: B, copied: Option<Arc<Copied>>) -> Self {
        if let Some(copied) = &copied
            && inner.is_end_stream()
        {
            copied.end();
        }
        Self { inner, copied, begun: false }
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        if let (Some(copied), false) = (&this.copied, std::mem::replace(this.begun, true)) {
            copied.begin();
        }
        let polled = this.inner.as_mut().poll_frame(cx);
        if let (Some(copied), Poll::Ready(frame)) = (&this.copied, &polled) {
            match frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref()
                        && !see(data, |bytes| copied.push(bytes))
                    {
                        copied.give_up();
                    }
                    if this.inner.is_end_stream() {
                        copied.end();
                    }
                }
                Some(Err(_)) => copied.give_up(),
                None => copied.end(),
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
