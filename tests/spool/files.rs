//! Files as crashes, disks and strangers leave them.

use std::{fs, io::Write, path::Path, process::Command};

use spanledger::spool::{Appended, LONGEST_LINE, Refused, line as format, read_set_aside};

use super::*;

fn sealed(number: u64) -> Vec<u8> {
    let mut line = line(number);
    format::seal(&mut line).unwrap();
    line
}

fn segment(folder: &Path, content: &[u8]) {
    fs::write(folder.join("20260101T000000.000001Z-1-00000000.jsonl"), content).unwrap();
}

fn reasons(folder: &Path) -> Vec<String> {
    let first_word = |reason: String| reason.split(':').next().unwrap_or_default().to_owned();
    read_set_aside(folder).unwrap().map(|aside| first_word(aside.unwrap().reason)).collect()
}

#[test]
fn what_is_broken_is_set_aside_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = sealed(1);
    let mut flipped = sealed(2);
    flipped[5] ^= 1;
    content.extend(flipped);
    content.extend(b"garbage\n{not json}\n\n\xff\xfe\n{\"panic\":1}\n");
    content.extend([0; 5_000]);
    content.extend(sealed(3));
    content.extend(b"{\"n\":4}\n");
    content.extend(&sealed(5)[..10]);
    segment(folder.path(), &content);

    let store = Memory::default();
    let drained = drain(folder.path(), &store);
    assert_eq!(store.numbers(), [1, 3, 4]);
    assert_eq!(
        reasons(folder.path()),
        [
            "bad checksum",
            "garbage",
            "key must be a string at line 1 column 2",
            "garbage",
            "its reader panicked",
            "zeros",
            "torn"
        ]
    );
    assert_eq!((drained.stored, drained.set_aside, drained.waiting), (3, 7, 0));
    assert!(segments(folder.path()).is_empty());
}

#[test]
fn a_line_beyond_the_limit_is_refused_and_one_in_a_file_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path());
    assert!(matches!(spool.append(vec![b'{'; LONGEST_LINE + 1]), Err(Refused::NotALine(_))));
    let mut content = vec![b'x'; LONGEST_LINE + (1 << 20)];
    content.push(b'\n');
    content.extend(sealed(1));
    segment(folder.path(), &content);
    let store = Memory::default();
    drain(folder.path(), &store);
    assert_eq!(store.numbers(), [1]);
    assert_eq!(reasons(folder.path()), ["too long"]);
}

#[test]
fn a_segment_that_is_read_again_after_a_crash_is_not_set_aside_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = b"garbage\n".to_vec();
    content.extend(sealed(1));
    let store = Memory::default();
    store.lock().refuse.insert(1);
    for _ in 0..3 {
        segment(folder.path(), &content);
        let before = fs::read(folder.path().join("set-aside.jsonl")).unwrap_or_default();
        drain(folder.path(), &store);
        let after = fs::read(folder.path().join("set-aside.jsonl")).unwrap();
        assert!(before.is_empty() || before == after);
    }
    assert_eq!(reasons(folder.path()), ["garbage", "a value is out of range"]);
}

#[test]
fn segments_that_are_replayed_give_no_second_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = Memory::default();
    for boundary in [1, 7, 500] {
        for (index, numbers) in (0..500).collect::<Vec<_>>().chunks(boundary).enumerate() {
            let content: Vec<u8> = numbers.iter().flat_map(|number| sealed(*number)).collect();
            fs::write(folder.path().join(format!("{index:05}.jsonl")), content).unwrap();
        }
        drain(folder.path(), &store);
    }
    assert!(store.numbers().into_iter().eq(0..500));
    assert!(segments(folder.path()).is_empty());
}

#[test]
fn a_backlog_of_many_segments_is_stored_with_few_open_files() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..1_000 {
        fs::write(folder.path().join(format!("{number:05}.jsonl")), sealed(number)).unwrap();
    }
    let store = Memory::default();
    let drained = drain(folder.path(), &store);
    assert_eq!((drained.stored, drained.waiting), (1_000, 0));
    assert!(segments(folder.path()).is_empty());
}

/// A file system of one megabyte, or `None` where this is not allowed.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).status();
        if status.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("not run: no tmpfs can be mounted here");
        None
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_refuses_and_recovers_without_a_restart() {
    let Some(disk) = Tmpfs::mount() else { return };
    let folder = disk.0.path().join("spool");
    let (spool, store) = (spool(&folder), Arc::new(Memory::default()));
    store.lock().away = true;
    let drain = start(&spool, &store);
    let long = |number: u64| format!("{{\"n\":{number},\"x\":\"{}\"}}", "x".repeat(5_000)).into_bytes();
    let taken: Vec<_> = (0..400).filter(|number| spool.append(long(*number)) == Ok(Appended::Written)).collect();
    assert!(taken.len() > 100 && taken.len() < 300, "{}", taken.len());
    assert_eq!(drain.health().refused, 400 - taken.len() as u64);
    store.lock().away = false;
    assert_eq!(drain.flush_blocking(SOON).waiting, 0);
    assert_eq!(store.numbers(), taken, "what was taken is stored, each once; what was refused is not");
    eventually("space returns", || spool.append(long(1_000)).is_ok());

    // Something else fills the disk, then goes.
    let mut filler = fs::File::create(disk.0.path().join("filler")).unwrap();
    while filler.write_all(&[0; 4_096]).is_ok() {}
    eventually("full again", || spool.append(long(1_001)).is_err());
    fs::remove_file(disk.0.path().join("filler")).unwrap();
    drop(filler);
    assert_eq!(spool.append(long(1_002)), Ok(Appended::Written));
    assert_eq!(drain.shutdown_blocking(SOON).waiting, 0);
    assert!(store.numbers().contains(&1_002));
}

/// 1 GiB takes a while: `cargo test --release --test spool -- --ignored backlog`.
#[test]
#[ignore = "writes 1 GiB"]
fn a_backlog_of_a_gibibyte_is_drained_in_flat_memory() {
    let folder = tempfile::tempdir().unwrap();
    let text = "x".repeat(2_000);
    let mut number = 0;
    for index in 0..256 {
        let mut content = Vec::new();
        while content.len() < 4 << 20 {
            let mut line = format!("{{\"n\":{number},\"x\":\"{text}\"}}").into_bytes();
            format::seal(&mut line).unwrap();
            content.extend(line);
            number += 1;
        }
        fs::write(folder.path().join(format!("{index:05}.jsonl")), content).unwrap();
    }
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    let before = resident();
    let (began, store) = (Instant::now(), Memory::default());
    let drained = drain(folder.path(), &store);
    assert_eq!(drained.stored, number);
    println!("{number} lines of 1 GiB in {:?}, {} MiB at most", began.elapsed(), resident() - before);
    assert!(resident() - before < 200);
}

#[test]
fn a_drain_that_is_told_to_end_ends_behind_its_batch_and_the_rest_waits() {
    let folder = tempfile::tempdir().unwrap();
    segment(folder.path(), &(1..=1200).flat_map(sealed).collect::<Vec<_>>());
    let store = Memory::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let once = |drained: &Drained| if drained.stored > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let drained = runtime.block_on(drain_once(folder.path(), &store, &decode, Duration::ZERO, once)).unwrap();
    assert_eq!((drained.interrupted, drained.stored, drained.waiting), (true, 500, 700), "{drained:?}");
    let drained = drain(folder.path(), &store);
    assert!(!drained.interrupted && segments(folder.path()).is_empty(), "{drained:?}");
    assert_eq!(store.numbers(), (1..=1200).collect::<Vec<_>>());
}
