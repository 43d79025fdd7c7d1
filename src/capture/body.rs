//! A response body that is passed through: the same frames, hints, trailers and errors, and one ending.

use std::{
    fmt,
    io::IoSlice,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use super::watch::Watch;
use crate::call::Ending;

pin_project_lite::pin_project! {
    /// The body of an answer on its way to the caller. Where the call is no AI call, it only passes through.
    pub struct ResponseBody<B: Body> {
        #[pin]
        inner: B,
        watch: Option<Watch>,
        kind: fn(&B::Error) -> &'static str,
    }
}

impl<B: Body> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("watch", &self.watch).finish_non_exhaustive()
    }
}

impl<B: Body> ResponseBody<B> {
    /// `kind` names an error for the row.
    pub(super) fn new(inner: B, mut watch: Option<Watch>, kind: fn(&B::Error) -> &'static str) -> Self {
        if inner.is_end_stream()
            && let Some(watch) = &mut watch
        {
            watch.end(Ending::Complete);
        }
        Self { inner, watch, kind }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let polled = this.inner.as_mut().poll_frame(cx);
        if let (Some(watch), Poll::Ready(frame)) = (&mut *this.watch, &polled) {
            match frame {
                Some(Ok(frame)) => {
                    // The last frame, or its trailers: a caller who knows the length never asks again.
                    let is_last = this.inner.is_end_stream() || frame.is_trailers();
                    match frame.data_ref() {
                        Some(data) if is_last && data.chunk().len() == data.remaining() => watch.last(data.chunk()),
                        Some(data) => _ = see(data, |bytes| watch.data(bytes)),
                        None => {}
                    }
                    if is_last {
                        watch.end(Ending::Complete);
                    }
                }
                Some(Err(error)) => watch.fail((this.kind)(error), "the body of the answer broke".to_owned()),
                None => watch.end(Ending::Complete),
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

/// Shows all bytes of a buffer without consuming it. `false`: they could not be seen (a buffer of many pieces that does not
/// list them).
pub(super) fn see(data: &impl Buf, mut show: impl FnMut(&[u8])) -> bool {
    if data.chunk().len() == data.remaining() {
        show(data.chunk());
        return true;
    }
    let mut slices = [IoSlice::new(&[]); 16];
    let filled = data.chunks_vectored(&mut slices);
    let slices = &slices[..filled];
    let all = slices.iter().map(|slice| slice.len()).sum::<usize>() == data.remaining();
    if all {
        slices.iter().for_each(|slice| show(slice));
    }
    all
}
