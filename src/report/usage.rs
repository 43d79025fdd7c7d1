//! What was used, as values for a program: in total, and by one column.

use std::time::Duration;

use serde_json::Value;

use super::{
    Scope, Step,
    money::{self, UsdSum},
    scope,
};
use crate::{
    call::Timestamp,
    store::{Error, Query, Store, Table},
};

/// What calls that count have used.
///
/// Sums are over the calls that know, and `None` where no call does; so are the average and the percentile.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// How many calls, failed ones included.
    pub calls: u64,
    /// How many were answered.
    pub successes: u64,
    /// How many failed.
    pub errors: u64,
    /// All input tokens, cached ones included.
    pub input_tokens: Option<u64>,
    /// All output tokens, reasoning included.
    pub output_tokens: Option<u64>,
    /// Input and output of the calls that know both.
    pub total_tokens: Option<u64>,
    /// Input tokens that were read from a cache.
    pub cache_read_tokens: Option<u64>,
    /// Input tokens that were written to one.
    pub cache_write_tokens: Option<u64>,
    /// Output tokens that were reasoning.
    pub reasoning_tokens: Option<u64>,
    /// What the calls cost that have a price.
    pub cost: Option<UsdSum>,
    /// How many calls could not be priced: what they cost is not in `cost`.
    pub unpriced: u64,
    /// How long a call took on average.
    pub average_duration: Option<Duration>,
    /// 95 of 100 calls took at most this long: exact, by nearest rank.
    pub p95_duration: Option<Duration>,
    /// When the first call started.
    pub first_started_at: Option<Timestamp>,
    /// When the last call started.
    pub last_started_at: Option<Timestamp>,
    /// Lines that waited in the spool when this was asked, and whose calls may be missing here.
    pub waiting: u64,
}

/// The calls that have one value of a column.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Part {
    /// The value; `None` for the calls that have none.
    pub value: Option<String>,
    /// What they used.
    pub usage: Summary,
}

crate::call::words! {
    /// What usage is told by.
    #[non_exhaustive]
    By {
        /// Who answers: `openai`, `anthropic`, …
        Provider = "provider",
        /// The model's alias, else the one that was asked for, else the one that answered.
        Model = "model",
        /// `chat`, `embeddings`, …
        Operation = "operation",
        /// The task; that of a call without one is its operation.
        Task = "task",
        /// On whose behalf.
        User = "user",
        /// The job that calls are steps of.
        Job = "job",
        /// The conversation they belong to.
        Conversation = "conversation",
        /// The configuration they run under.
        Configuration = "configuration",
        /// The arm of an A/B test.
        Variant = "variant",
        /// The service that makes them.
        Service = "service",
        /// Where it runs: `production`, …
        Environment = "environment",
        /// `success` or `error`.
        Status = "status",
        /// The hour in the scope's zone, `2026-11-21T08:00+05:30`.
        Hour = "hour",
        /// The day in the scope's zone, `2026-11-21`.
        Day = "day",
        /// The month in the scope's zone, `2026-11`.
        Month = "month",
    }
}

/// The question, by a column of `report_call`.
macro_rules! usage_by {
    ($part:literal) => {
        concat!(", usage AS (SELECT ", $part, " AS part, call.* FROM report_call AS call) ", include_str!("usage.sql"))
    };
}

impl By {
    const fn step(self) -> Option<Step> {
        match self {
            Self::Hour => Some(Step::Hour),
            Self::Day => Some(Step::Day),
            Self::Month => Some(Step::Month),
            _ => None,
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Provider => usage_by!("provider"),
            Self::Model => usage_by!("model"),
            Self::Operation => usage_by!("operation"),
            Self::Task => usage_by!("task"),
            Self::User => usage_by!("user_id"),
            Self::Job => usage_by!("job_id"),
            Self::Conversation => usage_by!("conversation_id"),
            Self::Configuration => usage_by!("configuration_id"),
            Self::Variant => usage_by!("variant"),
            Self::Service => usage_by!("service_name"),
            Self::Environment => usage_by!("environment"),
            Self::Status => usage_by!("status"),
            Self::Hour | Self::Day | Self::Month => usage_by!("period"),
        }
    }
}

impl Summary {
    /// What all calls of a scope used.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of(store: &dyn Store, scope: &Scope) -> Result<Self, Error> {
        let parts = parts(store, &scope.query(store, usage_by!("NULL"), None).await?).await?;
        Ok(parts.into_iter().next().map_or_else(Self::default, |part| part.usage))
    }

    /// What the calls of a scope used, by a column; sorted by its values, periods by time.
    ///
    /// # Errors
    /// What the store says.
    pub async fn by(store: &dyn Store, scope: &Scope, by: By) -> Result<Vec<Part>, Error> {
        let mut parts = parts(store, &scope.query(store, by.sql(), by.step()).await?).await?;
        if by.step().is_some() {
            // Where clocks go back, the same hour comes twice, and as text the second one first.
            parts.sort_by_key(|part| part.usage.first_started_at);
        }
        Ok(parts)
    }
}

async fn parts(store: &dyn Store, query: &Query) -> Result<Vec<Part>, Error> {
    let table = store.query(query).await?;
    Ok((0..table.rows.len()).map(|at| part(&Row { table: &table, at })).collect())
}

fn part(row: &Row<'_>) -> Part {
    let (calls, errors) = (row.count("calls").unwrap_or_default(), row.count("errors").unwrap_or_default());
    let usage = Summary {
        calls,
        successes: calls.saturating_sub(errors),
        errors,
        input_tokens: row.count("input_tokens"),
        output_tokens: row.count("output_tokens"),
        total_tokens: row.count("total_tokens"),
        cache_read_tokens: row.count("cache_read_tokens"),
        cache_write_tokens: row.count("cache_write_tokens"),
        reasoning_tokens: row.count("reasoning_tokens"),
        cost: money::sum(row.value("cost_micro"), row.value("cost_pico")).map(UsdSum::from_pico),
        unpriced: row.count("unpriced").unwrap_or_default(),
        average_duration: row.milliseconds("average_ms"),
        p95_duration: row.milliseconds("p95_ms"),
        first_started_at: scope::moment(row.value("first_started_at")),
        last_started_at: scope::moment(row.value("last_started_at")),
        waiting: 0,
    };
    Part { value: row.value("part").as_str().map(str::to_owned), usage }
}

/// One row, by the names of its columns.
struct Row<'a> {
    table: &'a Table,
    at: usize,
}

impl Row<'_> {
    fn value(&self, name: &str) -> &Value {
        let at = self.table.columns.iter().position(|column| column == name);
        at.and_then(|at| self.table.rows.get(self.at)?.get(at)).unwrap_or(&Value::Null)
    }

    fn count(&self, name: &str) -> Option<u64> {
        self.value(name).as_u64()
    }

    fn milliseconds(&self, name: &str) -> Option<Duration> {
        Duration::try_from_secs_f64(self.value(name).as_f64()? / 1e3).ok()
    }
}
