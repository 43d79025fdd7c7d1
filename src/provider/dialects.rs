//! Whole answers in each dialect of OpenAI's, read as a live call is: `tests/fixtures/dialects`, one file each.
//!
//! A file has cases. Each is a title (`== …`), the request (`POST url`, `> body`), the head of the answer (`< status type`,
//! further headers), its body as it comes over the wire, and after `=` everything that is read from it.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use http::{HeaderMap, HeaderName};

use super::{Hosts, testing};
use crate::{
    Recorder,
    call::{Call, Ending, Timestamp},
    capture::inspect::{Exchange, inspect},
};

/// One exchange of a fixture, and what is read from it.
#[derive(Debug, Default)]
struct Case<'a> {
    title: &'a str,
    url: &'a str,
    asked: &'a str,
    status: u16,
    headers: HeaderMap,
    body: String,
    read: Vec<&'a str>,
}

impl<'a> Case<'a> {
    fn parse(text: &'a str) -> Self {
        let mut case = Self::default();
        let mut lines = text.lines();
        case.title = lines.next().unwrap();
        let mut line_end = "\n";
        for line in lines.by_ref() {
            if line == "=" {
                break;
            } else if let Some(url) = line.strip_prefix("POST ").filter(|_| case.url.is_empty()) {
                case.url = url;
            } else if let Some(asked) = line.strip_prefix("> ").filter(|_| case.asked.is_empty()) {
                case.asked = asked;
            } else if line == "< crlf" {
                line_end = "\r\n";
            } else if let Some((name, value)) = line.strip_prefix("< ").and_then(|head| head.split_once(": ")) {
                case.headers.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
            } else if let Some((status, kind)) = line.strip_prefix("< ").and_then(|head| head.split_once(' ')) {
                case.status = status.parse().unwrap();
                case.headers.insert("content-type", kind.parse().unwrap());
            } else {
                case.body.push_str(line);
                case.body.push_str(line_end);
            }
        }
        case.read = lines.filter(|line| !line.is_empty()).collect();
        case
    }

    fn call(&self) -> Call {
        let hosts = Hosts::default()
            .name("localhost:8000", "vllm")
            .name("localhost:8080", "llama_cpp")
            .name("localhost:1234", "lm_studio");
        let exchange = Exchange {
            method: "POST",
            url: self.url,
            request_headers: &HeaderMap::new(),
            request_body: Some(self.asked.as_bytes()),
            status: Some(self.status),
            response_headers: &self.headers,
            chunks: self.body.as_bytes().chunks(7).collect(),
            ending: Ending::Complete,
            started_at: Timestamp::default(),
            duration: Duration::from_secs(1),
        };
        let recorder = Recorder::new().with_hosts(hosts).with_estimates(false);
        inspect(&recorder, &exchange).expect(self.title)
    }

    fn play(&self) -> Vec<String> {
        let call = self.call();
        assert!(!format!("{call:?}").contains("secret"), "{}: what was said stays where it is", self.title);
        let mut lines = testing::summary(&call);
        lines.extend(call.was_streamed().map(|streamed| format!("streamed {streamed}")));
        if let Some(confidence) = &call.trust.confidence {
            let score = confidence.score().unwrap_or_default();
            lines.push(format!("confidence {score:.4} from {}", confidence.derivation().unwrap_or_default()));
        }
        lines.extend(call.context.conversation_id.map(|id| format!("conversation {id}")));
        lines
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dialects")
}

/// The call of every case of every fixture.
pub(crate) fn calls() -> Vec<Call> {
    let files = fs::read_dir(folder()).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let calls = |text: String| text.split("\n== ").skip(1).map(|case| Case::parse(case).call()).collect::<Vec<_>>();
    files.flat_map(calls).collect()
}

fn is_read_as_its_fixture_says(dialect: &str) {
    let text = fs::read_to_string(folder().join(format!("{dialect}.txt"))).unwrap();
    let cases: Vec<_> = text.split("\n== ").skip(1).map(Case::parse).collect();
    let streamed = |case: &Case<'_>| case.headers["content-type"].to_str().unwrap().starts_with("text/event-stream");
    assert!(cases.iter().any(streamed), "{dialect}: no stream");
    assert!(cases.iter().any(|case| !streamed(case) && case.status == 200), "{dialect}: no whole answer");
    for case in cases {
        let read = case.play();
        assert_eq!(read, case.read, "{dialect}: {}\n{}\n", case.title, read.join("\n"));
    }
}

macro_rules! dialects {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            is_read_as_its_fixture_says(stringify!($name));
        })*

        #[test]
        fn every_fixture_is_played() {
            let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
            let there: BTreeSet<_> = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
            assert_eq!(there, BTreeSet::from([$(stringify!($name).to_owned()),*]));
        }
    };
}

dialects! {
    cerebras deepseek fireworks github_copilot groq hugging_face hyperbolic llama_cpp lm_studio mistral nebius novita ollama
    openai openrouter perplexity sambanova together venice vercel vllm xai zai
}
