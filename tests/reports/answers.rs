//! Every report's answer about the known ledger. A report without one fails here.
//!
//! What three teams wanted is among them. A pipeline: cost, tokens, model and latency per step with a running total
//! (`job_steps`), cost per image split by model with a total (`cost_per_tag`, `spend_by_tag_and_model`), model usage
//! (`spend_by_model`), confidence (`confidence`, `confidence_histogram`), latency (`latency_by_model`), fallbacks
//! (`fallback_by_task`). A queue with configurations: `spend_by_configuration`, `configured_models`, `failed_spend`. A usage
//! log for billing: `spend_by_user`, `spend_by_day`, `spend_by_month`, `errors`, `slowest`.

use std::{fs, path::Path};

use serde_json::Value;
use spanledger::{
    report::{Filter, REPORTS, Range, Report, Scope, streams_without_usage},
    store::{Query, Store},
};

use super::{column, known, text};

#[tokio::test]
async fn every_report_knows_the_known_ledger() {
    let ledger = known::ledger().await;
    for report in REPORTS {
        let table = ledger.report(report).await;
        assert!(!table.rows.is_empty(), "{}: the known ledger has nothing for it", report.name);
        insta::assert_snapshot!(report.name, text(&table), report.about());
    }
}

/// Only what the program adds is missing: amounts are still two numbers, and nothing is left out at the end of a long list.
#[tokio::test]
async fn every_report_can_be_run_by_hand_as_it_stands() {
    let ledger = known::ledger().await;
    for report in REPORTS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/report/{}.sql", report.name));
        let sql: &'static str = fs::read_to_string(file).unwrap().leak();
        let by_hand = ledger.store.query(&Query::new(sql)).await.unwrap();
        let asked = ledger.report(report).await;
        for name in asked.columns.iter().filter(|name| by_hand.columns.contains(name)) {
            // By hand, periods are days.
            if !["spend_by_hour", "spend_by_month"].contains(&report.name) {
                assert_eq!(column(&by_hand, name), column(&asked, name), "{} {name}", report.name);
            }
        }
    }
}

#[tokio::test]
async fn a_report_by_tags_shows_only_those_that_are_asked_for() {
    let ledger = known::ledger().await;
    let ask = async |tagged: &[&str], tags: &[(&str, &str)]| {
        let mut filter = tags.iter().fold(Filter::default(), |filter, (name, value)| filter.tag(*name, value));
        filter.tagged = tagged.iter().map(|&name| name.to_owned()).collect();
        let table = Report::find("spend_by_tag").unwrap().run(&ledger.store, &filter.into()).await.unwrap();
        let pairs = column(&table, "tag").into_iter().zip(column(&table, "value"));
        pairs.map(|(tag, value)| format!("{}={}", word(tag), word(value))).collect::<Vec<_>>()
    };
    assert_eq!(ask(&[], &[]).await, ["image=2", "image=1", "image=3", "urgent=true"]);
    assert_eq!(ask(&["image"], &[]).await, ["image=2", "image=1", "image=3"]);
    assert_eq!(ask(&["urgent"], &[("image", "1")]).await, ["urgent=true"]);
    assert_eq!(ask(&[], &[("urgent", "true")]).await, ["image=1", "urgent=true"]);
    assert_eq!(ask(&["nothing"], &[]).await, [""; 0]);
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

#[tokio::test]
async fn streams_that_tell_no_usage_are_counted_in_the_scope_that_is_asked_for() {
    let ledger = known::ledger().await;
    let ask = async |scope: Scope| streams_without_usage(&ledger.store, &scope).await.unwrap();
    let told = ask(Scope::default()).await.unwrap();
    assert!(told.starts_with("1 stream tells no usage: ask for it with \"stream_options\""), "{told}");
    assert_eq!(ask(Filter::default().user("bob").model("gpt-4o").into()).await, Some(told));
    assert_eq!(ask(Filter::default().user("ada").into()).await, None);
    let until = Range { since: None, until: Some(super::call(0, 24 * 3600).started_at) };
    assert_eq!(ask(until.into()).await, None);
}

#[tokio::test]
async fn a_list_ends_where_it_is_asked_to() {
    let ledger = known::ledger().await;
    let mut scope = Scope::default();
    scope.limit = Some(2);
    let slowest = Report::find("slowest").unwrap().run(&ledger.store, &scope).await.unwrap();
    assert_eq!(column(&slowest, "duration_ms"), [6000.0, 4000.0]);
}

#[tokio::test]
async fn each_condition_keeps_to_the_calls_that_have_its_value() {
    type Condition = (&'static str, fn(&mut Filter) -> &mut Option<String>);
    let ledger = known::ledger().await;
    let conditions: [Condition; 17] = [
        ("provider", |filter| &mut filter.provider),
        ("model", |filter| &mut filter.model),
        ("task", |filter| &mut filter.task),
        ("user_id", |filter| &mut filter.user_id),
        ("configuration_id", |filter| &mut filter.configuration_id),
        ("status", |filter| &mut filter.status),
        ("operation", |filter| &mut filter.operation),
        ("conversation_id", |filter| &mut filter.conversation_id),
        ("job_id", |filter| &mut filter.job_id),
        ("variant", |filter| &mut filter.variant),
        ("service_name", |filter| &mut filter.service_name),
        ("environment", |filter| &mut filter.environment),
        ("action", |filter| &mut filter.action),
        ("pricing_status", |filter| &mut filter.pricing_status),
        ("usage_source", |filter| &mut filter.usage_source),
        ("ending", |filter| &mut filter.ending),
        ("error_type", |filter| &mut filter.error_type),
    ];
    for (name, field) in conditions {
        let sql: &'static str = format!(
            "SELECT {name} AS value, count(*) AS calls FROM report_call WHERE value IS NOT NULL GROUP BY value"
        )
        .leak();
        let values = ledger.store.query(&Query::new(sql)).await.unwrap();
        assert!(!values.rows.is_empty(), "{name}: the known ledger has none");
        let nothing = [Value::from("' OR 1 = 1 --"), Value::from(0)].to_vec();
        for row in values.rows.into_iter().chain([nothing]) {
            let mut filter = Filter::default();
            *field(&mut filter) = row[0].as_str().map(str::to_owned);
            let summary = Report::find("summary").unwrap();
            for table in [
                summary.run(&ledger.store, &filter.clone().into()).await.unwrap(),
                summary.run_over_rows(&ledger.store, &filter.into()).await.unwrap(),
            ] {
                assert_eq!(column(&table, "calls"), [&row[1]], "{name} = {}", row[0]);
            }
        }
    }
}
