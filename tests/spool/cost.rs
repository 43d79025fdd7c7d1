//! What an append costs: `cargo test --release --test spool -- --ignored --nocapture cost`.

use std::{hint::black_box, io::Write, thread};

use super::*;

const LINES: u32 = 200_000;

fn two_kilobytes() -> Vec<u8> {
    format!("{{\"n\":1,\"x\":\"{}\"}}", "x".repeat(2_000)).into_bytes()
}

/// Interleaved rounds; the median of each.
fn rounds(name: &str, mut round: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<_> = (0..7).map(|_| round() / LINES).collect();
    all.sort();
    println!("{name:40} {:?} ({:?} to {:?})", all[3], all[0], all[6]);
    all[3]
}

#[test]
#[ignore = "a measurement"]
fn an_append_costs_little_more_than_its_write() {
    let line = two_kilobytes();
    rounds("write(2) of 2 KB alone", || {
        let mut file = tempfile::tempfile().unwrap();
        let began = Instant::now();
        for _ in 0..LINES {
            file.write_all(black_box(&line)).unwrap();
        }
        began.elapsed()
    });
    rounds("append of 2 KB, one thread", || {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(folder.path());
        let mut took = Duration::ZERO;
        for _ in 0..LINES {
            let line = black_box(line.clone());
            let began = Instant::now();
            spool.append(line).unwrap();
            took += began.elapsed();
        }
        took
    });
    rounds("append of 2 KB, four threads, per line", || {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(folder.path());
        let began = Instant::now();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..LINES / 4).for_each(|_| assert!(spool.append(black_box(line.clone())).is_ok())));
            }
        });
        began.elapsed()
    });
    rounds("append of 2 KB while draining", || {
        let folder = tempfile::tempdir().unwrap();
        let (spool, store) = (spool(folder.path()), Arc::new(Memory::default()));
        let drain = start(&spool, &store);
        assert!(drain.ready_blocking(SOON));
        let mut took = Duration::ZERO;
        for _ in 0..LINES {
            let line = black_box(line.clone());
            let began = Instant::now();
            spool.append(line).unwrap();
            took += began.elapsed();
        }
        assert_eq!(drain.flush_blocking(SOON).waiting, 0);
        took
    });
}
