//! The database cannot be used for a while: locked, read-only, not there yet, taken away and put back.

use std::fs;

use spanledger::Ledger;

use crate::{
    calls::SOON,
    disk::Disk,
    oracle,
    world::{World, eventually},
};

/// That the store was away and came back, said once each.
fn away_and_back() -> Vec<String> {
    ["began", "ended"].map(|state| format!("spanledger.drain.store_unavailable {state}")).into()
}

async fn says(ledger: &Ledger, words: &str) {
    eventually(words, || ledger.health().store_error.is_some_and(|error| error.contains(words))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_somebody_has_locked_costs_no_row() {
    let mut world = World::new().await;
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    let other = oracle::open(&world.database);
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    world.make(&http, 300).await;
    says(&ledger, "locked").await;
    world.make(&http, 50).await;
    other.execute_batch("COMMIT").unwrap();
    world.judge("database locked by another connection", &ledger, &http).await;
    assert_eq!(world.told(), away_and_back());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_folder_is_not_there_at_the_start_is_made_when_it_is() {
    let mut world = World::new().await;
    world.database = world.folder.path().join("later/usage.db");
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    says(&ledger, "cannot be opened").await;
    world.make(&http, 100).await;
    fs::create_dir(world.database.parent().unwrap()).unwrap();
    world.judge("database missing at the start", &ledger, &http).await;
    assert_eq!(world.told(), away_and_back());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_taken_away_and_put_back_has_every_row() {
    let mut world = World::new().await;
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    let away = world.folder.path().join("elsewhere.db");
    fs::rename(&world.database, &away).unwrap();
    world.make(&http, 200).await;
    says(&ledger, "is gone; put it back").await;
    world.make(&http, 100).await;
    assert!(!world.database.exists(), "none is begun in its place");
    fs::rename(&away, &world.database).unwrap();
    world.judge("database gone and back", &ledger, &http).await;
    assert_eq!(world.told(), away_and_back());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_deleted_under_load_and_put_back_from_its_copy_has_every_row() {
    let mut world = World::new().await;
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    let copy = world.folder.path().join("copy.db");
    oracle::open(&world.database).execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", world.database.display()));
    }
    world.make(&http, 200).await;
    says(&ledger, "is gone").await;
    fs::rename(copy, &world.database).unwrap();
    world.judge("database deleted under load, and its copy put back", &ledger, &http).await;
    assert_eq!(world.told(), away_and_back());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_can_only_be_read_is_written_when_it_can_be_without_a_restart() {
    let Some(disk) = Disk::in_memory(16_384) else { return };
    let mut world = World::new().await;
    world.database = disk.path().join("usage.db");
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    drop((ledger, http));

    disk.writable(false).await;
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    eventually("it is said", || ledger.health().store_error.is_some()).await;
    disk.writable(true).await;
    world.judge("database read-only at the start", &ledger, &http).await;
    assert_eq!(world.told(), away_and_back());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_opened_while_its_file_could_only_be_read_is_opened_anew() {
    let Some(disk) = Disk::in_a_file() else { return };
    let mut world = World::new().await;
    world.database = disk.path().join("usage.db");
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    drop((ledger, http));

    // SQLite would use again what this program still has open.
    let leads_there = |fd: fs::DirEntry| fs::read_link(fd.path()).is_ok_and(|file| file == world.database);
    eventually("it is closed", || !fs::read_dir("/proc/self/fd").unwrap().flatten().any(leads_there)).await;
    // It opens such a file all the same, and never writes to it through what it has opened.
    disk.fixed(&world.database, true);
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    eventually("it is said", || ledger.health().store_error.is_some()).await;
    disk.fixed(&world.database, false);
    world.judge("database file read-only when it was opened", &ledger, &http).await;
    assert_eq!(world.told(), away_and_back());
}
