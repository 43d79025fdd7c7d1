//! The printed table: medians over the rounds of what was compared within each.

use crate::{
    measure::{Round, TOGETHER, median},
    support::{variants::Variant, wire},
};

type Cell = (&'static str, fn(&Columns<'_>) -> String);

const COLUMNS: [Cell; 8] = [
    ("CPU per call", |column| format!("{:+.1} µs", column.added(|round| round.call))),
    ("of reqwest-tracing's", |column| format!("{:.2}", column.of_reqwest_tracing(|round| round.call))),
    ("threads behind, per call", |column| format!("{:+.1} µs", column.added(|round| round.behind))),
    ("p50", |column| format!("{:+.1} µs", column.added(|round| round.call_p50))),
    ("throughput of plain", |column| format!("{:.2}", column.of_plain(|round| round.throughput))),
    ("CPU per stream", |column| format!("{:+.1} µs", column.added(|round| round.stream))),
    ("per chunk", |column| format!("{:+.3} µs", column.added(|round| round.stream - round.call) / wire::CHUNKS as f64)),
    ("to the first chunk", |column| format!("{:+.1} µs", column.added(|round| round.first_chunk_p50))),
];

/// One variant beside the plain client and reqwest-tracing.
struct Columns<'a> {
    rounds: &'a [Vec<Round>],
    index: usize,
}

const PLAIN: usize = 0;
const REQWEST_TRACING: usize = 2;

impl Columns<'_> {
    fn each(&self, value: impl Fn(&[Round]) -> f64) -> f64 {
        median(self.rounds.iter().map(|round| value(round)).collect())
    }

    fn added(&self, value: fn(&Round) -> f64) -> f64 {
        self.each(|round| value(&round[self.index]) - value(&round[PLAIN]))
    }

    fn of_plain(&self, value: fn(&Round) -> f64) -> f64 {
        self.each(|round| value(&round[self.index]) / value(&round[PLAIN]))
    }

    fn of_reqwest_tracing(&self, value: fn(&Round) -> f64) -> f64 {
        self.each(|round| {
            let added = |index: usize| value(&round[index]) - value(&round[PLAIN]);
            added(self.index) / added(REQWEST_TRACING)
        })
    }
}

pub(crate) fn print(rounds: &[Vec<Round>]) {
    let plain = Columns { rounds, index: PLAIN };
    let own = |value: fn(&Round) -> f64| plain.each(|round| value(&round[PLAIN]));
    println!(
        "plain reqwest: CPU {:.1} µs and p50 {:.1} µs per JSON call, {:.0} calls/s ({TOGETHER} at a time), CPU {:.0} µs per stream of {} chunks, first chunk after {:.1} µs\n",
        own(|round| round.call),
        own(|round| round.call_p50),
        own(|round| round.throughput),
        own(|round| round.stream),
        wire::CHUNKS,
        own(|round| round.first_chunk_p50),
    );
    println!("| added to plain reqwest | {} |", COLUMNS.map(|(title, _)| title).join(" | "));
    println!("| --- |{}", " --- |".repeat(COLUMNS.len()));
    for (index, variant) in Variant::ALL.into_iter().enumerate().skip(1) {
        let cells = COLUMNS.map(|(_, cell)| cell(&Columns { rounds, index }));
        println!("| {} | {} |", variant.name(), cells.join(" | "));
    }
}
