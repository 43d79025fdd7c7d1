//! What is written about faults is true: each test that is named is there, and each event is held by a fault.

use std::{fs, path::Path};

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_page_of_faults_names_is_there() {
    let page = read("FAULTS.md");
    let mut named = 0;
    for (file, test) in quoted(&page).filter_map(|words| words.split_once("::")) {
        assert!(read(file).contains(&format!("fn {test}(")), "FAULTS.md names {file}::{test}, which is not there");
        named += 1;
    }
    assert!(named > 60, "{named}");
}

#[test]
fn every_fault_of_the_list_has_its_line() {
    let page = read("FAULTS.md");
    let missing: Vec<_> = (1..=52)
        .filter(|number| !page.contains(&format!("\n| F{number} |")))
        .map(|number| format!("F{number}"))
        .collect();
    assert!(missing.is_empty(), "FAULTS.md has no line for {missing:?}");
}

#[test]
fn every_event_that_is_documented_is_told_and_held_by_a_fault() {
    let documented = read("src/spool/mod.rs");
    let documented: Vec<_> = quoted(&documented).filter(|words| words.starts_with("spanledger.")).collect();
    assert!(documented.len() >= 6, "{documented:?}");
    let told = read("src/spool/tell.rs");
    let held: String = ["away", "broken", "full", "schema", "slow", "sums"]
        .map(|file| read(&format!("tests/conservation/{file}.rs")))
        .concat();
    for event in &documented {
        assert!(told.contains(&format!("\"{event}\"")), "{event} is documented and never told");
        assert!(held.contains(event), "no fault holds when {event} is told");
    }
    for event in told.split('"').skip(1).step_by(2).filter(|words| words.starts_with("spanledger.")) {
        assert!(documented.contains(&event), "{event} is told and not documented");
    }
}
