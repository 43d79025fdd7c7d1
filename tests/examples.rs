//! Every example, run as a new user runs it: no key, no network, an empty folder.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use support::{Row, rows};

mod support;

/// What cargo built beside this test.
fn built(example: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let path = test.parent().unwrap().with_file_name("examples").join(format!("{example}{}", env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not there: `cargo build --examples` builds it", path.display());
    path
}

/// What it printed.
fn run(example: &str, folder: &Path) -> String {
    let mut command = Command::new(built(example));
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["OTEL_", "OPENAI_", "ANTHROPIC_", "OLLAMA_", "SPANLEDGER_"].iter().any(|start| name.starts_with(start)) {
            command.env_remove(name);
        }
    }
    let output = command.current_dir(folder).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{example}: {}\n{out}\n{err}", output.status);
    assert_eq!(err, "", "{example}");
    out.into_owned()
}

async fn ledger(folder: &Path, file: &str) -> Vec<Row> {
    rows::all(&format!("sqlite://{}", folder.join(file).display())).await.unwrap()
}

#[tokio::test]
async fn the_quickstart_leaves_a_fresh_ledger_and_prints_the_first_report() {
    let folder = tempfile::tempdir().unwrap();
    for again in [false, true] {
        let printed = run("quickstart", folder.path());
        assert_eq!(printed.contains("of an earlier run"), again, "{printed}");
        assert!(printed.contains("What each model cost"), "{printed}");
        assert!(printed.contains("2 of 17 calls could not be priced"), "{printed}");
        assert!(printed.contains("The tokens of 2 of 17 calls are estimated"), "{printed}");
        let rows = ledger(folder.path(), "quickstart.db").await;
        let count = |column: &str, value: &str| rows.iter().filter(|row| row.text(column) == value).count();
        assert_eq!(rows.len(), 17);
        assert_eq!((count("ending", "cancelled"), count("status", "error")), (2, 2));
        assert_eq!(count("usage_source", "estimated"), 2, "a stream that was left, and one that tells no usage");
        assert_eq!((count("action", "use_ai_result"), count("action", "fallback_to_rules")), (5, 2));
        assert_eq!(count("provider", "openai") + count("provider", "anthropic"), 11);
        let retried = rows.iter().find(|row| row.get("attempt").as_u64() == Some(2)).unwrap();
        assert!(
            rows.iter().any(|row| row.text("id") == retried.text("previous_id")),
            "it names the call that was refused"
        );
    }
}

#[tokio::test]
async fn every_other_example_shows_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut so_far = 0;
    for (example, calls) in [
        ("reqwest", 1),
        ("tower", 2),
        ("async_openai", 2),
        ("streaming", 2),
        ("confidence", 2),
        ("axum_service", 2),
        ("record", 2),
    ] {
        let printed = run(example, folder.path());
        let rows = ledger(folder.path(), "examples.db").await;
        assert_eq!(rows.len() - so_far, calls, "{example}: {printed}");
        for row in &rows[so_far..] {
            assert!(printed.contains(row.text("id")), "{example}: {printed}");
        }
        so_far = rows.len();
    }
}
