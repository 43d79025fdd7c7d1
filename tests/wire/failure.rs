//! An error in all its features, to compare.

use std::error::Error;

use async_openai::error::OpenAIError;

/// An error, in all its features.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The outer type.
    pub kind: &'static str,
    pub display: String,
    /// Its `is_*` that are true.
    pub is: Vec<&'static str>,
    pub url: Option<String>,
    /// What caused it, down to the root.
    pub chain: Vec<String>,
    /// The whole `Debug` text.
    pub debug: String,
}

impl Failure {
    fn new(kind: &'static str, error: &dyn Error, is: &[(&'static str, bool)], url: Option<String>) -> Self {
        let chain = std::iter::successors(error.source(), |error| (*error).source()).map(ToString::to_string).collect();
        let is = is.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        Self { kind, display: error.to_string(), is, url, chain, debug: format!("{error:?}") }
    }

    fn of_reqwest(kind: &'static str, error: &reqwest::Error) -> Self {
        let is = [
            ("builder", error.is_builder()),
            ("redirect", error.is_redirect()),
            ("status", error.is_status()),
            ("timeout", error.is_timeout()),
            ("request", error.is_request()),
            ("connect", error.is_connect()),
            ("body", error.is_body()),
            ("decode", error.is_decode()),
            ("upgrade", error.is_upgrade()),
        ];
        Self::new(kind, error, &is, error.url().map(ToString::to_string))
    }

    /// Whether an error is like the one without us. reqwest's own errors of a body may have links more in their chain, since
    /// we rebuild the response around its body; all else is the same, the root cause too.
    pub fn is_like(&self, without: &Self) -> bool {
        let links = self.chain.len().saturating_sub(without.chain.len());
        let rebuilt = self.is == ["decode"] && links == 2;
        let mut alike = without.clone();
        if rebuilt {
            alike.chain.splice(..0, vec!["request or response body error".to_owned(); links]);
            alike.debug.clone_from(&self.debug);
        }
        *self == alike
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::of_reqwest("reqwest::Error", &error)
    }
}

impl From<reqwest_middleware::Error> for Failure {
    fn from(error: reqwest_middleware::Error) -> Self {
        match &error {
            reqwest_middleware::Error::Reqwest(error) => Self::of_reqwest("reqwest_middleware::Error::Reqwest", error),
            other => Self::new("reqwest_middleware::Error::Middleware", other, &[], None),
        }
    }
}

impl From<OpenAIError> for Failure {
    fn from(error: OpenAIError) -> Self {
        match &error {
            OpenAIError::Reqwest(error) => Self::of_reqwest("OpenAIError::Reqwest", error),
            other => Self::new("OpenAIError", other, &[], None),
        }
    }
}

impl From<hyper_util::client::legacy::Error> for Failure {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        Self::new("hyper_util::client::legacy::Error", &error, &[("connect", error.is_connect())], None)
    }
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        let is = [
            ("canceled", error.is_canceled()),
            ("closed", error.is_closed()),
            ("incomplete_message", error.is_incomplete_message()),
            ("parse", error.is_parse()),
            ("timeout", error.is_timeout()),
            ("user", error.is_user()),
        ];
        Self::new("hyper::Error", &error, &is, None)
    }
}
