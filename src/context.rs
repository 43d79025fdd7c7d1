//! Who asks, and for what.
//!
//! A [`CallContext`] is attached to a request as an extension, or holds for everything inside [`CallContext::scope`]. The
//! request's extension wins over the scope.

use serde_json::{Map, Value};

/// Who asks, and for what: the columns of a row that the wire does not know.
///
/// ```
/// use spanledger::CallContext;
///
/// let context = CallContext::new("material_classification").user("42").job("2d9c").attempt(2).tag("image_id", 17);
/// assert_eq!(context.tags["image_id"], 17);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CallContext {
    /// What the call is for: endpoint, section, stage, call type.
    pub task: Option<String>,
    /// On whose behalf.
    pub user_id: Option<String>,
    /// The conversation it belongs to.
    pub conversation_id: Option<String>,
    /// The job it is a step of.
    pub job_id: Option<String>,
    /// The configuration that it runs under.
    pub configuration_id: Option<String>,
    /// The arm of an A/B test.
    pub variant: Option<String>,
    /// 1 for the first try, 2 for the next, …
    pub attempt: Option<u32>,
    /// The row that this call escalates, retries or validates.
    pub previous_id: Option<String>,
    /// `provider:model` or `client:<node id>:<model>`, as the application resolved it.
    pub model_identifier: Option<String>,
    /// What the front end called the model.
    pub model_alias: Option<String>,
    /// The machine that a `client:` model runs on.
    pub node_id: Option<String>,
    /// What the application chose to attach to the request.
    pub request_data: Option<Value>,
    /// Anything else, with its JSON types.
    pub tags: Map<String, Value>,
}

impl CallContext {
    /// A context for a task.
    #[must_use]
    pub fn new(task: impl Into<String>) -> Self {
        Self { task: Some(task.into()), ..Self::default() }
    }

    /// On whose behalf: a number, a UUID or an e-mail address as text.
    #[must_use]
    pub fn user(mut self, id: impl ToString) -> Self {
        self.user_id = Some(id.to_string());
        self
    }

    /// The conversation that the call belongs to.
    #[must_use]
    pub fn conversation(mut self, id: impl ToString) -> Self {
        self.conversation_id = Some(id.to_string());
        self
    }

    /// The job that the call is a step of.
    #[must_use]
    pub fn job(mut self, id: impl ToString) -> Self {
        self.job_id = Some(id.to_string());
        self
    }

    /// The configuration that the call runs under.
    #[must_use]
    pub fn configuration(mut self, id: impl ToString) -> Self {
        self.configuration_id = Some(id.to_string());
        self
    }

    /// The arm of an A/B test.
    #[must_use]
    pub fn variant(mut self, name: impl Into<String>) -> Self {
        self.variant = Some(name.into());
        self
    }

    /// Which try this is, counted from 1.
    #[must_use]
    pub fn attempt(mut self, number: u32) -> Self {
        self.attempt = Some(number);
        self
    }

    /// The row id of the call that this one escalates, retries or validates.
    #[must_use]
    pub fn previous(mut self, row_id: impl ToString) -> Self {
        self.previous_id = Some(row_id.to_string());
        self
    }

    /// The resolved model: `provider:model` or `client:<node id>:<model>` (the model may contain `:`).
    #[must_use]
    pub fn model_identifier(mut self, identifier: impl Into<String>) -> Self {
        let identifier = identifier.into();
        if let Some((node, _)) = identifier.strip_prefix("client:").and_then(|rest| rest.split_once(':')) {
            self.node_id = Some(node.to_owned());
        }
        self.model_identifier = Some(identifier);
        self
    }

    /// What the front end called the model.
    #[must_use]
    pub fn model_alias(mut self, alias: impl Into<String>) -> Self {
        self.model_alias = Some(alias.into());
        self
    }

    /// Attaches data about the request. It is the application's own choice: nothing is taken from the prompt.
    #[must_use]
    pub fn request_data(mut self, data: impl Into<Value>) -> Self {
        self.request_data = Some(data.into());
        self
    }

    /// Adds a tag; its JSON type is kept.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }
}
