//! How far an answer can be trusted, from attributes: of a call, or of what was learnt of one later.

use std::collections::BTreeMap;

use serde_json::Value;

use super::values::{number, put, text, truth, word};
use crate::{
    confidence::{Action, Confidence, Trust},
    span::{json::Json, names},
};

/// What attributes have said so far.
#[derive(Default)]
pub(super) struct Learnt {
    given: Option<f64>,
    parts: BTreeMap<String, f64>,
    derived_from: Option<String>,
    out_of_range: Option<bool>,
    action: Option<Action>,
    fallback_reason: Option<String>,
    response_data: Option<Value>,
}

impl Learnt {
    /// Takes an attribute, or gives its value back.
    pub(super) fn attribute<'a>(&mut self, name: &str, value: Json<'a>) -> Result<(), Json<'a>> {
        match name {
            names::CONFIDENCE_SCORE => put(&mut self.given, number(value)),
            names::CONFIDENCE_DERIVED_FROM => put(&mut self.derived_from, text(value)),
            names::CONFIDENCE_OUT_OF_RANGE => put(&mut self.out_of_range, truth(value)),
            names::ACTION => put(&mut self.action, word(value, Action::from_word)),
            names::FALLBACK_REASON => put(&mut self.fallback_reason, text(value)),
            names::RESPONSE_DATA => put(&mut self.response_data, Ok(value.into_value())),
            _ => match name.strip_prefix(names::CONFIDENCE_PREFIX) {
                Some(part) => {
                    self.parts.insert(part.to_owned(), value.as_f64().unwrap_or(f64::NAN));
                    Ok(())
                }
                None => Err(value),
            },
        }
    }

    /// All that they said.
    pub(super) fn finish(self) -> Trust {
        let out_of_range = self.out_of_range == Some(true);
        let known = self.given.is_some() || !self.parts.is_empty() || self.derived_from.is_some() || out_of_range;
        let confidence = known.then(|| {
            let mut confidence = self.given.map(Confidence::new).unwrap_or_default();
            for (part, value) in self.parts {
                confidence = confidence.component(part, value);
            }
            if let Some(source) = self.derived_from {
                confidence = confidence.derived_from(source);
            }
            if out_of_range {
                confidence.mark_out_of_range();
            }
            confidence
        });
        Trust {
            confidence,
            action: self.action,
            fallback_reason: self.fallback_reason,
            response_data: self.response_data,
        }
    }
}
