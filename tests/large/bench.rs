//! The same call with us and without us, and the most memory that each held.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use peak_alloc::PeakAlloc;
use spanledger::{CallContext, Hosts, Ledger, PriceBook};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    server::{Exchange, Large},
    support::Row,
    wire::{Answer, Ask, Book, Http, Payload, Piece, Retry, Setup, Way},
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

pub(crate) const KIB: usize = 1 << 10;
pub(crate) const MIB: usize = 1 << 20;

/// Long enough for a machine under load, and never waited for when all is well.
pub(crate) const SOON: Duration = Duration::from_secs(120);

/// What all tests here share is the memory: one after the other.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Waits until no other test measures.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// A server and a ledger.
pub(crate) struct Bench {
    pub(crate) large: Large,
    pub(crate) book: Book,
    tasks: usize,
    _alone: MutexGuard<'static, ()>,
}

/// The row of a call, and what the call held more with us than without us.
pub(crate) struct Measured {
    pub(crate) row: Row,
    pub(crate) held: usize,
}

impl Bench {
    /// A server that is known as this provider.
    pub(crate) async fn new(provider: &'static str) -> Self {
        let alone = alone().await;
        let large = Large::start().await;
        let book = Book::open(Hosts::default().name(large.host(), provider));
        let mut bench = Self { large, book, tasks: 0, _alone: alone };
        bench.warm_up().await;
        bench
    }

    /// What is made once and kept: prices, the vocabulary of estimates, the database.
    async fn warm_up(&mut self) {
        // A thread would do it soon, and in the middle of a measurement.
        PriceBook::bundled().warm();
        let _ = spanledger::estimate::tokens("what estimates count by");
        let exchange = Exchange { path: "/v1/chat/completions", ..Exchange::default() };
        for way in crate::wire::WAYS {
            self.measure(way, &exchange, &Payload::from("")).await;
        }
    }

    /// Makes a call without us and with us.
    pub(crate) async fn measure(&mut self, way: &Way, exchange: &Exchange, asked: &Payload) -> Measured {
        let without = self.held(way, exchange, asked, None).await;
        let ledger = self.book.ledger.clone();
        let task = format!("call {}", self.tasks);
        self.tasks += 1;
        let watched = CallContext::new(&task).scope(self.held(way, exchange, asked, Some(&ledger)));
        let with = watched.await;
        let row = self.book.rows().await.into_iter().find(|row| row.text("task") == task).expect("a row");
        assert_eq!(row.text("ending"), "complete", "{}", way.name);
        Measured { row, held: with.saturating_sub(without) }
    }

    /// The most memory that a call held beyond what was held before, in bytes.
    async fn held(&self, way: &Way, exchange: &Exchange, asked: &Payload, ledger: Option<&Ledger>) -> usize {
        self.large.prepare(exchange);
        let setup = Setup { http: Http::One, ledger, retry: Retry::Nowhere };
        let content_type = HeaderValue::from_static("application/json");
        let ask = Ask {
            url: format!("http://{}{}", self.large.host(), exchange.path),
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]),
            body: asked.clone(),
        };
        let sending = (way.send)(&setup, &ask);
        // The client is built: what follows is the call.
        let before = begin();
        read(sending.await.unwrap_or_else(|failure| panic!("{}: {failure:?}", way.name)), exchange).await;
        let held = most_since(before);
        self.large.closed().await;
        assert_eq!(self.large.asked(), 1, "{}: the request came once, byte for byte", way.name);
        held
    }
}

/// Reads the answer, which is what was sent, byte for byte, and lets go of each piece.
async fn read(mut answer: Answer, exchange: &Exchange) {
    let mut expected = exchange.answer.expect();
    loop {
        match answer.next().await.expect("nothing breaks") {
            Piece::Data(data, _) => expected.came(&data),
            Piece::Trailers(..) => {}
            Piece::End(_) => return expected.ended(),
        }
    }
}

/// What is held now, in bytes.
pub(crate) fn held_now() -> usize {
    MEMORY.current_usage()
}

/// Begins to look for the most that is held.
pub(crate) fn begin() -> usize {
    MEMORY.reset_peak_usage();
    MEMORY.current_usage()
}

/// The most that was held since it began, beyond what was held then.
pub(crate) fn most_since(before: usize) -> usize {
    MEMORY.peak_usage().saturating_sub(before)
}
