//! Apps on ports of 127.0.0.1.

use std::{io, net::SocketAddr};

use axum::{Router, serve::ListenerExt as _};
use spanledger::Hosts;
use tokio::{net::TcpListener, task::JoinSet};

use super::{Api, Pace};

/// One app on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinSet<io::Result<()>>,
}

impl Server {
    /// Starts serving.
    pub async fn start(app: Router) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // Small pieces are sent at once, not when the one before is acknowledged.
        let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap_or_default());
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, task })
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A server for each API.
#[derive(Debug)]
pub struct Servers(Vec<(Api, Server)>);

impl Servers {
    /// Starts all of them. Their streams come at this pace.
    pub async fn start(pace: Pace) -> io::Result<Self> {
        let mut servers = Vec::new();
        for api in Api::ALL {
            servers.push((api, Server::start(api.app(pace.clone())).await?));
        }
        Ok(Self(servers))
    }

    /// Where an API is served: `http://127.0.0.1:PORT`.
    pub fn url(&self, api: Api) -> String {
        self.0.iter().find(|(of, _)| *of == api).map(|(_, server)| server.url()).unwrap_or_default()
    }

    /// Which provider is behind which port: what the ledger cannot know of loopback addresses.
    pub fn hosts(&self) -> Hosts {
        self.0.iter().fold(Hosts::default(), |hosts, (api, server)| hosts.name(server.host(), api.provider()))
    }
}

/// The URL of a port that nobody listens on.
pub async fn nobody() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(format!("http://{}", listener.local_addr()?))
}
