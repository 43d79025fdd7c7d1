//! Aliases and the names of machines.

use std::{collections::BTreeMap, sync::Arc};

use super::{ModelIdentifier, NotAnIdentifier, titles};
use crate::call::Call;

/// What front ends call models, and what people call their machines. Cheap to clone; empty, it changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Models(Option<Arc<Names>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    aliases: BTreeMap<String, ModelIdentifier>,
    nodes: BTreeMap<String, String>,
}

impl Models {
    /// With an alias: what a front end calls a model, and what is called and priced for it. The last of the same name
    /// counts.
    #[must_use]
    pub fn with_alias(mut self, alias: impl Into<String>, identifier: ModelIdentifier) -> Self {
        self.names_mut().aliases.insert(alias.into(), identifier);
        self
    }

    /// With the name of a machine, by the node id of its identifiers.
    #[must_use]
    pub fn with_node(mut self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.names_mut().nodes.insert(id.into(), name.into());
        self
    }

    /// What a name stands for: that of an alias, else the identifier that it is.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn identifier(&self, name: &str) -> Result<ModelIdentifier, NotAnIdentifier> {
        self.alias(name).map_or_else(|| name.parse(), |identifier| Ok(identifier.clone()))
    }

    /// What an alias stands for.
    #[must_use]
    pub fn alias(&self, name: &str) -> Option<&ModelIdentifier> {
        self.0.as_ref()?.aliases.get(name)
    }

    /// The name of a machine.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&str> {
        self.0.as_ref()?.nodes.get(id).map(String::as_str)
    }

    /// A line fit to show: `Mac Studio (llama3.1)` for `client:1:llama3.1`, `OpenAI (gpt-4o)` for `openai:gpt-4o`. A
    /// machine without a name is `Node 1`.
    #[must_use]
    pub fn title(&self, identifier: &ModelIdentifier) -> String {
        let place = match (identifier.node(), identifier.provider()) {
            (Some(id), _) => self.node(id).map_or_else(|| format!("Node {id}"), ToOwned::to_owned),
            (None, provider) => titles::title(provider.unwrap_or_default()).to_owned(),
        };
        format!("{place} ({})", identifier.model())
    }

    /// A request that sends an alias: what it stands for is what is called and priced.
    pub(crate) fn apply(&self, call: &mut Call) {
        let Some(identifier) = call.request.model.as_deref().and_then(|asked| self.alias(asked)) else { return };
        if let Some(provider) = identifier.provider() {
            call.provider = provider.to_owned().into();
        }
        let asked = call.request.model.replace(identifier.model().to_owned());
        let context = &mut call.context;
        context.model_alias = context.model_alias.take().or(asked);
        if context.model_identifier.is_none() {
            context.model_identifier = Some(identifier.to_string());
            context.node_id = context.node_id.take().or_else(|| identifier.node().map(ToOwned::to_owned));
        }
    }

    /// An answer that only repeats the alias names no model.
    pub(crate) fn apply_to_answer(&self, call: &mut Call) {
        let echoed = call.response.model.is_some() && call.response.model == call.context.model_alias;
        if echoed && call.response.model.as_deref().is_some_and(|answered| self.alias(answered).is_some()) {
            call.response.model = None;
        }
    }

    fn names_mut(&mut self) -> &mut Names {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallContext, PriceBook};

    fn models() -> Models {
        Models::default()
            .with_alias("o3", "openai:o3-2025-04-16".parse().unwrap())
            .with_alias("claude-4-opus", "anthropic:claude-opus-4-20250514".parse().unwrap())
            .with_alias("local", "client:1:llama3.1".parse().unwrap())
            .with_node("1", "Mac Studio")
    }

    fn asked(model: &str) -> Call {
        let mut call = Call { provider: "openai".into(), operation: "chat".into(), ..Call::default() };
        call.request.model = Some(model.to_owned());
        call
    }

    #[test]
    fn the_line_to_show_names_machine_or_house_and_model() {
        for (identifier, line) in [
            ("client:1:llama3.1", "Mac Studio (llama3.1)"),
            ("client:1:llama3.1:8b", "Mac Studio (llama3.1:8b)"),
            ("client:7:llama3.1", "Node 7 (llama3.1)"),
            ("openai:gpt-4o", "OpenAI (gpt-4o)"),
            ("my_gateway:m", "my_gateway (m)"),
        ] {
            assert_eq!(models().title(&identifier.parse().unwrap()), line);
        }
    }

    #[test]
    fn an_alias_that_is_sent_is_kept_beside_what_is_called() {
        let mut call = asked("o3");
        call.response.model = Some("o3".to_owned());
        models().apply(&mut call);
        models().apply_to_answer(&mut call);
        assert_eq!(call.context.model_alias.as_deref(), Some("o3"));
        assert_eq!(call.request.model.as_deref(), Some("o3-2025-04-16"));
        assert_eq!(call.response.model, None, "it only repeats the alias");
        assert_eq!(call.context.model_identifier.as_deref(), Some("openai:o3-2025-04-16"));
        let mut local = asked("local");
        models().apply(&mut local);
        assert_eq!((local.context.node_id.as_deref(), local.request.model.as_deref()), (Some("1"), Some("llama3.1")));
    }

    #[test]
    fn what_is_priced_is_the_model_that_is_called() {
        let priced = |mut call: Call, models: &Models| {
            models.apply(&mut call);
            models.apply_to_answer(&mut call);
            (call.usage.input_tokens, call.usage.output_tokens) = (Some(1_000_000), Some(0));
            PriceBook::bundled().price(&call)
        };
        let mut gateway = asked("claude-4-opus");
        gateway.response.model = Some("claude-4-opus".to_owned());
        let mut direct = asked("claude-opus-4-20250514");
        direct.provider = "anthropic".into();
        let cost = priced(gateway.clone(), &models());
        assert_eq!(cost.total, priced(direct, &Models::default()).total);
        assert!(cost.total.is_some());
        assert_eq!(priced(gateway, &Models::default()).total, None, "without the file nobody knows it");
    }

    #[test]
    fn what_the_application_says_itself_stays() {
        let mut call = asked("o3");
        call.context = CallContext::default().model_alias("Reasoning").model_identifier("client:2:o3");
        models().apply(&mut call);
        let context = &call.context;
        assert_eq!(context.model_alias.as_deref(), Some("Reasoning"));
        assert_eq!((context.model_identifier.as_deref(), context.node_id.as_deref()), (Some("client:2:o3"), Some("2")));
    }

    #[test]
    fn without_a_file_nothing_is_changed() {
        let mut call = asked("o3");
        let before = call.clone();
        Models::default().apply(&mut call);
        assert_eq!(call, before);
    }
}
