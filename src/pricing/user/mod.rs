//! The user's own prices.

use std::sync::Arc;

use crate::call::{Call, Cost};

pub(super) mod date;
mod entry;
pub(super) mod file;
mod tariff;

/// All entries, in the order of the files.
#[derive(Clone, Debug, Default)]
pub(super) struct Prices(Arc<Vec<entry::Entry>>);

impl Prices {
    fn add(&mut self, entries: Vec<entry::Entry>) {
        Arc::make_mut(&mut self.0).extend(entries);
    }

    /// The cost by the first entry that holds for the call under this name of its model.
    pub(super) fn price(&self, call: &Call, model: &str) -> Option<Cost> {
        self.0.iter().find(|entry| entry.covers(call, model)).map(|entry| entry.cost(call))
    }
}
