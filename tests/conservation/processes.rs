//! Several programs on one spool folder, and several folders on one database. (The child of a `fork` cannot be made here
//! without unsafe code; `src/spool/tests/disk.rs` has it, by the number of the process.)

use std::{fs, path::PathBuf, process::Child};

use crate::{
    calls::{Made, SOON},
    kill::{Said, program, said},
    oracle,
    world::World,
};

/// Lets two programs make so many calls each, beside those of this one, and gives what all of them saw.
async fn three_programs(world: &mut World, spools: [PathBuf; 2], count: u64) {
    let (ledger, http) = world.open();
    assert!(ledger.ready(SOON).await, "{:?}", ledger.health());
    // A report that reads for as long as all this takes.
    let reader = oracle::open(&world.database);
    reader.execute_batch("BEGIN; SELECT count(*) FROM usage_log").unwrap();
    let firsts = [1_000_000, 2_000_000];
    let mut children: Vec<Child> = spools
        .iter()
        .zip(firsts)
        .map(|(spool, first)| program(&world.database, spool, &world.server.host(), first, count))
        .collect();
    let listening: Vec<_> = children
        .iter_mut()
        .map(|child| {
            let mut said = said(child);
            tokio::task::spawn_blocking(move || {
                let mut made = Vec::new();
                loop {
                    match said.next().unwrap() {
                        Said::Made(call) => made.push(call),
                        Said::Flushed(waiting) => return (made, waiting),
                    }
                }
            })
        })
        .collect();
    world.make(&http, count).await;
    for listening in listening {
        let (made, waiting): (Vec<Made>, u64) = listening.await.unwrap();
        assert_eq!((made.len() as u64, waiting), (count, 0), "its own flush has waited for whoever drains");
        world.made.extend(made);
    }
    let seen: i64 = reader.query_row("SELECT count(*) FROM usage_log", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, 0, "the report sees one moment");
    reader.execute_batch("COMMIT").unwrap();
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(ledger.flush(SOON).await.waiting, 0, "{:?}", ledger.health());
    let log = fs::metadata(world.database.with_extension("db-wal")).map_or(0, |file| file.len());
    assert!(log < 128 << 20, "the write-ahead log stays bounded: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_programs_on_one_spool_folder_lose_and_double_nothing() {
    let mut world = World::new().await;
    let spool = world.spool.clone();
    three_programs(&mut world, [spool.clone(), spool], 400).await;
    world.ask("three programs on one spool folder", &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_programs_with_folders_of_their_own_write_one_database_beside_a_long_report() {
    let mut world = World::new().await;
    let spools = ["one", "two"].map(|name| world.folder.path().join(name));
    three_programs(&mut world, spools, 400).await;
    world.ask("three spool folders on one database, and a long report", &[]);
}
