//! What holds for every framing, under every cut and every chunking.

use futures_util::{FutureExt, StreamExt, stream};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Map, Value, json};
use sse_stream::SseByteStream;

use super::{Decoder, Elided, MAX_HELD_BYTES, Message, WHOLE_BYTES};

type Event = (Option<String>, Vec<u8>);
type Seen = Vec<Event>;

fn note(seen: &mut Seen, message: Message<'_>) {
    seen.push((message.event.map(str::to_owned), message.data.to_vec()));
}

/// The messages before the end of the body, and those of its end.
fn decode<'b>(content_type: Option<&str>, pieces: impl IntoIterator<Item = &'b [u8]>) -> (Seen, Seen) {
    let (mut before, mut end) = (Seen::new(), Seen::new());
    let mut decoder = Decoder::new(content_type);
    let pieces: Vec<_> = pieces.into_iter().collect();
    for piece in &pieces {
        decoder.push(piece, &mut |message| note(&mut before, message));
        assert!(decoder.held_bytes() <= MAX_HELD_BYTES, "{} bytes are held", decoder.held_bytes());
    }
    decoder.finish(&mut |message| note(&mut end, message));
    assert_eq!(decode_with_last(content_type, &pieces), [&before[..], &end].concat());
    (before, end)
}

/// All messages, where the last piece is known to be the last.
fn decode_with_last(content_type: Option<&str>, pieces: &[&[u8]]) -> Seen {
    let mut seen = Seen::new();
    let mut decoder = Decoder::new(content_type);
    let (others, last) = pieces.split_at(pieces.len().saturating_sub(1));
    for piece in others {
        decoder.push(piece, &mut |message| note(&mut seen, message));
    }
    decoder.finish_with(last.first().copied().unwrap_or_default(), &mut |message| note(&mut seen, message));
    seen
}

fn pieces<'b>(mut body: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = body.split_at(cut.index(body.len() + 1));
        pieces.push(piece);
        body = rest;
    }
    pieces.push(body);
    pieces
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        "[ -~é€𝄞\\n]{0,20}".prop_map(Value::from),
        ("[a-zé€𝄞\"\\\\\\t]{1,8}", 1..3000_usize).prop_map(|(text, times)| Value::from(text.repeat(times))),
        vec(any::<i32>(), 0..40).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec(("[a-zA-Z_\"é ]{0,8}", inner), 0..6)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    json_value().prop_map(|value| json!({ "a": value, "usage": { "total_tokens": 7 } }))
}

fn sse_line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "data:? ?[ -~é]{0,12}",
        4 => object().prop_map(|value| format!("data: {value}")),
        2 => "event:? ?[a-z.é]{0,8}",
        1 => "(id|retry|dat|datum|events|)[: ]?[0-9]{0,3}",
        1 => ":[ -~]{0,12}",
        4 => Just(String::new()),
    ]
}

fn sse_body() -> impl Strategy<Value = Vec<u8>> {
    let line_end = prop_oneof![3 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
    let line = (sse_line(), line_end).prop_map(|(line, end)| line + end);
    (any::<bool>(), vec(line, 0..30)).prop_map(|(bom, lines)| {
        let bom = if bom { "\u{feff}" } else { "" };
        format!("{bom}: ok\n{}", lines.concat()).into_bytes()
    })
}

/// A body with its content type, in each framing.
fn body() -> impl Strategy<Value = (Option<&'static str>, Vec<u8>)> {
    let values = || vec(object(), 1..5);
    let pretty = |value: &Value| format!("{value:#}");
    prop_oneof![
        sse_body().prop_map(|body| (Some("text/event-stream"), body)),
        sse_body().prop_map(|body| (None, body)),
        values().prop_map(|values| (Some("application/x-ndjson"), lines(&values, Value::to_string))),
        values().prop_map(|values| (Some("application/json"), lines(&values, Value::to_string))),
        values().prop_map(move |values| (None, lines(&values, pretty))),
        values().prop_map(|values| (Some("application/json"), format!("{:#}", Value::from(values)).into_bytes())),
        values().prop_map(|values| (None, Value::from(values).to_string().into_bytes())),
        vec(any::<u8>(), 0..200).prop_map(|body| (None, body)),
    ]
}

fn lines(values: &[Value], text: impl Fn(&Value) -> String) -> Vec<u8> {
    values.iter().map(|value| text(value) + "\n").collect::<String>().into_bytes()
}

/// Bytes that parsers care about, more often than others.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(&b"{}[]\",:\\ \r\n0-.etudata:event:\xEF\xBB\xBF\xC3\xF0"[..]);
    let word = prop::sample::select(&["data:", "event:", "\n\n", "\"a\":", "{\"a\":", "[1,", "\\ud83d"][..]);
    vec(prop_oneof![4 => vec(special, 1..4), 2 => word.prop_map(|word| word.as_bytes().to_vec()), 1 => vec(any::<u8>(), 1..4)], 0..80)
        .prop_map(|parts| parts.concat())
}

fn elide(document: &[u8], cuts: &[Index]) -> Elided {
    let mut elided = Elided::new();
    for piece in pieces(document, cuts) {
        elided.push(piece);
        assert!(elided.held_bytes() <= MAX_HELD_BYTES, "{} bytes are held", elided.held_bytes());
    }
    elided
}

/// Checks that `short` is `whole` but for long strings and rows of numbers.
fn assert_short_form(short: &Value, whole: &Value) {
    match (short, whole) {
        (Value::String(short), Value::String(text)) if whole.to_string().len() > 1026 => {
            assert!(text.starts_with(short.as_str()) && short.len() > 100, "{short}");
        }
        (Value::Object(short), Value::Object(whole)) => {
            assert!(short.keys().eq(whole.keys()), "{short:?}");
            short.values().zip(whole.values()).for_each(|(short, whole)| assert_short_form(short, whole));
        }
        (Value::Array(short), Value::Array(whole)) => {
            let mut row = 0;
            let mut expected = whole.clone();
            expected.retain(|value| {
                row = if value.is_string() || value.is_array() || value.is_object() { 0 } else { row + 1 };
                row <= 16
            });
            assert_eq!(short.len(), expected.len());
            short.iter().zip(&expected).for_each(|(short, whole)| assert_short_form(short, whole));
        }
        _ => assert_eq!(short, whole),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_messages((content_type, body) in body(), cuts in vec(any::<Index>(), 0..20)) {
        let whole = decode(content_type, [&body[..]]);
        prop_assert_eq!(&decode(content_type, pieces(&body, &cuts)), &whole);
        prop_assert_eq!(&decode(content_type, body.chunks(1)), &whole);
    }

    #[test]
    fn any_cut_gives_the_first_messages((content_type, body) in body(), cut in any::<Index>()) {
        let (whole, _) = decode(content_type, [&body[..]]);
        let (cut, end) = decode(content_type, [&body[..cut.index(body.len() + 1)]]);
        prop_assert!(whole.starts_with(&cut));
        prop_assert!(end.len() <= 1);
    }

    #[test]
    fn noise_is_bounded(noise in noise(), repeat in 1..400_usize, cuts in vec(any::<Index>(), 0..20)) {
        for content_type in [None, Some("text/event-stream"), Some("application/x-ndjson")] {
            for start in ["", "{", "[", "[{", "data: {"] {
                let body = [start.as_bytes(), &noise.repeat(repeat)].concat();
                prop_assert_eq!(decode(content_type, pieces(&body, &cuts)), decode(content_type, [&body[..]]));
            }
        }
    }

    #[test]
    fn a_form_of_any_size_keeps_its_fields(noise in noise(), repeat in 1..400_usize, cuts in vec(any::<Index>(), 0..20)) {
        let field = b"\r\n--e\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--e--";
        let form = [b"--e\r\n\r\n", &noise.repeat(repeat)[..], &[b'x'; WHOLE_BYTES], field].concat();
        let (elided, at_once) = (elide(&form, &cuts), elide(&form, &[]));
        prop_assert_eq!(elided.finish(), at_once.finish());
        prop_assert!(elided.finish().ends_with(field) || noise.windows(5).any(|part| part == b"\r\n--e"));
    }

    #[test]
    fn a_broken_message_costs_only_itself(noise in noise(), bodies in vec(object(), 1..4)) {
        let noise: Vec<u8> = noise.into_iter().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
        for (content_type, before, after) in [("text/event-stream", "data: ", "\n\n"), ("application/x-ndjson", "{", "\n")] {
            let messages: Vec<String> = bodies.iter().map(Value::to_string).collect();
            let start = if before == "{" { "" } else { before };
            let rest: String = messages.iter().map(|message| format!("{start}{message}{after}")).collect();
            let body = [before.as_bytes(), &noise, after.as_bytes(), rest.as_bytes()].concat();
            let (seen, _) = decode(Some(content_type), [&body[..]]);
            prop_assert_eq!(seen.len(), 1 + messages.len());
            for ((_, data), message) in seen[1..].iter().zip(&messages) {
                prop_assert!(data == message.as_bytes() || message.len() > WHOLE_BYTES);
            }
        }
    }

    /// The oracle stops at invalid UTF-8, which we pass on, and drops an event that the end of the body cuts off, which we
    /// hand out at the end. It tells of events without data as well.
    #[test]
    fn a_published_sse_parser_reads_the_same_events(body in sse_body(), cuts in vec(any::<Index>(), 0..20)) {
        let (seen, _) = decode(Some("text/event-stream"), pieces(&body, &cuts));
        let input = stream::iter([Ok::<_, std::io::Error>(&body[..])]);
        let events: Vec<_> = SseByteStream::new(input).collect().now_or_never().unwrap();
        let expected: Seen = events
            .into_iter()
            .map(Result::unwrap)
            .filter_map(|event| Some((event.event.filter(|name| !name.is_empty()), event.data?.into_bytes())))
            .collect();
        let same = |(ours, theirs): (&Event, &Event)| {
            ours.0 == theirs.0 && (ours.1 == theirs.1 || theirs.1.len() > WHOLE_BYTES)
        };
        prop_assert_eq!(seen.len(), expected.len());
        prop_assert!(seen.iter().zip(&expected).all(same), "{seen:?} {expected:?}");
    }

    #[test]
    fn the_short_form_keeps_all_but_long_strings_and_rows(value in json_value(), cuts in vec(any::<Index>(), 0..20)) {
        let value = json!({ "filler": "x".repeat(WHOLE_BYTES), "value": value, "usage": { "total_tokens": 7 } });
        for document in [value.to_string(), format!("{value:#}")] {
            let (elided, at_once) = (elide(document.as_bytes(), &cuts), elide(document.as_bytes(), &[]));
            prop_assert_eq!(elided.finish(), at_once.finish());
            let short: Value = serde_json::from_slice(elided.finish()).unwrap();
            if elided.finish().len() < 8 * 1024 {
                assert_short_form(&short, &value);
            }
            prop_assert_eq!(&short["usage"], &value["usage"]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_thinned_out_is_valid_and_keeps_its_neighbours(value in json_value(), cuts in vec(any::<Index>(), 0..20)) {
        let copies = vec![&value; 250_000 / value.to_string().len().max(9)];
        let document = json!({ "a": { "b": copies, "usage": { "total_tokens": 7 } }, "c": copies, "d": [7] });
        let elided = elide(document.to_string().as_bytes(), &cuts);
        let short: Value = serde_json::from_slice(elided.finish()).unwrap();
        prop_assert_eq!((&short["a"]["usage"], &short["d"]), (&document["a"]["usage"], &document["d"]));
        if value.to_string().len() < 900 {
            assert_short_form(&short["c"][0], &value);
        }
    }
}

const USAGE: &str =
    r#""usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":1},"modalities":[{"modality":"TEXT"}]}"#;

/// Members of an object, each about so many bytes long.
fn large_parts(bytes: usize) -> [(&'static str, String); 7] {
    let many = |text: &str| text.repeat(bytes / text.len());
    let deep = r#"{"a":[{"b":[{"c":[{"d":["x",{"e":"y"}]}]}]}]},"#;
    [
        ("vectors", format!("\"data\":[{}0]", many("{\"embedding\":[0.0123,-4.5e-2,7]},"))),
        ("one vector", format!("\"data\":[{}0]", many("0.0123456,"))),
        ("an image", format!("\"data\":[{{\"b64_json\":\"{}\"}}]", many("A"))),
        ("escapes", format!("\"text\":\"{}\"", many("\\ud83d\\ude00"))),
        ("many names", format!("\"data\":{{{}\"z\":0}}", many("\"a\":1,"))),
        ("brackets", format!("\"data\":{}1{}", "[".repeat(bytes / 2), "]".repeat(bytes / 2))),
        ("deep lists", format!("\"output\":[{}0]", many(deep))),
    ]
}

fn assert_usage(content_type: Option<&str>, body: &str, what: &str) {
    let (before, end) = decode(content_type, body.as_bytes().chunks(16 * 1024));
    let (_, data) = before.iter().chain(&end).next().unwrap();
    let message: Value = serde_json::from_slice(data).unwrap();
    let message = message.get("response").unwrap_or(&message);
    let expected: Value = serde_json::from_str(&format!("{{{USAGE}}}")).unwrap();
    assert_eq!(message["usage"], expected["usage"], "{what}: {body:.60}");
    assert_eq!((&message["id"], &message["last"]), (&json!("r1"), &json!(true)), "{what}: {body:.60}");
}

#[test]
fn usage_is_kept_behind_ten_mebibytes() {
    for (what, part) in large_parts(10 << 20) {
        assert_usage(None, &format!("{{\"id\":\"r1\",{part},{USAGE},\"last\":true}}"), what);
    }
}

#[test]
fn usage_is_kept_wherever_it_stands() {
    for (what, part) in &large_parts(400_000) {
        for members in [&[USAGE, part][..], &[part, USAGE], &[part, USAGE, part], &[part, part, part, USAGE]] {
            let document = format!("{{\"id\":\"r1\",{},\"last\":true}}", members.join(","));
            assert_usage(None, &document, what);
            assert_usage(Some("application/x-ndjson"), &format!("{document}\n{{}}"), what);
            assert_usage(None, &format!("event: x\ndata: {{\"response\":{document}}}\n\n"), what);
            assert_usage(None, &format!("[{{\"response\":{document}}}]"), what);
        }
    }
}
