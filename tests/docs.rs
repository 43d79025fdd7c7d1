//! The documentation names everything that there is: what is added to a list fails here until a reader can find it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

use spanledger::{provider::PROVIDERS, report::REPORTS, store::columns::COLUMNS};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Fails with a sentence per thing that a page does not name.
fn assert_named<'a>(page: &str, things: impl IntoIterator<Item = &'a str>) {
    let text = read(page);
    let missing: Vec<_> = things.into_iter().filter(|thing| !text.contains(thing)).collect();
    assert!(missing.is_empty(), "{page} does not name {missing:?}");
}

#[test]
fn the_readme_names_every_report() {
    assert_named("README.md", REPORTS.iter().map(|report| report.name));
}

fn program(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_spanledger")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn subcommands() -> Vec<String> {
    let help = program(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What a help says goes on below its name, further to the right.
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let names: Vec<_> = names.map(str::to_owned).collect();
    assert!(names.len() > 5, "{names:?}");
    names
}

#[test]
fn shells_and_the_manual_know_every_subcommand() {
    let names = subcommands();
    for shell in ["bash", "zsh", "fish"] {
        let script = program(&["completions", shell]);
        let missing: Vec<_> = names.iter().filter(|name| !script.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{shell}: {missing:?}");
    }
    let page = program(&["man"]).replace("\\-", "-");
    let folder = tempfile::tempdir().unwrap();
    program(&["man", "--into", folder.path().to_str().unwrap()]);
    for name in &names {
        assert!(page.contains(&format!("spanledger-{name}(1)")), "{name}: {page}");
        let own = program(&["man", name]).replace("\\-", "-");
        assert!(own.contains(&format!("spanledger {name}")) && own.contains("Examples:"), "{name}: {own}");
        assert!(folder.path().join(format!("spanledger-{name}.1")).exists(), "{name}");
    }
}

#[test]
fn the_readme_names_every_subcommand() {
    let names = subcommands();
    let named: Vec<_> = names.iter().map(|name| format!("`{name}")).collect();
    assert_named("README.md", named.iter().map(String::as_str));
}

#[test]
fn the_readme_and_the_crates_page_name_every_feature() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let features = manifest["features"].as_table().unwrap();
    let named: Vec<_> = features.keys().filter(|name| *name != "default").map(|name| format!("`{name}`")).collect();
    assert_named("README.md", named.iter().map(String::as_str));
    assert_named("src/lib.rs", named.iter().map(String::as_str));
    let script: Vec<_> = features.keys().filter(|name| *name != "default").map(String::as_str).collect();
    assert_named("scripts/lint", script);
}

#[test]
fn the_readme_names_every_example() {
    let examples = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap();
    let names: Vec<String> =
        examples.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert!(names.len() >= 7, "{names:?}");
    assert_named("README.md", names.iter().map(String::as_str));
}

#[test]
fn every_protocol_has_a_line_in_the_table_of_detection() {
    assert_named("tests/fixtures/detection.txt", PROVIDERS.iter().map(|provider| provider.name()));
}

fn migrations() -> String {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite")).unwrap();
    let up = files.map(|file| file.unwrap().path()).filter(|path| path.to_string_lossy().ends_with(".up.sql"));
    up.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn json_that_may_be_null_is_valid_to_every_sqlite() {
    let all = migrations();
    let checked: Vec<&str> =
        all.lines().filter(|line| line.contains("CHECK") && line.contains("json_valid(")).collect();
    assert!(checked.len() > 10, "{checked:?}");
    // `json_valid(NULL)` is 0 to SQLite 3.40, so that a copy could not be restored with it.
    let strict: Vec<_> = checked
        .iter()
        .filter(|line| !line.contains(" NOT NULL") && !line.contains(" IS NULL OR json_valid("))
        .collect();
    assert!(strict.is_empty(), "{strict:?}");
}

#[test]
fn every_column_is_in_the_migrations() {
    let all = migrations();
    let missing: Vec<_> = COLUMNS.iter().map(|column| column.name).filter(|name| !all.contains(name)).collect();
    assert!(missing.is_empty(), "no migration makes {missing:?}");
}

#[test]
fn the_architecture_names_every_folder() {
    let folders =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<String> = folders
        .filter(|path| path.is_dir())
        .map(|path| format!("src/{}/", path.file_name().unwrap().to_string_lossy()))
        .collect();
    assert_named("ARCHITECTURE.md", names.iter().map(String::as_str));
}
