//! What spans get of it. (The tracer provider is the program's, so all of it is one test.)

use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

use super::*;

#[tokio::test]
async fn spans_hold_content_only_where_that_was_asked_for_and_redacted_as_the_ledger_has_it() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    opentelemetry::global::set_tracer_provider(provider);
    let redacted = |_: Part, mut value: Value| {
        let text = value.to_string().replace("canary-ada", "[name]");
        value = serde_json::from_str(&text).unwrap();
        Some(value)
    };
    for (capture, on_span, in_ledger) in [
        (None, false, false),
        (Some(ContentCapture::new()), false, true),
        (Some(ContentCapture::new().to_spans(true)), true, true),
        (Some(ContentCapture::new().to_ledger(false).to_spans(true)), true, false),
    ] {
        let name = format!("{capture:?}");
        let (book, script) = open(capture.map(|capture| capture.redaction(redacted))).await;
        script.play(document(&said("hello canary-ada")));
        let task = format!("task of {name}");
        CallContext::new(&task)
            .scope(async {
                call(&book, &script, &WAYS[0], CHAT, &asked("I am canary-ada"), 9).await;
            })
            .await;
        assert_eq!(kept(&book).await.len(), usize::from(in_ledger), "{name}");
        let row = book.rows().await.remove(0);
        let spans = exporter.get_finished_spans().unwrap();
        let mine = spans.iter().find(|span| span.span_context.span_id().to_string() == row.text("span_id")).unwrap();
        let attribute = |name: &str| {
            let found = mine.attributes.iter().find(|attribute| attribute.key.as_str() == name);
            found.map(|found| serde_json::from_str::<Value>(&found.value.as_str()).unwrap())
        };
        let (input, output) = (attribute("gen_ai.input.messages"), attribute("gen_ai.output.messages"));
        assert_eq!((input.is_some(), output.is_some()), (on_span, on_span), "{name}");
        if on_span {
            let text = |text: &str| json!([{"type": "text", "content": text}]);
            assert_eq!(
                input.unwrap(),
                json!([{"role": "system", "parts": text("be kind")}, {"role": "user", "parts": text("I am [name]")}])
            );
            assert_eq!(
                output.unwrap(),
                json!([{"role": "assistant", "parts": text("hello [name]"), "finish_reason": "stop"}])
            );
        }
        let shown = format!("{mine:?}");
        assert!(!shown.contains("canary-ada") && !shown.contains(KEY), "{shown}");
    }
}
