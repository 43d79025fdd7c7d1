//! The reverse proxy, for large answers and requests: it holds none of them.

use http::{Request, header};
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use spanledger::{Hosts, PriceBook, proxy};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::timeout};

use crate::{
    answers::{ASKED, document},
    bench::{KIB, MIB, SOON, alone, begin, most_since},
    pattern::Pattern,
    requests::{ANSWER, PROMPTS},
    server::{Exchange, Large},
    wire::{Book, Payload},
};

/// What three HTTP connections' buffers take in one process, two of which the proxy holds, and our parsers.
const BOUND: usize = 4 * MIB;

#[tokio::test]
async fn large_answers_and_requests_pass_the_proxy_and_are_never_held() {
    let _alone = alone().await;
    PriceBook::bundled().warm();
    let _ = spanledger::estimate::tokens("what estimates count by");
    let large = Large::start().await;
    let book = Book::open(Hosts::default().name(large.host(), "openai"));
    let app = proxy::app(&book.ledger, format!("http://{}", large.host()).parse().unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut served = JoinSet::new();
    let (stop, stopped) = oneshot::channel::<()>();
    served.spawn(proxy::serve(listener, app, async { stopped.await.unwrap() }, SOON));

    let path = "/v1/chat/completions";
    let prompt = PROMPTS[1].pattern();
    let exchange = |asked: Pattern, answer: Pattern| Exchange {
        path,
        asked,
        content_type: "application/json",
        encoding: None,
        answer,
    };
    let exchanges = [
        ("warm up", exchange(Pattern::default().then(ASKED), Pattern::default().then(ANSWER)), MIB),
        ("an answer of 100 MiB", exchange(Pattern::default().then(ASKED), document(100 * MIB)), BOUND),
        ("a request of 20 MiB", exchange(prompt.clone(), Pattern::default().then(ANSWER)), BOUND),
    ];
    for (what, exchange, bound) in &exchanges {
        large.prepare(exchange);
        let before = begin();
        let pieces = exchange.asked.clone();
        let request = Request::post(format!("{url}{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Payload::pieces(move || pieces.pieces()).body())
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = timeout(SOON, client.request(request)).await.unwrap().unwrap();
        let mut body = answer.into_body();
        let mut expected = exchange.answer.expect();
        while let Some(frame) = body.frame().await {
            expected.came(&frame.unwrap().into_data().unwrap());
        }
        expected.ended();
        let held = most_since(before);
        println!("{what} through the proxy: {} KiB, of client, proxy and server together", held / KIB);
        assert!(held < *bound, "{what}: {} KiB", held / KIB);
        assert_eq!(large.asked(), 1, "{what}: the request came once, byte for byte");
    }
    stop.send(()).unwrap();
    timeout(SOON, served.join_next()).await.expect("it stops").unwrap().unwrap();
    let rows = book.rows().await;
    assert_eq!(rows.len(), exchanges.len());
    for row in &rows {
        assert_eq!((row.text("request_model"), row.text("ending")), ("gpt-4o-mini", "complete"));
        assert_eq!((row.counts().input, row.counts().output), (Some(24), Some(9)));
    }
}
