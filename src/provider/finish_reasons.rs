//! Why each choice of an answer ended, gathered over a stream.

use super::{fill, lenient::Text};
use crate::call::Call;

/// No API gives more choices than this in one answer.
const MAX_CHOICES: usize = 128;

/// The last reason of each choice.
#[derive(Debug, Default)]
pub(super) struct FinishReasons(Vec<(u64, String)>);

impl FinishReasons {
    /// What is stated of a choice, if anything is.
    pub(super) fn note(&mut self, index: u64, reason: &Text<'_>) {
        let Some(reason) = reason.get() else { return };
        if let Some((_, last)) = self.0.iter_mut().find(|(known, _)| *known == index) {
            *last = fill::name(reason);
        } else if self.0.len() < MAX_CHOICES {
            self.0.push((index, fill::name(reason)));
        }
    }

    /// Lists them in the order of their choices.
    pub(super) fn finish(&mut self, call: &mut Call) {
        self.0.sort_by_key(|(index, _)| *index);
        call.response.finish_reasons = self.0.drain(..).map(|(_, reason)| reason).collect();
    }
}
