//! `kill -9` of a program under load, at random moments.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    calls::{self, Made, SOON},
    chance::Chance,
    oracle::{self, Fault},
    world::{World, builder, client},
};

const DATABASE: &str = "SPANLEDGER_TEST_DATABASE";
const SPOOL: &str = "SPANLEDGER_TEST_SPOOL";
const SERVER: &str = "SPANLEDGER_TEST_SERVER";
const FIRST: &str = "SPANLEDGER_TEST_FIRST";
const COUNT: &str = "SPANLEDGER_TEST_COUNT";
const KILLS: u64 = 50;
const CALLERS: u64 = 8;

/// The program: this test's own binary, told so by its environment. It makes numbered calls, says what it saw of each once its
/// body has ended, flushes, says so, and stays until its input ends.
#[test]
fn the_program() {
    let Ok(database) = std::env::var(DATABASE) else { return };
    let told = |name| std::env::var(name).unwrap();
    let (first, count): (u64, u64) = (told(FIRST).parse().unwrap(), told(COUNT).parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ledger = runtime.block_on(async {
        let ledger = builder(Path::new(&database), &told(SERVER)).spool(told(SPOOL)).open().unwrap();
        let (http, server) = (client(&ledger), told(SERVER));
        let callers = (0..CALLERS).map(|caller| {
            let (http, server) = (http.clone(), server.clone());
            tokio::task::spawn(async move {
                for number in (first + caller..first.saturating_add(count)).step_by(CALLERS as usize) {
                    let made = calls::make(&http, &server, number).await;
                    // One write: a kill cuts between lines, or the parent sees no newline.
                    let line = format!("\nmade {}\n", serde_json::to_string(&made).unwrap());
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
        ledger
    });
    let waiting = ledger.flush_blocking(SOON).waiting;
    std::io::stdout().lock().write_all(format!("\nflushed {waiting}\n").as_bytes()).unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

/// Starts the program.
pub(crate) fn program(database: &Path, spool: &Path, server: &str, first: u64, count: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::the_program", "--nocapture"])
        .envs([(DATABASE, database.as_os_str()), (SPOOL, spool.as_os_str()), (SERVER, server.as_ref())])
        .envs([(FIRST, first.to_string()), (COUNT, count.to_string())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the program says, as long as it lives: calls that have ended, then how much was not stored after a flush.
pub(crate) fn said(child: &mut Child) -> impl Iterator<Item = Said> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "made" => Some(Said::Made(serde_json::from_str(rest).ok()?)),
            "flushed" => Some(Said::Flushed(rest.parse().ok()?)),
            _ => None,
        }
    })
}

pub(crate) enum Said {
    Made(Made),
    Flushed(u64),
}

impl Said {
    pub(crate) fn made(self) -> Option<Made> {
        match self {
            Self::Made(made) => Some(made),
            Self::Flushed(_) => None,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_50_random_moments_no_call_whose_body_had_ended_is_lost() {
    let seed = Chance::seed();
    let _ = writeln!(std::io::stdout().lock(), "conservation: SPANLEDGER_SEED={seed}");
    let mut chance = Chance::new(seed);
    let mut world = World::new().await;
    for round in 0..KILLS {
        let after = Duration::from_micros(chance.below(150_000) as u64);
        let (database, spool, server) = (world.database.clone(), world.spool.clone(), world.server.host());
        let run = move || {
            let mut child = program(&database, &spool, &server, round * 1_000_000, 1_000_000);
            let mut said = said(&mut child).filter_map(Said::made);
            let mut made: Vec<_> = said.next().into_iter().collect();
            let killer = std::thread::spawn(move || {
                std::thread::sleep(after);
                child.kill().unwrap();
                child.wait().unwrap();
            });
            made.extend(said);
            killer.join().unwrap();
            made
        };
        world.made.extend(tokio::task::spawn_blocking(run).await.unwrap());
    }
    assert!(world.made.len() as u64 > 2 * KILLS, "the program was under load: {} calls", world.made.len());

    let (ledger, http) = world.open();
    let fresh = calls::make(&http, &world.server.host(), KILLS * 1_000_000).await;
    assert!(fresh.row.is_some(), "a fresh call goes through");
    world.made.push(fresh);
    assert_eq!(ledger.flush(SOON).await.waiting, 0, "{:?}", ledger.health());
    let name = format!("kill -9 at {KILLS} random moments");
    let fault = Fault { name: &name, port: world.port(), killed: true, ..Fault::default() };
    oracle::judge(fault, &world.database, &world.made);
}
