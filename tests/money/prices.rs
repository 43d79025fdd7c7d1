use std::fs;

use spanledger::call::Usage;

use super::{call, ledger_with, seen};

const FILE: &str = "[[price]]\nprovider = \"ollama\"\nmodel = \"llama3.1*\"\ninput = \"0.15\"\noutput = \"0.60\"\n";

#[test]
fn the_rates_of_a_model_are_shown_with_their_source_and_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("prices.toml"), FILE).unwrap();
    let seen = |arguments: &[&str]| seen(folder.path(), &[&["prices"], arguments].concat());
    insta::assert_snapshot!("prices_listed", seen(&["claude-sonnet-4-5", "--at", "2026-11-01"]));
    insta::assert_snapshot!("prices_hours", seen(&["deepseek:deepseek-chat", "--at", "2026-11-01T12:00"]));
    insta::assert_snapshot!("prices_file", seen(&["ollama:llama3.1:8b", "--prices", "prices.toml"]));
    insta::assert_snapshot!("prices_json", seen(&["whisper-large-v3", "--provider", "groq", "--format", "json"]));
    insta::assert_snapshot!("prices_unknown", seen(&["gpt-4oo", "--provider", "openai"]));
}

#[test]
fn a_price_file_is_looked_over_and_the_exit_code_says_whether_it_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("doubtful.toml"), include_str!("doubtful.toml")).unwrap();
    fs::write(folder.path().join("good.toml"), FILE).unwrap();
    fs::write(folder.path().join("warned.toml"), FILE.replace("ollama", "olama")).unwrap();
    let seen = |arguments: &[&str]| seen(folder.path(), &[&["prices", "check"], arguments].concat());
    insta::assert_snapshot!("check_doubtful", seen(&["doubtful.toml"]));
    insta::assert_snapshot!("check_good", seen(&["good.toml", "--strict"]));
    assert!(seen(&["warned.toml"]).contains("\n[0]\n"));
    assert!(seen(&["warned.toml", "--strict"]).contains("\n[1]\n"));
    assert!(
        seen(&["nowhere.toml"]).contains("\n[1]\n--- stderr\nspanledger: the price file nowhere.toml cannot be read")
    );
}

#[test]
fn what_has_no_price_is_listed_with_its_tokens_and_an_entry_to_fill_in() {
    let mut silent = call(3, "vllm", "qwen\"3", [0, 0]);
    silent.usage = Usage::default();
    let ledger = ledger_with(vec![
        call(0, "openai", "gpt-4o", [1000, 10]),
        call(1, "ollama", "llama3.1:8b", [2000, 10]),
        call(2, "ollama", "llama3.1:8b", [1000, 10]),
        silent,
    ]);
    insta::assert_snapshot!("prices_unpriced", seen(ledger.path(), &["prices", "--unpriced"]));
    let skeleton = seen(ledger.path(), &["prices", "--unpriced"]);
    let toml = skeleton.split_once("[0]\n").unwrap().1.split_once("--- stderr").unwrap().0;
    fs::write(ledger.path().join("prices.toml"), toml.replace("= \"\" ", "= \"1\" ").replace("= \"\"\n", "= \"1\"\n"))
        .unwrap();
    insta::assert_snapshot!(
        "reprice_filled_in",
        seen(ledger.path(), &["reprice", "--since", "2026-11-01", "--prices", "prices.toml"])
    );
}
