//! Disks that are full, cannot be written to, or stall; each comes back without a restart.

use std::{fs, thread, time::Duration};

use spanledger::spool::Options;

use crate::{
    calls::{self, SOON},
    disk::Disk,
    world::{Held, World, client, eventually},
};

fn told(event: &str) -> Vec<String> {
    ["began", "ended"].map(|state| format!("{event} {state}")).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_spool_refuses_counts_and_takes_again() {
    let Some(disk) = Disk::in_memory(1_024) else { return };
    let mut world = World::new().await;
    world.spool = disk.path().join("spool");
    let held = Held::take(&world.spool);
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    let filler = disk.fill();
    world.make(&http, 300).await;
    let refused = ledger.health().refused;
    assert!(refused > 200, "but for what is left of a page: {refused}");
    drop(filler);
    drop(held);
    world.judge("tmpfs full under the spool", &ledger, &http).await;
    assert_eq!(world.told(), told("spanledger.spool.refused"), "once, not for each of {refused} lines");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_database_costs_no_row() {
    let Some(disk) = Disk::in_memory(4_096) else { return };
    let mut world = World::new().await;
    world.database = disk.path().join("usage.db");
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    let filler = disk.fill();
    world.make(&http, 500).await;
    eventually("it is said", || ledger.health().store_error.is_some_and(|error| error.contains("full"))).await;
    drop(filler);
    world.judge("tmpfs full under the database", &ledger, &http).await;
    assert_eq!(world.told(), told("spanledger.drain.store_unavailable"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_folder_that_cannot_be_written_to_refuses_counts_and_takes_again() {
    let Some(disk) = Disk::in_a_file() else { return };
    let mut world = World::new().await;
    world.spool = disk.path().join("spool");
    let held = Held::take(&world.spool);
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    let _ = ledger.shutdown(Duration::ZERO).await;
    drop((ledger, http));

    let (ledger, http) = world.open();
    disk.fixed(&world.spool, true);
    drop(held);
    world.make(&http, 100).await;
    assert_eq!(ledger.health().refused, 100);
    eventually("what is stored cannot be deleted", || ledger.health().disk_error.is_some()).await;
    assert_eq!(ledger.health().stored, 50, "but it is stored");
    disk.fixed(&world.spool, false);
    world.judge("spool folder not writable for a while", &ledger, &http).await;
    let mut events = world.told();
    events.sort();
    assert_eq!(events, [told("spanledger.drain.disk"), told("spanledger.spool.refused")].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_folder_that_is_deleted_or_is_a_file_loses_nothing_that_comes_later() {
    let mut world = World::new().await;
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    // The segment is open, and what is written to it now would be in no folder.
    fs::remove_dir_all(&world.spool).unwrap();
    world.make(&http, 50).await;
    assert_eq!((ledger.health().refused, ledger.flush(SOON).await.waiting), (0, 0));

    fs::remove_dir_all(&world.spool).unwrap();
    fs::write(&world.spool, "a file in its place").unwrap();
    world.make(&http, 50).await;
    assert_eq!(ledger.health().refused, 50);
    fs::remove_file(&world.spool).unwrap();
    world.judge("spool folder deleted, and a file in its place", &ledger, &http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_that_has_reached_its_size_refuses_counts_and_takes_again() {
    let mut world = World::new().await;
    let held = Held::take(&world.spool);
    let mut options = Options::default();
    options.max_bytes = 100_000;
    let ledger = world.builder().spool_options(options).open().unwrap();
    let http = client(&ledger);
    world.make(&http, 300).await;
    assert!(ledger.health().refused > 100);
    drop(held);
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    // Until the drain has deleted what fills it, a call may still be refused.
    eventually("there is room", || ledger.health().spool_bytes < 50_000).await;
    world.judge("spool at its limit", &ledger, &http).await;
    assert_eq!(world.told(), told("spanledger.spool.full"));
}

/// What a thread of this program does, by its name: `D` waits for a disk.
fn state_of(name: &str) -> Option<String> {
    let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
    let status = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    let field = |status: &str, name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
    };
    let of_name = |status: &String| field(status, "Name:").as_deref() == Some(name);
    status.filter(of_name).find_map(|status| field(&status, "State:"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stalls_holds_no_caller_up_and_loses_nothing() {
    let Some(disk) = Disk::in_a_file() else { return };
    let mut world = World::new().await;
    world.spool = disk.path().join("spool");
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    disk.frozen(true);
    // One call is in its write, and its thread stands still with the disk.
    let (host, client) = (world.server.host(), http.clone());
    let stuck = thread::Builder::new().name("stuck".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(calls::make(&client, &host, 999_999))
    });
    eventually("it stands still", || state_of("stuck").is_some_and(|state| state.starts_with('D'))).await;
    world.make(&http, 100).await;
    assert!(world.made.iter().all(|made| made.row.is_some()), "callers go on, and nothing is refused");
    assert_eq!(ledger.health().waiting_in_memory, 100);
    disk.frozen(false);
    world.made.push(stuck.unwrap().join().unwrap());
    world.judge("a disk that stalls", &ledger, &http).await;
    assert_eq!(world.told(), told("spanledger.spool.stalled"));
}
