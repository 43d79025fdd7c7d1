//! What operators are told: every event of the ledger in this program, by the folder that it speaks of.

use std::{
    collections::HashMap,
    fmt::Debug,
    path::{Path, PathBuf},
    sync::{Mutex, Once, PoisonError},
};

use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt as _};

static EVENTS: Mutex<Vec<(PathBuf, String)>> = Mutex::new(Vec::new());

/// Listens from now on, on all threads.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Listener)).unwrap());
}

/// What was said of a folder, in order: `event state`.
pub(crate) fn of(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let events = EVENTS.lock().unwrap_or_else(PoisonError::into_inner);
    events.iter().filter(|(of, _)| *of == folder).map(|(_, event)| event.clone()).collect()
}

struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "spanledger" {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields(mut fields) = fields;
        let Some(folder) = fields.remove("folder") else { return };
        let words = ["event", "state"].map(|name| fields.remove(name).unwrap_or_default());
        let said = words.join(" ").trim_end().to_owned();
        EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push((folder.into(), said));
    }
}

#[derive(Default)]
struct Fields(HashMap<&'static str, String>);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}
