//! The user's own prices.

use std::sync::Arc;

use crate::call::{Call, Cost};

#[cfg(feature = "cli")]
pub(crate) mod check;
pub(super) mod date;
mod entry;
pub(super) mod file;
#[cfg(feature = "cli")]
mod shown;
mod tariff;

/// All entries, in the order of the files. `None`: there is no file.
#[derive(Clone, Debug, Default)]
pub(super) struct Prices(Option<Arc<Vec<entry::Entry>>>);

impl Prices {
    fn add(&mut self, entries: Vec<entry::Entry>) {
        Arc::make_mut(self.0.get_or_insert_default()).extend(entries);
    }

    /// Whether there is a file, be it an empty one.
    pub(super) fn has_file(&self) -> bool {
        self.0.is_some()
    }

    fn entries(&self) -> &[entry::Entry] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The cost by the first entry that holds for the call under this name of its model.
    pub(super) fn price(&self, call: &Call, model: &str) -> Option<Cost> {
        self.entries().iter().find(|entry| entry.covers(call, model)).map(|entry| entry.cost(call))
    }
}
