use std::fs;

use spanledger::{
    PriceBook, Recorder,
    call::{Ending, Record, Timestamp},
    store::{
        Store,
        reprice::{Reprice, Selection},
        sqlite::Sqlite,
    },
};

use super::{NOON, blocking, call, ledger_with, record, recorded, seen};

const FILE: &str = "[[price]]\nprovider = \"ollama\"\nmodel = \"llama3.1*\"\ninput = \"0.15\"\noutput = \"0.60\"\n
[[price]]\nprovider = \"openai\"\nmodel = \"gpt-4o\"\ninput = \"2\"\noutput = \"8\"\n";

#[test]
fn what_changes_is_shown_first_then_written_and_then_there_is_nothing_left() {
    let ledger = ledger_with(vec![
        call(0, "openai", "gpt-4o", [1_000_000, 100_000]),
        call(1, "ollama", "llama3.1:8b", [2_000_000, 10]),
        call(2, "ollama", "llama3.1:8b", [1000, 10]),
        call(3, "openai", "gpt-4o-mini", [1000, 10]),
    ]);
    fs::write(ledger.path().join("prices.toml"), FILE).unwrap();
    let all = ["reprice", "--since", "2026-11-01", "--prices", "prices.toml"];
    insta::assert_snapshot!("reprice_dry", seen(ledger.path(), &[&all[..], &["--dry-run"]].concat()));
    insta::assert_snapshot!("reprice", seen(ledger.path(), &all));
    insta::assert_snapshot!("reprice_again", seen(ledger.path(), &all));
    insta::assert_snapshot!("reprice_without_file", seen(ledger.path(), &all[..3]));
    insta::assert_snapshot!("reprice_no_time", seen(ledger.path(), &all[..1]));
}

#[test]
fn reports_show_the_new_prices_at_once() {
    let ledger = ledger_with(vec![
        call(0, "openai", "gpt-4o", [1_000_000, 0]),
        call(48, "openai", "gpt-4o", [2_000_000, 0]),
        call(49, "ollama", "llama3.1:8b", [1_000_000, 0]),
    ]);
    fs::write(ledger.path().join("prices.toml"), FILE).unwrap();
    let sums_by_hours = || {
        blocking(async {
            let store = Sqlite::open(ledger.path().join("usage.db"), false).unwrap();
            while store.roll_up(Timestamp::from_micros(i64::MAX)).await.unwrap() {}
            store.close().await;
        });
    };
    sums_by_hours();
    let by_model =
        |columns: &str| seen(ledger.path(), &["report", "spend_by_model", "--columns", columns, "--format", "csv"]);
    let columns = "model,cost_usd,unpriced";
    assert!(by_model(columns).contains("gpt-4o,7.5,0\nllama3.1:8b,,1\n"), "{}", by_model(columns));
    let all = ["reprice", "--since", "2026-11-01", "--prices", "prices.toml"];
    assert!(seen(ledger.path(), &all).contains("3 of 3 rows changed: -1.35 USD."), "{}", seen(ledger.path(), &all));
    for _ in 0..2 {
        assert!(by_model(columns).contains("gpt-4o,6,0\nllama3.1:8b,0.15,0\n"), "{}", by_model(columns));
        sums_by_hours();
    }
}

#[test]
fn a_call_that_others_lie_under_is_priced_anew_and_in_no_sum() {
    let [mut agent, mut chat] = [0, 1].map(|hour| call(hour, "openai", "gpt-4o", [1_000_000, 0]));
    agent.identity.span_id = 1.into();
    (chat.identity.span_id, chat.identity.parent_span_id) = (2.into(), Some(1.into()));
    let records = [agent, chat].map(|mut call| {
        call.identity.trace_id = 7.into();
        Record::Call(Box::new(call))
    });
    let ledger = ledger_with(Vec::new());
    blocking(async {
        let store = Sqlite::open(ledger.path().join("usage.db"), false).unwrap();
        store.insert(&records).await.unwrap();
        store.close().await;
    });
    fs::write(ledger.path().join("prices.toml"), FILE).unwrap();
    let told = seen(ledger.path(), &["reprice", "--since", "2026-11-01", "--prices", "prices.toml"]);
    assert!(told.contains("2 of 2 rows changed: -0.5 USD."), "as the report: 2.5 before, 2 now: {told}");
    assert!(told.contains("1 of them: others lie under"), "{told}");
}

/// Where the recordings are at hand; the rows of our own fixtures are compared beside the code.
#[test]
fn a_stored_exchange_has_the_price_that_it_had_live() {
    let Some(exchanges) = recorded::all() else {
        println!("{}", recorded::NONE);
        return;
    };
    let recorder = Recorder::new();
    let calls = exchanges.iter().zip(1i64..).filter_map(|(exchange, number)| {
        let whole = vec![exchange.response_body.as_ref()];
        exchange.inspect(&recorder, whole, Ending::Complete, Timestamp::from_micros(NOON + number))
    });
    let records: Vec<_> = calls.zip(1u64..).map(|(call, number)| record(call, number)).collect();
    assert!(records.len() > 100, "{}", records.len());
    let folder = tempfile::tempdir().unwrap();
    let (seen, stated, changes) = blocking(async {
        let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        store.insert(&records).await.unwrap();
        let book = PriceBook::bundled();
        let mut reprice = Reprice::new(&store, &book, Selection::default(), false);
        let (mut seen, mut stated, mut changes) = (0, 0, Vec::new());
        while let Some(batch) = reprice.step().await.unwrap() {
            seen += batch.seen;
            stated += batch.stated;
            changes.extend(batch.changes);
        }
        (seen, stated, changes)
    });
    println!("{seen} rows read back, {stated} of them with a cost of the provider's");
    assert_eq!((seen as usize, changes), (records.len(), vec![]));
    assert!(stated < seen / 2);
}
