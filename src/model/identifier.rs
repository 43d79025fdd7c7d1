//! `provider:model` and `client:<node id>:<model>`.

use std::{fmt, str::FromStr};

/// What stands in front of a node id.
const CLIENT: &str = "client";

/// The resolved name of a model: `provider:model`, or `client:<node id>:<model>` for one on a machine of one's own. The
/// model's name may contain `:`.
///
/// It prints as it was written.
///
/// ```
/// use spanledger::model::ModelIdentifier;
///
/// let local: ModelIdentifier = "client:1:llama3.1:8b".parse()?;
/// assert_eq!((local.provider(), local.node(), local.model()), (None, Some("1"), "llama3.1:8b"));
/// let hosted = ModelIdentifier::of_provider("openai", "gpt-4o")?;
/// assert_eq!(hosted.to_string(), "openai:gpt-4o");
/// # Ok::<(), spanledger::model::NotAnIdentifier>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelIdentifier {
    text: String,
    /// Where the model's name begins.
    model: usize,
    is_client: bool,
}

impl ModelIdentifier {
    /// The identifier of a provider's model.
    ///
    /// # Errors
    ///
    /// A part is empty or blank at an end, or the provider is `client` or contains `:`.
    pub fn of_provider(provider: &str, model: &str) -> Result<Self, NotAnIdentifier> {
        check(provider, model)?;
        if provider == CLIENT {
            return Err(NotAnIdentifier("`client` is no provider: write client:<node id>:<model>".to_owned()));
        }
        Ok(Self { text: [provider, ":", model].concat(), model: provider.len() + 1, is_client: false })
    }

    /// The identifier of a model on a machine of one's own.
    ///
    /// # Errors
    ///
    /// A part is empty or blank at an end, or the node's id contains `:`.
    pub fn of_node(node: &str, model: &str) -> Result<Self, NotAnIdentifier> {
        check(node, model)?;
        let model_at = CLIENT.len() + node.len() + 2;
        Ok(Self { text: [CLIENT, ":", node, ":", model].concat(), model: model_at, is_client: true })
    }

    /// The provider; `None`: a machine of one's own.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        (!self.is_client).then(|| &self.text[..self.model - 1])
    }

    /// The id of the machine that it runs on; `None`: a provider's.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.is_client.then(|| &self.text[CLIENT.len() + 1..self.model - 1])
    }

    /// The model, as it is called.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.text[self.model..]
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn check(place: &str, model: &str) -> Result<(), NotAnIdentifier> {
    let good = |part: &str| !part.is_empty() && part.trim() == part;
    if good(place) && good(model) && !place.contains(':') {
        return Ok(());
    }
    Err(NotAnIdentifier::new(&format!("{place}:{model}")))
}

impl FromStr for ModelIdentifier {
    type Err = NotAnIdentifier;

    fn from_str(text: &str) -> Result<Self, NotAnIdentifier> {
        let wrong = || NotAnIdentifier::new(text);
        match text.split_once(':').ok_or_else(wrong)? {
            (CLIENT, rest) => {
                let (node, model) = rest.split_once(':').ok_or_else(wrong)?;
                Self::of_node(node, model)
            }
            (provider, model) => Self::of_provider(provider, model),
        }
    }
}

impl fmt::Display for ModelIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A text that names no model and where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnIdentifier(String);

impl NotAnIdentifier {
    fn new(text: &str) -> Self {
        let text = &text[..text.floor_char_boundary(80)];
        Self(format!("`{text}` is no model identifier: write provider:model or client:<node id>:<model>"))
    }
}

impl fmt::Display for NotAnIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAnIdentifier {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_models_name_may_contain_colons() {
        for (text, place, model) in [
            ("openai:gpt-4o", (Some("openai"), None), "gpt-4o"),
            ("ollama:llama3.1:8b", (Some("ollama"), None), "llama3.1:8b"),
            ("client:1:llama3.1", (None, Some("1")), "llama3.1"),
            ("client:1:llama3.1:8b", (None, Some("1")), "llama3.1:8b"),
            ("clients:1:x", (Some("clients"), None), "1:x"),
        ] {
            let identifier: ModelIdentifier = text.parse().unwrap();
            assert_eq!((identifier.provider(), identifier.node()), place, "{text}");
            assert_eq!((identifier.model(), identifier.to_string().as_str()), (model, text));
        }
    }

    #[test]
    fn what_names_no_model_is_refused_with_the_way_to_write_it() {
        for text in ["", "gpt-4o", ":", "openai:", ":gpt-4o", "client:1", "client:1:", "client::x", "openai: x", " a:b"]
        {
            let error = text.parse::<ModelIdentifier>().unwrap_err().to_string();
            assert!(error.contains("write provider:model or client:<node id>:<model>"), "{text}: {error}");
        }
        let error = ModelIdentifier::of_provider("client", "x").unwrap_err().to_string();
        assert!(error.contains("write client:<node id>:<model>"), "{error}");
        assert!(ModelIdentifier::of_node("1:2", "x").is_err());
    }

    /// A part of an identifier: any characters, none of them blank.
    fn part(colons: bool) -> impl Strategy<Value = String> {
        let part = if colons { r"[^\s\p{C}]{1,12}" } else { r"[^\s\p{C}:]{1,12}" };
        part.prop_filter("trimmed", |text| text.trim() == text)
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_the_same(place in part(false), model in part(true), client: bool) {
            prop_assume!(client || place != CLIENT);
            let make = if client { ModelIdentifier::of_node } else { ModelIdentifier::of_provider };
            let identifier = make(&place, &model).unwrap();
            let given = identifier.node().or(identifier.provider());
            prop_assert_eq!((given, identifier.model()), (Some(place.as_str()), model.as_str()));
            prop_assert_eq!(identifier.to_string().parse(), Ok(identifier));
        }

        #[test]
        fn what_is_read_is_printed_as_it_was_written(text in ".{0,24}") {
            if let Ok(identifier) = text.parse::<ModelIdentifier>() {
                prop_assert_eq!(identifier.to_string(), text);
            }
        }
    }
}
