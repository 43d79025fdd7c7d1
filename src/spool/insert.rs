//! Getting a batch into the store: again while it is away, and around the records that it refuses.

use std::{
    future::poll_fn,
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
    time::{Duration, Instant},
};

use super::{
    batch::RECORDS,
    panicked,
    shared::{Migration, Shared},
    tell::Trouble,
};
use crate::{
    call::Record,
    store::{BoxFuture, Error, Inserted, Store},
};

/// So often the same records may make the store panic before they are called poison.
const PANICS: u32 = 3;

/// The store, as the drain meets it.
#[derive(Debug)]
pub(super) struct Inserter<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) shared: &'a Shared,
    pub(super) folder: &'a std::path::Path,
    pub(super) trouble: Trouble,
    /// How long the store may be away before we give up; `None`: for ever.
    pub(super) patience: Option<Duration>,
}

/// Why the drain goes no further.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// It was told to stop.
    Stopped,
    /// The store was away for too long.
    GaveUp(String),
}

/// What one attempt came to.
enum Outcome<T> {
    Done(T),
    Refused(String),
    Schema(String),
}

impl Inserter<'_> {
    /// Migrates, however long it takes. A schema that is not ours is told to those who wait, and tried again: somebody may
    /// mend it.
    pub(super) async fn migrate(&self, mut between: impl FnMut()) -> Result<(), Halt> {
        let mut backoff = Backoff::default();
        loop {
            match self.attempt(|| self.store.migrate(), &mut between).await? {
                Outcome::Done(()) => {
                    self.note_schema().await;
                    return Ok(());
                }
                Outcome::Refused(reason) | Outcome::Schema(reason) if self.patience.is_some() => {
                    return Err(Halt::GaveUp(reason));
                }
                Outcome::Refused(reason) | Outcome::Schema(reason) => {
                    self.note_schema().await;
                    self.shared.update(|state| {
                        state.migration = Migration::Refused;
                        state.store_error = Some(reason);
                    });
                    self.shared.rest(backoff.next()).await;
                }
            }
        }
    }

    /// Tells those who ask how the schema stands.
    async fn note_schema(&self) {
        if let Ok(Ok(history)) = caught(|| self.store.migrations()).await {
            let version = history.iter().filter(|step| step.applied_at.is_some()).map(|step| step.version).max();
            self.shared.update(|state| state.schema_version = version);
        }
    }

    /// Inserts all records. Returns the indices of those that the store refuses, each with its reason.
    ///
    /// What is refused is halved until the poison stands alone: at most log2(n) times for each.
    pub(super) async fn insert(
        &self,
        records: &[Record],
        mut between: impl FnMut(),
    ) -> Result<Vec<(usize, String)>, Halt> {
        let mut poison = Vec::new();
        let mut todo: Vec<_> =
            (0..records.len()).step_by(RECORDS).map(|first| first..records.len().min(first + RECORDS)).rev().collect();
        while let Some(range) = todo.pop() {
            let part = records.get(range.clone()).unwrap_or_default();
            match self.attempt(|| self.store.insert(part), &mut between).await? {
                Outcome::Done(inserted) => self.count(inserted),
                Outcome::Refused(reason) if part.len() == 1 => poison.push((range.start, reason)),
                Outcome::Refused(_) => {
                    let middle = range.start + part.len() / 2;
                    todo.push(middle..range.end);
                    todo.push(range.start..middle);
                }
                // Not the records' fault: they wait until the schema is right.
                Outcome::Schema(reason) if self.patience.is_some() => return Err(Halt::GaveUp(reason)),
                Outcome::Schema(_) => {
                    todo.push(range);
                    self.shared.rest(Backoff::CAP).await;
                }
            }
        }
        Ok(poison)
    }

    /// Tries until there is an answer that a further try would not change.
    async fn attempt<'s, T>(
        &'s self,
        what: impl Fn() -> BoxFuture<'s, Result<T, Error>>,
        between: &mut impl FnMut(),
    ) -> Result<Outcome<T>, Halt> {
        let (mut backoff, mut panics, began) = (Backoff::default(), 0, Instant::now());
        loop {
            if self.shared.is_stopping() {
                return Err(Halt::Stopped);
            }
            let sentence = match caught(&what).await {
                Ok(Ok(done)) => {
                    self.trouble.ended(self.folder);
                    self.shared.update(|state| state.store_error = None);
                    return Ok(Outcome::Done(done));
                }
                Ok(Err(Error::Refused(reason))) => return Ok(Outcome::Refused(reason)),
                Ok(Err(Error::Schema(reason))) => {
                    self.away(&reason, began)?;
                    return Ok(Outcome::Schema(reason));
                }
                Ok(Err(Error::Unavailable(reason))) => reason,
                Err(panic) => {
                    panics += 1;
                    if panics == PANICS {
                        return Ok(Outcome::Refused(format!("the store panicked: {panic}")));
                    }
                    format!("the store panicked: {panic}")
                }
            };
            between();
            self.away(&sentence, began)?;
            self.shared.rest(backoff.next()).await;
        }
    }

    /// The store is away, and it is said.
    fn away(&self, reason: &str, since: Instant) -> Result<(), Halt> {
        self.trouble.began(self.folder, reason);
        self.shared.update(|state| state.store_error = Some(reason.to_owned()));
        match self.patience {
            Some(patience) if since.elapsed() >= patience => Err(Halt::GaveUp(reason.to_owned())),
            _ => Ok(()),
        }
    }

    fn count(&self, inserted: Inserted) {
        self.shared.update(|state| {
            state.stored += inserted.written as u64;
            state.known += inserted.known as u64;
        });
    }
}

/// Awaits a future whose panics are answers.
pub(super) async fn caught<'a, T>(what: impl Fn() -> BoxFuture<'a, T>) -> Result<T, String> {
    let mut future = catch_unwind(AssertUnwindSafe(what)).map_err(|panic| panicked(&*panic).to_owned())?;
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panicked(&*panic).to_owned())),
    })
    .await
}

/// Pauses that double, up to 5 seconds, each shortened by chance so that programs do not come back together.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    pauses: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const CAP: Duration = Duration::from_secs(5);

    pub(super) fn next(&mut self) -> Duration {
        let pause = Self::FIRST.saturating_mul(1 << self.pauses.min(10)).min(Self::CAP);
        self.pauses += 1;
        let chance = u32::try_from(RandomState::new().hash_one(self.pauses) % 512).unwrap_or(0);
        pause - pause * chance / 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_are_never_quite_the_same() {
        let mut backoff = Backoff::default();
        for exact in [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000].map(Duration::from_millis) {
            let pause = backoff.next();
            assert!(pause <= exact && pause >= exact / 2, "{pause:?} for {exact:?}");
        }
    }
}
