//! What the background work costs: spool lines into rows, beside a plain loop that inserts the same rows; the same lines
//! again; and the spool's append beside a plain `write`. See `benches/README.md`.
//!
//! Variants take turns within a round, each with a database file of its own, so that what else the machine does meets them
//! all alike; the table has medians over the rounds. Every row is counted and its money added up.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints its table"
)]

use std::{
    env, fs,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::{Body, Request, Response};
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use rusqlite::{Connection, params_from_iter, types::Value};
use rustix::time::{ClockId, clock_gettime};
use spanledger::{
    CallContext, Hosts, Ledger, Recorder,
    spool::{Appended, Options, Spool},
};

#[expect(dead_code, reason = "the other programs make streams")]
#[path = "support/wire.rs"]
mod wire;

/// The batch of the drain, and of the plain loop.
const BATCH: usize = 500;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug)]
struct Size {
    rounds: usize,
    rows: usize,
    appends: usize,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    /// The same rows into the same schema, by one prepared statement of SQLite's C interface.
    Plain,
    /// The same, without triggers: what every row costs that must be found again, but is never looked at.
    PlainWithoutTriggers,
    /// Lines into rows.
    Drain,
    /// The same lines once more.
    Again,
}

impl Variant {
    /// `Again` follows `Drain` within its turn.
    const TURNS: [Self; 3] = [Self::Plain, Self::PlainWithoutTriggers, Self::Drain];
    const ALL: [Self; 4] = [Self::Plain, Self::PlainWithoutTriggers, Self::Drain, Self::Again];

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain loop, same schema",
            Self::PlainWithoutTriggers => "plain loop, triggers dropped",
            Self::Drain => "spool lines into fresh rows",
            Self::Again => "the same lines again",
        }
    }
}

/// Seconds by the clock, and of CPU of all threads.
#[derive(Clone, Copy, Debug, Default)]
struct Took {
    wall: f64,
    cpu: f64,
}

impl Took {
    fn by(work: impl FnOnce()) -> Self {
        let (began, before) = (Instant::now(), cpu());
        work();
        Self { wall: began.elapsed().as_secs_f64(), cpu: cpu() - before }
    }
}

fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if !has("--bench") {
        println!("run me by `cargo bench --bench drain`");
        return;
    }
    let size = if has("--quick") {
        Size { rounds: 3, rows: 5_000, appends: 20_000 }
    } else {
        Size { rounds: 15, rows: 20_000, appends: 50_000 }
    };
    let began = Instant::now();
    let mut bench = Bench::new(size);
    if has("--only-drain") {
        return bench.only_drain();
    }
    bench.learn();
    bench.drains();
    bench.appends();
    println!("\n{size:?}; it took {:.0} s", began.elapsed().as_secs_f64());
}

struct Bench {
    size: Size,
    folder: tempfile::TempDir,
    /// Segments as a program left them: their names and bytes.
    segments: Vec<(String, Vec<u8>)>,
    /// A database that is migrated and empty.
    empty: PathBuf,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    models: Vec<Vec<Value>>,
    /// The sum of all costs, in pico-dollars.
    cost: i64,
}

impl Bench {
    fn new(size: Size) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let segments = segments(&folder.path().join("made.spool"), size.rows);
        let empty = folder.path().join("empty.db");
        let ledger = open(&empty);
        assert_eq!(ledger.shutdown_blocking(PATIENCE).waiting, 0);
        closed(&empty);
        let (columns, rows, models) = (Vec::new(), Vec::new(), Vec::new());
        Self { size, folder, segments, empty, columns, rows, models, cost: 0 }
    }

    /// For profilers: the lines into a fresh database, once.
    fn only_drain(&self) {
        let path = self.path("only");
        let ledger = open(&path);
        self.put(&path)();
        assert_eq!(ledger.shutdown_blocking(PATIENCE).waiting, 0);
        assert_eq!(ledger.health().stored, self.size.rows as u64);
    }

    /// What the plain loop is to insert is what the drain makes of the lines.
    fn learn(&mut self) {
        let _ = self.drain("first");
        let first = Connection::open(self.path("first")).unwrap();
        self.columns = read(&first, "SELECT name FROM pragma_table_info('usage_log')")
            .into_iter()
            .map(|mut row| match row.remove(0) {
                Value::Text(name) => name,
                other => panic!("a column is called {other:?}"),
            })
            .collect();
        self.rows = read(&first, &format!("SELECT {} FROM usage_log ORDER BY rowid", self.columns.join(", ")));
        self.models = read(&first, "SELECT id, modelname, version FROM ai_model");
        self.cost = first.query_row("SELECT sum(cost_picousd) FROM usage_log", [], |row| row.get(0)).unwrap();
        assert!(self.cost > 0, "the calls were priced");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.db"))
    }

    /// All rows, once, and the same money.
    fn check(&self, path: &Path) {
        let database = Connection::open(path).unwrap();
        let count = |sql: &str| database.query_row::<(i64, i64), _, _>(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        let found = count("SELECT count(*), sum(cost_picousd) FROM usage_log").unwrap();
        let expected = (i64::try_from(self.size.rows).unwrap(), self.cost);
        assert!(found.0 == expected.0 && (self.cost == 0 || found == expected), "{found:?}, not {expected:?}");
    }

    /// The lines into a fresh database, and the same lines into it again.
    fn drain(&self, name: &str) -> [Took; 2] {
        let path = self.path(name);
        fs::copy(&self.empty, &path).unwrap();
        let ledger = open(&path);
        let stored = |again: bool| {
            let rows = self.size.rows as u64;
            let health = ledger.health();
            assert_eq!((health.stored, health.known), (rows, if again { rows } else { 0 }), "{health:?}");
        };
        let fresh = self.put_and_flush(&ledger, &path);
        stored(false);
        let again = self.put_and_flush(&ledger, &path);
        stored(true);
        assert_eq!(ledger.shutdown_blocking(PATIENCE).waiting, 0);
        closed(&path);
        self.check(&path);
        [fresh, again]
    }

    fn put_and_flush(&self, ledger: &Ledger, path: &Path) -> Took {
        let put = self.put(path);
        Took::by(|| {
            put();
            let left = ledger.flush_blocking(PATIENCE);
            assert_eq!(left.waiting, 0, "{:?}", ledger.health());
        })
    }

    /// Puts the segments beside a spool, to be moved into it all at once.
    fn put(&self, path: &Path) -> impl FnOnce() {
        let (beside, spool) = (self.folder.path().join("put"), path.with_extension("db.spool"));
        fs::create_dir_all(&beside).unwrap();
        for (name, bytes) in &self.segments {
            fs::write(beside.join(name), bytes).unwrap();
        }
        move || {
            for (name, _) in &self.segments {
                fs::rename(beside.join(name), spool.join(name)).unwrap();
            }
        }
    }

    /// The rows that the lines come to, bound one by one to one prepared statement.
    fn plain(&self, name: &str, triggers: bool) -> Took {
        let path = self.path(name);
        fs::copy(&self.empty, &path).unwrap();
        let mut database = Connection::open(&path).unwrap();
        // As the store opens it.
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
            PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8000; \
            PRAGMA journal_size_limit = 67108864;";
        database.execute_batch(pragmas).unwrap();
        if !triggers {
            for name in read(&database, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
                let Value::Text(name) = &name[0] else { panic!("a trigger is called {name:?}") };
                database.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
            }
        }
        for model in &self.models {
            let sql = "INSERT INTO ai_model (id, modelname, version) VALUES (?, ?, ?)";
            database.execute(sql, params_from_iter(model)).unwrap();
        }
        let sql = format!(
            "INSERT INTO usage_log ({}) VALUES (?{})",
            self.columns.join(", "),
            ", ?".repeat(self.columns.len() - 1)
        );
        let took = Took::by(|| {
            for batch in self.rows.chunks(BATCH) {
                let transaction = database.transaction().unwrap();
                let mut insert = transaction.prepare_cached(&sql).unwrap();
                for row in batch {
                    assert_eq!(insert.execute(params_from_iter(row)).unwrap(), 1);
                }
                drop(insert);
                transaction.commit().unwrap();
            }
        });
        drop(database);
        self.check(&path);
        took
    }

    fn round(&self, number: usize) -> [Took; 4] {
        let mut round = [Took::default(); 4];
        for turn in 0..Variant::TURNS.len() {
            // Nobody always comes first.
            let name = format!("{number}-{turn}");
            match Variant::TURNS[(turn + number) % Variant::TURNS.len()] {
                Variant::Plain => round[0] = self.plain(&name, true),
                Variant::PlainWithoutTriggers => round[1] = self.plain(&name, false),
                Variant::Drain | Variant::Again => [round[2], round[3]] = self.drain(&name),
            }
            for entry in fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap) {
                if entry.file_name().to_string_lossy().starts_with(&name) && entry.file_type().unwrap().is_file() {
                    fs::remove_file(entry.path()).unwrap();
                }
            }
        }
        round
    }

    fn drains(&self) {
        let mut rounds: Vec<_> = (0..=self.size.rounds).map(|number| self.round(number)).collect();
        // It warms up.
        rounds.remove(0);
        let rows = self.size.rows as f64;
        println!(
            "| {} rows in batches of {BATCH} | rows/s | of the plain loop's | of that without triggers | of fresh lines' | CPU per row |",
            self.size.rows
        );
        println!("| --- | --- | --- | --- | --- | --- |");
        for (index, variant) in Variant::ALL.into_iter().enumerate() {
            let of = |other: usize| median(rounds.iter().map(|round| round[other].wall / round[index].wall));
            println!(
                "| {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.1} µs |",
                variant.name(),
                rows / median(rounds.iter().map(|round| round[index].wall)),
                of(0),
                of(1),
                of(2),
                median(rounds.iter().map(|round| round[index].cpu)) * 1e6 / rows,
            );
        }
    }

    /// One line after the other into a spool that nobody drains, beside the same bytes by one `write` each.
    fn appends(&self) {
        let lines: Vec<&[u8]> = self
            .segments
            .iter()
            .flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n'))
            .filter(|line| line.len() > 1)
            .collect();
        // Without the checksum, which the spool adds.
        let bare: Vec<Vec<u8>> = lines
            .iter()
            .map(|line| {
                let end = line.len() - 1 - line.iter().rev().position(|byte| *byte == b',').unwrap();
                [&line[..end], b"}"].concat()
            })
            .collect();
        let count = self.size.appends;
        let rounds: Vec<[Took; 2]> = (0..=self.size.rounds)
            .map(|number| {
                let folder = self.folder.path().join(format!("{number}.spool"));
                let spool = Spool::open(&folder, Options::default()).unwrap();
                let given: Vec<Vec<u8>> = bare.iter().cycle().take(count).cloned().collect();
                let append = || {
                    Took::by(|| {
                        for line in given {
                            assert_eq!(spool.append(line), Ok(Appended::Written));
                        }
                    })
                };
                let path = self.folder.path().join("written");
                let write = || {
                    let mut file = File::create(&path).unwrap();
                    Took::by(|| lines.iter().cycle().take(count).for_each(|line| file.write_all(line).unwrap()))
                };
                let round = if number % 2 == 0 {
                    let first = append();
                    [first, write()]
                } else {
                    let first = write();
                    [append(), first]
                };
                drop(spool);
                let appended: usize = fs::read_dir(&folder)
                    .unwrap()
                    .map(|entry| fs::read(entry.unwrap().path()).unwrap().iter().filter(|byte| **byte == b'\n').count())
                    .sum();
                assert_eq!(appended, count, "every line is in the folder");
                fs::remove_dir_all(&folder).unwrap();
                round
            })
            .skip(1)
            .collect();
        let micros = |index: usize| median(rounds.iter().map(|round| round[index].wall)) * 1e6 / count as f64;
        let bytes = lines.iter().map(|line| line.len()).sum::<usize>() / lines.len();
        println!(
            "\nappend of a line of {bytes} bytes: {:.2} µs, a plain write of it: {:.2} µs, ratio {:.2}",
            micros(0),
            micros(1),
            median(rounds.iter().map(|round| round[0].wall / round[1].wall)),
        );
    }
}

fn open(path: &Path) -> Ledger {
    let ledger = Ledger::builder(format!("sqlite://{}", path.display())).open().unwrap();
    assert!(ledger.ready_blocking(PATIENCE), "{:?}", ledger.health());
    ledger
}

/// Waits until nobody has a database open: the last connection takes its WAL away.
fn closed(path: &Path) {
    let wal = path.with_extension("db-wal");
    let began = Instant::now();
    while wal.exists() {
        assert!(began.elapsed() < PATIENCE, "the database is closed");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn read(database: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = database.prepare(sql).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Makes calls whose lines nobody drains, and takes the segments.
fn segments(folder: &Path, rows: usize) -> Vec<(String, Vec<u8>)> {
    let nowhere = format!("sqlite://{}/none/usage.db", folder.display());
    let recorder = Recorder::new().with_hosts(Hosts::default().name("127.0.0.1", "openai"));
    let ledger = Ledger::builder(nowhere).spool(folder).recorder(recorder).open().unwrap();
    let client = ClientBuilder::new(reqwest::Client::builder().no_proxy().build().unwrap())
        .with(ledger.reqwest_middleware())
        .with(Stub(wire::answer().into()))
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for number in 0..rows {
            let context = CallContext::new(["material_classification", "image_vision_analysis", "chat"][number % 3])
                .user(number % 211)
                .job(number / 20)
                .conversation(number / 5)
                .tag("image_id", format!("image-{number}"))
                .tag("section", "materials");
            let request =
                client.post("http://127.0.0.1:4/v1/chat/completions").header("content-type", "application/json");
            let mut response = request.body(wire::ASKED).with_extension(context).send().await.unwrap();
            while response.chunk().await.unwrap().is_some() {}
        }
    });
    assert!(ledger.shutdown_blocking(Duration::ZERO).waiting >= rows as u64, "nothing was drained");
    drop((client, ledger));
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let mut segments: Vec<_> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    segments.sort_unstable();
    let lines = segments.iter().flat_map(|(_, bytes)| bytes).filter(|byte| **byte == b'\n').count();
    assert_eq!(lines, rows, "one line for each call");
    segments
}

/// Answers instead of a server.
struct Stub(Bytes);

#[async_trait::async_trait]
impl Middleware for Stub {
    async fn handle(&self, _: Request, _: &mut http::Extensions, _: Next<'_>) -> reqwest_middleware::Result<Response> {
        let head = http::Response::builder().header("content-type", "application/json");
        Ok(head.body(Body::from(self.0.clone())).unwrap().into())
    }
}
