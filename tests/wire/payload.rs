//! What a request carries: bytes that are all there, or pieces that come one by one.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http_body::{Body, Frame, SizeHint};

/// A request's body.
#[derive(Clone)]
pub enum Payload {
    Whole(Bytes),
    /// Made anew for each time that it is sent.
    Pieces(Arc<dyn Fn() -> Pieces + Send + Sync>),
}

pub type Pieces = BoxStream<'static, io::Result<Bytes>>;

impl Payload {
    pub fn pieces(make: impl Fn() -> Pieces + Send + Sync + 'static) -> Self {
        Self::Pieces(Arc::new(make))
    }

    pub(super) fn reqwest(&self) -> reqwest::Body {
        match self {
            Self::Whole(bytes) => bytes.clone().into(),
            Self::Pieces(make) => reqwest::Body::wrap_stream(make()),
        }
    }

    pub fn body(&self) -> PayloadBody {
        let left = match self {
            Self::Whole(bytes) => Left::Bytes(bytes.clone()),
            Self::Pieces(make) => Left::Pieces(make()),
        };
        PayloadBody { payload: self.clone(), left }
    }
}

impl<B: Into<Bytes>> From<B> for Payload {
    fn from(bytes: B) -> Self {
        Self::Whole(bytes.into())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Pieces(_) => f.write_str("pieces"),
        }
    }
}

/// A payload as hyper sends it.
pub struct PayloadBody {
    payload: Payload,
    left: Left,
}

enum Left {
    Bytes(Bytes),
    Pieces(Pieces),
}

/// For retries: from the beginning.
impl Clone for PayloadBody {
    fn clone(&self) -> Self {
        self.payload.body()
    }
}

impl Body for PayloadBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.left {
            Left::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Left::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Left::Pieces(pieces) => {
                pieces.as_mut().poll_next(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.left, Left::Bytes(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.left {
            Left::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Left::Pieces(_) => SizeHint::default(),
        }
    }
}
