//! Seals everything under the current key, so that older ones can be taken away.

use super::Place;
use crate::Shop;
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

/// Every column that is sealed; each of their tables has an `id`.
const COLUMNS: [(&str, &str); 6] = [
    ("second_factors", "secret"),
    ("recovery_sheets", "codes"),
    ("signing_keys", "private_key"),
    ("payment_customers", "reference"),
    ("saved_payment_methods", "token"),
    ("payment_forgets", "what"),
];

/// How many rows are read at a time.
const BATCH: i64 = 200;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Values that are now sealed under the current key.
    pub sealed: u64,
    /// Values that no key opens; they are left as they are.
    pub unreadable: u64,
}

/// Seals under the current key what is sealed under another. It can be stopped and begun again at any time, and
/// while the shop serves: a value that changes meanwhile is not touched.
///
/// # Errors
/// When the database fails.
pub async fn rotate(shop: &Shop) -> Result<Rotated, DbErr> {
    let mut done = Rotated::default();
    for (table, column) in COLUMNS {
        let mut after = Uuid::nil();
        while let Some(last) = batch(shop, table, column, after, &mut done).await? {
            after = last;
        }
    }
    Ok(done)
}

/// Does one batch of a column; gives where the next one begins, if there may be one.
async fn batch(
    shop: &Shop,
    table: &'static str,
    column: &'static str,
    after: Uuid,
    done: &mut Rotated,
) -> Result<Option<Uuid>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        value: String,
    }
    let db = shop.db.primary();
    let text = format!(
        "SELECT id, {column} AS value FROM {table}
         WHERE id > $1 AND {column} IS NOT NULL AND {column} NOT LIKE $2 ORDER BY id LIMIT {BATCH}"
    );
    let values = [after.into(), format!("{}:%", shop.keys.current()).into()];
    let rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    let last = rows.last().map(|row| row.id);
    for row in rows {
        let place = Place { table, column, row: row.id };
        match shop.keys.open(place, &row.value) {
            Ok(value) => {
                let text = format!("UPDATE {table} SET {column} = $3 WHERE id = $1 AND {column} = $2");
                let values = [row.id.into(), row.value.into(), shop.keys.seal(place, &value).into()];
                done.sealed += db.execute_raw(sql(db, &text, values)).await?.rows_affected();
            }
            Err(error) => {
                tracing::warn!(%error, table, column, row = %row.id, "value can't be opened");
                done.unreadable += 1;
            }
        }
    }
    Ok(last)
}
