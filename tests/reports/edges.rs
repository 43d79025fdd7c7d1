//! Ledgers at the edge of what reports can meet.

use serde_json::{Value, json};
use spanledger::{
    CallContext,
    call::Usd,
    report::{REPORTS, unpriced},
};

use super::{Made, call, column, failed, known, pico, spent, with};

#[tokio::test]
async fn an_empty_ledger_has_no_answers_and_nothing_of_it_is_wrong() {
    let ledger = Made::empty().await;
    for report in REPORTS {
        let table = ledger.report(report).await;
        let rows = match report.name {
            "summary" => 1,
            "confidence_histogram" => 10,
            _ => 0,
        };
        assert_eq!(table.rows.len(), rows, "{}", report.name);
        assert_eq!(unpriced(&table), None, "{}", report.name);
    }
    let summary = ledger.named("summary").await;
    let zeros =
        ["calls", "errors", "unpriced", "estimated"].map(|name| column(&summary, name).len()).iter().sum::<usize>();
    assert_eq!(summary.rows[0].iter().filter(|value| **value == json!(0)).count(), zeros, "{summary:?}");
    assert_eq!(summary.rows[0].iter().filter(|value| value.is_null()).count(), summary.columns.len() - zeros);
    let histogram = ledger.named("confidence_histogram").await;
    assert_eq!(column(&histogram, "count"), [0; 10]);
    assert!(column(&histogram, "share").iter().all(|share| share.is_null()), "a share of nothing is unknown");
}

#[tokio::test]
async fn costs_that_nobody_knows_are_never_shown_as_zero() {
    let calls = (1..=3).map(|number| {
        let context = CallContext::new("t").user(1).job("j").conversation("v").configuration("c").tag("image", 1);
        with(spent(call(number, 60), "m", (10, 10), None), context)
    });
    let ledger = Made::of(calls).await;
    for report in REPORTS {
        let table = ledger.report(report).await;
        for name in table.columns.iter().filter(|name| name.ends_with("_usd")) {
            assert!(column(&table, name).iter().all(|cost| cost.is_null()), "{} {name}", report.name);
        }
        if table.columns.iter().any(|name| name == "unpriced") && !table.rows.is_empty() {
            let note = "3 of 3 calls could not be priced: what they cost is not in the sums";
            assert_eq!(unpriced(&table).as_deref(), Some(note), "{}", report.name);
        }
    }
}

#[tokio::test]
async fn every_report_that_sums_costs_says_how_many_calls_are_not_in_the_sum() {
    let ledger = Made::empty().await;
    for report in REPORTS {
        let columns = ledger.report(report).await.columns;
        let has = |name: &str| columns.iter().any(|column| column == name);
        assert!(!has("cost_usd") || has("unpriced"), "{}", report.name);
    }
}

#[tokio::test]
async fn sums_beyond_nine_million_dollars_are_exact() {
    let calls = (1..=3).map(|number| {
        let context = CallContext::new("t").user(1).job("j").conversation("v").configuration("c").tag("image", 1);
        let mut call = with(spent(call(number, 60), "dear", (10, 10), None), context);
        call.cost.total = Some(Usd::from_pico(i64::MAX));
        call
    });
    let ledger = Made::of(calls).await;
    let whole = 3 * i128::from(i64::MAX);
    for report in REPORTS {
        let table = ledger.report(report).await;
        if table.columns.iter().any(|name| name == "cost_usd") {
            let sum: i128 = column(&table, "cost_usd").into_iter().filter_map(pico).sum();
            let expected = if table.rows.is_empty() { 0 } else { whole };
            assert_eq!(sum, expected, "{}", report.name);
        }
    }
    let running = ledger.named("job_steps").await;
    assert_eq!(*column(&running, "running_cost_usd")[2], json!("27670116.110564327421"));
}

#[tokio::test]
async fn what_ties_is_in_one_order_whoever_came_first() {
    let calls = |numbers: &[u64]| {
        let call = |number: &u64| {
            let context =
                CallContext::new("t").user(number % 3).job(number % 4).conversation(number % 2).tag("n", *number);
            let model = ["a", "b"][usize::try_from(number % 2).unwrap()];
            let call = with(spent(call(*number, 60), model, (10, 10), Some("0.5")), context);
            if number.is_multiple_of(5) {
                failed(call, ["x", "y"][usize::try_from(number % 2).unwrap()], "no")
            } else {
                call
            }
        };
        numbers.iter().map(call).collect::<Vec<_>>()
    };
    let up: Vec<u64> = (1..=30).collect();
    let down: Vec<u64> = up.iter().rev().copied().collect();
    let (up, down) = (Made::of(calls(&up)).await, Made::of(calls(&down)).await);
    for report in REPORTS {
        assert_eq!(up.report(report).await, down.report(report).await, "{}", report.name);
    }
}

#[tokio::test]
async fn what_lies_over_other_calls_changes_no_report() {
    let ledger = known::ledger().await;
    let mut before = Vec::new();
    for report in REPORTS {
        before.push(ledger.report(report).await);
    }
    // One that is in another hour, of another model, and slower than all.
    ledger
        .change(
            "INSERT INTO usage_log (id, trace_id, span_id, started_at, ended_at, provider, operation, request_model, job_id,
                user_id, tags, streamed, usage_source, input_tokens, output_tokens, cost_picousd, confidence_score, action,
                duration_ms, status, ending, error_message, configuration_id, billable, mapping_version, extra, created_at,
                updated_at, source_rank, content_hash)
             VALUES ('wrapper', 'none', 'none', '2026-05-01 00:00:00.000000', '2026-05-01 00:00:01.000000', 'rig', 'chat',
                'huge', 'job-1', 'ada', '{\"image\": 1}', 1, 'none', 1, 1, 99, 0.1, 'use_ai_result',
                1e9, 'success', 'complete', NULL, 'c-1', 0, 1, '{}', '', '', 2, 0)",
        )
        .await;
    for (report, before) in REPORTS.iter().zip(before) {
        assert_eq!(ledger.report(report).await, before, "{}", report.name);
    }
}

#[tokio::test]
async fn a_rate_over_nothing_is_unknown() {
    let ledger = Made::of([spent(call(1, 0), "m", (10, 10), Some("0.5"))]).await;
    assert_eq!(column(&ledger.named("fallback_by_model").await, "fallback_rate"), [&Value::Null]);
    assert_eq!(column(&ledger.named("cache_share").await, "cache_share"), [&Value::Null]);
    let mut judged = spent(call(2, 0), "m", (10, 10), Some("0.5"));
    judged.trust.confidence = Some(spanledger::Confidence::new(0.1));
    let answers = Made::of([judged]).await.named("cost_per_answer").await;
    assert_eq!(column(&answers, "cost_per_used_usd"), [&Value::Null]);
    assert_eq!(column(&answers, "cost_usd"), [&json!("0.5")]);
}

#[tokio::test]
async fn numbers_that_no_provider_means_spoil_no_report() {
    let context = || CallContext::new("t").user(1).job("j").conversation("v").configuration("c").tag("image", 1);
    let calls = (1..=3).map(|number| {
        let mut call = with(spent(call(number, 60), "m", (u64::MAX, 1 << 62), Some("0.5")), context());
        call.duration = Some(std::time::Duration::MAX);
        call.time_to_first_chunk = Some(std::time::Duration::MAX);
        call
    });
    let ledger = Made::of(calls).await;
    for report in REPORTS {
        ledger.report(report).await;
    }
}
