//! A disk that fails in the ways disks fail.

use std::{
    fs::{File, TryLockError},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
    },
};

use super::*;
use crate::spool::{Appended, Refused, line::NotALine, segment::System};

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

#[test]
fn a_written_line_is_in_a_locked_segment_until_the_spool_moves_on() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path());
    assert_eq!(spool.append(numbered(1)), Ok(Appended::Written));
    assert_eq!(numbers(folder.path()), [1]);

    let name = folder::list(folder.path()).unwrap().segments.remove(0).0;
    assert!(spool.owns(&name));
    let segment = File::open(folder.path().join(&name)).unwrap();
    assert!(matches!(segment.try_lock(), Err(TryLockError::WouldBlock)), "locked while its writer lives");
    spool.roll();
    assert!(segment.try_lock().is_ok(), "free once the writer has moved on");
    spool.append(numbered(2)).unwrap();
    assert_eq!(folder::list(folder.path()).unwrap().segments.len(), 2);
}

#[test]
fn a_folder_that_cannot_be_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(Spool::open(file.path().join("spool"), Options::default()).is_err());
}

#[test]
fn a_segment_ends_at_four_mebibytes() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path());
    for _ in 0..10 {
        spool.append(format!("{{\"n\":1,\"x\":\"{}\"}}", "x".repeat(1 << 20)).into_bytes()).unwrap();
    }
    assert_eq!(folder::list(folder.path()).unwrap().segments.len(), 3);
}

#[test]
fn what_is_no_line_is_refused_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path());
    assert_eq!(spool.append(b"{}\n{}".to_vec()), Err(Refused::NotALine(NotALine::NoObject)));
    assert_eq!(spool.counts.refused(), 1);
}

#[test]
fn a_write_that_was_cut_short_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let system = System { write: Arc::new(|mut file, bytes| file.write(&bytes[..1])), ..System::default() };
    let spool = Spool::open_on(folder.path(), Options::default(), system).unwrap();
    for number in 0..3 {
        spool.append(numbered(number)).unwrap();
    }
    assert_eq!(numbers(folder.path()), [0, 1, 2]);
}

#[test]
fn what_a_failed_write_left_is_cut_off_and_the_line_goes_into_a_new_segment() {
    let folder = tempfile::tempdir().unwrap();
    let writes = AtomicU64::new(0);
    let write = move |mut file: &File, bytes: &[u8]| match writes.fetch_add(1, SeqCst) {
        1 => file.write(&bytes[..3]),
        2 => Err(full()),
        _ => file.write(bytes),
    };
    let system = System { write: Arc::new(write), ..System::default() };
    let spool = Spool::open_on(folder.path(), Options::default(), system).unwrap();
    assert_eq!(spool.append(numbered(1)), Ok(Appended::Written));
    assert_eq!(spool.append(numbered(2)), Ok(Appended::Written), "the second segment takes it");
    assert_eq!(folder::list(folder.path()).unwrap().segments.len(), 2);
    assert_eq!(numbers(folder.path()), [1, 2]);
}

#[test]
fn a_full_disk_refuses_counts_leaves_nothing_and_recovers_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let failing = Arc::new(AtomicBool::new(false));
    let write = {
        let failing = Arc::clone(&failing);
        move |mut file: &File, bytes: &[u8]| if failing.load(SeqCst) { Err(full()) } else { file.write(bytes) }
    };
    let spool =
        Spool::open_on(folder.path(), Options::default(), System { write: Arc::new(write), ..System::default() })
            .unwrap();
    spool.append(numbered(1)).unwrap();
    failing.store(true, SeqCst);
    for _ in 0..5 {
        assert!(matches!(spool.append(numbered(2)), Err(Refused::Disk(_))));
    }
    assert_eq!(spool.counts.refused(), 5);
    assert_eq!(folder::list(folder.path()).unwrap().segments.len(), 1, "no empty segments stay behind");
    failing.store(false, SeqCst);
    assert_eq!(spool.append(numbered(3)), Ok(Appended::Written));
    assert_eq!(numbers(folder.path()), [1, 3]);
}

#[test]
fn a_failed_fsync_is_never_tried_again_on_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let synced = Arc::new(Mutex::new(Vec::new()));
    let sync = {
        let synced = Arc::clone(&synced);
        move |file: &File| {
            let mut synced = synced.lock().unwrap();
            synced.push(file.metadata().unwrap().ino());
            if synced.len() == 2 { Err(io::Error::other("the disk lost pages")) } else { Ok(()) }
        }
    };
    let options = Options { fsync: true, ..Options::default() };
    let spool = Spool::open_on(folder.path(), options, System { sync: Arc::new(sync), ..System::default() }).unwrap();
    for number in 1..=3 {
        assert_eq!(spool.append(numbered(number)), Ok(Appended::Written));
    }
    let synced = synced.lock().unwrap();
    assert_eq!(synced[0], synced[1], "the same segment");
    assert_ne!(synced[1], synced[2], "its line went into a new one");
    assert_eq!(synced[2], synced[3]);
    assert_eq!(numbers(folder.path()), [1, 2, 3]);
}

#[test]
fn a_spool_that_is_full_refuses_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), Options { max_bytes: 100, ..Options::default() }).unwrap();
    let refused = (0..10).filter(|number| spool.append(numbered(*number)) == Err(Refused::Full)).count();
    assert_eq!(refused + numbers(folder.path()).len(), 10);
    assert!(refused > 5);
    assert_eq!(spool.counts.refused(), refused as u64);
    for (segment, _) in folder::list(folder.path()).unwrap().segments {
        std::fs::remove_file(folder.path().join(segment)).unwrap();
    }
    spool.counts.list(folder.path()).unwrap();
    assert_eq!(spool.append(numbered(11)), Ok(Appended::Written));
}

#[test]
fn the_child_of_a_fork_writes_a_segment_of_its_own() {
    static PID: AtomicU32 = AtomicU32::new(1);
    let folder = tempfile::tempdir().unwrap();
    let spool =
        Spool::open_on(folder.path(), Options::default(), System { pid: || PID.load(SeqCst), ..System::default() })
            .unwrap();
    spool.append(numbered(1)).unwrap();
    PID.store(2, SeqCst);
    spool.append(numbered(2)).unwrap();
    spool.append(numbered(3)).unwrap();
    let segments = folder::list(folder.path()).unwrap().segments;
    let names: Vec<_> = segments.iter().map(|(name, _)| name.split('-').nth(1).unwrap()).collect();
    assert_eq!(names, ["1", "2"]);
    assert_eq!(numbers_of(&folder.path().join(&segments[1].0)), [2, 3]);
}
