//! `spanledger calls`: the calls, newest first.

use std::io::Write;

use serde_json::Value;

use super::{Output, open_ledger, time::Times};
use crate::store::{Query, Table};

/// List calls, newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger calls --last 24h
  spanledger calls --user 42 --limit 10
  spanledger calls --task ocr --status error --format json")]
pub(super) struct Arguments {
    /// Only calls of this model: its alias, the model that was asked or that answered, or its identifier.
    #[arg(long)]
    model: Option<String>,
    /// Only calls for this task.
    #[arg(long)]
    task: Option<String>,
    /// Only calls on behalf of this user.
    #[arg(long)]
    user: Option<String>,
    /// Only the steps of this job.
    #[arg(long)]
    job: Option<String>,
    /// Only calls that ended like this.
    #[arg(long, value_parser = ["success", "error"])]
    status: Option<String>,
    /// Only calls to this provider.
    #[arg(long)]
    provider: Option<String>,
    #[command(flatten)]
    times: Times,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    output: Output,
}

impl Arguments {
    fn query(&self) -> Query {
        let [since, until] = self.times.range().sql_texts();
        let mut query = Query::new(include_str!("calls.sql")).bind(since).bind(until);
        let filters = [
            (&self.task, "AND task = ?"),
            (&self.user, "AND user_id = ?"),
            (&self.job, "AND job_id = ?"),
            (&self.status, "AND status = ?"),
            (&self.provider, "AND provider = ?"),
        ];
        for (value, sql) in filters {
            if let Some(value) = value {
                query = query.and(sql).bind(value.as_str());
            }
        }
        if let Some(model) = &self.model {
            // Each part has an index of its own.
            query = query.and(
                "AND (request_model = ? OR model_alias = ? OR model_identifier = ?
                    OR request_model IS NULL AND response_model = ?)",
            );
            query = (0..4).fold(query, |query, _| query.bind(model.as_str()));
        }
        query.and("ORDER BY started_at DESC, id LIMIT ?").bind(self.limit)
    }
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let store = open_ledger(ledger, notes).await?;
    let mut table = store.query(&arguments.query()).await?;
    store.close().await;
    if arguments.output.is_for_people() {
        shorten(&mut table);
    }
    arguments.output.print(&table, out)?;
    if arguments.output.is_for_people() && u32::try_from(table.rows.len()) == Ok(arguments.limit) {
        out.flush()?;
        writeln!(notes, "The newest {}; --limit shows more", arguments.limit)?;
    }
    Ok(())
}

/// What a person needs of an id and of a moment, so that a call fits on a line.
fn shorten(table: &mut Table) {
    /// Enough of an id for `show`, among millions.
    const ID: usize = 13;
    const SECONDS: usize = "2026-11-21T08:15:00".len();
    let column = |name: &str| table.columns.iter().position(|column| column == name);
    let (id, started_at) = (column("id"), column("started_at"));
    for row in &mut table.rows {
        if let Some(Value::String(id)) = id.and_then(|at| row.get_mut(at)) {
            id.truncate(ID);
        }
        if let Some(Value::String(moment)) = started_at.and_then(|at| row.get_mut(at)) {
            moment.truncate(SECONDS);
            moment.push('Z');
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{super::Cli, *};
    use crate::{
        cli::Command,
        store::{Store, sqlite::Sqlite},
    };

    async fn plan(store: &Sqlite, filter: &[&str]) -> String {
        let cli = Cli::try_parse_from(["spanledger", "calls"].iter().chain(filter)).unwrap();
        let Command::Calls(arguments) = cli.command else { panic!("not calls") };
        let query = arguments.query();
        let explain: &'static str = format!("EXPLAIN QUERY PLAN {}", query.sql()).leak();
        let explain = query.parameters().iter().fold(Query::new(explain), |explain, value| explain.bind(value.clone()));
        format!("{:?}", store.query(&explain).await.unwrap().rows)
    }

    #[tokio::test]
    async fn every_usual_filter_searches_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("usage.db"), true).unwrap();
        store.migrate().await.unwrap();
        for (filter, index) in [
            (&[][..], "usage_log_started_at"),
            (&["--task", "x"], "usage_log_task"),
            (&["--user", "x"], "usage_log_user_id"),
            (&["--job", "x"], "usage_log_job_id"),
            (&["--model", "x"], "usage_log_request_model"),
            (&["--model", "x"], "usage_log_model_alias"),
            (&["--model", "x"], "usage_log_model_identifier"),
        ] {
            let plan = plan(&store, filter).await;
            assert!(plan.contains(&format!("INDEX {index} (")) && !plan.contains("SCAN"), "{filter:?}: {plan}");
        }
    }
}
