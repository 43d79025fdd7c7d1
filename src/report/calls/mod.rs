//! The calls themselves, page by page, and what all that match come to.
//!
//! A list has every call, also those that do not count because others lie under them; what it comes to sums only those that
//! count, as reports do.

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::{Filter, Scope, UsdSum, money};
use crate::{
    call::Timestamp,
    store::{Error, Query, Store, Table, rfc3339, sql_text},
};

/// Which calls, and which of them now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Calls {
    /// When, and what they are.
    pub scope: Scope,
    /// Only those that have this text in user, task, model or error, or whose id begins with it; in any case.
    pub search: Option<String>,
    /// Only those behind this one.
    pub after: Option<Cursor>,
    /// So many are passed over.
    pub skipped: u64,
    /// So many at most.
    pub limit: u32,
    /// Every column, not only those that fit on a line.
    pub with_all_columns: bool,
}

/// A place in the list that stays where it is while calls are added: `2026-11-21T08:15:00.000000Z,<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    started_at: Timestamp,
    id: String,
}

/// What calls come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// How many count.
    pub calls: i64,
    /// How many of them failed.
    pub errors: i64,
    /// Tokens; `None` where no call tells any.
    pub input_tokens: Option<i64>,
    /// The same.
    pub output_tokens: Option<i64>,
    /// What they cost; `None` where no call has a price.
    pub cost: Option<UsdSum>,
    /// How many could not be priced: what they cost is not in the sum.
    pub unpriced: i64,
    /// How many more match and do not count.
    pub wrappers: i64,
}

impl Calls {
    /// The newest of a scope.
    #[must_use]
    pub fn new(scope: Scope, limit: u32) -> Self {
        Self { scope, search: None, after: None, skipped: 0, limit, with_all_columns: false }
    }

    /// The list's question.
    #[must_use]
    pub fn query(&self) -> Query {
        let list = if self.with_all_columns { include_str!("list_all.sql") } else { include_str!("list.sql") };
        let mut query = self.matching(list);
        if let Some(Cursor { started_at, id }) = &self.after {
            // The first of the two is for the index.
            let moment = sql_text(*started_at);
            query = query.and("AND call.started_at <= ? AND (call.started_at < ? OR call.id > ?)");
            query = query.bind(moment.as_str()).bind(moment).bind(id.as_str());
        }
        query.and("ORDER BY call.started_at DESC, call.id LIMIT ? OFFSET ?").bind(self.limit).bind(self.skipped)
    }

    /// The list.
    ///
    /// # Errors
    /// What the store says.
    pub async fn rows(&self, store: &dyn Store) -> Result<Table, Error> {
        store.query(&self.query()).await
    }

    /// What all that match come to, on whatever page they are.
    ///
    /// # Errors
    /// What the store says.
    pub async fn totals(&self, store: &dyn Store) -> Result<Totals, Error> {
        let scope = Scope { limit: None, ..self.scope.clone() };
        let counted = match &self.search {
            None => scope.query(store, include_str!("totals.sql"), None).await?,
            Some(_) => self.searched(scope.query(store, include_str!("totals_searched.sql"), None).await?),
        };
        let counted = Row(store.query(&counted).await?);
        let wrappers = Row(store.query(&self.matching(include_str!("wrappers.sql"))).await?);
        Ok(Totals {
            calls: counted.number("calls").unwrap_or_default(),
            errors: counted.number("errors").unwrap_or_default(),
            input_tokens: counted.number("input_tokens"),
            output_tokens: counted.number("output_tokens"),
            cost: counted.sum("cost_usd__micro", "cost_usd__pico"),
            unpriced: counted.number("unpriced").unwrap_or_default(),
            wrappers: wrappers.number("calls").unwrap_or_default(),
        })
    }

    /// A question to `usage_log AS call`, narrowed to the scope.
    fn matching(&self, sql: &'static str) -> Query {
        let [since, until] = self.scope.range.sql_texts();
        let mut query = Query::new(sql).bind(since).bind(until);
        if let Some(task) = &self.scope.filter.task {
            // As reports have it, and each part has an index.
            query = query.and("AND (call.task = ? OR call.task IS NULL AND call.operation = ?)");
            query = query.bind(task.as_str()).bind(task.as_str());
        }
        let rest = Filter { task: None, ..self.scope.filter.clone() };
        self.searched(rest.narrow(query))
    }

    fn searched(&self, query: Query) -> Query {
        let Some(text) = self.search.as_deref().filter(|text| !text.is_empty()) else { return query };
        let text = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        query.and(include_str!("search.sql")).bind(format!("%{text}%")).bind(format!("{text}%"))
    }
}

impl Cursor {
    /// Behind the last row of a list.
    #[must_use]
    pub fn behind(list: &Table) -> Option<Self> {
        let last = list.rows.last()?;
        let of = |name: &str| last.get(list.columns.iter().position(|column| column == name)?)?.as_str();
        format!("{},{}", of("started_at")?, of("id")?).parse().ok()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", rfc3339(self.started_at), self.id)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (started_at, id) = text.split_once(',')?;
            let started_at: jiff::Timestamp = started_at.parse().ok()?;
            let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
            is_id.then(|| Self { started_at: Timestamp::from_micros(started_at.as_microsecond()), id: id.to_owned() })
        };
        read().ok_or("this is no place in the list; take the one that the page before has named")
    }
}

/// An answer of one row.
struct Row(Table);

impl Row {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.rows.first()?.get(self.0.columns.iter().position(|column| column == name)?)
    }

    fn sum(&self, micro: &str, pico: &str) -> Option<UsdSum> {
        money::sum(self.get(micro)?, self.get(pico)?).map(UsdSum::from_pico)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{columns::COLUMNS, sqlite::Sqlite};

    fn of(filter: Filter) -> Calls {
        Calls::new(Scope { filter, ..Scope::default() }, 50)
    }

    async fn plan(store: &Sqlite, calls: &Calls) -> String {
        let query = calls.query();
        let explain: &'static str = format!("EXPLAIN QUERY PLAN {}", query.sql()).leak();
        let explain = query.parameters().iter().fold(Query::new(explain), |explain, value| explain.bind(value.clone()));
        format!("{:?}", store.query(&explain).await.unwrap().rows)
    }

    #[tokio::test]
    async fn every_usual_filter_searches_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        let x = || Some("x".to_owned());
        let behind = "2026-11-21T08:15:00Z,0f8f".parse().ok();
        for (calls, index) in [
            (of(Filter::default()), "usage_log_started_at"),
            (Calls { after: behind, ..of(Filter::default()) }, "usage_log_started_at"),
            (of(Filter { task: x(), ..Filter::default() }), "usage_log_task"),
            (of(Filter { user_id: x(), ..Filter::default() }), "usage_log_user_id"),
            (of(Filter { job_id: x(), ..Filter::default() }), "usage_log_job_id"),
            (of(Filter { conversation_id: x(), ..Filter::default() }), "usage_log_conversation_id"),
            (of(Filter { configuration_id: x(), ..Filter::default() }), "usage_log_configuration_id"),
        ] {
            let plan = plan(&store, &calls).await;
            assert!(plan.contains(&format!("INDEX {index} (")) && !plan.contains("SCAN"), "{calls:?}: {plan}");
        }
    }

    #[tokio::test]
    async fn every_column_of_the_ledger_can_be_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        let all = Calls { with_all_columns: true, ..of(Filter::default()) }.rows(&store).await.unwrap().columns;
        let short = of(Filter::default()).rows(&store).await.unwrap().columns;
        for name in COLUMNS.iter().map(|column| column.name).chain(short.iter().map(String::as_str)) {
            assert!(all.iter().any(|column| column == name), "{name}");
        }
    }

    #[test]
    fn a_place_in_the_list_reads_as_it_is_written() {
        let text = "2026-11-21T08:15:00.000000Z,0f8fad5b-d9cb-569f-a165-70867728950e";
        assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        for text in ["", ",", "2026-11-21T08:15:00Z,", "2026-11-21T08:15:00Z,x", "yesterday,0f"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
