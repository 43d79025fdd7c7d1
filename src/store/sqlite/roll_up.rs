//! The sums by hours (`usage_hour`), recomputed from rows: never added to, so that nothing can be lost or doubled in them.

use std::time::{Duration, Instant};

use sqlx::SqliteConnection;

/// How long one transaction may take, give or take an hour's rows: inserts wait for it.
const AT_ONCE: Duration = Duration::from_millis(50);

/// The oldest hour that is marked, if it began before a moment.
pub(super) async fn next(connection: &mut SqliteConnection, before: &str) -> sqlx::Result<Option<String>> {
    let sql = "SELECT hour FROM usage_hour_dirty WHERE hour < ?1 ORDER BY hour LIMIT 1";
    sqlx::query_scalar(sql).bind(before).fetch_optional(connection).await
}

/// Recomputes marked hours, within a transaction. Whether some are left.
pub(super) async fn some(connection: &mut SqliteConnection, before: &str) -> sqlx::Result<bool> {
    let began = Instant::now();
    while let Some(hour) = next(connection, before).await? {
        if began.elapsed() > AT_ONCE {
            return Ok(true);
        }
        for sql in [
            "DELETE FROM usage_hour WHERE hour = ?1",
            include_str!("roll_up.sql"),
            "DELETE FROM usage_hour_dirty WHERE hour = ?1",
        ] {
            sqlx::query(sql).bind(&hour).execute(&mut *connection).await?;
        }
    }
    Ok(false)
}
