//! A batch into the tables, in one transaction. What follows from it (which calls count, what was learnt of them) is done by
//! the triggers of the schema, so that it holds in any order of arrival and for whoever else writes.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection, error::BoxDynError};

use super::{configurations, contents, upsert::Upsert, values::Values};
use crate::{
    call::{Call, Record, Source, Timestamp},
    store::{
        Inserted, clean,
        columns::{COLUMNS, Cell, Column},
        facts,
        model::{model_id, split_model},
        moment::sql_text,
    },
};

/// The columns of the contract that are bound for each call, in order.
fn contract() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| !matches!(column.name, "created_at" | "updated_at"))
}

/// The contract's columns (money under the names of its exact values), then our own. `billable` is not set by a newer
/// version of a row: the schema's rule for leaves sets it.
static CALLS: LazyLock<Upsert> = LazyLock::new(|| {
    let bound = contract().map(|column| match column.name.strip_suffix("_usd") {
        Some(amount) => Cow::Owned(format!("{amount}_picousd")),
        None => Cow::Borrowed(column.name),
    });
    let own = ["source_rank", "billable_stated", "confidence_given", "content_hash"].map(Cow::Borrowed);
    let bound: Vec<_> = bound.chain(own).collect();
    let names: Vec<&str> = bound.iter().map(|name| &**name).collect();
    let newer = names.iter().filter(|name| !matches!(**name, "id" | "billable"));
    let newer: Vec<String> = newer.map(|name| format!("{name} = excluded.{name}")).collect();
    let tail = format!(
        "ON CONFLICT (id) DO UPDATE SET {}, updated_at = excluded.updated_at \
         WHERE (excluded.source_rank, excluded.ended_at, excluded.content_hash) \
             > (usage_log.source_rank, usage_log.ended_at, usage_log.content_hash)",
        newer.join(", ")
    );
    Upsert::new("usage_log", &names, &tail)
});

static FACTS: LazyLock<Upsert> = LazyLock::new(|| {
    Upsert::new(
        "ai_call_score",
        facts::COLUMNS,
        "ON CONFLICT (call_id, name) DO UPDATE SET score = excluded.score, label = excluded.label, \
             detail = excluded.detail, marks = excluded.marks, given = excluded.given, \
             recorded_at = excluded.recorded_at, content_hash = excluded.content_hash, updated_at = excluded.updated_at \
         WHERE (excluded.given, excluded.recorded_at, excluded.content_hash) \
             > (ai_call_score.given, ai_call_score.recorded_at, ai_call_score.content_hash)",
    )
});

/// Inserts calls first, then what was learnt of calls, then what they run under.
pub(super) async fn batch(connection: &mut SqliteConnection, records: &[Record]) -> sqlx::Result<Inserted> {
    let now = sql_text(Timestamp::now());
    let (mut calls, mut facts, mut configurations, mut contents) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for record in records {
        match record {
            Record::Call(call) => calls.push(&**call),
            Record::Later(later) => facts.extend(facts::of_later(later)),
            Record::Score(scored) => facts.push(facts::of_score(scored)),
            Record::Configuration(configured) => configurations.push(&**configured),
            Record::Content(content) => contents.push(&**content),
        }
    }
    let models = models(connection, &calls).await?;
    let written = CALLS.run(connection, &now, &calls, |call, values| bind_call(call, &models, values)).await?
        + FACTS.run(connection, &now, &facts, |fact, values| fact.iter().try_for_each(|cell| values.add(cell))).await?
        + configurations::insert(connection, &configurations).await?
        + contents::insert(connection, &contents).await?;
    let written = usize::try_from(written).unwrap_or(usize::MAX);
    let all = calls.len() + facts.len() + configurations.len() + contents.len();
    Ok(Inserted { written, known: all.saturating_sub(written) })
}

/// The model that answered, else the one that was asked.
fn model(call: &Call) -> Option<&str> {
    call.response.model.as_deref().or(call.request.model.as_deref())
}

/// The ids of a batch's models; those that were never seen are made.
async fn models<'a>(connection: &mut SqliteConnection, calls: &[&'a Call]) -> sqlx::Result<BTreeMap<&'a str, String>> {
    let models: BTreeSet<&str> = calls.iter().filter_map(|call| model(call)).collect();
    let split = |model: &str| {
        let clean = clean::text(model);
        let (name, version) = split_model(&clean);
        (name.to_owned(), version.to_owned())
    };
    let wanted: BTreeSet<_> = models.iter().copied().map(split).collect();
    let wanted = wanted.iter().map(|(name, version)| json!([model_id(name, version).to_string(), name, version]));
    let wanted = wanted.collect::<Value>().to_string();
    sqlx::query(
        "INSERT INTO ai_model (id, modelname, version) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) \
         WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(&wanted)
    .execute(&mut *connection)
    .await?;
    let found = sqlx::query(
        "SELECT model.modelname, model.version, model.id FROM json_each(?1) AS wanted \
         JOIN ai_model AS model ON model.modelname = wanted.value ->> 1 AND model.version = wanted.value ->> 2",
    );
    let found = found.bind(&wanted).fetch_all(connection).await?;
    let found = found.iter().map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?)));
    let found: HashMap<(String, String), String> = found.collect::<sqlx::Result<_>>()?;
    Ok(models.into_iter().filter_map(|model| Some((model, found.get(&split(model))?.clone()))).collect())
}

fn bind_call(call: &Call, models: &BTreeMap<&str, String>, values: &mut Values) -> Result<(), BoxDynError> {
    for column in contract() {
        if column.name == "model_id" {
            values.add_ours(model(call).and_then(|model| models.get(model)).map(String::as_str))?;
        } else {
            values.add(&(column.of)(call))?;
        }
    }
    values.add(&Cell::Integer(match call.source {
        Source::Foreign => 0,
        Source::Otlp => 1,
        Source::Capture => 2,
    }))?;
    values.add(&call.billable.map_or(Cell::Null, Cell::Bool))?;
    let confidence = call.trust.confidence.as_ref();
    values.add(&confidence.map_or(Cell::Null, |confidence| Cell::Bool(confidence.derivation().is_none())))
}
