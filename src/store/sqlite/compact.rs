//! The file built anew without its free pages.

use sqlx::{Row as _, SqliteConnection};

/// How many bytes were given back. What was deleted is in neither file any more: the WAL is emptied too, unless somebody
/// reads from it.
pub(super) async fn compact(writer: &mut SqliteConnection) -> sqlx::Result<u64> {
    let before = bytes(writer).await?;
    sqlx::query("VACUUM").execute(&mut *writer).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await?;
    Ok(before.saturating_sub(bytes(writer).await?))
}

async fn bytes(writer: &mut SqliteConnection) -> sqlx::Result<u64> {
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = sqlx::query(pages).fetch_one(writer).await?.try_get(0)?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
