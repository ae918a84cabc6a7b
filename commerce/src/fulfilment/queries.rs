//! Reads of delivery methods.

use super::DeliveryMethod;
use crate::catalog::queries::currency;
use crate::db::sql;
use crate::money::Money;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

#[derive(FromQueryResult)]
struct Row {
    code: String,
    name: String,
    description: String,
    currency: String,
    price: i64,
    free_over: Option<i64>,
    min_days: i32,
    max_days: i32,
}

/// The delivery methods on offer, in order.
///
/// # Errors
/// When the database fails.
pub async fn delivery_methods<C: ConnectionTrait>(db: &C) -> Result<Vec<DeliveryMethod>, DbErr> {
    let text = "SELECT code, name, description, currency, price, free_over, min_days, max_days
                FROM delivery_methods WHERE active ORDER BY position, code";
    let rows = Row::find_by_statement(sql(db, text, [])).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            Ok(DeliveryMethod {
                code: row.code,
                name: row.name,
                description: row.description,
                price: Money::new(row.price, currency),
                free_over: row.free_over.map(|minor| Money::new(minor, currency)),
                min_days: row.min_days,
                max_days: row.max_days,
            })
        })
        .collect()
}
