//! The schema changes while calls are made: forwards, backwards, by several programs at once, and half way.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use spanledger::store::{MigrationState, Store as _, sqlite::Sqlite};

use crate::{
    calls::SOON,
    chance::Chance,
    oracle,
    world::{World, eventually, url},
};

fn migrate(database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanledger"));
    command.args(["--ledger", &url(database), "migrate", "up"]).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Takes a ledger's schema back, as the program of an older version has it.
async fn older(database: &Path, version: i64) {
    let store = Sqlite::open(database, true).unwrap();
    store.migrate().await.unwrap();
    store.revert(version).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_made_while_the_schema_is_brought_up_to_date_are_stored() {
    let mut world = World::new().await;
    older(&world.database, 1).await;
    // Nobody can migrate yet: the calls come first.
    let other = oracle::open(&world.database);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (ledger, http) = world.open();
    world.make(&http, 200).await;
    assert!(!ledger.health().migrated);
    other.execute_batch("COMMIT").unwrap();
    world.make(&http, 200).await;
    assert!(ledger.ready(SOON).await);
    world.judge("schema migrated while calls are made", &ledger, &http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_programs_that_migrate_at_once_all_end_well() {
    let mut world = World::new().await;
    older(&world.database, 1).await;
    let mut programs: Vec<_> = (0..4).map(|_| migrate(&world.database).spawn().unwrap()).collect();
    let (ledger, http) = world.open();
    world.make(&http, 100).await;
    for program in &mut programs {
        assert!(program.wait().unwrap().success());
    }
    world.judge("five programs that migrate at once", &ledger, &http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_killed_leaves_the_old_schema_or_the_new_one() {
    let seed = Chance::seed();
    let mut chance = Chance::new(seed);
    let mut world = World::new().await;
    // How long a whole one takes on this machine, now.
    older(&world.database, 1).await;
    let began = Instant::now();
    assert!(migrate(&world.database).status().unwrap().success());
    let whole = usize::try_from(began.elapsed().as_micros()).unwrap();
    let (mut old, mut new) = (0, 0);
    for _ in 0..20 {
        older(&world.database, 1).await;
        let mut program = migrate(&world.database).spawn().unwrap();
        tokio::time::sleep(Duration::from_micros(chance.below(whole * 3 / 2) as u64)).await;
        program.kill().unwrap();
        program.wait().unwrap();
        let store = Sqlite::open(&world.database, false).unwrap();
        let history = store.migrations().await.unwrap();
        let applied = history.iter().filter(|step| step.state == MigrationState::Applied).count();
        assert!(applied == 1 || applied == history.len(), "half a migration, {seed}: {history:?}");
        if applied == 1 {
            old += 1
        } else {
            new += 1
        }
        store.close().await;
    }
    let line = format!("conservation: killed migrations left {old} old schemas, {new} new ones, 0 between\n");
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
    older(&world.database, 1).await;
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    world.judge("20 migrations killed at random moments", &ledger, &http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_program_waits_while_the_schema_is_newer_and_says_so() {
    let mut world = World::new().await;
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    // What the program of tomorrow leaves in the history.
    let tomorrow = oracle::open(&world.database);
    tomorrow
        .execute_batch(
            "INSERT INTO spanledger_migrations SELECT 9999, 'of tomorrow', installed_on, success, checksum, 0
             FROM spanledger_migrations WHERE version = 1",
        )
        .unwrap();
    world.make(&http, 100).await;
    let newer = "a newer spanledger made; use that version or a later one";
    eventually("it is said", || ledger.health().store_error.is_some_and(|error| error.contains(newer))).await;
    let rows: i64 = tomorrow.query_row("SELECT count(*) FROM usage_log", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 50, "nothing is written that the newer one would have written otherwise");
    tomorrow.execute_batch("DELETE FROM spanledger_migrations WHERE version = 9999").unwrap();
    world.judge("an old program on a newer schema", &ledger, &http).await;
    let unavailable = "spanledger.drain.store_unavailable";
    assert_eq!(world.told(), [format!("{unavailable} began"), format!("{unavailable} ended")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_whose_schema_was_taken_back_under_it_waits_until_it_is_brought_up_to_date() {
    let mut world = World::new().await;
    let (ledger, http) = world.open();
    world.make(&http, 50).await;
    assert_eq!(ledger.flush(SOON).await.waiting, 0);
    older(&world.database, 2).await;
    world.make(&http, 100).await;
    eventually("it is said", || ledger.health().store_error.is_some_and(|error| error.contains("migrate up"))).await;
    assert!(migrate(&world.database).status().unwrap().success());
    world.judge("a new program on an older schema", &ledger, &http).await;
}
