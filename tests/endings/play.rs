//! Plays one ending through one way in, watched or not, and notes all that the caller and the server saw.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, header};
use spanledger::Ledger;
use tokio::time::timeout;

use crate::{
    table::{Caller, Ending},
    wire::{Answer, Ask, Asked, Failure, Head, Http, Piece, Rest, Script, Setup, Way},
};

const SOON: Duration = Duration::from_secs(20);
const BODY: &str = r#"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Which wood?"}]}"#;

/// What the caller saw, and what the server was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) head: Option<Head>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) failure: Option<Failure>,
    /// What the body said of the rest when it was dropped.
    pub(crate) dropped: Option<Rest>,
    pub(crate) upgraded: Option<String>,
    pub(crate) panicked: bool,
    pub(crate) asked: Vec<Asked>,
}

/// Plays an ending.
pub(crate) async fn play(script: &Script, ending: &Ending, way: &Way, http: Http, ledger: Option<&Ledger>) -> Seen {
    script.play((ending.replies)());
    let setup = Setup { http, ledger, retry: ending.retry };
    let host = if ending.caller == Caller::CallsNobody { "127.0.0.1:9".to_owned() } else { script.host() };
    let ask = Ask {
        url: format!("http://{host}/v1/chat/completions?beta=1"),
        headers: asked_with(ending.caller, http),
        body: BODY.into(),
    };
    let sending = (way.send)(&setup, &ask);
    let mut seen = Seen::default();
    let reading = async {
        match (ending.caller, sending) {
            (Caller::LeavesBeforeTheHead, sending) => tokio::select! {
                biased;
                _ = sending => panic!("the head is held back"),
                () = script.arrived() => {}
            },
            (caller, sending) => match sending.await {
                Ok(answer) => read(script, caller, answer, &mut seen).await,
                Err(failure) => seen.failure = Some(failure),
            },
        }
    };
    let played = timeout(SOON, AssertUnwindSafe(reading).catch_unwind()).await.expect("every step is taken at once");
    seen.panicked = played.is_err();
    seen.asked = script.asked();
    seen
}

fn asked_with(caller: Caller, http: Http) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::AUTHORIZATION, HeaderValue::from_static("Bearer none")),
        (header::TE, HeaderValue::from_static("trailers")),
    ]);
    if caller == Caller::Upgrades {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("echo"));
    } else if http == Http::One {
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    headers
}

async fn read(script: &Script, caller: Caller, mut answer: Answer, seen: &mut Seen) {
    seen.head = Some(answer.head());
    let chunks = match caller {
        Caller::Upgrades => {
            seen.upgraded = Some(answer.ping().await);
            return;
        }
        Caller::Reads(chunks) | Caller::Panics(chunks) => chunks,
        _ => usize::MAX,
    };
    for _ in 0..chunks {
        // The next chunk is not sent before this one is here.
        script.allow();
        match answer.next().await {
            Ok(Piece::End(rest)) => {
                seen.pieces.push(Piece::End(rest));
                break;
            }
            Ok(piece) => seen.pieces.push(piece),
            Err(failure) => {
                seen.failure = Some(failure);
                break;
            }
        }
    }
    if let Caller::Panics(_) = caller {
        std::panic::resume_unwind(Box::new("the caller"));
    }
    seen.dropped = Some(answer.dropped());
}
