//! Segments that come again: whole, cut up and put together otherwise, and into an older copy of the ledger.

use std::{fs, ops::ControlFlow, path::Path, process::Command};

use spanledger::{
    call::Source,
    span::read,
    spool::{Drained, drain_once},
    store::sqlite::Sqlite,
};

use crate::{
    calls::SOON,
    chance::Chance,
    oracle,
    world::{Held, World, segments, url},
};

/// What is in the segments of a folder, line by line.
pub(crate) fn lines(spool: &Path) -> Vec<Vec<u8>> {
    let content = segments(spool).iter().flat_map(|segment| fs::read(segment).unwrap()).collect::<Vec<u8>>();
    content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Puts lines into a folder, so many to a segment.
fn put(spool: &Path, lines: &[Vec<u8>], to_a_segment: usize) {
    fs::create_dir_all(spool).unwrap();
    for (number, part) in lines.chunks(to_a_segment).enumerate() {
        fs::write(spool.join(format!("replayed-{number:05}.jsonl")), part.concat()).unwrap();
    }
}

/// Drains a folder once, in this program.
pub(crate) async fn drain(spool: &Path, database: &Path) -> Drained {
    let store = Sqlite::open(database, true).unwrap();
    let decode = |line: &[u8]| read::line(line, Source::Capture).map(|line| line.records);
    drain_once(spool, &store, &decode, SOON, |_| ControlFlow::Continue(())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_segment_replayed_three_times_and_in_other_batches_changes_no_byte() {
    let seed = Chance::seed();
    let mut chance = Chance::new(seed);
    let mut world = World::new().await;
    let held = Held::take(&world.spool);
    let (ledger, http) = world.open();
    world.make(&http, 1_200).await;
    let lines = lines(&world.spool);
    assert_eq!(lines.len(), 1_200);
    drop(held);
    world.judge("segments before they are replayed", &ledger, &http).await;
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);

    let before = oracle::rows(&oracle::open(&world.database));
    let mut shuffled = lines.clone();
    for at in (1..shuffled.len()).rev() {
        shuffled.swap(at, chance.below(at + 1));
    }
    let other = world.folder.path().join("replayed");
    for (lines, to_a_segment) in [(&lines, 1_200), (&lines, 1_200), (&lines, 1_200), (&lines, 7), (&shuffled, 501)] {
        put(&other, lines, to_a_segment);
        let drained = drain(&other, &world.database).await;
        assert_eq!((drained.stored, drained.known, drained.waiting), (0, 1_200, 0), "{to_a_segment} a segment, {seed}");
        assert!(segments(&other).is_empty());
    }
    put(&world.spool, &shuffled, 333);
    let program = Command::new(env!("CARGO_BIN_EXE_spanledger"))
        .args(["--ledger", &url(&world.database), "drain"])
        .output()
        .unwrap();
    assert!(program.status.success(), "{program:?}");
    assert!(segments(&world.spool).is_empty());
    assert_eq!(oracle::rows(&oracle::open(&world.database)), before, "not even the time of the last change");
    world.ask("every segment replayed three times, and in other batches", &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_restored_from_an_older_copy_comes_to_the_union_with_what_is_replayed() {
    let mut world = World::new().await;
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    let copy = world.folder.path().join("copy.db");
    oracle::open(&world.database).execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);

    // What was recorded after the copy was made is still at hand, as a collector's file would be.
    let held = Held::take(&world.spool);
    let (ledger, http) = world.open();
    world.make(&http, 150).await;
    let after_the_copy = lines(&world.spool);
    drop(held);
    assert_eq!(ledger.flush(SOON).await.waiting, 0);

    // The copy takes the ledger's place while calls are made.
    let (database, put_back) = (world.database.clone(), copy.clone());
    let restored = tokio::task::spawn_blocking(move || fs::rename(put_back, database).unwrap());
    world.make(&http, 150).await;
    restored.await.unwrap();
    assert_eq!(ledger.flush(SOON).await.waiting, 0, "{:?}", ledger.health());
    put(&world.spool, &after_the_copy, 40);
    world.judge("restored from an older copy, and replayed", &ledger, &http).await;
}
