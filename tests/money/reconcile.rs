use std::{fmt::Write as _, fs};

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use spanledger::call::{Call, Cost, Ending, Usage, UsageSource, Usd};

use super::{HOUR, call, ledger_with, seen};

/// Noon of a day of November, and so many calls of the model that answers for `gpt-4o`.
fn calls(day: i64, count: usize) -> Vec<Call> {
    let call = || {
        let mut call = call((day - 2) * 24, "openai", "gpt-4o", [1000, 100]);
        call.response.model = Some("gpt-4o-2024-08-06".to_owned());
        call
    };
    (0..count).map(|_| call()).collect()
}

#[test]
fn what_differs_is_shown_by_day_and_model_with_its_reason() {
    let mut all = Vec::new();
    for (day, count) in [(2, 3), (3, 3), (4, 3), (5, 2), (6, 4), (7, 3), (8, 3), (9, 3)] {
        all.extend(calls(day, count));
    }
    let at = |day: usize| [0, 3, 6, 9, 11, 15, 18, 21][day - 2];
    // The 4th: of three calls one read from the cache. The 6th: one was refused. The 7th: one was abandoned.
    all[at(4)].usage.cache_read_tokens = Some(400);
    all[at(6)].usage = Usage::default();
    all[at(6)].cost = Cost::default();
    all[at(6)].outcome.http_status = Some(429);
    all[at(6)].outcome.error_type = Some("429".to_owned());
    all[at(7)].usage.output_tokens = Some(10);
    all[at(7)].usage.source = UsageSource::Partial;
    all[at(7)].outcome.ending = Ending::Cancelled;
    // The 8th: one has no price.
    all[at(8)].cost.total = None;
    // Only in the ledger.
    all.push(call(0, "openai", "o3", [10, 10]));
    // Somebody else's, and not compared.
    all.push(call(0, "anthropic", "claude-sonnet-4-5", [10, 10]));
    let ledger = ledger_with(all);
    let cost = |calls: u32| format!("{:.4}", f64::from(calls) * 0.0035);
    let mut csv = "start_time_iso,num_model_requests,model,input_tokens,input_cached_tokens,output_tokens,amount_value,amount_currency,organization_id\n".to_owned();
    for (day, requests, input, cached, output, cost) in [
        (2, 3, 3000, 0, 300, cost(3)),             // agrees
        (3, 5, 5000, 0, 500, cost(5)),             // two did not go through the ledger
        (4, 3, 2600, 400, 300, cost(3)),           // cached tokens apart
        (5, 2, 2000, 0, 200, "0.0035".to_owned()), // a batch
        (6, 4, 3000, 0, 300, cost(3)),             // the refused one is counted
        (7, 3, 3000, 0, 300, cost(3)),             // all of the abandoned one is billed
        (8, 3, 3000, 0, 300, cost(3)),
        (9, 2, 2000, 0, 200, cost(2)), // one is not in the export
    ] {
        writeln!(csv, "2026-11-0{day}T00:00:00+00:00,{requests},gpt-4o,{input},{cached},{output},{cost},usd,org-1")
            .unwrap();
    }
    csv.push_str(
        "2026-11-02T00:00:00+00:00,1,gpt-3.5-turbo,10,0,10,0.5,usd,org-1\nnonsense,1,gpt-4o,1,1,1,1,usd,org-1\n",
    );
    fs::write(ledger.path().join("usage.csv"), csv).unwrap();
    insta::assert_snapshot!("reconcile", seen(ledger.path(), &["reconcile", "usage.csv"]));
}

#[test]
fn a_bill_by_kind_of_tokens_is_compared_with_the_cost_of_the_day() {
    let ledger = ledger_with(vec![
        call(0, "anthropic", "claude-haiku-4-5-20251001", [1_000_000, 100_000]),
        call(24, "anthropic", "claude-haiku-4-5-20251001", [1_000_000, 100_000]),
    ]);
    let csv =
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type
2026-11-02,Claude Haiku 4.5,Default,app,message,,input_no_cache,1.00,1.00,token
2026-11-02,Claude Haiku 4.5,Default,app,message,,output,0.50,0.50,token
2026-11-03,Claude Haiku 4.5,Default,app,message,,input_no_cache,1.00,1.00,token
2026-11-03,Claude Haiku 4.5,Default,app,message,,output,0.50,0.50,token
";
    fs::write(ledger.path().join("claude_api_cost.csv"), csv).unwrap();
    insta::assert_snapshot!(
        "reconcile_cost",
        seen(ledger.path(), &["reconcile", "claude_api_cost.csv", "--all", "--tolerance", "0"])
    );
}

#[test]
fn a_file_without_models_is_compared_with_all_of_a_day() {
    let ledger = ledger_with(vec![
        call(0, "openai", "gpt-4o", [1000, 100]),
        call(1, "openai", "o3", [1000, 100]),
        call(2, "anthropic", "claude-sonnet-4-5", [1000, 100]),
    ]);
    let csv = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id,organization_name
1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00,0.0063000000000000,usd,,,org-1,Personal
1793664000,1793750400,2026-11-03T00:00:00+00:00,2026-11-04T00:00:00+00:00,,,,,,
";
    fs::write(ledger.path().join("costs.csv"), csv).unwrap();
    let seen = seen(ledger.path(), &["reconcile", "costs.csv", "--tolerance", "0", "--all", "--format", "csv"]);
    assert!(seen.contains("[0]\nday,model,figure,theirs,ours,difference,percent,reason\n2026-11-02,(all models),cost_usd,0.0063,0.0063,0,0.0,\n"), "{seen}");
}

#[test]
fn a_program_reads_exact_figures() {
    let ledger = ledger_with(vec![call(0, "openai", "gpt-4o", [1, 1])]);
    let csv = "day,model,calls,cost\n2026-11-02,gpt-4o,1,0.0000000000000000000000125\n2026-11-02,gpt-4o,1,0.000012\n";
    fs::write(ledger.path().join("other.csv"), csv).unwrap();
    insta::assert_snapshot!("reconcile_json", seen(ledger.path(), &["reconcile", "other.csv", "--format", "json"]));
    insta::assert_snapshot!(
        "reconcile_csv",
        seen(ledger.path(), &["reconcile", "other.csv", "--format", "csv", "--all"])
    );
}

#[test]
fn days_of_another_zone_are_noticed_and_named() {
    let calls: Vec<Call> = (0..96).map(|hour| call(hour, "openai", "gpt-4o", [1000 + hour as u64, 10])).collect();
    let csv = export(&calls, "America/Los_Angeles");
    let ledger = ledger_with(calls);
    fs::write(ledger.path().join("days.csv"), csv).unwrap();
    let run =
        |arguments: &[&str]| seen(ledger.path(), &[&["reconcile", "days.csv", "--tolerance", "0"], arguments].concat());
    insta::assert_snapshot!("reconcile_zone", run(&[]));
    for zone in ["Etc/GMT+8", "America/Los_Angeles"] {
        assert!(run(&["--tz", zone]).contains("\n[0]\n"), "{zone}: {}", run(&["--tz", zone]));
    }
}

#[test]
fn a_list_of_calls_from_a_ledger_agrees_with_it() {
    let ledger = ledger_with([calls(2, 3), calls(3, 1)].concat());
    seen(ledger.path(), &["calls", "--output", "calls.csv"]);
    let told = seen(ledger.path(), &["reconcile", "calls.csv"]);
    assert!(
        told.contains("calls.csv and the ledger agree within 1 % in all 6 figures.") && told.contains("\n[0]\n"),
        "{told}"
    );
}

/// What a provider says of calls that it billed, by day of a zone.
fn export(calls: &[Call], zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap();
    let mut csv = "day,model,requests,input_tokens,cached_tokens,output_tokens,cost\n".to_owned();
    for call in calls {
        let day = Timestamp::from_microsecond(call.started_at.micros()).unwrap().to_zoned(zone.clone()).date();
        let [input, cached, output] = [call.usage.input_tokens, call.usage.cache_read_tokens, call.usage.output_tokens]
            .map(|tokens| tokens.unwrap_or(0));
        let cost = call.cost.total.unwrap_or(Usd::ZERO);
        let model = call.request.model.as_deref().unwrap();
        writeln!(csv, "{day},{model},1,{input},{cached},{output},{cost}").unwrap();
    }
    csv
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// An export of the same calls agrees to the last digit; one that lacks a call, or has one more token, does not.
    #[test]
    fn the_same_calls_agree_exactly_and_others_do_not(
        seeds in proptest::collection::vec((0i64..72, 0usize..3, 1u64..5000, 1u64..500), 2..40),
        zone in prop_oneof![Just("UTC"), Just("Asia/Kathmandu"), Just("America/New_York")],
        victim in any::<prop::sample::Index>(),
    ) {
        let models = ["gpt-4o", "gpt-4o-mini", "o3"];
        let calls: Vec<Call> = seeds.iter().map(|(hour, model, input, output)| call(*hour, "openai", models[*model], [*input, *output])).collect();
        let ledger = ledger_with(calls.clone());
        let reconcile = |csv: String| {
            fs::write(ledger.path().join("export.csv"), csv).unwrap();
            seen(ledger.path(), &["reconcile", "export.csv", "--tolerance", "0", "--tz", zone, "--provider", "openai"])
        };
        let same = reconcile(export(&calls, zone));
        prop_assert!(same.contains("\n[0]\n"), "{same}");
        let victim = victim.index(calls.len());
        let mut one_more = calls.clone();
        one_more[victim].usage.output_tokens = Some(calls[victim].usage.output_tokens.unwrap() + 1);
        let one_more = reconcile(export(&one_more, zone));
        prop_assert!(one_more.contains("\n[1]\n"), "{one_more}");
        let mut fewer = calls.clone();
        let gone = fewer.remove(victim);
        // A day that the export does not reach is not compared.
        let day = |call: &Call| call.started_at.micros() / (24 * HOUR);
        prop_assume!(fewer.iter().any(|other| day(other) < day(&gone)) && fewer.iter().any(|other| day(other) > day(&gone)));
        let fewer = reconcile(export(&fewer, zone));
        prop_assert!(fewer.contains("\n[1]\n"), "{fewer}");
    }
}
