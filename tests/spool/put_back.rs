//! What was set aside goes back where it came from, and nothing is lost or doubled on the way.

use std::fs;

use spanledger::spool::{Appended, put_back, read_set_aside};

use super::*;

/// 500 lines, of which the store refuses one.
fn poisoned(folder: &Path) -> Memory {
    let store = Memory::default();
    store.lock().refuse.insert(250);
    let spool = spool(folder);
    for number in 1..=500 {
        assert_eq!(spool.append(line(number)), Ok(Appended::Written));
    }
    drop(spool);
    let drained = drain(folder, &store);
    assert_eq!((drained.stored, drained.set_aside, drained.waiting), (499, 1, 0));
    store
}

fn kept(folder: &Path) -> Vec<(String, String)> {
    let asides = read_set_aside(folder).unwrap().map(Result::unwrap);
    asides.map(|aside| (aside.reason, aside.line.unwrap_or_default())).collect()
}

#[test]
fn a_poison_row_among_500_is_told_with_its_reason_and_stored_once_its_reason_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = poisoned(folder.path());
    let asides = kept(folder.path());
    assert_eq!(asides.len(), 1);
    assert!(asides[0].0.contains("a value is out of range") && asides[0].1.starts_with("{\"n\":250,"), "{asides:?}");

    store.lock().refuse.clear();
    let put = put_back(folder.path(), |_, _| true).unwrap().unwrap();
    assert_eq!((put.lines, put.cut), (1, 0));
    assert_eq!(kept(folder.path()), []);
    let drained = drain(folder.path(), &store);
    assert_eq!((drained.stored, drained.known, drained.set_aside), (1, 0, 0));
    assert_eq!(store.numbers(), (1..=500).collect::<Vec<_>>());
    assert!(segments(folder.path()).is_empty());
}

#[test]
fn what_fails_again_is_set_aside_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = poisoned(folder.path());
    put_back(folder.path(), |_, _| true).unwrap().unwrap();
    let drained = drain(folder.path(), &store);
    assert_eq!((drained.stored, drained.set_aside, drained.waiting), (0, 1, 0));
    assert_eq!(kept(folder.path()).len(), 1);
}

#[test]
fn a_crash_between_the_segment_and_the_file_doubles_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = poisoned(folder.path());
    let file = folder.path().join("set-aside.jsonl");
    let before = fs::read(&file).unwrap();
    for refused in [true, false] {
        if !refused {
            store.lock().refuse.clear();
        }
        put_back(folder.path(), |_, _| true).unwrap().unwrap();
        // As if the process had died before the file was replaced.
        fs::write(&file, &before).unwrap();
        drain(folder.path(), &store);
    }
    assert_eq!(store.numbers(), (1..=500).collect::<Vec<_>>());
    // Put back from both places, it is stored once more and changes nothing.
    put_back(folder.path(), |_, _| true).unwrap().unwrap();
    let drained = drain(folder.path(), &store);
    assert_eq!((drained.stored, drained.known, kept(folder.path()).len()), (0, 1, 0));
}

#[test]
fn only_what_is_wanted_goes_back_byte_for_byte_and_what_was_cut_stays() {
    let folder = tempfile::tempdir().unwrap();
    let long = [b"{\"n\":1".as_slice(), &vec![b' '; spanledger::spool::LONGEST_LINE + (1 << 20)], b"}\n"].concat();
    let content = [b"{\"n\":\"a\"}\n\xff\xfe\n{\"n\":\"b\"}\n".as_slice(), &long].concat();
    fs::write(folder.path().join("20260101T000000.000001Z-1-00000000.jsonl"), content).unwrap();
    let store = Memory::default();
    assert_eq!(drain(folder.path(), &store).set_aside, 4);

    let put = put_back(folder.path(), |number, _| number != 3).unwrap().unwrap();
    assert_eq!((put.lines, put.cut), (2, 1));
    let there: Vec<u8> = segments(folder.path()).iter().flat_map(|segment| fs::read(segment).unwrap()).collect();
    assert_eq!(there, b"{\"n\":\"a\"}\n\xff\xfe\n");
    let left: Vec<_> = read_set_aside(folder.path()).unwrap().map(|aside| aside.unwrap().offset).collect();
    assert_eq!(left.len(), 2, "the one that was not wanted, and the one that was cut");
}

#[test]
fn a_folder_that_another_one_drains_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = poisoned(folder.path());
    let lock = fs::File::options().append(true).open(folder.path().join("drain.lock")).unwrap();
    lock.try_lock().unwrap();
    assert_eq!(put_back(folder.path(), |_, _| true).unwrap(), None);
    assert_eq!((kept(folder.path()).len(), segments(folder.path()).len()), (1, 0));
    drop((lock, store));
}
