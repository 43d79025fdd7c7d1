//! Where the calls go.

use std::{fmt, str::FromStr};

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// The provider's side of a proxy: the base URL that clients would use without it.
///
/// ```
/// use spanledger::proxy::Upstream;
///
/// let upstream: Upstream = "https://api.anthropic.com".parse().unwrap();
/// assert_eq!(upstream.host(), "api.anthropic.com");
/// assert!("api.anthropic.com".parse::<Upstream>().is_err(), "http or https is not to be guessed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
    /// The base URL's path, without a slash at its end.
    base: String,
}

impl Upstream {
    /// The host and, where one is named, its port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.as_str()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Its scheme and host.
    pub(super) fn uri(&self) -> Uri {
        let builder = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        builder.path_and_query("/").build().unwrap_or_default()
    }

    /// Where a request for this path and query goes: beneath the base URL, both taken as they came.
    pub(super) fn join(&self, asked: &PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{asked}", self.base))
            .build()
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.base)
    }
}

impl FromStr for Upstream {
    type Err = NotAnUpstream;

    fn from_str(text: &str) -> Result<Self, NotAnUpstream> {
        let url: Uri = text.parse().map_err(|_| NotAnUpstream("it is no URL"))?;
        if url.query().is_some() {
            return Err(NotAnUpstream("a query belongs to each call, not to the base URL"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        let parts = url.into_parts();
        let scheme = parts.scheme.filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
        let (Some(scheme), Some(authority)) = (scheme, parts.authority) else {
            return Err(NotAnUpstream("it begins with neither http:// nor https://"));
        };
        if authority.as_str().contains('@') {
            return Err(NotAnUpstream("it holds credentials, which each client sends itself"));
        }
        Ok(Self { scheme, authority, base: path })
    }
}

/// A text names no provider's base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnUpstream(&'static str);

impl fmt::Display for NotAnUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no provider's base URL: {}; name one such as https://api.openai.com", self.0)
    }
}

impl std::error::Error for NotAnUpstream {}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(upstream: &str, asked: &str) -> String {
        let upstream: Upstream = upstream.parse().unwrap();
        upstream.join(&asked.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn path_and_query_go_beneath_the_base_url_as_they_came() {
        for (upstream, asked, expected) in [
            ("https://api.openai.com", "/v1/models", "https://api.openai.com/v1/models"),
            ("https://api.openai.com/", "/v1/a%2Fb//c?d=%20", "https://api.openai.com/v1/a%2Fb//c?d=%20"),
            ("https://openrouter.ai/api", "/v1/chat", "https://openrouter.ai/api/v1/chat"),
            ("https://openrouter.ai/api/", "/", "https://openrouter.ai/api/"),
            ("http://[::1]:11434/v1", "/models?x", "http://[::1]:11434/v1/models?x"),
        ] {
            assert_eq!(joined(upstream, asked), expected);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_in_words_that_hold_no_secret() {
        for text in ["", "api.openai.com", "/v1", "ftp://a", "http://", "https://key:secret@a", "https://a?key=secret"]
        {
            let refusal = text.parse::<Upstream>().unwrap_err().to_string();
            assert!(refusal.contains("base URL") && !refusal.contains("secret"), "{text}: {refusal}");
        }
    }
}
