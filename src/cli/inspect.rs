//! `spanledger inspect`: what the rows of recorded exchanges would be.

use std::{
    fs,
    io::{Read as _, Write},
    time::Duration,
};

use anyhow::Context as _;
use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::time::utc;
use crate::{
    Hosts, Recorder,
    call::{Call, Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
    store,
};

/// Pieces that a recorded body is cut into: small enough that messages straddle them, as on the wire.
const CHUNK: usize = 1024;

/// Show which rows the exchanges of a HAR file would be.
///
/// One line of JSON per entry, in order: the columns of usage_log, decimals as text, null where unknown. Ids, created_at and
/// updated_at are null. The price is that of the entry's startedDateTime. An entry that is no AI call prints null. No
/// database is needed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A HAR 1.2 file, or - for standard input.
    file: String,
    /// Your own prices, in front of the compiled-in ones (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_PRICES")]
    prices: Option<String>,
    /// Aliases of models and names of machines (TOML).
    #[arg(long, value_name = "FILE", env = "SPANLEDGER_MODELS")]
    models: Option<String>,
    /// Names a host of your own: `HOST[:PORT]=PROVIDER`. May be given more than once.
    #[arg(long = "host", value_name = "HOST=PROVIDER", value_parser = named_host)]
    hosts: Vec<(String, String)>,
}

const EXAMPLES: &str = "\
Examples:
  spanledger inspect recorded.har
  spanledger inspect recorded.har | jq -r 'select(.) | [.response_model, .cost_usd] | @tsv'
  browser-export | spanledger inspect --host llm.internal:8000=vllm -";

fn named_host(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((host, provider)) if !host.is_empty() && !provider.is_empty() => {
            Ok((host.to_owned(), provider.to_owned()))
        }
        _ => Err("write it as HOST=PROVIDER, such as llm.internal:8000=vllm".to_owned()),
    }
}

/// The line of an entry that is no AI call.
const NO_CALL: &str = "null";

pub(super) fn run(arguments: Arguments, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let prices = super::prices(arguments.prices.as_ref())?;
    let hosts =
        arguments.hosts.into_iter().fold(Hosts::default(), |hosts, (host, provider)| hosts.name(host, provider));
    let models = super::models_file(arguments.models.as_ref())?;
    let recorder = Recorder::new().with_prices(prices).with_models(models).with_hosts(hosts);
    let bytes = read(&arguments.file)?;
    let file = if arguments.file == "-" { "standard input" } else { &arguments.file };
    rows(&bytes, file, &recorder, out, notes)
}

/// One line for each entry of a HAR file.
pub(crate) fn rows(
    bytes: &[u8],
    file: &str,
    recorder: &Recorder,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    // Some tools begin the file with a byte order mark.
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let har: Value =
        serde_json::from_slice(json).with_context(|| format!("{file} is not a HAR file: it is no JSON"))?;
    let entries = har.pointer("/log/entries").and_then(Value::as_array);
    let entries = entries.with_context(|| format!("{file} is not a HAR file: log.entries is missing"))?;
    for (index, entry) in entries.iter().enumerate() {
        let row = match inspect_entry(recorder, entry) {
            Ok(Some(call)) => serde_json::to_string(&store::columns::Row(&call))?,
            Ok(None) => NO_CALL.to_owned(),
            Err(error) => {
                writeln!(notes, "entry {}: {error:#}", index + 1)?;
                NO_CALL.to_owned()
            }
        };
        writeln!(out, "{row}")?;
    }
    Ok(())
}

fn read(file: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input could not be read")?;
    } else {
        bytes = fs::read(file).with_context(|| format!("{file} could not be read"))?;
    }
    Ok(bytes)
}

fn inspect_entry(recorder: &Recorder, entry: &Value) -> anyhow::Result<Option<Call>> {
    let text = |path: &str| entry.pointer(path).and_then(Value::as_str);
    let started_at = started_at(text("/startedDateTime"))?;
    let request_body = body(entry.pointer("/request/postData"))?;
    let response_body = body(entry.pointer("/response/content"))?.unwrap_or_default();
    let status =
        entry.pointer("/response/status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let milliseconds = entry.get("time").and_then(Value::as_f64).filter(|time| *time >= 0.0).unwrap_or(0.0);
    let exchange = Exchange {
        method: text("/request/method").context("request.method is missing")?,
        url: text("/request/url").context("request.url is missing")?,
        request_headers: &headers(entry.pointer("/request/headers"), text("/request/postData/mimeType")),
        request_body: request_body.as_deref(),
        // Browsers write 0 for an exchange that got no response.
        status: status.filter(|status| *status != 0),
        response_headers: &headers(entry.pointer("/response/headers"), text("/response/content/mimeType")),
        chunks: response_body.chunks(CHUNK).collect(),
        ending: Ending::Complete,
        started_at,
        duration: Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or_default(),
    };
    Ok(inspect(recorder, &exchange))
}

fn started_at(text: Option<&str>) -> anyhow::Result<Timestamp> {
    let text = text.context("startedDateTime is missing")?;
    utc(text).map_err(|_| anyhow::anyhow!("startedDateTime {text:?} is no ISO 8601 time"))
}

/// A body of a HAR entry, decoded from base64 where it says so.
fn body(content: Option<&Value>) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(content) = content else { return Ok(None) };
    let Some(text) = content.get("text").and_then(Value::as_str) else { return Ok(None) };
    match content.get("encoding").and_then(Value::as_str) {
        Some("base64") => {
            // Some tools fold it into lines, some leave its end open.
            let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
            let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(digits);
            Ok(Some(bytes.context("a body is no valid base64")?))
        }
        _ => Ok(Some(text.as_bytes().to_vec())),
    }
}

/// HAR's list of names and values; what is no header (HTTP/2's `:path`) is left out. A list without a content type gets that
/// of the body beside it.
fn headers(list: Option<&Value>, content_type: Option<&str>) -> HeaderMap {
    let header = |entry: &Value| {
        let name: HeaderName = entry.get("name")?.as_str()?.parse().ok()?;
        Some((name, HeaderValue::from_str(entry.get("value")?.as_str()?).ok()?))
    };
    let mut headers: HeaderMap = list.and_then(Value::as_array).into_iter().flatten().filter_map(header).collect();
    if let Some(content_type) = content_type.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.entry(http::header::CONTENT_TYPE).or_insert(content_type);
    }
    headers
}
