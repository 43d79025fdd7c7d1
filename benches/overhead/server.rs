//! The other end, in a process of its own: answers by path with what was made beforehand.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::wire;

/// A running server. It ends with its owner: its standard input is closed then.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        let mut child = command.arg("--server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { child, url: format!("http://{}", address.trim()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The server's own process.
pub(crate) async fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let answers = Arc::new(Answers::new());
    std::thread::spawn(|| {
        // The owner is gone.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        connections.spawn(connection(stream, Arc::clone(&answers)));
    }
}

struct Answers {
    json: Vec<u8>,
    stream: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let json = wire::answer();
        let json = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        );
        let chunk = |event: &str| format!("{:x}\r\n{event}\r\n", event.len());
        let chunks: String = wire::events().iter().map(|event| chunk(event)).collect();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        Self { json: json.into(), stream: format!("{head}{chunks}0\r\n\r\n").into() }
    }
}

/// Requests one after the other; of a request only its length counts, and whether it asks for a stream.
async fn connection(mut stream: TcpStream, answers: Arc<Answers>) {
    let mut seen = Vec::new();
    loop {
        while let Some(end) = request_end(&seen) {
            let streams = memchr::memmem::find(&seen[..end], b"\"stream\":true").is_some();
            let answer = if streams { &answers.stream } else { &answers.json };
            if stream.write_all(answer).await.is_err() {
                return;
            }
            seen.drain(..end);
        }
        match stream.read_buf(&mut seen).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Where the first request ends, if it is whole.
fn request_end(bytes: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse::<usize>().ok()?;
    (bytes.len() >= head + length).then_some(head + length)
}
