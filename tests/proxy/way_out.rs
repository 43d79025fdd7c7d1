//! Providers that are reached through another proxy, as in companies.

use std::sync::{Arc, Mutex};

use axum::{extract::Request, middleware};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    client,
    encrypted::encrypted,
    running::{Running, program},
    server,
    support::{Pace, rows, scenario},
};

/// What the proxy was told, line by line.
type Told = Arc<Mutex<Vec<String>>>;

fn told(told: &Told) -> Vec<String> {
    std::mem::take(&mut told.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_in_clear_is_asked_for_at_the_proxy_that_the_environment_names() {
    let scenario = scenario::named("anthropic messages, stream").unwrap();
    let seen = Told::default();
    let notes = Arc::clone(&seen);
    // A proxy that answers by itself what it should forward.
    let note = move |request: Request, next: middleware::Next| {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let lines = [request.uri().to_string(), header("host"), header("proxy-authorization")];
        notes.lock().unwrap().extend(lines);
        next.run(request)
    };
    let app = scenario.api.app(Pace::AtOnce).layer(middleware::from_fn(note));
    let other = server(app).await;
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("usage.db");
    let mut command = program(&ledger);
    command
        .env("HTTP_PROXY", format!("http://me:secret@{}", other.host()))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    let running = Running::of(command, &["--to", "http://llm.test", "--provider", "anthropic"]);
    assert!(running.said.contains(&format!(" go to http://llm.test by way of the proxy at {}, ", other.host())));

    let request = client().post(format!("{}{}", running.url, scenario.path)).json(&scenario.body());
    let response = request.header("proxy-authorization", "Basic canary").send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap();
    // echo -n me:secret | base64
    assert_eq!(told(&seen), [&format!("http://llm.test{}", scenario.path), "llm.test", "Basic bWU6c2VjcmV0"]);
    assert!(tokio::task::spawn_blocking(|| running.stop()).await.unwrap().1);
    let rows = rows::all(&format!("sqlite://{}", ledger.display())).await.unwrap();
    assert_eq!((rows.len(), rows[0].counts(), rows[0].text("ending")), (1, scenario.counts, "complete"));
    for secret in ["me:secret", "bWU6c2VjcmV0"] {
        for file in std::fs::read_dir(folder.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
            let bytes = std::fs::read(file.path()).unwrap();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is in {file:?}");
        }
    }
}

/// A proxy that makes tunnels, all of them to one address.
async fn tunnels(to: String, seen: Told) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut served = JoinSet::new();
    served.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let (to, seen) = (to.clone(), Arc::clone(&seen));
            connections.spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                seen.lock().unwrap().extend(String::from_utf8(head).unwrap().lines().map(ToOwned::to_owned));
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let mut provider = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut provider).await;
            });
        }
    });
    (address, served)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_over_tls_is_reached_through_a_tunnel_that_nobody_looks_into() {
    let scenario = scenario::named("anthropic messages, stream").unwrap();
    for (protocol, version) in [("http/1.1", "HTTP/1.1"), ("h2", "HTTP/2.0")] {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, certificate) = (folder.path().join("usage.db"), folder.path().join("certificate.pem"));
        let (url, _served) = encrypted(scenario.api.app(Pace::AtOnce), protocol, &certificate).await;
        let seen = Told::default();
        let to = url.replace("https://localhost", "127.0.0.1");
        let (other, _tunnels) = tunnels(to, Arc::clone(&seen)).await;
        let mut command = program(&ledger);
        command.env("SSL_CERT_FILE", &certificate).env("HTTPS_PROXY", format!("http://me:secret@{other}"));
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        let running = Running::of(command, &["--to", "https://llm.test", "--provider", "anthropic"]);

        let request = client().post(format!("{}{}", running.url, scenario.path)).json(&scenario.body());
        let response = request.header("authorization", "Bearer canary").send().await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["x-version"]), (200, &version.parse().unwrap()));
        response.bytes().await.unwrap();
        let expected =
            ["CONNECT llm.test:443 HTTP/1.1", "Host: llm.test:443", "Proxy-Authorization: Basic bWU6c2VjcmV0", ""];
        assert_eq!(told(&seen), expected);
        assert!(tokio::task::spawn_blocking(|| running.stop()).await.unwrap().1);
        let rows = rows::all(&format!("sqlite://{}", ledger.display())).await.unwrap();
        assert_eq!((rows.len(), rows[0].counts(), rows[0].text("ending")), (1, scenario.counts, "complete"));
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(&folder.path().join("usage.db"));
    command.args(["--listen", "127.0.0.1:0", "--to", "https://llm.test"]).env_remove("NO_PROXY").env_remove("no_proxy");
    let output = command.env("HTTPS_PROXY", "socks5://me:canary@127.0.0.1:1").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(told.contains("spoken to by socks5") && told.contains("NO_PROXY=llm.test"), "{told}");
    assert!(!told.contains("canary"), "{told}");
}
