//! A server that answers by a script, over HTTP/1.1 and HTTP/2, one step for each that the test allows.

use std::{
    collections::VecDeque,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
};

/// How one request is answered.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    /// The head waits for a step of its own.
    pub held: bool,
    pub steps: Vec<Step>,
    /// The last step says that it is the last: the end takes no step of its own.
    pub ends_with_last: bool,
}

/// A piece of a body.
#[derive(Clone, Debug)]
pub enum Step {
    Data(String),
    Trailers,
    /// The connection or the stream breaks.
    Break,
}

/// A request, as the server got it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub method: String,
    pub uri: String,
    pub version: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// The server, until it is dropped.
pub struct Script {
    address: SocketAddr,
    play: Arc<Mutex<Arc<Play>>>,
    _task: JoinSet<io::Result<()>>,
}

/// One run of a script.
struct Play {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
    arrived: Semaphore,
    allowed: Arc<Semaphore>,
    upgraded: Mutex<JoinSet<()>>,
}

impl Play {
    fn new(replies: Vec<Reply>) -> Arc<Self> {
        Arc::new(Self {
            replies: Mutex::new(replies.into()),
            asked: Mutex::default(),
            arrived: Semaphore::new(0),
            allowed: Arc::new(Semaphore::new(0)),
            upgraded: Mutex::new(JoinSet::new()),
        })
    }

    async fn answer(&self, mut request: Request) -> Response {
        let on_upgrade = hyper::upgrade::on(&mut request);
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        self.asked.lock().unwrap().push(Asked {
            method: parts.method.to_string(),
            uri: parts.uri.to_string(),
            version: format!("{:?}", parts.version),
            headers: listed(&parts.headers),
            body,
        });
        self.arrived.add_permits(1);
        let reply = self.replies.lock().unwrap().pop_front().unwrap();
        if reply.held {
            self.allowed.acquire().await.unwrap().forget();
        }
        if reply.status == 101 {
            self.upgraded.lock().unwrap().spawn(async {
                let mut io = TokioIo::new(on_upgrade.await.unwrap());
                let mut ping = [0; 4];
                io.read_exact(&mut ping).await.unwrap();
                io.write_all(&ping).await.unwrap();
                io.shutdown().await.unwrap();
            });
        }
        let mut response = Response::builder().status(reply.status).header("date", "Sat, 21 Nov 2026 12:00:00 GMT");
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        let (steps, ends_with_last) = (reply.steps.into(), reply.ends_with_last);
        let body = Scripted { steps, ends_with_last, allowed: Arc::clone(&self.allowed), waiting: None };
        response.body(Body::new(body)).unwrap()
    }
}

impl Script {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let play = Arc::new(Mutex::new(Play::new(Vec::new())));
        let playing = Arc::clone(&play);
        let app = Router::new().fallback(move |request: Request| {
            let play = Arc::clone(&playing.lock().unwrap());
            async move { play.answer(request).await }
        });
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, app).await });
        Self { address, play, _task: task }
    }

    /// Starts a script from its beginning, with no step allowed yet.
    pub fn play(&self, replies: Vec<Reply>) {
        *self.play.lock().unwrap() = Play::new(replies);
    }

    /// Allows the next step.
    pub fn allow(&self) {
        self.now().allowed.add_permits(1);
    }

    /// Waits until another request has come.
    pub async fn arrived(&self) {
        self.now().arrived.acquire().await.unwrap().forget();
    }

    /// The requests that came.
    pub fn asked(&self) -> Vec<Asked> {
        self.now().asked.lock().unwrap().clone()
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    fn now(&self) -> Arc<Play> {
        Arc::clone(&self.play.lock().unwrap())
    }
}

/// Headers in their order.
pub fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect()
}

/// A body of steps.
struct Scripted {
    steps: VecDeque<Step>,
    ends_with_last: bool,
    allowed: Arc<Semaphore>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl http_body::Body for Scripted {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let allowed = Arc::clone(&self.allowed);
        let waiting =
            self.waiting.get_or_insert_with(|| Box::pin(async move { allowed.acquire().await.unwrap().forget() }));
        ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(self.steps.pop_front().map(|step| match step {
            Step::Data(data) => Ok(Frame::data(data.into())),
            Step::Trailers => {
                Ok(Frame::trailers([("x-sum".parse().unwrap(), HeaderValue::from(7))].into_iter().collect()))
            }
            Step::Break => Err(Broken),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.ends_with_last && self.steps.is_empty()
    }
}

/// Why a body breaks: the script says so.
#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script says so")
    }
}

impl std::error::Error for Broken {}
