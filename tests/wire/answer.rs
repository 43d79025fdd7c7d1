//! What a caller has in its hands once the head came, whatever the way.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use hyper_util::{client::legacy::connect::HttpInfo, rt::TokioIo};
use spanledger::CallHandle;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Failure, script::listed};

/// A response.
pub enum Answer {
    Reqwest(reqwest::Response),
    Http(http::Response<UnsyncBoxBody<Bytes, hyper::Error>>),
}

impl From<reqwest::Response> for Answer {
    fn from(response: reqwest::Response) -> Self {
        Self::Reqwest(response)
    }
}

impl<B> From<http::Response<B>> for Answer
where
    B: Body<Data = Bytes, Error = hyper::Error> + Send + 'static,
{
    fn from(response: http::Response<B>) -> Self {
        Self::Http(response.map(UnsyncBoxBody::new))
    }
}

/// Its head.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    pub status: u16,
    pub version: String,
    pub url: Option<String>,
    pub headers: Vec<(String, String)>,
    pub extensions: usize,
    pub remote: Option<SocketAddr>,
    /// Whether the response knows of a call that we watch.
    pub recorded: bool,
}

/// A piece of its body, and what the body says of the rest.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Data(Bytes, Rest),
    Trailers(Vec<(String, String)>, Rest),
    End(Rest),
}

/// What a body says of what is still to come. reqwest shows the exact size only, until the body is taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    size: (Option<u64>, Option<u64>),
    is_end_stream: Option<bool>,
}

fn rest(body: &impl Body) -> Rest {
    let size = body.size_hint();
    Rest { size: (Some(size.lower()), size.upper()), is_end_stream: Some(body.is_end_stream()) }
}

impl Answer {
    pub fn head(&self) -> Head {
        match self {
            Self::Reqwest(response) => Head {
                status: response.status().as_u16(),
                version: format!("{:?}", response.version()),
                url: Some(response.url().to_string()),
                headers: listed(response.headers()),
                extensions: response.extensions().len(),
                remote: response.remote_addr(),
                recorded: CallHandle::from_response(response).is_recorded(),
            },
            Self::Http(response) => Head {
                status: response.status().as_u16(),
                version: format!("{:?}", response.version()),
                url: None,
                headers: listed(response.headers()),
                extensions: response.extensions().len(),
                remote: response.extensions().get::<HttpInfo>().map(HttpInfo::remote_addr),
                recorded: CallHandle::from_response(response).is_recorded(),
            },
        }
    }

    /// The next piece of the body, as an application asks for it.
    pub async fn next(&mut self) -> Result<Piece, Failure> {
        match self {
            Self::Reqwest(response) => {
                let chunk = response.chunk().await?;
                let size = (None, response.content_length());
                let rest = Rest { size, is_end_stream: None };
                Ok(chunk.map_or_else(|| Piece::End(rest.clone()), |chunk| Piece::Data(chunk, rest.clone())))
            }
            Self::Http(response) => {
                let frame = response.body_mut().frame().await.transpose()?;
                let rest = rest(response.body());
                Ok(match frame.map(http_body::Frame::into_data) {
                    None => Piece::End(rest),
                    Some(Ok(data)) => Piece::Data(data, rest),
                    Some(Err(frame)) => Piece::Trailers(listed(&frame.into_trailers().unwrap()), rest),
                })
            }
        }
    }

    /// What the body says of the rest when it is dropped.
    pub fn dropped(self) -> Rest {
        match self {
            Self::Reqwest(response) => rest(http::Response::<reqwest::Body>::from(response).body()),
            Self::Http(response) => rest(response.body()),
        }
    }

    /// Sends `ping` over the upgraded connection and gives what comes back.
    pub async fn ping(self) -> String {
        match self {
            Self::Reqwest(response) => ping(response.upgrade().await.unwrap()).await,
            Self::Http(response) => ping(TokioIo::new(hyper::upgrade::on(response).await.unwrap())).await,
        }
    }
}

async fn ping(mut io: impl AsyncRead + AsyncWrite + Unpin) -> String {
    io.write_all(b"ping").await.unwrap();
    let mut back = String::new();
    io.read_to_string(&mut back).await.unwrap();
    back
}
