//! How far an answer can be trusted, and what was done with it.
//!
//! A score is a number from 0 to 1, with named parts beside it. A score that was given wins; else it is computed from the
//! parts with [`WEIGHTS`], renormalised over those that are present. What is out of range becomes unknown, never clamped.
//!
//! ```
//! use spanledger::Confidence;
//!
//! let computed = Confidence::from_components([
//!     ("model_confidence", 0.90), ("completeness", 0.85), ("consistency", 0.88), ("validation", 0.80),
//! ]);
//! assert!((computed.score().unwrap() - 0.866).abs() < 1e-12);
//! assert_eq!(Confidence::new(0.87).component("completeness", 0.85).score(), Some(0.87));
//! assert_eq!(Confidence::new(1.7).score(), None);
//! ```

use std::collections::BTreeMap;

use serde_json::Value;

use crate::call::{Name, words};

/// The weights of the named parts, where no score was given.
pub const WEIGHTS: &[(&str, f64)] =
    &[("model_confidence", 0.4), ("completeness", 0.2), ("consistency", 0.2), ("validation", 0.2)];

/// A confidence score with its named parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confidence {
    given: Option<f64>,
    components: BTreeMap<Name, f64>,
    derived_from: Option<Name>,
    out_of_range: bool,
}

impl Confidence {
    /// A score from 0 to 1 that somebody decided on.
    #[must_use]
    pub fn new(score: f64) -> Self {
        let valid = in_range(score);
        Self { given: valid.then_some(score), out_of_range: !valid, ..Self::default() }
    }

    /// A score computed from its parts; see [`WEIGHTS`].
    #[must_use]
    pub fn from_components<N: Into<Name>>(components: impl IntoIterator<Item = (N, f64)>) -> Self {
        components.into_iter().fold(Self::default(), |confidence, (name, value)| confidence.component(name, value))
    }

    /// Adds a named part (`completeness`, `validation`, or one of your own).
    #[must_use]
    pub fn component(mut self, name: impl Into<Name>, value: f64) -> Self {
        if in_range(value) {
            self.components.insert(name.into(), value);
        } else {
            self.out_of_range = true;
        }
        self
    }

    /// Marks where the score was derived from (`logprobs`), when nobody stated it.
    #[must_use]
    pub fn derived_from(mut self, source: impl Into<Name>) -> Self {
        self.derived_from = Some(source.into());
        self
    }

    /// The score: the given one, else the weighted mean of the known parts, else (parts of other names only) unknown.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        self.given.or_else(|| {
            let known = || WEIGHTS.iter().filter_map(|(name, weight)| Some((self.components.get(*name)?, weight)));
            let weights: f64 = known().map(|(_, weight)| weight).sum();
            (weights > 0.0).then(|| known().map(|(value, weight)| value * weight).sum::<f64>() / weights)
        })
    }

    /// The score that was given, if one was.
    #[must_use]
    pub const fn given(&self) -> Option<f64> {
        self.given
    }

    /// The named parts.
    #[must_use]
    pub const fn components(&self) -> &BTreeMap<Name, f64> {
        &self.components
    }

    /// What the score was derived from, when nobody stated it.
    #[must_use]
    pub fn derivation(&self) -> Option<&str> {
        self.derived_from.as_deref()
    }

    /// Whether a number out of 0 to 1 was offered and left out.
    #[must_use]
    pub const fn out_of_range(&self) -> bool {
        self.out_of_range
    }

    pub(crate) fn mark_out_of_range(&mut self) {
        self.out_of_range = true;
    }
}

fn in_range(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

words! {
    /// What the caller did with an answer.
    Action {
        /// It was used.
        UseAiResult = "use_ai_result",
        /// It was not: rules, a person or another model took over.
        FallbackToRules = "fallback_to_rules",
    }
}

/// What is learnt of an answer, by the caller and mostly later.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Trust {
    /// How far it can be trusted.
    pub confidence: Option<Confidence>,
    /// What was done with it; `None`: the caller did not say.
    pub action: Option<Action>,
    /// Why it was not used.
    pub fallback_reason: Option<String>,
    /// What the application chose to attach to the answer.
    pub response_data: Option<Value>,
}

impl Trust {
    /// Adds what was learnt now: of two that say the same thing, the later one wins.
    pub(crate) fn learn(&mut self, later: Self) {
        self.confidence = later.confidence.or_else(|| self.confidence.take());
        if later.action.is_some() {
            self.action = later.action;
            self.fallback_reason = later.fallback_reason;
        }
        self.response_data = later.response_data.or_else(|| self.response_data.take());
    }

    /// Whether nothing has been learnt.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.confidence.is_none()
            && self.action.is_none()
            && self.fallback_reason.is_none()
            && self.response_data.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computed(parts: [f64; 4]) -> f64 {
        let names = ["model_confidence", "completeness", "consistency", "validation"];
        let score = Confidence::from_components(names.into_iter().zip(parts)).score().unwrap();
        (score * 100.0).round() / 100.0
    }

    #[test]
    fn the_logged_examples_of_the_materials_platform_hold() {
        assert!((computed([0.90, 0.85, 0.88, 0.80]) - 0.87).abs() < 1e-9);
        assert!((computed([0.95, 0.90, 0.93, 0.88]) - 0.92).abs() < 1e-9);
        assert!((computed([0.98, 1.0, 0.95, 0.90]) - 0.96).abs() < 1e-9);
    }

    #[test]
    fn weights_are_renormalised_over_the_parts_present() {
        let score = Confidence::from_components([("completeness", 0.5), ("validation", 1.0)]).score();
        assert!((score.unwrap() - 0.75).abs() < 1e-12);
        assert_eq!(Confidence::from_components([("mood", 0.5)]).score(), None);
    }

    #[test]
    fn numbers_out_of_range_become_unknown_and_leave_a_mark() {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let confidence = Confidence::new(bad);
            assert_eq!(confidence.score(), None);
            assert!(confidence.out_of_range());
        }
    }
}
