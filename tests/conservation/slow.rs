//! A store that is slow, and one that loses its answers.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use crate::{calls::SOON, stores::Behind, world::World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_10_000_calls_on_a_store_that_takes_50_ms_a_batch_is_stored_whole() {
    let mut world = World::new().await;
    let mut store = Behind::new(&world.database);
    store.slow = Duration::from_millis(50);
    let store = Arc::new(store);
    let drain = store.drain(&world.spool).await;
    let (ledger, http) = world.open();
    world.make(&http, 10_000).await;
    assert_eq!((ledger.health().refused, ledger.health().waiting_in_memory), (0, 0), "nothing is refused");
    assert_eq!(drain.flush(SOON).await.waiting, 0);
    world.judge("10,000 calls on a store that takes 50 ms a batch", &ledger, &http).await;
    assert_eq!(drain.health().known, 0, "nothing was stored twice");
    assert!(store.batches.load(SeqCst) >= 20, "batches of 500 at most");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_after_the_commit_gives_no_second_row() {
    let mut world = World::new().await;
    let store = Arc::new(Behind::new(&world.database));
    store.lose_answer.store(5, SeqCst);
    let drain = store.drain(&world.spool).await;
    let (ledger, http) = world.open();
    world.make(&http, 200).await;
    assert_eq!(drain.flush(SOON).await.waiting, 0);
    world.judge("five connections cut after the commit", &ledger, &http).await;
    let health = drain.health();
    assert!(health.known > 0, "what was committed before is known, not new: {health:?}");
    assert_eq!(store.lose_answer.load(SeqCst), 0);
    let unavailable = "spanledger.drain.store_unavailable";
    assert_eq!(
        world.told(),
        [format!("{unavailable} began"), format!("{unavailable} ended")],
        "said once, not five times"
    );
}
