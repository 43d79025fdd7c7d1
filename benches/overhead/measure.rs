//! What is measured in one round of one variant.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;

use crate::support::{
    variants::{Client, Setup},
    wire,
};

/// How much is done in a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) rounds: usize,
    pub(crate) calls: usize,
    pub(crate) streams: usize,
    pub(crate) at_once: usize,
}

/// How many calls are under way together, where it is the throughput that counts.
pub(crate) const TOGETHER: usize = 64;

/// What came out of one round. Times are in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Round {
    /// CPU time of the calling thread per JSON call.
    pub(crate) call: f64,
    /// CPU time of all other threads of the process per JSON call.
    pub(crate) behind: f64,
    pub(crate) call_p50: f64,
    /// CPU time of the calling thread per stream.
    pub(crate) stream: f64,
    pub(crate) first_chunk_p50: f64,
    /// Calls per second, [`TOGETHER`] at a time.
    pub(crate) throughput: f64,
}

fn cpu(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// The CPU time of this thread and of the other ones.
fn clocks() -> (f64, f64) {
    let this = cpu(ClockId::ThreadCPUTime);
    (this, cpu(ClockId::ProcessCPUTime) - this)
}

fn median_micros(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One call after the other, on this thread.
pub(crate) async fn sequential(client: &Client, url: &str, size: Size, setup: &Setup, round: &mut Round) {
    let mut times = Vec::with_capacity(size.calls);
    let before = clocks();
    for _ in 0..size.calls {
        let began = Instant::now();
        let answer = client.post(url, wire::ASKED).await.bytes().await.unwrap();
        times.push(began.elapsed());
        assert!(answer.len() > 1_000);
    }
    let after = clocks().0;
    setup.flush();
    let count = size.calls as f64;
    round.call = (after - before.0) / count;
    round.behind = (clocks().1 - before.1) / count;
    round.call_p50 = median_micros(times);

    let mut times = Vec::with_capacity(size.streams);
    let before = clocks().0;
    for _ in 0..size.streams {
        let began = Instant::now();
        let mut response = client.post(url, wire::ASKED_STREAM).await;
        let mut chunks = 0;
        while response.chunk().await.unwrap().is_some() {
            if chunks == 0 {
                times.push(began.elapsed());
            }
            chunks += 1;
        }
        assert!(chunks > wire::CHUNKS, "the chunks came together: {chunks}");
    }
    round.stream = (clocks().0 - before) / size.streams as f64;
    round.first_chunk_p50 = median_micros(times);
    setup.flush();
}

/// Many calls at a time, on the runtime's threads.
pub(crate) async fn together(client: &Client, url: &str, size: Size, round: &mut Round) {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..TOGETHER {
        let (client, url, count) = (client.clone(), url.to_owned(), size.at_once / TOGETHER);
        tasks.spawn(async move {
            for _ in 0..count {
                assert!(client.post(&url, wire::ASKED).await.bytes().await.unwrap().len() > 1_000);
            }
        });
    }
    tasks.join_all().await;
    round.throughput = (size.at_once / TOGETHER * TOGETHER) as f64 / began.elapsed().as_secs_f64();
}
