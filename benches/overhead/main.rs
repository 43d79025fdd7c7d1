//! What our middleware adds to a call over loopback, beside that of others. See `benches/README.md`.
//!
//! Variants take turns within a round, so that what else the machine does meets them all alike; the table has medians over
//! the rounds. The server is a process of its own: CPU times are the client's only. Every span and row is counted.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking, and prints its table")]

#[path = "../support/mod.rs"]
mod support;

mod measure;
mod server;
mod table;

use std::{env, time::Instant};

use measure::{Round, Size};
use server::Server;
use support::variants::{Client, Setup, Variant};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if has("--server") {
        return Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(server::run());
    }
    if !has("--bench") {
        println!("run me by `cargo bench --bench overhead`");
        return;
    }
    let size = if has("--quick") {
        Size { rounds: 3, calls: 200, streams: 20, at_once: 640 }
    } else {
        Size { rounds: 15, calls: 1_500, streams: 150, at_once: 12_800 }
    };
    let began = Instant::now();
    let rounds = Bench::new().run(size);
    table::print(&rounds);
    println!("\n{size:?}; it took {:.0} s", began.elapsed().as_secs_f64());
}

struct Bench {
    /// One thread for what is measured call by call, two for the throughput.
    alone: Runtime,
    two: Runtime,
    server: Server,
    setup: Setup,
    clients: Vec<[Client; 2]>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setup = Setup::new(folder.path());
        // A connection lives on the runtime that made it, so each runtime has a client of its own.
        let clients = Variant::ALL.map(|variant| [0, 1].map(|_| setup.client(variant, None))).to_vec();
        Self {
            alone: Builder::new_current_thread().enable_all().build().unwrap(),
            two: Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
            server: Server::start(),
            setup,
            clients,
            _folder: folder,
        }
    }

    /// The rounds, each with one entry per variant. The first one only warms up.
    fn run(&self, size: Size) -> Vec<Vec<Round>> {
        let mut rounds: Vec<Vec<Round>> = (0..=size.rounds).map(|number| self.round(number, size)).collect();
        rounds.remove(0);
        rounds
    }

    fn round(&self, number: usize, size: Size) -> Vec<Round> {
        let mut round = vec![Round::default(); Variant::ALL.len()];
        for turn in 0..Variant::ALL.len() {
            // Nobody always comes first.
            let index = (turn + number) % Variant::ALL.len();
            let variant = Variant::ALL[index];
            self.setup.enter(variant);
            let before = self.alone.block_on(self.setup.counts());
            let url = format!("{}/v1/chat/completions", self.server.url);
            let [alone, many] = &self.clients[index];
            self.alone.block_on(measure::sequential(alone, &url, size, &self.setup, &mut round[index]));
            self.two.block_on(measure::together(many, &url, size, &mut round[index]));
            self.setup.flush();
            let after = self.alone.block_on(self.setup.counts());
            let made = (size.calls + size.streams + size.at_once / measure::TOGETHER * measure::TOGETHER) as u64;
            let (spans, rows) = variant.makes();
            let expected = (before.0 + if spans { made } else { 0 }, before.1 + if rows { made } else { 0 });
            assert_eq!(after, expected, "spans and rows of {}", variant.name());
        }
        round
    }
}
