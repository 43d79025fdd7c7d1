//! Providers over TLS, in HTTP/1.1 and HTTP/2, with certificates that the system trusts.

use std::{fs, path::Path, sync::Arc};

use axum::{Router, extract::Request, middleware, response::Response};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

use crate::{
    client,
    running::{Running, program},
    support::{Pace, rows, scenario},
};

/// A server on `https://localhost:PORT` that speaks one version of HTTP and says which in its answers. Its certificate, which
/// is also one for `llm.test`, is written to the file.
pub(crate) async fn encrypted(app: Router, protocol: &str, certificate: &Path) -> (String, JoinSet<()>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "llm.test".to_owned()]).unwrap();
    fs::write(certificate, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into());
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let app = app.layer(middleware::from_fn(async |request: Request, next: middleware::Next| {
        let version = format!("{:?}", request.version());
        let mut response: Response = next.run(request).await;
        response.headers_mut().insert("x-version", version.parse().unwrap());
        response
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let mut served = JoinSet::new();
    served.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(app.clone()));
            connections.spawn(async move {
                // Who does not trust the certificate hangs up.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (url, served)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_over_tls_is_reached_in_its_own_version_of_http() {
    let scenario = scenario::named("anthropic messages, stream").unwrap();
    for (protocol, version) in [("http/1.1", "HTTP/1.1"), ("h2", "HTTP/2.0")] {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, certificate) = (folder.path().join("usage.db"), folder.path().join("certificate.pem"));
        let (url, _served) = encrypted(scenario.api.app(Pace::AtOnce), protocol, &certificate).await;
        let mut command = program(&ledger);
        command.env("SSL_CERT_FILE", &certificate);
        let running = Running::of(command, &["--to", &url]);
        let request = client().post(format!("{}{}", running.url, scenario.path)).json(&scenario.body());
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["x-version"]), (200, &version.parse().unwrap()));
        response.bytes().await.unwrap();
        assert!(tokio::task::spawn_blocking(|| running.stop()).await.unwrap().1);
        let rows = rows::all(&format!("sqlite://{}", ledger.display())).await.unwrap();
        assert_eq!((rows.len(), rows[0].counts(), rows[0].text("ending")), (1, scenario.counts, "complete"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_is_a_502() {
    let scenario = scenario::named("anthropic messages").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, other) = (folder.path().join("certificate.pem"), folder.path().join("other.pem"));
    let (url, _served) = encrypted(scenario.api.app(Pace::AtOnce), "h2", &certificate).await;
    fs::write(&other, rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()).unwrap();
    let mut command = program(&folder.path().join("usage.db"));
    command.env("SSL_CERT_FILE", &other);
    let running = Running::of(command, &["--to", &url]);
    let response = client().post(format!("{}{}", running.url, scenario.path)).body("{}").send().await.unwrap();
    assert_eq!(response.status(), 502);
    let said: Value = response.json().await.unwrap();
    let words = said["error"]["message"].as_str().unwrap();
    assert!(words.contains("could not be reached: ") && words.contains("certificate"), "{words}");
}
