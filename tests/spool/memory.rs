//! A store in memory that fails when it is told to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use spanledger::{
    call::Record,
    store::{BoxFuture, Error, Inserted, Migration, Query, Store, Table},
};

#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
pub(crate) struct Inner {
    /// Rows, and how often each arrived.
    pub(crate) rows: BTreeMap<u64, u64>,
    /// The sizes of the batches that were tried.
    pub(crate) tried: Vec<usize>,
    /// So many migrations fail.
    pub(crate) migrations_fail: u32,
    pub(crate) wrong_schema: bool,
    /// So many inserts fail.
    pub(crate) fail: u32,
    /// Every insert fails.
    pub(crate) away: bool,
    /// So many inserts are committed and then fail.
    pub(crate) lose_answer: u32,
    /// Records that are refused, and records that make the store panic.
    pub(crate) refuse: BTreeSet<u64>,
    pub(crate) panic: BTreeSet<u64>,
    /// So many inserts panic, whatever they hold.
    pub(crate) panics: u32,
    pub(crate) slow: Duration,
}

impl Memory {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.lock().rows.keys().copied().collect()
    }
}

fn number(record: &Record) -> u64 {
    let Record::Call(call) = record else { panic!("no call: {record:?}") };
    call.response.id.as_deref().unwrap().parse().unwrap()
}

impl Store for Memory {
    fn migrate(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            let mut inner = self.lock();
            if inner.wrong_schema {
                return Err(Error::Schema("version 9 is newer than this program".to_owned()));
            }
            if inner.migrations_fail > 0 {
                inner.migrations_fail -= 1;
                return Err(Error::Unavailable("not there yet".to_owned()));
            }
            Ok(())
        })
    }

    fn insert<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<Inserted, Error>> {
        Box::pin(async move {
            let slow = self.lock().slow;
            if !slow.is_zero() {
                tokio::time::sleep(slow).await;
            }
            let mut inner = self.lock();
            inner.tried.push(records.len());
            if inner.away || inner.fail > 0 {
                inner.fail = inner.fail.saturating_sub(1);
                return Err(Error::Unavailable("the database is locked".to_owned()));
            }
            if inner.panics > 0 {
                inner.panics -= 1;
                panic!("a bug");
            }
            let numbers: Vec<_> = records.iter().map(number).collect();
            assert!(!numbers.iter().any(|number| inner.panic.contains(number)), "poison");
            if numbers.iter().any(|number| inner.refuse.contains(number)) {
                return Err(Error::Refused("a value is out of range".to_owned()));
            }
            let mut inserted = Inserted::default();
            for number in numbers {
                let times = inner.rows.entry(number).or_default();
                *times += 1;
                if *times == 1 { inserted.written += 1 } else { inserted.known += 1 }
            }
            if inner.lose_answer > 0 {
                inner.lose_answer -= 1;
                return Err(Error::Unavailable("the connection was lost".to_owned()));
            }
            Ok(inserted)
        })
    }

    fn revert(&self, _: i64) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn migrations(&self) -> BoxFuture<'_, Result<Vec<Migration>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn query<'a>(&'a self, _: &'a Query) -> BoxFuture<'a, Result<Table, Error>> {
        Box::pin(async { Ok(Table::default()) })
    }

    fn change<'a>(&'a self, _: &'a [Query]) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(async { Ok(0) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
