//! What SQLite's errors mean for a batch. Its messages name columns and constraints, never values.

use std::path::Path;

use sqlx::{error::DatabaseError, migrate::MigrateError};

use crate::store::Error;

/// Sorts an error of SQLite or its driver into those that pass, those of a row, and those of the schema.
pub(super) fn from_sqlx(path: &Path, error: &sqlx::Error) -> Error {
    let ledger = path.display();
    match error {
        sqlx::Error::Database(error) => from_database(path, error.as_ref()),
        sqlx::Error::Migrate(error) => from_migrate(path, error),
        sqlx::Error::PoolTimedOut => Error::Unavailable(format!("The ledger {ledger} is busy")),
        sqlx::Error::Io(error) => {
            Error::Unavailable(format!("The ledger {ledger} cannot be reached: {}", error.kind()))
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            Error::Schema(format!("The ledger {ledger} answered with something else than its columns"))
        }
        sqlx::Error::Encode(_) => Error::Refused("A value cannot be given to SQLite".to_owned()),
        _ => Error::Unavailable(format!("The connection to the ledger {ledger} is gone")),
    }
}

/// Whether another connection holds a lock.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| matches!(code(error) & 0xff, 5 | 6))
}

fn code(error: &dyn DatabaseError) -> u32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or(1)
}

fn from_database(path: &Path, error: &dyn DatabaseError) -> Error {
    let ledger = path.display();
    let reason = error.message();
    match code(error) & 0xff {
        // TOOBIG, CONSTRAINT, MISMATCH, RANGE.
        18 | 19 | 20 | 25 => Error::Refused(format!("The ledger {ledger} refuses the rows: {reason}")),
        // ERROR: no such table, no such column.
        1 => Error::Schema(format!("The ledger {ledger} has not the schema that this program works with: {reason}")),
        11 => Error::Unavailable(format!(
            "The ledger {ledger} is damaged ({reason}); restore it from a copy, or save what `sqlite3 .recover` finds"
        )),
        // READONLY, but for a file that was moved while it was open.
        8 if code(error) != 1032 => Error::Unavailable(format!(
            "The ledger {ledger} cannot be written ({reason}); give this user the right to write to the file and to its \
             folder, which is needed to read it, too"
        )),
        14 => Error::Unavailable(format!(
            "The ledger {ledger} cannot be opened ({reason}); are its folder and its disk there?"
        )),
        26 => Error::Unavailable(format!("{ledger} is not a SQLite database")),
        _ => Error::Unavailable(format!("The ledger {ledger} cannot be used now: {reason}")),
    }
}

pub(super) fn from_migrate(path: &Path, error: &MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => from_sqlx(path, error),
        MigrateError::ExecuteMigration(error, version) => {
            let Error::Unavailable(sentence) = from_sqlx(path, error) else {
                return Error::Schema(format!("Migration {version} fails on the ledger {}: {error}", path.display()));
            };
            Error::Unavailable(sentence)
        }
        other => Error::Schema(format!("The ledger {} cannot be migrated: {other}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Executor as _, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn who_may_only_read_is_told_which_right_is_missing() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        connection.execute("PRAGMA query_only = 1").await.unwrap();
        let error = connection.execute("CREATE TABLE a (b)").await.unwrap_err();
        let Error::Unavailable(told) = from_sqlx(Path::new("usage.db"), &error) else { panic!("{error}") };
        assert!(told.contains("give this user the right to write to the file and to its folder"), "{told}");
    }
}
