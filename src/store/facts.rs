//! What was learnt of calls later, as rows of `ai_call_score`: the same in every database.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{
    clean,
    columns::{self, Cell},
};
use crate::{
    Confidence,
    call::{Later, RowId, Score, Scored, Timestamp},
    confidence::Action,
};

/// One row: the values of [`COLUMNS`] but the last.
pub(super) type Fact = Vec<Cell<'static>>;

/// The columns of a fact, in order. The last is the hash of the others.
pub(super) const COLUMNS: &[&str] =
    &["call_id", "name", "score", "label", "detail", "marks", "given", "recorded_at", "content_hash"];

/// Whose fact it is, and since when.
#[derive(Clone, Copy)]
struct About {
    row_id: RowId,
    recorded_at: Timestamp,
}

/// What a fact says.
struct Says<'a> {
    name: &'a str,
    score: Option<f64>,
    label: Cell<'static>,
    detail: Cell<'static>,
    marks: Value,
    given: bool,
}

/// What was learnt: a confidence with its parts is one fact, and so is what was done with an answer and why.
pub(super) fn of_later(later: &Later) -> impl Iterator<Item = Fact> {
    let about = About { row_id: later.row_id, recorded_at: later.recorded_at };
    let trust = &later.trust;
    let confidence = trust.confidence.as_ref().map(confidence);
    // A reason for falling back says that somebody fell back.
    let action = trust.action.or(trust.fallback_reason.as_ref().map(|_| Action::FallbackToRules)).map(|action| Says {
        label: text(action.as_str()),
        detail: trust.fallback_reason.as_deref().map_or(Cell::Null, |reason| json(reason.into())),
        ..Says::nothing("action")
    });
    let response_data =
        trust.response_data.clone().map(|data| Says { detail: json(data), ..Says::nothing("response_data") });
    [confidence, action, response_data].into_iter().flatten().map(move |says| says.of(about))
}

/// A score. One named `confidence` is the call's, with its explanation among the parts.
pub(super) fn of_score(scored: &Scored) -> Fact {
    let Scored { row_id, recorded_at, score } = scored;
    let label = score.label.as_deref().map_or(Cell::Null, text);
    let says = if score.name.trim() == Score::CONFIDENCE {
        let stated = score.score.map(Confidence::new).unwrap_or_default();
        let explained = score.explanation.as_ref().map(|explanation| json(json!({ "explanation": explanation })));
        Says { label, detail: explained.unwrap_or(Cell::Null), ..confidence(&stated) }
    } else {
        Says {
            score: score.score.filter(|score| score.is_finite()),
            label,
            detail: score.explanation.clone().map_or(Cell::Null, json),
            ..Says::nothing(score.name.trim())
        }
    };
    says.of(About { row_id: *row_id, recorded_at: *recorded_at })
}

fn confidence(confidence: &Confidence) -> Says<'static> {
    let derived_from = confidence.derivation();
    Says {
        score: confidence.score(),
        label: derived_from.map_or(Cell::Null, text),
        detail: columns::breakdown(confidence),
        marks: json!({
            "confidence_derived_from": derived_from,
            "confidence_out_of_range": confidence.out_of_range().then_some(true),
        }),
        given: derived_from.is_none(),
        ..Says::nothing(Score::CONFIDENCE)
    }
}

impl<'a> Says<'a> {
    fn nothing(name: &'a str) -> Self {
        Self { name, score: None, label: Cell::Null, detail: Cell::Null, marks: json!({}), given: true }
    }

    fn of(self, about: About) -> Fact {
        vec![
            Cell::Text(about.row_id.to_string().into()),
            text(self.name),
            self.score.map_or(Cell::Null, Cell::Real),
            self.label,
            self.detail,
            json(self.marks),
            Cell::Bool(self.given),
            Cell::Moment(about.recorded_at),
        ]
    }
}

fn text(text: &str) -> Cell<'static> {
    Cell::Text(clean::text(text).into_owned().into())
}

fn json(value: Value) -> Cell<'static> {
    Cell::Json(clean::json(Cow::Owned(value)))
}
