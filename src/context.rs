//! Who asks, and for what.
//!
//! A [`CallContext`] is attached to a request as an extension, or holds for everything inside [`CallContext::scope`]. What
//! the request's extension says wins over the scope, field by field: a job set around a whole pipeline and a task set on
//! each request add up.

use std::{
    cell::RefCell,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{self, Poll},
};

use serde_json::{Map, Value};

use crate::{
    capture::CallHandle,
    model::{ModelIdentifier, Models},
};

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

#[expect(clippy::needless_pass_by_value, reason = "numbers, UUIDs and texts are given alike")]
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
        if let Ok(parsed) = identifier.parse::<ModelIdentifier>() {
            self.node_id = parsed.node().map(ToOwned::to_owned);
        }
        self.model_identifier = Some(identifier);
        self
    }

    /// The model that was chosen ([`resolve`](crate::model::resolve)), by the name that it was chosen by: an alias of
    /// `models`, which is kept, or an identifier. A name that is neither says nothing that the request does not.
    ///
    /// ```
    /// use spanledger::{CallContext, Models};
    ///
    /// let models = Models::default().with_alias("local", "client:1:llama3.1".parse()?);
    /// let context = CallContext::new("chat").chosen("local", &models);
    /// assert_eq!(context.model_alias.as_deref(), Some("local"));
    /// assert_eq!((context.model_identifier.as_deref(), context.node_id.as_deref()), (Some("client:1:llama3.1"), Some("1")));
    /// # Ok::<(), spanledger::model::NotAnIdentifier>(())
    /// ```
    #[must_use]
    pub fn chosen(self, name: &str, models: &Models) -> Self {
        match (models.alias(name), name.parse::<ModelIdentifier>()) {
            (Some(identifier), _) => self.model_alias(name).model_identifier(identifier.as_str()),
            (None, Ok(identifier)) => self.model_identifier(identifier.as_str()),
            (None, Err(_)) => self,
        }
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

impl CallContext {
    /// What this context does not say, the other one does; tags are joined, those of this one first.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        fn fill<T: Clone>(mine: &mut Option<T>, theirs: &Option<T>) {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
        fill(&mut self.task, &other.task);
        fill(&mut self.user_id, &other.user_id);
        fill(&mut self.conversation_id, &other.conversation_id);
        fill(&mut self.job_id, &other.job_id);
        fill(&mut self.configuration_id, &other.configuration_id);
        fill(&mut self.variant, &other.variant);
        fill(&mut self.attempt, &other.attempt);
        fill(&mut self.previous_id, &other.previous_id);
        fill(&mut self.model_identifier, &other.model_identifier);
        fill(&mut self.model_alias, &other.model_alias);
        fill(&mut self.node_id, &other.node_id);
        fill(&mut self.request_data, &other.request_data);
        for (name, value) in &other.tags {
            self.tags.entry(name).or_insert_with(|| value.clone());
        }
        self
    }

    /// Runs a future with this context: every AI call inside it that says nothing else itself gets it.
    ///
    /// It holds for what the future does itself, on whatever thread it is polled; a task that it *spawns* needs a scope of
    /// its own. Scopes nest: the inner one wins, field by field.
    pub fn scope<F: Future>(self, future: F) -> Scoped<F> {
        Scoped { scope: Scope::enclosed(self, None), future }
    }

    /// As [`scope`](Self::scope), and also hands out a handle of each AI call that was made inside, in order: for clients
    /// that never show the response (async-openai, rig, reqwest as a tower service).
    pub async fn scope_calls<F: Future>(self, future: F) -> (F::Output, Vec<CallHandle>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let output = Scoped { scope: Scope::enclosed(self, Some(Arc::clone(&calls))), future }.await;
        let calls = std::mem::take(&mut *calls.lock().unwrap_or_else(PoisonError::into_inner));
        (output, calls)
    }
}

type Calls = Arc<Mutex<Vec<CallHandle>>>;

/// What holds inside a [`CallContext::scope`].
#[derive(Debug)]
struct Scope {
    context: CallContext,
    collectors: Vec<Calls>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Scope>>> = const { RefCell::new(None) };
}

impl Scope {
    /// A scope inside the current one.
    fn enclosed(context: CallContext, collector: Option<Calls>) -> Arc<Self> {
        let outer = Self::current();
        let mut collectors = outer.as_ref().map(|outer| outer.collectors.clone()).unwrap_or_default();
        collectors.extend(collector);
        let context = match &outer {
            Some(outer) => context.or(&outer.context),
            None => context,
        };
        Arc::new(Self { context, collectors })
    }

    fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }
}

/// The context of a call that is being made now: what the request itself says, then the scope.
pub(crate) fn resolve(of_request: Option<&CallContext>) -> CallContext {
    match (of_request, Scope::current()) {
        (Some(context), Some(scope)) => context.clone().or(&scope.context),
        (Some(context), None) => context.clone(),
        (None, Some(scope)) => scope.context.clone(),
        (None, None) => CallContext::default(),
    }
}

/// Whether somebody collects the handles of calls made now.
pub(crate) fn is_collected() -> bool {
    Scope::current().is_some_and(|scope| !scope.collectors.is_empty())
}

/// Gives a call's handle to those who collect them.
pub(crate) fn collect(handle: &CallHandle) {
    for calls in Scope::current().iter().flat_map(|scope| &scope.collectors) {
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(handle.clone());
    }
}

pin_project_lite::pin_project! {
    /// The future of [`CallContext::scope`].
    #[derive(Debug)]
    pub struct Scoped<F> {
        scope: Arc<Scope>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        /// Puts the scope around it back, also when the future panics.
        struct Restore(Option<Arc<Scope>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                let _ = CURRENT.try_with(|current| current.replace(self.0.take()));
            }
        }
        let this = self.project();
        let outer = CURRENT.try_with(|current| current.replace(Some(Arc::clone(this.scope)))).ok().flatten();
        let _restore = Restore(outer);
        this.future.poll(cx)
    }
}
