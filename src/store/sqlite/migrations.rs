//! The schema's history, embedded. Everything happens in one transaction that is a writer from its start: of two processes
//! that migrate at once, one waits and then finds nothing to do; one that dies leaves nothing behind.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use sqlx::{
    Connection, Row, SqliteConnection,
    migrate::{Migrate, Migration as Step, MigrationType, Migrator},
};

use super::error::{from_migrate, from_sqlx};
use crate::store::{Error, Migration, MigrationState, check_schema, from_sql_text};

/// Our own history table: a ledger may share its file with an application that uses sqlx too.
const HISTORY: &str = "spanledger_migrations";

macro_rules! steps {
    ($($version:literal $name:literal,)*) => {
        &[$((
            $version,
            $name,
            include_str!(concat!("../../../migrations/sqlite/", $name, ".up.sql")),
            include_str!(concat!("../../../migrations/sqlite/", $name, ".down.sql")),
        ),)*]
    };
}

/// Number, name, the way up and the way down. A step that was released never changes: its checksum is in every ledger.
const STEPS: &[(i64, &str, &str, &str)] = steps! {
    1 "0001_usage_log",
    2 "0002_views",
    3 "0003_reports",
    4 "0004_usage_hour",
};

/// The schema that this program works with.
pub(super) const LATEST: i64 = STEPS[STEPS.len() - 1].0;

static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let step = |version, name: &'static str, kind, sql: &'static str| {
        Step::new(version, name.into(), kind, sqlx::SqlSafeStr::into_sql_str(sql), false)
    };
    let steps = STEPS.iter().flat_map(|(version, name, up, down)| {
        [
            step(*version, name, MigrationType::ReversibleUp, up),
            step(*version, name, MigrationType::ReversibleDown, down),
        ]
    });
    let mut migrator = Migrator::with_migrations(steps.collect());
    migrator.dangerous_set_table_name(HISTORY);
    migrator
});

/// Brings the schema up to date.
pub(super) async fn up(path: &Path, connection: &mut SqliteConnection) -> Result<(), Error> {
    let history = history(path, connection).await?;
    match check_schema(&history) {
        Ok(()) => return Ok(()),
        Err(error) if history.iter().any(|step| is_foreign(step.state)) => return Err(error),
        Err(_) => {}
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| from_sqlx(path, &error))?;
    MIGRATOR.run_direct(None, &mut *transaction, false).await.map_err(|error| from_migrate(path, &error))?;
    transaction.commit().await.map_err(|error| from_sqlx(path, &error))
}

/// Takes the schema back to a version.
pub(super) async fn down(path: &Path, connection: &mut SqliteConnection, version: i64) -> Result<(), Error> {
    let history = history(path, connection).await?;
    if history.iter().any(|step| is_foreign(step.state)) {
        return check_schema(&history);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| from_sqlx(path, &error))?;
    let applied = |step: &Step| history.iter().any(|known| known.version == step.version && known.applied_at.is_some());
    let undone = MIGRATOR.iter().rev().filter(|step| step.migration_type.is_down_migration() && step.version > version);
    for step in undone.filter(|step| applied(step)) {
        transaction.revert(HISTORY, step).await.map_err(|error| from_migrate(path, &error))?;
    }
    transaction.commit().await.map_err(|error| from_sqlx(path, &error))
}

const fn is_foreign(state: MigrationState) -> bool {
    matches!(state, MigrationState::Newer | MigrationState::Changed)
}

/// How each step stands, those that only a newer program knows included. Only reads.
pub(super) async fn history(path: &Path, connection: &mut SqliteConnection) -> Result<Vec<Migration>, Error> {
    let failed = |error: sqlx::Error| from_sqlx(path, &error);
    let there = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'spanledger_migrations'");
    let applied = match there.fetch_optional(&mut *connection).await.map_err(failed)? {
        None => Vec::new(),
        Some(_) => sqlx::query("SELECT version, description, installed_on, checksum FROM spanledger_migrations")
            .fetch_all(connection)
            .await
            .map_err(failed)?,
    };

    let known = MIGRATOR.iter().filter(|step| step.migration_type == MigrationType::ReversibleUp);
    let mut history: BTreeMap<i64, (Migration, &[u8])> = known
        .map(|step| {
            let name = step.description.to_string();
            let pending = Migration { version: step.version, name, applied_at: None, state: MigrationState::Pending };
            (step.version, (pending, &*step.checksum))
        })
        .collect();
    for row in applied {
        let version = row.try_get(0).map_err(failed)?;
        let installed_on: String = row.try_get_unchecked(2).map_err(failed)?;
        let applied_at = Some(from_sql_text(&installed_on).unwrap_or(installed_on));
        let checksum: Vec<u8> = row.try_get(3).map_err(failed)?;
        match history.get_mut(&version) {
            Some((step, known)) => {
                step.applied_at = applied_at;
                step.state = if *known == checksum { MigrationState::Applied } else { MigrationState::Changed };
            }
            None => {
                let name = row.try_get(1).map_err(failed)?;
                history.insert(version, (Migration { version, name, applied_at, state: MigrationState::Newer }, &[]));
            }
        }
    }
    Ok(history.into_values().map(|(step, _)| step).collect())
}
