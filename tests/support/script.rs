//! How the servers answer: a word in the request picks one of five scripts.
//!
//! | script | picked by | input | of it read from a cache | of it written (Anthropic only) | output | of it reasoning |
//! | --- | --- | ---: | ---: | ---: | ---: | ---: |
//! | plain | nothing | 24 | 0 | 0 | 9 | 0 |
//! | thinking | `think` | 1,424 | 1,024 | 224 | 208 | 128 |
//! | long | `long story` | 31 | 0 | 0 | 40 | 0 |
//! | busy | `[429]` | | | | | |
//! | broken | `[500]` | | | | | |
//!
//! Embeddings report 8 input tokens and nothing else. Where an API does not report a number that is zero here, it is
//! unknown there: the scenarios say which.

use serde_json::Value;

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// A sentence.
    Plain,
    /// A sentence after some thought, with most of the prompt in a cache.
    Thinking,
    /// A story of 40 words.
    Long,
    /// Too many requests.
    Busy,
    /// The server's own fault.
    Broken,
}

/// What a script reports.
#[derive(Clone, Copy, Debug)]
pub struct Reported {
    pub input: u64,
    pub cached: u64,
    pub written: u64,
    pub output: u64,
    pub reasoning: u64,
}

/// What an embedding reports.
pub const EMBEDDING_INPUT: u64 = 8;

const PLAIN: Reported = Reported { input: 24, cached: 0, written: 0, output: 9, reasoning: 0 };
const THINKING: Reported = Reported { input: 1_424, cached: 1_024, written: 224, output: 208, reasoning: 128 };
const LONG: Reported = Reported { input: 31, cached: 0, written: 0, output: 40, reasoning: 0 };

impl Script {
    fn of(request: &str) -> Self {
        let picks =
            [("[429]", Self::Busy), ("[500]", Self::Broken), ("long story", Self::Long), ("hink", Self::Thinking)];
        picks.into_iter().find(|(word, _)| request.contains(word)).map_or(Self::Plain, |(_, script)| script)
    }

    /// The counts.
    pub const fn reported(self) -> Reported {
        match self {
            Self::Thinking => THINKING,
            Self::Long => LONG,
            _ => PLAIN,
        }
    }

    /// The words of the answer, each with the space before it.
    pub fn words(self) -> Vec<String> {
        let text = match self {
            Self::Thinking => {
                "Oak: the grain is open, the weight fits, and the ring pattern is that of a slow tree.".to_owned()
            }
            Self::Long => (1..=40).map(|step| format!("step-{step}")).collect::<Vec<_>>().join(" "),
            _ => "Oak, oiled, with a matt finish.".to_owned(),
        };
        let word = |(index, word): (usize, &str)| if index == 0 { word.to_owned() } else { format!(" {word}") };
        text.split(' ').enumerate().map(word).collect()
    }

    /// The whole answer.
    pub fn text(self) -> String {
        self.words().concat()
    }
}

/// A request, as far as a script needs it.
#[derive(Debug)]
pub struct Asked {
    pub body: Value,
    pub script: Script,
}

impl Asked {
    /// Reads a request. What is no JSON asks for nothing.
    pub fn read(body: &[u8]) -> Self {
        let script = Script::of(&String::from_utf8_lossy(body));
        Self { body: serde_json::from_slice(body).unwrap_or_default(), script }
    }

    /// The model that was asked for.
    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    /// Whether a stream was asked for.
    pub fn streams(&self) -> bool {
        self.body["stream"] == true
    }
}

/// The snapshot that answers for a model.
pub fn answering(model: &str) -> &str {
    match model {
        "gpt-4o-mini" => "gpt-4o-mini-2024-07-18",
        "o4-mini" => "o4-mini-2025-04-16",
        "claude-haiku-4-5" => "claude-haiku-4-5-20251001",
        "claude-sonnet-4-5" => "claude-sonnet-4-5-20250929",
        other => other,
    }
}
