//! Several processes, and processes that are killed. A child is this test program again.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use super::*;

const FOLDER: &str = "SPANLEDGER_TEST_SPOOL";
const FIRST: &str = "SPANLEDGER_TEST_FIRST";

fn child(test: &str, folder: &Path, first: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The folder and the first number, in a child.
fn told() -> Option<(PathBuf, u64)> {
    Some((std::env::var_os(FOLDER)?.into(), std::env::var(FIRST).ok()?.parse().ok()?))
}

/// Says a number to the parent.
fn say(number: u64) {
    // One write: a kill cuts between lines or the parent sees no newline.
    let _ = std::io::stdout().lock().write_all(format!("@{number}\n").as_bytes());
}

/// The numbers that a child says, as long as its output lasts.
fn said(output: impl Read) -> impl Iterator<Item = u64> {
    let mut output = BufReader::new(output);
    std::iter::from_fn(move || {
        let mut line = String::new();
        (output.read_line(&mut line).ok()? > 0).then_some(line)
    })
    .filter_map(|line| line.trim_end_matches('\n').split_once('@')?.1.parse().ok().filter(|_| line.ends_with('\n')))
}

/// Appends for ever from two threads, and says each number after the append has returned.
#[test]
fn child_that_appends() {
    let Some((folder, first)) = told() else { return };
    let spool = spool(&folder);
    thread::scope(|scope| {
        for thread in 0..2 {
            let spool = &spool;
            scope.spawn(move || {
                for number in 0.. {
                    let number = first + thread * 1_000_000 + number;
                    spool.append(line(number)).unwrap();
                    say(number);
                }
            });
        }
    });
}

#[test]
fn killed_at_20_random_moments_every_line_whose_append_had_returned_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let store = Memory::default();
    let mut acknowledged = Vec::new();
    for round in 0..20 {
        let mut child = child("processes::child_that_appends", folder.path(), round * 10_000_000);
        let mut output = said(child.stdout.take().unwrap());
        acknowledged.extend(output.next());
        // The moment is one of the child's scheduling: after so many numbers, in the middle of whatever it does then.
        acknowledged.extend(output.by_ref().take((uuid() % 3_000) as usize));
        child.kill().unwrap();
        acknowledged.extend(output);
        child.wait().unwrap();
        if round % 5 == 0 {
            drain(folder.path(), &store);
        }
    }
    drain(folder.path(), &store);
    let rows = &store.lock().rows;
    let lost = acknowledged.iter().filter(|number| !rows.contains_key(number)).count();
    println!("acknowledged {}, stored {}, lost {lost}", acknowledged.len(), rows.len());
    assert!(acknowledged.len() > 1_000);
    assert_eq!(lost, 0);
    assert!(rows.len() <= acknowledged.len() + 40, "at most what each of two threads had under way is more");
    assert!(rows.values().all(|times| *times == 1));
    assert!(segments(folder.path()).is_empty());
}

fn uuid() -> u64 {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(0)
}

/// Appends 1,000 lines, flushes, says what waits, and stays until its input ends.
#[test]
fn child_that_flushes() {
    let Some((folder, first)) = told() else { return };
    let (spool, store) = (spool(&folder), Arc::new(Memory::default()));
    let drain = start(&spool, &store);
    for number in first..first + 1_000 {
        spool.append(line(number)).unwrap();
    }
    say(drain.flush_blocking(SOON).waiting);
    say(store.numbers().len() as u64);
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn two_processes_on_one_folder_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    let drain = start(&spool, &store);
    eventually("we drain", || drain.health().draining);
    let mut other = child("processes::child_that_flushes", folder.path(), 1_000);
    for number in 0..1_000 {
        spool.append(line(number)).unwrap();
    }
    let answers: Vec<_> = said(other.stdout.take().unwrap()).take(2).collect();
    assert_eq!(answers, [0, 0], "nothing waits there, and it has stored nothing itself: we have");
    assert_eq!(drain.flush_blocking(SOON).waiting, 0);
    assert!(store.numbers().into_iter().eq(0..2_000));
    assert!(store.lock().rows.values().all(|times| *times == 1));
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn when_the_process_that_drains_is_killed_another_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = child("processes::child_that_flushes", folder.path(), 0);
    assert_eq!(said(other.stdout.take().unwrap()).take(2).collect::<Vec<_>>(), [0, 1_000], "it drains");
    let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
    let drain = start(&spool, &store);
    assert!(drain.ready_blocking(SOON));
    spool.append(line(5_000)).unwrap();
    assert!(!drain.health().draining);
    other.kill().unwrap();
    other.wait().unwrap();
    eventually("we take over", || drain.health().draining);
    assert_eq!(drain.flush_blocking(SOON).waiting, 0);
    assert_eq!(store.numbers().len(), 1_001, "what it had stored in its own store is read again");
}
