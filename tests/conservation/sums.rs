//! The sums by hours cannot be brought up to date.

use serde_json::json;

use crate::{
    calls::SOON,
    hostile::span,
    oracle,
    world::{World, eventually},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_that_cannot_be_brought_up_to_date_are_said_once_and_reports_read_the_rows() {
    let world = World::new().await;
    let (ledger, _) = world.open();
    assert!(ledger.ready(SOON).await);
    let owner = oracle::open(&world.database);
    owner
        .execute_batch("CREATE TRIGGER stuck BEFORE INSERT ON usage_hour BEGIN SELECT RAISE(ABORT, 'stuck'); END")
        .unwrap();
    let lines: Vec<_> = (1..=20).map(|id| span(id, "1790000000000000000", "1790000001000000000", &json!({}))).collect();
    std::fs::write(world.spool.join("of-an-hour-that-is-over.jsonl"), lines.concat()).unwrap();
    eventually("it is said", || !world.told().is_empty()).await;
    let calls = |sql: &str| owner.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(calls("SELECT sum(calls) FROM report_hour"), 20);
    assert_eq!(calls("SELECT count(*) FROM usage_hour"), 0);

    owner.execute_batch("DROP TRIGGER stuck").unwrap();
    eventually("it is said that it is over", || world.told().len() > 1).await;
    assert_eq!(calls("SELECT sum(calls) FROM usage_hour"), 20);
    assert_eq!(world.told(), ["began", "ended"].map(|state| format!("spanledger.drain.rollups {state}")));
}
