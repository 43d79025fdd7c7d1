//! The ways in, each as an application uses it: a scenario in, what the caller saw out.

use std::fmt::Display;

use async_openai::{
    Client as OpenAi,
    config::OpenAIConfig,
    error::OpenAIError,
    middleware::{HttpRequestFactory, ReqwestService},
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Serialize;
use spanledger::{Ledger, RequestBody};
use tower::{Layer as _, Service, ServiceExt as _};

use crate::support::{Scenario, Steps};

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ReqwestMiddleware,
    TowerOverHyper,
    ReqwestAsTower,
    AsyncOpenAi,
}

/// How far the caller reads.
#[derive(Clone, Debug)]
pub(crate) enum Reads {
    /// To the end.
    All,
    /// This many chunks, each after a step was allowed; then it drops the answer.
    Chunks(usize, Steps),
}

/// What the caller saw: the status and the bytes, or the error's words.
pub(crate) type Seen = Result<(u16, Vec<u8>), String>;

impl Way {
    pub(crate) const ALL: [Self; 4] =
        [Self::ReqwestMiddleware, Self::TowerOverHyper, Self::ReqwestAsTower, Self::AsyncOpenAi];

    /// Whether a client of this kind makes such a call at all.
    pub(crate) fn speaks(self, scenario: &Scenario) -> bool {
        self != Self::AsyncOpenAi || scenario.path == "/v1/chat/completions"
    }

    /// Calls a server, watched by a ledger or by nobody.
    pub(crate) async fn call(self, ledger: Option<&Ledger>, server: &str, scenario: &Scenario, reads: &Reads) -> Seen {
        match self {
            Self::ReqwestMiddleware => reqwest_middleware(ledger, server, scenario, reads).await,
            Self::TowerOverHyper => tower_over_hyper(ledger, server, scenario, reads).await,
            Self::ReqwestAsTower => reqwest_as_tower(ledger, server, scenario, reads).await,
            Self::AsyncOpenAi => async_openai(ledger, server, scenario, reads).await,
        }
    }
}

fn words(error: impl Display) -> String {
    error.to_string()
}

async fn reqwest_middleware(ledger: Option<&Ledger>, server: &str, scenario: &Scenario, reads: &Reads) -> Seen {
    let mut http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new());
    if let Some(ledger) = ledger {
        http = http.with(ledger.reqwest_middleware());
    }
    let request = http.build().post(format!("{server}{}", scenario.path)).json(&scenario.body());
    read_reqwest(request.send().await.map_err(words)?, reads).await
}

async fn reqwest_as_tower(ledger: Option<&Ledger>, server: &str, scenario: &Scenario, reads: &Reads) -> Seen {
    let http = reqwest::Client::new();
    let request = http.post(format!("{server}{}", scenario.path)).json(&scenario.body()).build().map_err(words)?;
    let response = match ledger {
        Some(ledger) => ledger.tower_layer().layer(http).oneshot(request).await,
        None => http.oneshot(request).await,
    };
    read_reqwest(response.map_err(words)?, reads).await
}

async fn read_reqwest(mut response: reqwest::Response, reads: &Reads) -> Seen {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    for _ in 0..most(reads) {
        allow(reads);
        match response.chunk().await.map_err(words)? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok((status, body))
}

async fn tower_over_hyper(ledger: Option<&Ledger>, server: &str, scenario: &Scenario, reads: &Reads) -> Seen {
    let request = http::Request::post(format!("{server}{}", scenario.path))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(scenario.body().to_string())))
        .map_err(words)?;
    let builder = || Client::builder(TokioExecutor::new());
    match ledger {
        Some(ledger) => {
            let client: Client<HttpConnector, RequestBody<Full<Bytes>>> = builder().build_http();
            read_body(ledger.tower_layer().layer(client).oneshot(request).await.map_err(words)?, reads).await
        }
        None => {
            let client: Client<HttpConnector, Full<Bytes>> = builder().build_http();
            read_body(client.oneshot(request).await.map_err(words)?, reads).await
        }
    }
}

async fn read_body<B>(response: http::Response<B>, reads: &Reads) -> Seen
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let (status, mut body) = (response.status().as_u16(), response.into_body());
    let mut bytes = Vec::new();
    for _ in 0..most(reads) {
        allow(reads);
        let Some(frame) = body.frame().await else { break };
        if let Ok(data) = frame.map_err(words)?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok((status, bytes))
}

async fn async_openai(ledger: Option<&Ledger>, server: &str, scenario: &Scenario, reads: &Reads) -> Seen {
    let reqwest = ReqwestService::new(reqwest::Client::new());
    match ledger {
        Some(ledger) => ask_openai(ledger.tower_layer().layer(reqwest), server, scenario, reads).await,
        None => ask_openai(reqwest, server, scenario, reads).await,
    }
}

/// Bytes are not to be seen here: the parsed answers stand for them.
async fn ask_openai<S>(service: S, server: &str, scenario: &Scenario, reads: &Reads) -> Seen
where
    S: Service<HttpRequestFactory, Response = reqwest::Response, Error = OpenAIError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let config = OpenAIConfig::new().with_api_base(format!("{server}/v1")).with_api_key("none");
    let client = OpenAi::with_config(config).with_http_service(service);
    let request = serde_json::from_value(scenario.body()).map_err(words)?;
    if !scenario.streamed {
        return Ok((200, json(&client.chat().create(request).await.map_err(words)?)));
    }
    let mut stream = client.chat().create_stream(request).await.map_err(words)?;
    let mut seen = Vec::new();
    for _ in 0..most(reads) {
        allow(reads);
        let Some(chunk) = stream.next().await else { break };
        seen.extend(json(&chunk.map_err(words)?));
    }
    Ok((200, seen))
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

const fn most(reads: &Reads) -> usize {
    match reads {
        Reads::All => usize::MAX,
        Reads::Chunks(count, _) => *count,
    }
}

fn allow(reads: &Reads) {
    if let Reads::Chunks(_, steps) = reads {
        steps.allow(1);
    }
}
