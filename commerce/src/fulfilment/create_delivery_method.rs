//! Offers a way of delivery.

use super::{DeliveryMethod, DeliveryMethodId};
use crate::db::sql;
use crate::money::Money;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Offers a delivery method at a place in the order of methods.
///
/// # Errors
/// When the code is taken or the database fails.
pub async fn create_delivery_method<C: ConnectionTrait>(
    db: &C,
    method: &DeliveryMethod,
    position: i32,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = "INSERT INTO delivery_methods
                    (id, code, name, description, currency, price, free_over, min_days, max_days, position, active)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = [
        DeliveryMethodId::new(now).into(),
        method.code.clone().into(),
        method.name.clone().into(),
        method.description.clone().into(),
        method.price.currency().code().into(),
        method.price.minor().into(),
        method.free_over.map(Money::minor).into(),
        method.min_days.into(),
        method.max_days.into(),
        position.into(),
        true.into(),
    ];
    db.execute_raw(sql(db, text, values)).await?;
    Ok(())
}
