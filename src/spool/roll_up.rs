//! The sums by hours, kept up to date beside the inserts. Nobody waits for them: reports read the rows of an hour whose sums
//! are old.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{insert::caught, tell::Trouble};
use crate::{call::Timestamp, store::Store};

/// How often hours that have changed are looked for. An hour that changes all the time is summed this often at most.
const EVERY: Duration = Duration::from_secs(5);

/// Hours that began before this are over. An hour is summed then: until then it changes with every call.
pub(crate) fn an_hour_ago() -> Timestamp {
    Timestamp::from_micros(Timestamp::now().micros().saturating_sub(3_600_000_000))
}

/// When sums are due.
#[derive(Debug)]
pub(super) struct RollUp {
    due: Instant,
    trouble: Trouble,
}

impl RollUp {
    pub(super) fn new() -> Self {
        Self { due: Instant::now() + EVERY, trouble: Trouble::rollups() }
    }

    /// Brings sums up to date for a moment, if it is time. Whether there is more to do. What fails is tried again when it
    /// is time once more.
    pub(super) async fn some(&mut self, store: &dyn Store, folder: &Path) -> bool {
        if Instant::now() < self.due {
            return false;
        }
        let left = match caught(|| store.roll_up(an_hour_ago())).await {
            Ok(Ok(left)) => {
                self.trouble.ended(folder);
                left
            }
            // The store is away: that is the inserts' to say.
            Ok(Err(error)) if error.is_transient() => false,
            Ok(Err(error)) => self.failed(folder, &error.to_string()),
            Err(panic) => self.failed(folder, &panic),
        };
        if !left {
            self.due = Instant::now() + EVERY;
        }
        left
    }

    fn failed(&self, folder: &Path, reason: &str) -> bool {
        self.trouble.began(folder, reason);
        false
    }
}
