//! The hook sees everything before it leaves the process.

use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::*;

/// Replaces a word in every text.
fn replace(value: &mut Value, word: &str) {
    match value {
        Value::String(text) => *text = text.replace(word, "[name]"),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, word)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, word)),
        _ => {}
    }
}

#[tokio::test]
async fn what_the_hook_takes_out_is_found_nowhere() {
    let capture = ContentCapture::new().redaction(|_, mut value| {
        replace(&mut value, "canary-ada");
        Some(value)
    });
    let (book, script) = open(Some(capture)).await;
    for way in WAYS {
        script.play(document(&said("hello canary-ada")));
        call(&book, &script, way, CHAT, &asked("I am canary-ada"), 9).await;
        let chunk = |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}}]});
        script.play(stream(&[chunk("hello canary-"), chunk("ada")]));
        let mut body = asked("I am canary-ada");
        body["stream"] = true.into();
        call(&book, &script, way, CHAT, &body, 9).await;
    }
    let kept = kept(&book).await;
    assert_eq!(kept.len(), 2 * WAYS.len());
    for [prompt, request, response] in kept {
        assert_eq!((prompt, &request[1]["content"]), (json!("I am [name]"), &json!("I am [name]")));
        assert_eq!(response["choices"][0]["message"]["content"], "hello [name]");
    }
    let everything = files(book.folder());
    assert!(holds(&everything, "hello [name]"), "the search finds what is there");
    assert!(!holds(&everything, "canary"));
}

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_hook_that_panics_costs_the_value_and_never_the_row_and_is_told_once() {
    let logs = Kept::default();
    let subscriber = tracing_subscriber::fmt().with_writer(logs.clone()).finish();
    let _here = tracing::subscriber::set_default(subscriber);
    let capture = ContentCapture::new().redaction(|part, value| match part {
        Part::Request => panic!("the hook fails"),
        _ => Some(value),
    });
    let (book, script) = open(Some(capture)).await;
    for _ in 0..3 {
        script.play(document(&said("hello")));
        call(&book, &script, &WAYS[0], CHAT, &asked("canary-prompt"), 9).await;
    }
    assert_eq!(kept(&book).await, vec![[Value::Null, Value::Null, said("hello")]; 3]);
    let rows = book.rows().await;
    for row in &rows {
        assert_eq!((row.text("status"), row.counts().output), ("success", Some(1)));
        assert_eq!(row.get("extra")["spanledger.content.dropped"], "redaction failed");
    }
    assert_eq!((rows.len(), book.ledger.health().redactions_failed), (3, 3));
    assert!(!holds(&files(book.folder()), "canary-prompt"));
    let logs = String::from_utf8(logs.0.lock().unwrap().clone()).unwrap();
    assert_eq!(logs.matches("spanledger.content.redaction_failed").count(), 1, "{logs}");
}

#[tokio::test]
async fn a_hook_that_keeps_nothing_leaves_nothing_but_a_mark() {
    let (book, script) = open(Some(ContentCapture::new().redaction(|_, _| None))).await;
    script.play(document(&said("canary-answer")));
    call(&book, &script, &WAYS[0], CHAT, &asked("canary-prompt"), 9).await;
    let marks = book.ask("SELECT extra ->> '$.\"spanledger.content.dropped\"', (SELECT count(*) FROM ai_call_content) FROM usage_log").await;
    assert_eq!(marks, [[json!("redacted"), json!(0)]]);
    assert!(!holds(&files(book.folder()), "canary"));
}
