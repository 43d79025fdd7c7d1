//! A ledger with choices of its own.

use std::{env, fmt, path::PathBuf, sync::Arc};

use super::{Error, Inner, Ledger, Service, decode, usage::Reader};
use crate::{
    ContentCapture, Hosts, Models, PriceBook, Recorder,
    spool::{Drain, Options, Spool},
    store,
};

/// Builds a [`Ledger`]; see [`Ledger::builder`].
#[derive(Clone)]
#[must_use]
pub struct Builder {
    url: String,
    recorder: Recorder,
    spool: Option<PathBuf>,
    options: Options,
    service_name: Option<String>,
    environment: Option<String>,
}

/// Without the URL: it may hold a password.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("spool", &self.spool).field("options", &self.options).finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new(url: &str) -> Self {
        let (service_name, environment) = service_of_environment(|name| env::var(name).ok());
        Self {
            url: url.to_owned(),
            recorder: Recorder::new(),
            spool: None,
            options: Options::default(),
            service_name,
            environment,
        }
    }

    /// Records by these choices: dialect, trace headers, how long handles keep spans open.
    pub fn recorder(mut self, recorder: Recorder) -> Self {
        self.recorder = recorder;
        self
    }

    /// Names hosts of your own: a gateway, a local server.
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.recorder = self.recorder.with_hosts(hosts);
        self
    }

    /// Prices by this book.
    pub fn prices(mut self, prices: PriceBook) -> Self {
        self.recorder = self.recorder.with_prices(prices);
        self
    }

    /// Knows these aliases of models and names of machines.
    pub fn models(mut self, models: Models) -> Self {
        self.recorder = self.recorder.with_models(models);
        self
    }

    /// Keeps what is asked and answered, as this says; `None`: nothing, whatever the environment asks for. See
    /// [`content`](crate::content).
    pub fn capture_content(mut self, capture: impl Into<Option<ContentCapture>>) -> Self {
        self.recorder = self.recorder.with_content(capture);
        self
    }

    /// Keeps the spool in this folder; beside the database file by default.
    pub fn spool(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spool = Some(folder.into());
        self
    }

    /// How the spool behaves: its size, `fsync`.
    pub const fn spool_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The service that makes the calls; `OTEL_SERVICE_NAME` by default, else the tracer provider's resource.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// The deployment's environment (`production`, `staging`, …).
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// Opens the ledger.
    ///
    /// # Errors
    ///
    /// Only for a URL that names no database, and for a spool folder that cannot be used.
    pub fn open(self) -> Result<Ledger, Error> {
        let store = store::open(&self.url, true)?;
        let folder = match self.spool {
            Some(folder) => folder,
            None => store::spool_folder(&self.url)?,
        };
        let spool = Arc::new(Spool::open(&folder, self.options).map_err(|error| {
            Error::Unavailable(format!("The spool folder {} cannot be used: {error}", folder.display()))
        })?);
        let prices = self.recorder.prices.clone();
        let drain = Drain::start(&spool, store, move |line: &[u8]| decode(line, &prices))
            .map_err(|error| Error::Unavailable(format!("The ledger's thread could not be started: {error}")))?;
        let service = Service { told: (self.service_name, self.environment), ..Service::default() };
        let inner =
            Arc::new(Inner { spool, drain, service, redaction: Default::default(), reader: Reader::new(self.url) });
        let recorder = Recorder { sink: Some(Arc::clone(&inner) as _), ..self.recorder };
        Ok(Ledger { inner, recorder })
    }
}

/// `service.name` and `deployment.environment.name`, as OpenTelemetry's environment variables say them.
fn service_of_environment(variable: impl Fn(&str) -> Option<String>) -> (Option<String>, Option<String>) {
    let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let attribute = |wanted: &[&str]| {
        let pairs = attributes.split(',').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.trim(), value.trim()))
            .find(|(name, _)| wanted.contains(name))
            .map(|(_, value)| value.to_owned())
    };
    let service = variable("OTEL_SERVICE_NAME").filter(|name| !name.is_empty());
    (
        service.or_else(|| attribute(&["service.name"])),
        attribute(&["deployment.environment.name", "deployment.environment"]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_named_as_opentelemetry_names_it() {
        let only_attributes = |name: &str| {
            (name == "OTEL_RESOURCE_ATTRIBUTES").then(|| "service.name=a, deployment.environment.name=prod".to_owned())
        };
        assert_eq!(service_of_environment(only_attributes), (Some("a".to_owned()), Some("prod".to_owned())));
        let both = |name: &str| if name == "OTEL_SERVICE_NAME" { Some("b".to_owned()) } else { only_attributes(name) };
        assert_eq!(service_of_environment(both).0, Some("b".to_owned()));
        assert_eq!(service_of_environment(|_| None), (None, None));
    }
}
