//! How a call was judged: a named score, mostly later and by somebody else.

use std::{error, fmt};

use serde_json::Value;

use super::{RowId, Timestamp};

/// How a call was judged: a number, a label, or both, under a name (`accuracy`, `relevance`, …).
///
/// A score named `confidence` is the call's confidence, a number from 0 to 1. Of two scores of one call with one name the
/// later one stands.
///
/// ```
/// use spanledger::call::Score;
///
/// let score = Score::new("accuracy", 0.93).label("pass").explanation("28 of 30 fields are right");
/// assert!(score.check().is_ok());
/// assert!(Score::new("accuracy", f64::NAN).check().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Score {
    /// What was judged: OpenTelemetry's `gen_ai.evaluation.name`.
    pub name: String,
    /// The number, on whatever scale the name has.
    pub score: Option<f64>,
    /// The verdict in a word: `pass`, `relevant`, …
    pub label: Option<String>,
    /// Why: a text, or any JSON. It is the application's own choice: nothing is taken from prompts or answers.
    pub explanation: Option<Value>,
}

impl Score {
    /// A number under a name.
    #[must_use]
    pub fn new(name: impl Into<String>, score: f64) -> Self {
        Self { name: name.into(), score: Some(score).filter(|score| score.is_finite()), ..Self::default() }
    }

    /// A verdict under a name, without a number.
    #[must_use]
    pub fn labelled(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { name: name.into(), label: Some(label.into()), ..Self::default() }
    }

    /// Adds the verdict in a word.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds why: a text, or any JSON.
    #[must_use]
    pub fn explanation(mut self, explanation: impl Into<Value>) -> Self {
        self.explanation = Some(explanation.into());
        self
    }

    /// Whether the score says something that can be kept.
    ///
    /// # Errors
    ///
    /// A sentence on what is missing.
    pub fn check(&self) -> Result<(), NotAScore> {
        let number = self.score.is_some_and(f64::is_finite);
        match self.name.trim() {
            "" => Err(NotAScore::Nameless),
            "action" | "response_data" => Err(NotAScore::Reserved),
            Self::CONFIDENCE if !number => Err(NotAScore::NoConfidence),
            _ if !number && self.label.is_none() => Err(NotAScore::Empty),
            _ => Ok(()),
        }
    }

    /// The name of the score that is the call's confidence.
    pub(crate) const CONFIDENCE: &str = "confidence";
}

/// Why a score cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAScore {
    /// It has no name.
    Nameless,
    /// Its name is that of something else.
    Reserved,
    /// It says nothing.
    Empty,
    /// It is a confidence without a number.
    NoConfidence,
}

impl fmt::Display for NotAScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nameless => "a score needs a name, such as accuracy",
            Self::Reserved => "`action` and `response_data` are no scores; give the score another name",
            Self::Empty => "a score needs a number or a label",
            Self::NoConfidence => "a confidence needs a number from 0 to 1",
        })
    }
}

impl error::Error for NotAScore {}

/// A score of a call. It may reach the store before its row does, or without it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The row that it is about.
    pub row_id: RowId,
    /// When it was said. Of two with one name, the later one wins.
    pub recorded_at: Timestamp,
    /// What was said.
    pub score: Score,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_says_nothing_is_told_apart_with_a_sentence() {
        for (score, why) in [
            (Score::new(" ", 1.0), NotAScore::Nameless),
            (Score::new("accuracy", f64::INFINITY), NotAScore::Empty),
            (Score::labelled("action", "fallback_to_rules"), NotAScore::Reserved),
            (Score::labelled("confidence", "high"), NotAScore::NoConfidence),
        ] {
            assert_eq!(score.check(), Err(why));
        }
        assert_eq!(Score::labelled("relevance", "relevant").check(), Ok(()));
        assert_eq!(Score::new("stars", 4.5).check(), Ok(()));
    }
}
