//! Without the feature `price-file` there are no prices of the user's own.

use crate::call::{Call, Cost};

#[derive(Clone, Debug, Default)]
pub(super) struct Prices;

impl Prices {
    #[expect(clippy::unused_self, reason = "the shape of what it stands for")]
    pub(super) fn has_file(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "the shape of what it stands for")]
    pub(super) fn price(&self, _: &Call, _: &str) -> Option<Cost> {
        None
    }
}
