//! What calls run under: models, prompts, parameters, under an id that follows from the content.

use serde_json::Value;

use super::Timestamp;

/// A configuration that calls run under: a name, and its content as the application has it.
///
/// ```
/// use serde_json::json;
/// use spanledger::call::Configuration;
///
/// let configuration = Configuration::new("cheap", json!({"temperature": 0.2, "stage_models": {"extract": ["gpt-4.1"]}}));
/// assert_eq!(configuration.name, "cheap");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Configuration {
    /// What people call it. Of two names for equal content the later one stands.
    pub name: String,
    /// What it holds. Equal content has one id, whatever the order of its members.
    pub content: Value,
}

impl Configuration {
    /// A configuration with a name and its content.
    #[must_use]
    pub fn new(name: impl Into<String>, content: impl Into<Value>) -> Self {
        Self { name: name.into(), content: content.into() }
    }
}

/// A configuration that was told to the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    /// Its id, which follows from its content.
    pub id: String,
    /// When it was told.
    pub recorded_at: Timestamp,
    /// What was told.
    pub configuration: Configuration,
}
