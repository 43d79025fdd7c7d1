//! Exchanges that were recorded before, through the same code that a live call meets.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use opentelemetry::trace::{SpanId, TraceId};

use super::{
    copied::RequestBytes,
    recorder::{Recorder, Sink},
    watch::Watch,
};
use crate::{
    call::{Call, Ending, RowId, Score, Timestamp},
    confidence::Trust,
    provider::RequestHead,
};

/// A recorded HTTP exchange, its bodies decoded.
#[derive(Clone)]
pub struct Exchange<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's whole URL.
    pub url: &'a str,
    /// The request's headers.
    pub request_headers: &'a HeaderMap,
    /// The request's body, where it is known.
    pub request_body: Option<&'a [u8]>,
    /// The response's status; `None`: no response came.
    pub status: Option<u16>,
    /// The response's headers.
    pub response_headers: &'a HeaderMap,
    /// The pieces that the response's body came in.
    pub chunks: Vec<&'a [u8]>,
    /// How the body ended.
    pub ending: Ending,
    /// When the request was sent: the date of its price.
    pub started_at: Timestamp,
    /// How long the exchange took.
    pub duration: Duration,
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, _, path, _) = split(self.url).unwrap_or_default();
        f.debug_struct("Exchange")
            .field("method", &self.method)
            .field("host", &host)
            .field("path", &path)
            .field("status", &self.status)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

/// The call that a live exchange of this kind would have recorded; `None`: it is no AI call.
///
/// Ids are not known and stay zero. The recorder's ledger, if it has one, is not written to.
#[must_use]
pub fn inspect(recorder: &Recorder, exchange: &Exchange<'_>) -> Option<Call> {
    let collected = Arc::new(Collected::default());
    let recorder =
        Arc::new(Recorder { spans: false, content: None, sink: Some(Arc::clone(&collected) as _), ..recorder.clone() });
    let mut headers = exchange.request_headers.clone();
    // The recorded body is decoded already.
    headers.remove(http::header::CONTENT_ENCODING);
    let (host, port, path, query) = split(exchange.url)?;
    let method = exchange.method.to_ascii_uppercase();
    let head = RequestHead { method: &method, host: &host, port, path, query, headers: &headers };
    let body = exchange.request_body.map_or(RequestBytes::Unseen, RequestBytes::Whole);
    let mut watch = Watch::begin_at(&recorder, &head, None, body, exchange.started_at, Some(exchange.duration))?;
    match exchange.status {
        Some(status) => {
            let mut headers = exchange.response_headers.clone();
            headers.remove(http::header::CONTENT_ENCODING);
            watch.head(status, &headers);
            exchange.chunks.iter().for_each(|chunk| watch.data(chunk));
            watch.end(exchange.ending);
        }
        None => watch.fail("no_response", "no answer came".to_owned()),
    }
    let mut call = collected.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    call.identity = crate::call::Identity::default();
    Some(call)
}

/// Host (in lower case), port, raw path and query of a URL, without userinfo. Recorded URLs hold characters that a strict
/// parser refuses.
fn split(url: &str) -> Option<(String, Option<u16>, &str, Option<&str>)> {
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (authority, target) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => (host, digits.parse().ok()),
        _ => (authority, None),
    };
    let default = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    Some((host, port.filter(|port| *port != default), path, query))
}

#[derive(Debug, Default)]
struct Collected(Mutex<Option<Call>>);

impl Sink for Collected {
    fn row_id(&self, _: (TraceId, SpanId), _: Timestamp) -> Option<RowId> {
        None
    }

    fn call(&self, call: &mut Call) -> Option<RowId> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::mem::take(call));
        None
    }

    fn later(&self, _: RowId, _: Trust) {}

    fn score(&self, _: RowId, _: Score) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_without_its_credentials() {
        assert_eq!(split("https://u:p@API.x.ai:443/v1/a?b=c#d"), Some(("api.x.ai".into(), None, "/v1/a", Some("b=c"))));
        assert_eq!(split("http://[::1]:8080"), Some(("::1".into(), Some(8080), "", None)));
        assert_eq!(split("http://[::1]/x y|z"), Some(("::1".into(), None, "/x y|z", None)));
        assert_eq!(split("nonsense"), None);
    }
}
