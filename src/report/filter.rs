//! Which calls a question is about, beside its time.

use crate::store::Query;

/// Only calls of which all that is said here holds. What is `None` says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "named after the columns of the ledger")]
pub struct Filter {
    pub provider: Option<String>,
    /// Its alias, the model that was asked or that answered, or its identifier.
    pub model: Option<String>,
    /// The task; that of a call without one is its operation.
    pub task: Option<String>,
    pub user_id: Option<String>,
    pub configuration_id: Option<String>,
    /// `success` or `error`.
    pub status: Option<String>,
    pub operation: Option<String>,
    pub conversation_id: Option<String>,
    pub job_id: Option<String>,
    pub variant: Option<String>,
    pub service_name: Option<String>,
    pub environment: Option<String>,
    /// `use_ai_result` or `fallback_to_rules`.
    pub action: Option<String>,
    pub pricing_status: Option<String>,
    pub usage_source: Option<String>,
    pub ending: Option<String>,
    pub error_type: Option<String>,
    /// Tags, each a name and the text of its value; all must hold.
    pub tags: Vec<(String, String)>,
    /// Tags that a call has, whatever their values; reports by tag show only these.
    pub tagged: Vec<String>,
}

/// Conditions that are added one by one; a second of the same kind takes the first's place.
macro_rules! conditions {
    ($($name:ident: $column:ident = $about:literal,)*) => {
        impl Filter {
            $(
                #[doc = $about]
                #[must_use]
                pub fn $name(mut self, value: impl ToString) -> Self {
                    self.$column = Some(value.to_string());
                    self
                }
            )*
        }
    };
}

conditions! {
    provider: provider = "Only calls to this provider.",
    model: model = "Only calls of this model: its alias, the one that was asked or that answered, or its identifier.",
    operation: operation = "Only calls of this operation.",
    task: task = "Only calls for this task.",
    user: user_id = "Only calls on behalf of this user.",
    job: job_id = "Only calls of this job.",
    conversation: conversation_id = "Only calls of this conversation.",
    configuration: configuration_id = "Only calls under this configuration.",
    variant: variant = "Only calls in this arm of an A/B test.",
    service: service_name = "Only calls of this service.",
    environment: environment = "Only calls in this environment.",
    status: status = "Only calls that ended like this: `success` or `error`.",
}

impl Filter {
    /// Only calls with this value of this tag. It can be said several times: all must hold.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers, UUIDs and texts are given alike")]
    pub fn tag(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.tags.push((name.into(), value.to_string()));
        self
    }

    /// Whether hours are enough to tell which calls are meant: nothing is asked that `usage_hour` does not keep. A model is
    /// asked for by any of its names, of which hours keep one.
    pub(super) fn is_by_hours(&self) -> bool {
        let rest =
            Self { provider: None, task: None, user_id: None, configuration_id: None, status: None, ..self.clone() };
        rest == Self::default()
    }

    /// Adds a condition for each that hours can tell, on the columns of `usage_hour`, here `call`.
    pub(super) fn narrow_hours(&self, query: Query) -> Query {
        Self::equal(
            query,
            [
                (&self.provider, "AND call.provider = ?"),
                (&self.task, "AND call.task = ?"),
                (&self.user_id, "AND call.user_id = ?"),
                (&self.configuration_id, "AND call.configuration_id = ?"),
                (&self.status, "AND call.status = ?"),
            ],
        )
    }

    fn equal<const N: usize>(query: Query, conditions: [(&Option<String>, &'static str); N]) -> Query {
        let asked = conditions.into_iter().filter_map(|(value, sql)| Some((value.as_deref()?, sql)));
        asked.fold(query, |query, (value, sql)| query.and(sql).bind(value))
    }

    /// Adds a condition for each, on the columns of `report_call`, here `call`.
    pub(crate) fn narrow(&self, query: Query) -> Query {
        let query = self.narrow_hours(query);
        let mut query = Self::equal(
            query,
            [
                (&self.operation, "AND call.operation = ?"),
                (&self.conversation_id, "AND call.conversation_id = ?"),
                (&self.job_id, "AND call.job_id = ?"),
                (&self.variant, "AND call.variant = ?"),
                (&self.service_name, "AND call.service_name = ?"),
                (&self.environment, "AND call.environment = ?"),
                (&self.action, "AND call.action = ?"),
                (&self.pricing_status, "AND call.pricing_status = ?"),
                (&self.usage_source, "AND call.usage_source = ?"),
                (&self.ending, "AND call.ending = ?"),
                (&self.error_type, "AND call.error_type = ?"),
            ],
        );
        if let Some(model) = &self.model {
            query = query.and(
                "AND (call.request_model = ? OR call.model_alias = ? OR call.model_identifier = ? OR call.response_model = ?)",
            );
            query = (0..4).fold(query, |query, _| query.bind(model.as_str()));
        }
        let query = self.tags.iter().fold(query, |query, (name, value)| {
            query
                .and("AND EXISTS (SELECT 1 FROM main.report_tag WHERE report_tag.id = call.id AND tag = ? AND value = ?)")
                .bind(name.as_str())
                .bind(value.as_str())
        });
        self.tagged.iter().fold(query, |query, name| {
            query
                .and("AND EXISTS (SELECT 1 FROM main.report_tag WHERE report_tag.id = call.id AND tag = ?)")
                .bind(name.as_str())
        })
    }
}
