//! What was used, asked of a ledger by the application that writes it.
//!
//! A question is answered on a thread of its own, with connections of its own: it needs no runtime, works on any, and keeps
//! neither callers nor the drain.

use std::{fmt, thread, time::Duration};

use tokio::sync::oneshot;

use super::{Error, Ledger};
use crate::{
    report::{By, Part, Scope, Summary},
    store::{self, BoxFuture, Store},
};

/// How long a question waits for what was recorded before it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Ledger {
    /// What the calls of a scope used: everything, a range of time, a [`Filter`](crate::report::Filter), or both. Only calls
    /// that count are summed, as in every report. It reads every call of the scope.
    ///
    /// What was recorded before is stored first. If the store does not take it within five seconds, the answer is about what
    /// is there, and [`Summary::waiting`] says how many lines are not.
    ///
    /// ```
    /// use spanledger::{Call, CallContext, Ledger, report::{By, Filter}};
    ///
    /// # async fn demo(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    /// let ledger = Ledger::open(format!("sqlite://{}", folder.join("usage.db").display())).await?;
    /// ledger.record(Call::new("openai", "chat").model("gpt-4o").tokens(150, 80).context(CallContext::new("ocr").user(42)));
    ///
    /// let ocr = ledger.usage(Filter::default().task("ocr")).await?;
    /// assert_eq!((ocr.calls, ocr.total_tokens), (1, Some(230)));
    /// println!("{} calls, {:?} USD, {} unpriced", ocr.calls, ocr.cost, ocr.unpriced);
    ///
    /// for part in ledger.usage_by(By::User, Filter::default()).await? {
    ///     println!("{:?}: {:?}", part.value, part.usage.cost);
    /// }
    /// # Ok(()) }
    /// # let folder = tempfile::tempdir().unwrap();
    /// # tokio::runtime::Runtime::new().unwrap().block_on(demo(folder.path())).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The store cannot be read: it is away, or its schema is not one that this program knows.
    pub async fn usage(&self, scope: impl Into<Scope>) -> Result<Summary, Error> {
        let (scope, waiting) = (scope.into(), self.flush(PATIENCE).await.waiting);
        let summary = self.inner.reader.ask(|store| Box::pin(total(store, scope))).answer().await?;
        Ok(Summary { waiting, ..summary })
    }

    /// As [`usage`](Self::usage), without a runtime.
    ///
    /// # Errors
    ///
    /// As [`usage`](Self::usage).
    pub fn usage_blocking(&self, scope: impl Into<Scope>) -> Result<Summary, Error> {
        let (scope, waiting) = (scope.into(), self.flush_blocking(PATIENCE).waiting);
        let summary = self.inner.reader.ask(|store| Box::pin(total(store, scope))).answer_blocking()?;
        Ok(Summary { waiting, ..summary })
    }

    /// As [`usage`](Self::usage), in parts: one for each value that a column has, sorted by it.
    ///
    /// # Errors
    ///
    /// As [`usage`](Self::usage).
    pub async fn usage_by(&self, by: By, scope: impl Into<Scope>) -> Result<Vec<Part>, Error> {
        let (scope, waiting) = (scope.into(), self.flush(PATIENCE).await.waiting);
        let parts = self.inner.reader.ask(move |store| Box::pin(parts(store, scope, by))).answer().await?;
        Ok(that_wait(parts, waiting))
    }

    /// As [`usage_by`](Self::usage_by), without a runtime.
    ///
    /// # Errors
    ///
    /// As [`usage`](Self::usage).
    pub fn usage_by_blocking(&self, by: By, scope: impl Into<Scope>) -> Result<Vec<Part>, Error> {
        let (scope, waiting) = (scope.into(), self.flush_blocking(PATIENCE).waiting);
        let parts = self.inner.reader.ask(move |store| Box::pin(parts(store, scope, by))).answer_blocking()?;
        Ok(that_wait(parts, waiting))
    }
}

async fn total(store: &dyn Store, scope: Scope) -> Result<Summary, Error> {
    Summary::of(store, &scope).await
}

async fn parts(store: &dyn Store, scope: Scope, by: By) -> Result<Vec<Part>, Error> {
    Summary::by(store, &scope, by).await
}

fn that_wait(mut parts: Vec<Part>, waiting: u64) -> Vec<Part> {
    parts.iter_mut().for_each(|part| part.usage.waiting = waiting);
    parts
}

/// Where a ledger is read.
pub(super) struct Reader {
    url: String,
}

/// Without the URL: it may hold a password.
impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// An answer that is being worked out on another thread.
struct Asked<T> {
    thread: Result<thread::JoinHandle<()>, Error>,
    answer: oneshot::Receiver<Result<T, Error>>,
}

impl Reader {
    pub(super) const fn new(url: String) -> Self {
        Self { url }
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl for<'a> FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, Error>> + Send + 'static,
    ) -> Asked<T> {
        let (sender, answer) = oneshot::channel();
        let url = self.url.clone();
        let thread = thread::Builder::new().name("spanledger-read".to_owned()).spawn(move || {
            let _ = sender.send(read(&url, question));
        });
        Asked { thread: thread.map_err(unavailable), answer }
    }
}

impl<T> Asked<T> {
    async fn answer(self) -> Result<T, Error> {
        self.thread?;
        self.answer.await.map_err(unavailable)?
    }

    fn answer_blocking(mut self) -> Result<T, Error> {
        // Not the channel: it must not be waited for inside a runtime, and a thread may.
        let _ = self.thread?.join();
        self.answer.try_recv().map_err(unavailable)?
    }
}

fn unavailable(error: impl fmt::Display) -> Error {
    Error::Unavailable(format!("The ledger could not be asked: {error}"))
}

fn read<T>(
    url: &str,
    question: impl for<'a> FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unavailable)?;
    let store = store::open(url, false)?;
    runtime.block_on(async {
        store::check_schema(&store.migrations().await?)?;
        let answer = question(&*store).await;
        store.close().await;
        answer
    })
}
