//! Questions that people ask of the ledger, each a `.sql` file that a non-Rust person can read and change.
//!
//! A report reads `report_hour`, the sums by hours of the calls that count, or `report_call`, one row per call, where it
//! needs what hours do not keep (a job, a percentile), or `report_call_tag`, one row per call and tag, where it goes by tags.
//! It has no parameters: run by hand it is about the whole ledger; the program narrows all three to a [`Scope`]. It is one
//! `SELECT`; subqueries stand in its `FROM`, because a `WITH` of the program stands in front of it, and a `LIMIT` may follow.
//! What goes by time groups by `period`. It is plain SQL, in an order that leaves no tie, so that every database gives the
//! same rows.
//!
//! Money is summed as two whole numbers, `<name>__micro` and `<name>__pico`, which become one exact decimal column `<name>`;
//! with a third, `<name>__over`, it is the sum over that number, rounded to pico-dollars, and unknown over none.
//!
//! # Adding a report
//!
//! `report/<name>.sql`, its first line a comment that says what it answers, one line in [`REPORTS`], and its answer to the
//! known ledger of `tests/reports`.

use serde_json::Value;

use crate::{
    call::Timestamp,
    store::{Error, Query, Store, Table, sql_text},
};

mod calls;
mod filter;
mod models;
pub(crate) mod money;
mod period;
#[cfg(feature = "cli")]
pub mod render;
mod scope;
mod usage;

pub use calls::{Calls, Cursor, Totals};
pub use filter::Filter;
pub use models::models;
pub use money::UsdSum;
pub use period::Step;
#[cfg(feature = "cli")]
pub use render::Format;
pub use scope::Scope;
pub use usage::{By, Part, Summary};

/// A question to the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Its name, as the command line takes it.
    pub name: &'static str,
    sql: &'static str,
    /// How it goes by time, if it does.
    step: Option<Step>,
    /// How many rows it has, if nobody asks for more or fewer.
    first: Option<u32>,
}

macro_rules! reports {
    ($($name:literal $(by $step:ident)? $(first $first:literal)?,)*) => {
        /// Every report; the first is the one that is shown when none is named.
        pub const REPORTS: &[Report] = &[$(
            Report { $(step: Some(Step::$step),)? $(first: Some($first),)? ..Report::new($name, include_str!(concat!($name, ".sql"))) },
        )*];
    };
}

reports! {
    "spend_by_model",
    "spend_by_provider",
    "spend_by_task",
    "spend_by_user",
    "spend_by_user_and_task",
    "spend_by_job",
    "spend_by_conversation",
    "spend_by_configuration",
    "spend_by_service",
    "spend_by_variant",
    "spend_by_tag",
    "spend_by_tag_and_model",
    "spend_by_hour" by Hour,
    "spend_by_day" by Day,
    "spend_by_month" by Month,
    "summary",
    "job_steps",
    "cost_per_tag",
    "cost_per_answer",
    "failed_spend",
    "cache_share",
    "unpriced",
    "streams_without_usage",
    "latency_by_model",
    "latency_by_task",
    "slowest" first 20,
    "errors",
    "confidence",
    "confidence_histogram",
    "fallback_by_task",
    "fallback_by_model",
    "configured_models",
}

/// A range of time; the end is not included. An end that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// Behind every moment that can be stored.
const END: &str = "9999-12-31 23:59:59.999999";

impl Range {
    /// Both ends as SQL text.
    #[must_use]
    pub fn sql_texts(self) -> [String; 2] {
        let first = self.since.unwrap_or(Timestamp::from_micros(i64::MIN));
        [sql_text(first), self.until.map_or_else(|| END.to_owned(), sql_text)]
    }
}

impl Report {
    const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, step: None, first: None }
    }

    /// A question that has no name of its own: part of a command.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only commands ask such questions"))]
    pub(crate) const fn unlisted(sql: &'static str, step: Option<Step>) -> Self {
        Self { step, ..Self::new("", sql) }
    }

    /// The report of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        REPORTS.iter().find(|report| report.name == name)
    }

    /// What it answers, in a sentence.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.sql.lines().next().unwrap_or_default().trim_start_matches(['-', ' '])
    }

    /// Asks a ledger.
    ///
    /// # Errors
    /// What the store says.
    pub async fn run(&self, store: &dyn Store, scope: &Scope) -> Result<Table, Error> {
        let query = self.query(store, scope).await?;
        Ok(money::whole(store.query(&query).await?))
    }

    /// Asks a ledger for the same, of rows only: slower, and equal to what [`run`](Self::run) answers.
    ///
    /// # Errors
    /// What the store says.
    pub async fn run_over_rows(&self, store: &dyn Store, scope: &Scope) -> Result<Table, Error> {
        let query = self.ask(store, scope, false).await?;
        Ok(money::whole(store.query(&query).await?))
    }

    /// What is asked of a ledger.
    ///
    /// # Errors
    /// What the store says.
    pub async fn query(&self, store: &dyn Store, scope: &Scope) -> Result<Query, Error> {
        self.ask(store, scope, true).await
    }

    async fn ask(&self, store: &dyn Store, scope: &Scope, by_hours: bool) -> Result<Query, Error> {
        let scope = Scope { limit: scope.limit.or(self.first), ..scope.clone() };
        scope.query_by(store, (self.sql, self.step), by_hours).await
    }
}

/// `2 of 14 calls could not be priced`; `None` if all could, or if the table does not say.
#[must_use]
pub fn unpriced(table: &Table) -> Option<String> {
    let sum = |name: &str| {
        let at = table.columns.iter().position(|column| column == name)?;
        Some(table.rows.iter().filter_map(|row| row.get(at).and_then(Value::as_i64)).sum::<i64>())
    };
    // Where a row is a call, nobody counts them.
    let calls = sum("calls").or_else(|| i64::try_from(table.rows.len()).ok())?;
    let unpriced = sum("unpriced")?;
    let noun = if calls == 1 { "call" } else { "calls" };
    (unpriced > 0)
        .then(|| format!("{unpriced} of {calls} {noun} could not be priced: what they cost is not in the sums"))
}

/// `2 of 14 calls have estimated tokens`; `None` if none has. Their cost is in the sums.
///
/// # Errors
/// What the store says.
pub async fn estimated(store: &dyn Store, scope: &Scope) -> Result<Option<String>, Error> {
    let query = scope.query_by(store, (include_str!("estimated_calls.sql"), None), true).await?;
    let table = store.query(&query).await?;
    let [estimated, calls] =
        [0, 1].map(|at| table.rows.first().and_then(|row| row.get(at)).and_then(Value::as_i64).unwrap_or_default());
    let noun = if calls == 1 { "call" } else { "calls" };
    Ok((estimated > 0).then(|| {
        format!("The tokens of {estimated} of {calls} {noun} are estimated, because nobody reported them; so is what they cost")
    }))
}

/// How many streams in a scope tell no usage because nobody asked for it, and how to ask; `None` if there are none.
///
/// An OpenAI stream has no usage unless its request says so, and requests are never changed.
///
/// # Errors
/// What the store says.
pub async fn streams_without_usage(store: &dyn Store, scope: &Scope) -> Result<Option<String>, Error> {
    let [since, until] = scope.range.sql_texts();
    let query = Query::new(include_str!("streams_that_were_not_asked.sql")).bind(since).bind(until);
    let table = store.query(&scope.filter.narrow(query)).await?;
    let streams = table.rows.first().and_then(|row| row.first()).and_then(Value::as_i64).unwrap_or_default();
    let who = if streams == 1 { "1 stream tells no usage" } else { "streams tell no usage" };
    let count = if streams == 1 { String::new() } else { format!("{streams} ") };
    let how = "ask for it with \"stream_options\": {\"include_usage\": true} in the request";
    Ok((streams > 0).then(|| format!("{count}{who}: {how}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_says_what_it_answers_and_is_a_single_statement() {
        for report in REPORTS {
            assert!(report.sql.starts_with("-- ") && report.about().ends_with('.'), "{}", report.name);
            let reads_what_counts = report.sql.contains("report_call") || report.sql.contains("report_hour");
            assert!(reads_what_counts && !report.sql.contains("usage_log"), "{}: only calls that count", report.name);
            assert!(!report.sql.contains('?'), "{}: it can be run by hand", report.name);
            assert_eq!(report.sql.contains("period"), report.step.is_some(), "{}", report.name);
            assert!(report.sql.contains("ORDER BY") || report.name == "summary", "{}: in an order", report.name);
            for dialect in ["iif(", "json_", "->", " GLOB ", "total(", "strftime"] {
                assert!(!report.sql.contains(dialect), "{}: {dialect} is not for every database", report.name);
            }
        }
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn what_is_asked_under_every_report_looks_into_an_index_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::sqlite::Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        let explain = concat!("EXPLAIN QUERY PLAN ", include_str!("streams_that_were_not_asked.sql"));
        let [since, until] = Range::default().sql_texts();
        let plan = store.query(&Query::new(explain).bind(since).bind(until)).await.unwrap();
        let plan = format!("{:?}", plan.rows);
        assert!(plan.contains("INDEX usage_log_silent_stream (") && !plan.contains("SCAN"), "{plan}");
    }
}
