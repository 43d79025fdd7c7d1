//! How the provider is reached: directly, or through the HTTP proxy that the environment names.
//!
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not, mean what they mean to curl and reqwest. A
//! provider on this machine is always reached directly.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::{
        legacy::connect::{Connected, Connection, HttpConnector, proxy::Tunnel},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Connects to the provider.
#[derive(Clone)]
pub(super) struct WayOut {
    tcp: HttpConnector,
    /// The proxy, if it goes through one.
    through: Option<Arc<Intercept>>,
}

impl WayOut {
    /// As the environment says. An error: it names a proxy that cannot be used.
    pub(super) fn of_environment(provider: &Uri) -> io::Result<Self> {
        Self::new(provider, &Matcher::from_env())
    }

    fn new(provider: &Uri, proxies: &Matcher) -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let through = if is_here(provider.host().unwrap_or_default()) { None } else { proxies.intercept(provider) };
        if let Some(proxy) = through.as_ref().filter(|proxy| proxy.uri().scheme_str() != Some("http")) {
            let scheme = proxy.uri().scheme_str().unwrap_or_default();
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "the environment names a proxy that is spoken to by {scheme}; only http:// works, or NO_PROXY={}",
                    provider.host().unwrap_or_default()
                ),
            ));
        }
        Ok(Self { tcp, through: through.map(Arc::new) })
    }

    /// The proxy's host and port.
    pub(super) fn through(&self) -> Option<&str> {
        self.through.as_ref()?.uri().authority().map(http::uri::Authority::as_str)
    }

    /// What the proxy is told with each request that it is to forward. (Of one that goes through a tunnel it sees nothing: it
    /// was told when the tunnel was made.)
    pub(super) fn credentials(&self, provider: &Uri) -> Option<&HeaderValue> {
        self.through.as_ref().filter(|_| provider.scheme_str() == Some("http"))?.basic_auth()
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl Service<Uri> for WayOut {
    type Response = Stream;
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Problem>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Problem>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, provider: Uri) -> Self::Future {
        let direct = |io| Stream { io, forwarded: false };
        let Some(proxy) = self.through.clone() else {
            let connecting = self.tcp.call(provider);
            return Box::pin(async move { Ok(direct(connecting.await?)) });
        };
        if provider.scheme_str() == Some("https") {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
            if let Some(credentials) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(credentials.clone());
            }
            let connecting = tunnel.call(provider);
            return Box::pin(async move { Ok(direct(connecting.await?)) });
        }
        let connecting = self.tcp.call(proxy.uri().clone());
        Box::pin(async move { Ok(Stream { io: connecting.await?, forwarded: true }) })
    }
}

impl fmt::Debug for WayOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WayOut").field("through", &self.through()).finish_non_exhaustive()
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Stream {
    io: TokioIo<TcpStream>,
    /// It ends at a proxy that is to forward each request, and must be told where to.
    forwarded: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.forwarded)
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, into)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(provider: &str, proxies: &Matcher) -> io::Result<WayOut> {
        WayOut::new(&provider.parse().unwrap(), proxies)
    }

    #[test]
    fn the_scheme_chooses_the_proxy_and_exceptions_and_this_machine_go_without() {
        let proxies = || Matcher::builder().http("http://a:1").https("b:2").no("10.0.0.0/8, .internal").build();
        for (provider, through) in [
            ("http://llm.example", Some("a:1")),
            ("https://api.openai.com", Some("b:2")),
            ("https://llm.internal", None),
            ("https://10.1.2.3", None),
            ("http://localhost:11434", None),
            ("http://127.8.9.1:8000", None),
            ("http://[::1]:8000", None),
        ] {
            assert_eq!(way(provider, &proxies()).unwrap().through(), through, "{provider}");
        }
        assert_eq!(way("https://api.openai.com", &Matcher::builder().build()).unwrap().through(), None);
    }

    #[test]
    fn a_proxy_that_cannot_be_spoken_to_is_refused_in_words_that_hold_no_secret() {
        for proxy in ["https://u:canary@a:1", "socks5://u:canary@a:1"] {
            let refusal =
                way("https://api.openai.com", &Matcher::builder().all(proxy).build()).unwrap_err().to_string();
            assert!(refusal.contains("NO_PROXY=api.openai.com") && !refusal.contains("canary"), "{refusal}");
        }
    }

    #[test]
    fn credentials_for_the_proxy_go_to_it_and_into_no_debug_output() {
        let proxies = || Matcher::builder().all("http://u:canary@a:1").build();
        for (provider, told) in [("http://llm.example", true), ("https://api.openai.com", false)] {
            let way = way(provider, &proxies()).unwrap();
            assert_eq!(way.credentials(&provider.parse().unwrap()).is_some(), told, "{provider}");
            assert!(!format!("{way:?}").contains("canary"));
        }
    }
}
