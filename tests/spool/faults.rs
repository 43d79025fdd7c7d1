//! The store misbehaves.

use std::{sync::Arc, time::Duration};

use spanledger::spool::{Flushed, read_set_aside};

use super::*;

const ALL: Flushed = Flushed { waiting: 0 };

#[test]
fn what_is_appended_is_stored_and_the_folder_is_empty_after_a_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    let drain = start(&spool, &store);
    for number in 0..10_000 {
        spool.append(line(number)).unwrap();
    }
    assert_eq!(drain.shutdown_blocking(SOON), ALL);
    assert!(store.numbers().into_iter().eq(0..10_000));
    assert!(store.lock().rows.values().all(|times| *times == 1), "nothing was read twice");
    assert!(store.lock().tried.iter().all(|size| *size <= 500));
    let health = drain.health();
    assert_eq!((health.stored, health.known, health.refused, health.waiting), (10_000, 0, 0, 0));
    assert_eq!((health.spool_bytes, health.oldest_age), (0, None));
    assert_eq!(segments(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_store_that_is_away_loses_nothing_and_is_caught_up_with_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().away = true;
    let drain = start(&spool, &store);
    assert!(drain.ready_blocking(SOON));
    for number in 0..1_000 {
        spool.append(line(number)).unwrap();
    }
    assert_eq!(drain.flush_blocking(Duration::from_millis(50)), Flushed { waiting: 1_000 });
    eventually("the error shows", || drain.health().store_error.is_some());
    eventually("the age shows", || drain.health().oldest_age.is_some());
    store.lock().away = false;
    assert_eq!(drain.flush_blocking(SOON), ALL);
    assert!(store.numbers().into_iter().eq(0..1_000));
    assert_eq!(drain.health().store_error, None);
}

#[test]
fn a_migration_is_tried_until_it_works_and_ready_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().migrations_fail = 3;
    let drain = start(&spool, &store);
    assert!(drain.ready_blocking(SOON));
    assert!(drain.health().migrated);
    assert_eq!(store.lock().migrations_fail, 0);
}

#[test]
fn a_schema_that_is_not_ours_is_said_at_once_and_costs_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().wrong_schema = true;
    let drain = start(&spool, &store);
    let began = Instant::now();
    assert!(!drain.ready_blocking(SOON));
    assert!(began.elapsed() < SOON / 2);
    assert_eq!(drain.health().store_error.as_deref(), Some("version 9 is newer than this program"));
    spool.append(line(1)).unwrap();
    assert_eq!(drain.flush_blocking(Duration::from_millis(20)), Flushed { waiting: 1 });
    store.lock().wrong_schema = false;
    assert_eq!(drain.flush_blocking(SOON), ALL);
    assert_eq!(store.numbers(), [1]);
}

#[test]
fn an_answer_that_is_lost_after_the_commit_gives_no_second_row() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().lose_answer = 2;
    for number in 0..100 {
        spool.append(line(number)).unwrap();
    }
    let drain = start(&spool, &store);
    assert_eq!(drain.flush_blocking(SOON), ALL);
    assert!(store.numbers().into_iter().eq(0..100));
    assert_eq!((drain.health().stored, drain.health().known), (0, 100), "counted as known, not as new");
}

#[test]
fn one_poison_record_among_500_is_set_aside_and_499_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().refuse.insert(123);
    for number in 0..500 {
        spool.append(line(number)).unwrap();
    }
    let drain = start(&spool, &store);
    assert_eq!(drain.shutdown_blocking(SOON), ALL);
    assert_eq!(store.numbers().len(), 499);
    assert!(store.lock().tried.len() <= 1 + 2 * 9, "at most log2(500) halvings: {:?}", store.lock().tried);
    assert_eq!(drain.health().set_aside, 1);
    let asides: Vec<_> = read_set_aside(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(asides.len(), 1);
    assert_eq!(asides[0].reason, "a value is out of range");
    assert!(asides[0].line.as_deref().unwrap().starts_with("{\"n\":123,\"crc32c\":"));
    assert!(segments(folder.path()).is_empty());
}

#[test]
fn a_line_of_many_records_is_set_aside_once_and_its_good_records_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().refuse.extend([3, 700]);
    let numbers: Vec<_> = (0..1_200).collect();
    spool.append(format!("{{\"n\":{numbers:?}}}").into_bytes()).unwrap();
    let drain = start(&spool, &store);
    assert_eq!(drain.shutdown_blocking(SOON), ALL);
    assert_eq!(store.numbers().len(), 1_198);
    assert_eq!(drain.health().set_aside, 1);
}

#[test]
fn a_record_that_makes_the_store_panic_is_set_aside_like_poison() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().panic.insert(2);
    for number in 0..4 {
        spool.append(line(number)).unwrap();
    }
    let drain = start(&spool, &store);
    assert_eq!(drain.shutdown_blocking(SOON), ALL);
    assert_eq!(store.numbers(), [0, 1, 3]);
    assert_eq!(drain.health().set_aside, 1);
}

#[test]
fn a_store_that_panics_once_sets_nothing_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().panics = 2;
    spool.append(line(1)).unwrap();
    let drain = start(&spool, &store);
    assert_eq!(drain.shutdown_blocking(SOON), ALL);
    assert_eq!(store.numbers(), [1]);
    assert_eq!(drain.health().set_aside, 0);
}

#[test]
fn a_slow_store_holds_no_append_up() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    store.lock().slow = Duration::from_millis(50);
    let drain = start(&spool, &store);
    for number in 0..10_000 {
        spool.append(line(number)).unwrap();
    }
    assert!(store.lock().tried.len() <= 3, "appending went on without waiting for batches");
    assert_eq!(drain.flush_blocking(SOON), ALL);
    assert_eq!(store.numbers().len(), 10_000);
}

#[test]
fn a_spool_that_is_full_refuses_and_takes_again_when_the_store_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::default();
    options.max_bytes = 20_000;
    let spool = Arc::new(Spool::open(folder.path(), options).unwrap());
    let store = Arc::new(Memory::default());
    store.lock().away = true;
    let drain = start(&spool, &store);
    let taken: Vec<_> = (0..2_000).filter(|number| spool.append(line(*number)).is_ok()).collect();
    assert!(!taken.is_empty() && taken.len() < 2_000);
    let health = drain.health();
    assert_eq!(taken.len() as u64 + health.refused, 2_000, "made = taken + refused");
    let bytes: u64 = segments(folder.path()).iter().map(|segment| segment.metadata().unwrap().len()).sum();
    assert!(bytes <= 20_000, "{bytes}");
    store.lock().away = false;
    assert_eq!(drain.flush_blocking(SOON), ALL);
    assert_eq!(store.numbers(), taken);
    // Its last segment is still open, so the folder is not empty yet.
    eventually("there is room again", || spool.append(line(5_000)).is_ok());
}
