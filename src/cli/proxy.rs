//! `spanledger proxy`: the calls of clients that only take a base URL.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tracing::Level;
use tracing_subscriber::{
    filter::Targets, fmt, layer::Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::stop::Stop;
use crate::{
    Hosts, Ledger, Recorder,
    proxy::{self, Upstream},
};

/// How long calls that are under way may take when the proxy is asked to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the ledger may take.
const SOON: Duration = Duration::from_secs(10);

/// Record the calls of any client, through a proxy in front of one provider.
///
/// It serves every client that takes a base URL, in any language.
///
/// A client says who asks, and for what, by the request headers spanledger-task, -user, -conversation, -job and -tag-NAME,
/// which never reach the provider. The answer's header spanledger-row-id names the row. Keys are the client's own: they go
/// on to the provider and are not recorded.
///
/// HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are heeded on the way to the provider. A WebSocket is refused.
///
/// Trouble with the ledger is told on standard error when it begins and when it ends; calls go on meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger proxy --to https://api.anthropic.com
      then Anthropic(base_url=\"http://127.0.0.1:4000\") in Python,
      or new Anthropic({ baseURL: \"http://127.0.0.1:4000\" }) in JavaScript
  spanledger proxy --to https://api.openai.com/v1 --listen 127.0.0.1:4001
      then OpenAI(base_url=\"http://127.0.0.1:4001\")
  spanledger proxy --to http://localhost:8000 --provider vllm
  curl http://127.0.0.1:4000/v1/messages -H 'spanledger-task: ocr' -H 'spanledger-tag-image: 17' …")]
pub(super) struct Arguments {
    /// The provider's base URL.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Where to listen; port 0 is any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4000", value_parser = address)]
    listen: SocketAddr,
    /// Listen on an address that other machines can reach: whoever reaches it can use it.
    #[arg(long)]
    allow_remote: bool,
    /// Whose API it is, where the host does not tell: vllm, lm_studio, your own gateway.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Your own prices, in front of the compiled-in ones (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_PRICES")]
    prices: Option<PathBuf>,
    /// Aliases of models and names of machines (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_MODELS")]
    models: Option<PathBuf>,
    /// Take what no header says of who asks from OpenTelemetry's header `baggage`.
    #[arg(long)]
    baggage: bool,
}

pub(super) async fn run(arguments: Arguments, url: &str, notes: &mut dyn Write) -> anyhow::Result<()> {
    let Arguments { to, listen, allow_remote, provider, prices, models, baggage } = arguments;
    // The text is not repeated: it may hold a key.
    let upstream: Upstream = to.parse().context("--to cannot be used")?;
    if !listen.ip().is_loopback() && !allow_remote {
        bail!(
            "Other machines can reach {listen}, and whoever reaches it can use the proxy; \
             say --allow-remote if that is wanted, or listen on 127.0.0.1"
        );
    }
    let hosts = provider.into_iter().fold(Hosts::default(), |hosts, name| hosts.name(upstream.host(), name));
    let listener = TcpListener::bind(listen).await.with_context(|| format!("Nothing can listen on {listen}"))?;
    let (prices, models) = (super::prices(prices)?, super::models_file(models)?);
    let recorder = Recorder::new().with_hosts(hosts).with_prices(prices).with_models(models).with_baggage(baggage);
    tell_operators();
    let ledger = Ledger::builder(url).recorder(recorder).open()?;
    let app = proxy::app(&ledger, upstream.clone()).context("The provider cannot be reached from here")?;
    let (mut first, mut second) = (Stop::new()?, Stop::new()?);

    if !ledger.ready(SOON).await {
        let why = ledger.health().store_error.unwrap_or_else(|| "it does not answer".to_owned());
        writeln!(notes, "The ledger cannot be written yet, rows wait in its spool: {why}")?;
    }
    let address = listener.local_addr()?;
    let by = app.through().map(|proxy| format!(" by way of the proxy at {proxy}")).unwrap_or_default();
    writeln!(notes, "Calls to http://{address} go to {upstream}{by}, their rows to the ledger. Ctrl-C ends it.")?;
    let stop = async {
        first.asked().await;
        // Who cannot read it is not told.
        let _ = writeln!(notes, "Calls under way have {} seconds; Ctrl-C again cuts them off.", PATIENCE.as_secs());
    };
    let twice = async {
        second.asked().await;
        second.asked().await;
    };
    tokio::select! {
        () = proxy::serve(listener, app, stop, PATIENCE) => {}
        () = twice => {}
    }
    match ledger.shutdown(SOON).await.waiting {
        0 => {}
        waiting => writeln!(notes, "{waiting} rows wait in the spool for the next open.")?,
    }
    Ok(())
}

fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse().context("write an address and a port, such as 127.0.0.1:4000")
}

/// What the ledger tells an operator, by its fixed names, goes to standard error. What other libraries log does not.
fn tell_operators() {
    let told = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let told = told.with_filter(Targets::new().with_target("spanledger", Level::WARN));
    // A program that has a subscriber already has chosen where that goes.
    let _ = tracing_subscriber::registry().with(told).try_init();
}
