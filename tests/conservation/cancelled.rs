//! A batch whose future is dropped at any of its awaits.

use std::{task::Poll, time::Duration};

use spanledger::{
    call::Source,
    span::read,
    store::{Store as _, sqlite::Sqlite},
};

use crate::{
    calls::SOON,
    oracle,
    replay::lines,
    world::{Held, World},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_dropped_at_any_await_is_stored_whole_or_not_at_all_and_the_next_one_goes_through() {
    let mut world = World::new().await;
    let held = Held::take(&world.spool);
    let (ledger, http) = world.open();
    world.make(&http, 60).await;
    let records: Vec<_> =
        lines(&world.spool).iter().flat_map(|line| read::line(line, Source::Capture).unwrap().records).collect();

    let database = world.folder.path().join("cancelled.db");
    let store = Sqlite::open(&database, true).unwrap();
    store.migrate().await.unwrap();
    let other = oracle::open(&database);
    let count = || other.query_row("SELECT count(*) FROM usage_log", [], |row| row.get::<_, i64>(0)).unwrap();
    let mut dropped = 0;
    // One await more each time, until it gets to its end; how many there are depends on who is faster.
    let mut rounds = 0;
    let mut polls = 0;
    while rounds < 10 {
        polls += 1;
        let mut polled = 0;
        let mut insert = store.insert(&records[..50]);
        let done = std::future::poll_fn(|context| {
            polled += 1;
            match insert.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if polled == polls => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let done = done.await;
        let is_over = done.is_some();
        if let Some(done) = done {
            done.unwrap();
        } else {
            dropped += 1;
        }
        drop(insert);
        let next = tokio::time::timeout(Duration::from_secs(20), store.insert(&records[50..])).await;
        assert_eq!(next.unwrap_or_else(|_| panic!("stuck after {polls} polls")).unwrap().written, 10, "{polls} polls");
        let stored = count();
        assert!(stored == 10 || stored == 60, "{stored} rows after {polls} polls");
        other.execute_batch("DELETE FROM usage_log").unwrap();
        if is_over {
            (rounds, polls) = (rounds + 1, 0);
        }
    }
    assert!(dropped >= 10, "it has awaits: {dropped}");
    store.close().await;
    drop(held);
    world.judge("a batch dropped at each of its awaits", &ledger, &http).await;
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
}
