//! Files as crashes and disks leave them, rows that the store refuses, and a backlog.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::Value;
use spanledger::spool::{SetAside, line, read_set_aside};

use crate::{
    calls::SOON,
    oracle,
    replay::lines,
    world::{Held, World, segments, url},
};

/// The number of a call, by its line.
fn number(line: &[u8]) -> u64 {
    let line: Value = serde_json::from_slice(line).unwrap();
    let attributes = line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"].as_array().unwrap();
    let of = |attribute: &&Value| attribute["key"] == "spanledger.tag.number";
    let value = &attributes.iter().find(of).unwrap_or_else(|| panic!("no number in {attributes:?}"))["value"];
    value["intValue"].as_str().and_then(|digits| digits.parse().ok()).or_else(|| value["intValue"].as_u64()).unwrap()
}

fn asides(spool: &Path) -> Vec<SetAside> {
    read_set_aside(spool).unwrap().map(Result::unwrap).collect()
}

/// Makes calls whose lines are spooled and not drained. Where the segment with them may be put, and the lines.
async fn spooled(world: &mut World, count: u64) -> (std::path::PathBuf, Vec<Vec<u8>>) {
    let held = Held::take(&world.spool);
    let (ledger, http) = world.open();
    world.make(&http, count).await;
    // It does not drain, but lets go of its segment.
    let _ = ledger.shutdown(Duration::ZERO).await;
    drop(held);
    let lines = lines(&world.spool);
    segments(&world.spool).iter().for_each(|segment| fs::remove_file(segment).unwrap());
    assert_eq!(lines.len() as u64, count);
    (world.spool.join("all.jsonl"), lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_lines_are_set_aside_with_their_reasons_and_their_neighbours_are_stored() {
    let mut world = World::new().await;
    let (segment, mut lines) = spooled(&mut world, 100).await;
    let broken = [10, 20, 99].map(|at: usize| number(&lines[at]));
    lines[10][200] ^= 4;
    lines[20].fill(0);
    lines[50] = [b"a line of somebody else\n".to_vec(), lines[50].clone()].concat();
    lines[70] = [vec![0; 4_096], lines[70].clone()].concat();
    lines[99].truncate(300);
    fs::write(&segment, lines.concat()).unwrap();

    let (ledger, http) = world.open();
    world.judge_all_but("flipped byte, zeros, garbage and a torn last line", &ledger, &http, &broken).await;
    let reasons: Vec<_> = asides(&world.spool).into_iter().map(|aside| aside.reason).collect();
    let words: Vec<_> = reasons.iter().map(|reason| reason.split(':').next().unwrap()).collect();
    assert_eq!(words, ["bad checksum", "zeros", "garbage", "zeros", "torn"]);
    assert_eq!(ledger.health().set_aside, 5);
    assert_eq!(world.told(), ["spanledger.drain.set_aside"], "once for all of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_the_store_refuses_costs_none_of_the_other_499_and_can_be_put_back() {
    let mut world = World::new().await;
    let held = Held::take(&world.spool);
    let (ledger, http) = world.open();
    world.make(&http, 500).await;
    let owner = {
        let (database, url) = (world.database.clone(), url(&world.database));
        let migrated =
            Command::new(env!("CARGO_BIN_EXE_spanledger")).args(["--ledger", &url, "migrate", "up"]).output();
        assert!(migrated.as_ref().unwrap().status.success(), "{migrated:?}");
        oracle::open(&database)
    };
    owner
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON usage_log WHEN NEW.tags ->> '$.number' = 123
             BEGIN SELECT RAISE(ABORT, 'a rule of the owner''s'); END",
        )
        .unwrap();
    drop(held);
    world.judge_all_but("one poison row among 500", &ledger, &http, &[123]).await;
    let aside = asides(&world.spool).remove(0);
    assert!(aside.reason.ends_with("refuses the rows: a rule of the owner's"), "{}", aside.reason);
    assert_eq!(number(aside.line.unwrap().as_bytes()), 123);
    assert_eq!(world.told(), ["spanledger.drain.set_aside"]);

    owner.execute_batch("DROP TRIGGER poison").unwrap();
    let program = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_spanledger"))
            .args(["--ledger", &url(&world.database), "set-aside"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(program(&["list"]).contains("a rule of the owner's"), "there is a way to look at it");
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    drop((ledger, http));
    // Nobody drains any more.
    drop(Held::take(&world.spool));
    program(&["retry", "1"]);
    let (ledger, http) = world.open();
    world.judge("the poison row, put back", &ledger, &http).await;
}

/// So many MiB of lines in segments of 4 MiB, each line as long as one with an attachment of 32 KiB.
fn backlog(spool: &Path, lines: &[Vec<u8>], mib: usize) {
    let mut long = lines.iter().cycle().map(|short| {
        let json = line::open(short.trim_ascii_end()).unwrap().json;
        let end = json.len() - b",\"crc32c\":".len();
        let end = json[..end].iter().rposition(|byte| *byte == b',').unwrap().max(1);
        let mut long = [&json[..end], b",\"padding\":\"", "x".repeat(32 << 10).as_bytes(), b"\"}"].concat();
        line::seal(&mut long).unwrap();
        long
    });
    for segment in 0..mib / 4 {
        let content: Vec<u8> = long.by_ref().take(127).flatten().collect();
        fs::write(spool.join(format!("{segment:05}.jsonl")), content).unwrap();
    }
}

/// Drains a backlog with the program, and gives the most memory that it took, in MiB.
async fn drained(mib: usize, fault: &str) -> u64 {
    let mut world = World::new().await;
    let (_, lines) = spooled(&mut world, 2_000).await;
    backlog(&world.spool, &lines, mib);
    let mut drain = Command::new(env!("CARGO_BIN_EXE_spanledger"))
        .args(["--ledger", &url(&world.database), "drain"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let (status, mut peak) = (format!("/proc/{}/status", drain.id()), 0);
    while drain.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0).max(peak);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(drain.wait().unwrap().success());
    assert!(segments(&world.spool).is_empty());
    let (ledger, http) = world.open();
    world.judge(fault, &ledger, &http).await;
    assert_eq!(ledger.shutdown(SOON).await.waiting, 0);
    peak >> 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_64_mib_is_stored_in_bounded_memory() {
    let peak = drained(64, "a backlog of 64 MiB").await;
    assert!(peak < 128, "{peak} MiB");
}

/// `cargo test --test conservation -- --ignored backlog`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes 1 GiB"]
async fn a_backlog_of_a_gibibyte_is_stored_in_bounded_memory() {
    let peak = drained(1_024, "a backlog of 1 GiB").await;
    assert!(peak < 128, "{peak} MiB");
}
