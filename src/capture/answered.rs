//! Who answered: what a handle can tell of it after the row was written.

use crate::{
    call::{Call, Name},
    model::{ModelIdentifier, Models},
};

/// The names of one call, as far as they say more than the one before.
#[derive(Debug)]
pub(super) struct Names {
    provider: Name,
    /// The application's own, or that of an alias.
    identifier: Option<Box<str>>,
    node: Option<Box<str>>,
    asked: Option<String>,
    /// The model that answered, where it is not the one that was asked for.
    answered: Option<String>,
}

impl Names {
    pub(super) fn of(call: &Call) -> Self {
        let (asked, answered) = (&call.request.model, &call.response.model);
        let context = &call.context;
        Self {
            provider: call.provider.clone(),
            identifier: context.model_identifier.as_deref().map(Into::into),
            node: context.node_id.as_deref().map(Into::into),
            asked: asked.clone(),
            answered: answered.clone().filter(|_| answered != asked),
        }
    }

    /// The model that answered, else the one that was asked for.
    pub(super) fn model(&self) -> Option<&str> {
        self.answered.as_deref().or(self.asked.as_deref())
    }

    /// What the row has as `model_identifier`, if it is one.
    pub(super) fn identifier(&self) -> Option<ModelIdentifier> {
        if let Some(identifier) = &self.identifier {
            return identifier.parse().ok();
        }
        let model = self.asked.as_deref().or(self.answered.as_deref())?;
        match &self.node {
            Some(node) => ModelIdentifier::of_node(node, model).ok(),
            None => ModelIdentifier::of_provider(&self.provider, model).ok(),
        }
    }

    /// The line to show.
    pub(super) fn line(&self, models: &Models) -> Option<String> {
        self.identifier().map(|identifier| models.title(&identifier))
    }
}
