//! Whatever protocol is spoken, streamed or not.

use super::*;

/// A call: where it goes, what is asked, the pieces of the answer, and what is kept of it.
struct Spoken {
    path: &'static str,
    body: Value,
    answer: Vec<Reply>,
    kept: [Value; 3],
}

fn spoken() -> Vec<Spoken> {
    let user = json!({"role": "user", "content": "hi"});
    let system = json!({"role": "system", "content": "be kind"});
    let gemini = json!({"role": "user", "parts": [{"text": "hi"}]});
    let ndjson = |lines: &[Value]| {
        reply("application/x-ndjson", lines.iter().map(|line| Step::Data(format!("{line}\n"))).collect())
    };
    let response = json!({"id": "r1", "status": "completed", "model": "gpt-4o", "output": [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]}]});
    vec![
        Spoken {
            path: "/v1/chat/completions",
            body: json!({"model": "m", "stream": true, "messages": [user]}),
            answer: stream(&[
                json!({"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hel"}, "finish_reason": null}]}),
                json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]}),
            ]),
            kept: [
                "hi".into(),
                json!([user]),
                json!({"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]}),
            ],
        },
        Spoken {
            path: "/v1/responses",
            body: json!({"model": "m", "stream": true, "instructions": "be kind", "input": "hi"}),
            answer: stream(&[
                json!({"type": "response.created", "response": {"id": "r1", "output": []}}),
                json!({"type": "response.completed", "response": response}),
            ]),
            kept: ["hi".into(), json!([system, user]), response],
        },
        Spoken {
            path: "/v1/messages",
            body: json!({"model": "m", "stream": true, "system": "be kind", "messages": [user]}),
            answer: stream(&[
                json!({"type": "message_start", "message": {"id": "m1", "role": "assistant", "content": []}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}),
                json!({"type": "message_stop"}),
            ]),
            kept: [
                "hi".into(),
                json!([system, user]),
                json!({"id": "m1", "role": "assistant", "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn", "usage": {"output_tokens": 1}}),
            ],
        },
        Spoken {
            path: "/v1beta/models/gemini-2.0-flash:streamGenerateContent",
            body: json!({"systemInstruction": {"parts": [{"text": "be kind"}]}, "contents": [gemini]}),
            answer: reply(
                "application/json",
                vec![
                    Step::Data("[{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"hel\"}]}}]}\n".to_owned()),
                    Step::Data(",{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\"}]}]".to_owned()),
                ],
            ),
            kept: [
                "hi".into(),
                json!([{"role": "system", "parts": [{"text": "be kind"}]}, gemini]),
                json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}, "finishReason": "STOP"}]}),
            ],
        },
        Spoken {
            path: "/api/chat",
            body: json!({"model": "m", "messages": [user]}),
            answer: ndjson(&[
                json!({"model": "m", "message": {"role": "assistant", "content": "hel"}, "done": false}),
                json!({"model": "m", "message": {"role": "assistant", "content": "lo"}, "done": true, "done_reason": "stop"}),
            ]),
            kept: [
                "hi".into(),
                json!([user]),
                json!({"model": "m", "message": {"role": "assistant", "content": "hello"}, "done": true, "done_reason": "stop"}),
            ],
        },
        Spoken {
            path: "/api/generate",
            body: json!({"model": "m", "prompt": "hi", "system": "be kind", "stream": false}),
            answer: document(&json!({"model": "m", "response": "hello", "done": true})),
            kept: ["hi".into(), json!([system, user]), json!({"model": "m", "response": "hello", "done": true})],
        },
        Spoken {
            path: "/v1/embeddings",
            body: json!({"model": "m", "input": ["hi"]}),
            answer: document(&json!({"data": [{"embedding": [0.1, 0.2]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}})),
            kept: ["hi".into(), json!([user]), Value::Null],
        },
    ]
}

#[tokio::test]
async fn messages_and_answers_of_each_protocol_are_kept_whole() {
    for way in [&WAYS[0], &WAYS[1]] {
        for Spoken { path, body, answer, kept: wanted } in spoken() {
            let (book, script) = open(Some(ContentCapture::new())).await;
            script.play(answer);
            call(&book, &script, way, path, &body, 20).await;
            assert_eq!(kept(&book).await, [wanted], "{path} by {}", way.name);
        }
    }
}

#[tokio::test]
async fn a_refusal_keeps_what_was_asked_and_an_answer_loses_the_keys_that_it_repeats() {
    let (book, script) = open(Some(ContentCapture::new())).await;
    let mut refusal = document(&json!({"error": {"message": "canary-echo of the prompt"}}));
    refusal[0].status = 400;
    script.play(refusal);
    call(&book, &script, &WAYS[0], CHAT, &asked("hi"), 9).await;
    script.play(document(&said(&format!("your key is {KEY}."))));
    call(&book, &script, &WAYS[0], CHAT, &asked(&format!("is {KEY} my key?")), 9).await;
    let kept = kept(&book).await;
    assert_eq!((&kept[0][0], &kept[0][2]), (&json!("hi"), &Value::Null));
    assert_eq!(kept[1][0], "is [key] my key?");
    assert_eq!(kept[1][2]["choices"][0]["message"]["content"], "your key is [key].");
    assert!(!holds(&files(book.folder()), KEY));
}
