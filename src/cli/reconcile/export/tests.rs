use proptest::prelude::*;

use super::*;

fn parsed(text: &str, told: &[&str]) -> Export {
    let told: Vec<_> = told.iter().map(|pair| (*pair).to_owned()).collect();
    parse(text.as_bytes(), &told, &TimeZone::UTC).unwrap()
}

/// `day model requests/input/cached/output cost`.
fn lines(export: &Export) -> Vec<String> {
    let figure = |of: Option<i128>| of.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let line = |line: &Line| {
        let [requests, input, cached, output, _] = Measure::ALL.map(|measure| figure(line.figures.get(measure)));
        let cost = line.figures.get(Measure::Cost).map_or_else(|| "?".to_owned(), crate::report::money::decimal);
        let model = line.model.as_deref().unwrap_or("(all)");
        format!("{} {model} {requests}/{input}/{cached}/{output} {cost}", line.day)
    };
    export.lines.iter().map(line).collect()
}

#[test]
fn each_providers_export_is_known_by_its_headers() {
    let openai_usage = parsed(
        "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens
1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,proj_1,3.0,,key_1,gpt-4o-2024-08-06,False,default,4212,1673,1280,2932
1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00,,,,,,,,,,,
",
        &[],
    );
    assert_eq!(
        (lines(&openai_usage), openai_usage.provider),
        (vec!["2026-11-01 gpt-4o-2024-08-06 3/4212/1280/1673 ?".to_owned()], Some("openai"))
    );

    let openai_cost = parsed(
        "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id,organization_name
1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,0.8958740000000000000000000000000000,usd,\"gpt-4o-2024-08-06, cached input\",,org-1,Personal
1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00,1.5e-05,usd,,,org-1,Personal
",
        &[],
    );
    let read = ["2026-11-01 gpt-4o-2024-08-06 ?/?/?/? 0.895874", "2026-11-02 (all) ?/?/?/? 0.000015"];
    assert_eq!((lines(&openai_cost), openai_cost.provider), (read.map(str::to_owned).into(), Some("openai")));

    let anthropic_usage = parsed(
        "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed
2026-11-01,claude-sonnet-4-5-20250929,app,Default,standard,\u{2264} 200k,1000,200,30,4000,500,0,global,
",
        &[],
    );
    let read = vec!["2026-11-01 claude-sonnet-4-5-20250929 ?/5230/4000/500 ?".to_owned()];
    assert_eq!((lines(&anthropic_usage), anthropic_usage.provider), (read, Some("anthropic")));

    let anthropic_cost = parsed(
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed
2026-11-01,Claude Haiku 4.5,Default,app,message,\u{2264} 200k,input_no_cache,0.05,0.05,token,global,
",
        &[],
    );
    assert_eq!(lines(&anthropic_cost), ["2026-11-01 Claude Haiku 4.5 ?/?/?/? 0.05"]);
    assert_eq!(anthropic_cost.rounding, 5_000_000_000, "two digits hide half a cent");

    let deepseek = parsed(
        "user_id,start_time_iso,end_time_iso,model,api_key_name,api_key,type,price,amount
u,2026-11-01T08:00:00+00:00,2026-11-01T09:00:00+00:00,deepseek-chat,k,sk-***,input_cache_hit_tokens,0.07,640
u,2026-11-01T08:00:00+00:00,2026-11-01T09:00:00+00:00,deepseek-chat,k,sk-***,request_count,,2
",
        &[],
    );
    let read = ["2026-11-01 deepseek-chat ?/640/640/? ?", "2026-11-01 deepseek-chat 2/?/?/? ?"];
    assert_eq!((lines(&deepseek), deepseek.provider), (read.map(str::to_owned).into(), Some("deepseek")));
}

#[test]
fn other_files_are_read_by_usual_words_or_by_what_is_told() {
    let semicolons = parsed(
        "\u{feff}Date;Model;Requests;Prompt Tokens;Completion Tokens;Total Cost\r\n2026-11-01;m;\"1,200\";1000;20;$1,234.50\r\n",
        &[],
    );
    assert_eq!(lines(&semicolons), ["2026-11-01 m 1200/1000/?/20 1234.5"]);
    let told = parsed("Tag,Modell,Betrag\n2026-11-01,m,0.10\n", &["date=Tag", "model=modell", "cost=Betrag"]);
    assert_eq!(lines(&told), ["2026-11-01 m ?/?/?/? 0.1"]);
    let by_call = parsed("created_at,request_id,model,tokens_prompt\n2026-11-01 23:59:59,a,m,5\n", &[]);
    assert_eq!(lines(&by_call), ["2026-11-01 m 1/5/?/? ?"]);
}

#[test]
fn a_moment_lies_in_the_day_of_the_zone_and_a_day_is_itself() {
    let day = |text, zone| super::day(text, &TimeZone::get(zone).unwrap()).map(|day| day.to_string());
    for text in ["2026-11-01T23:30:00Z", "1793575800", "1793575800.0", "1793575800000", "2026-11-01 23:30:00 UTC"] {
        assert_eq!(day(text, "UTC").as_deref(), Some("2026-11-01"), "{text}");
        assert_eq!(day(text, "Europe/Berlin").as_deref(), Some("2026-11-02"), "{text}");
    }
    assert_eq!(day("2026-11-01", "Asia/Kolkata").as_deref(), Some("2026-11-01"));
    assert_eq!(
        day("2026-11-01T23:30:00", "Asia/Kolkata").as_deref(),
        Some("2026-11-01"),
        "a clock's time is the zone's"
    );
    assert_eq!(day("11/01/2026", "UTC"), None, "nobody knows which is the month");
}

#[test]
fn a_line_that_cannot_be_read_costs_that_line() {
    let export = parsed(
        "date,model,requests,cost,currency\n2026-11-01,m,1,0.1,USD\nyesterday,m,1,0.1,USD\n2026-11-01,m,-1,0.1,USD\n2026-11-01,m,1,cheap,USD
2026-11-01,m,1,0.1,CNY\n2026-11-01,m,1.5,0.1,USD\n,,,,\n2026-11-02,m,2,0.1,usd\n",
        &[],
    );
    assert_eq!(lines(&export), ["2026-11-01 m 1/?/?/? 0.1", "2026-11-02 m 2/?/?/? 0.1"]);
    let bad: Vec<_> = export.bad.iter().map(|(line, reason)| format!("{line}: {reason}")).collect();
    insta::assert_snapshot!("lines_that_cannot_be_read", bad.join("\n"));
}

#[test]
fn a_file_that_says_nothing_to_compare_is_a_sentence() {
    let refused = |text: &str, told: &[&str]| {
        let told: Vec<_> = told.iter().map(|pair| (*pair).to_owned()).collect();
        format!("{:#}", parse(text.as_bytes(), &told, &TimeZone::UTC).unwrap_err())
    };
    let all = [
        refused("", &[]),
        refused("model,cost\nm,1\n", &[]),
        refused("date,model\n2026-11-01,m\n", &[]),
        refused("date,cost\nx,1\n", &[]),
        refused("date,cost\n2026-11-01,1\n", &["costs=cost"]),
        refused("date,cost\n2026-11-01,1\n", &["cost=Betrag"]),
        refused("date,cost\n2026-11-01,1\n", &["cost"]),
    ];
    insta::assert_snapshot!("files_that_cannot_be_compared", all.join("\n"));
}

proptest! {
    /// Whatever the cells hold: lines are read or refused, and nothing panics or is counted twice.
    #[test]
    fn any_cells_are_figures_or_a_reason(
        headers in proptest::sample::subsequence(vec!["date", "model", "requests", "input_tokens", "uncached_input_tokens", "cached_tokens", "output_tokens", "cost", "currency", "type", "amount"], 1..8),
        rows in proptest::collection::vec(proptest::collection::vec(prop_oneof![
            Just("2026-11-01".to_owned()), Just("1793491200".to_owned()), Just("usd".to_owned()), Just("request_count".to_owned()),
            "-?[0-9]{0,30}[.,]?[0-9]{0,40}(e-?[0-9]{1,3})?", "[$\"'\u{e9}a-z0-9,; ]{0,12}",
        ], 0..10), 0..12),
    ) {
        let text = rows.iter().fold(headers.join(","), |text, row| text + "\n" + &row.join(","));
        if let Ok(export) = parse(text.as_bytes(), &[], &TimeZone::UTC) {
            prop_assert!(export.lines.len() + export.bad.len() <= rows.len());
            prop_assert!(export.lines.iter().all(|line| !line.figures.is_empty()));
        }
    }

    #[test]
    fn any_bytes_are_an_export_or_a_sentence(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes, &[], &TimeZone::UTC);
        let _ = parse(&[b"date,cost\n", bytes.as_slice()].concat(), &[], &TimeZone::UTC);
    }
}
