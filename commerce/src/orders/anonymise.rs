//! Removes from orders who they were for, once bookkeeping needs it no more.
//!
//! The rule: invoices are kept for [`order_retention_years`](crate::Parts::order_retention_years), counted from the end
//! of the year of the order, as § 147 AO and its like elsewhere count. Until then an order keeps the names and
//! addresses of its invoice, also when the account is erased; what no invoice needs (the e-mail address, the phone
//! number, the note, the link to a person, the secrets that open its page) goes with the account. After it only
//! amounts, goods and countries stay.

use super::OrderId;
use super::entity::order;
use crate::Shop;
use crate::db::{self, sql};
use crate::fulfilment::forget;
use crate::invoices::replace;
use crate::returns;
use crate::token::Token;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// How many orders one transaction changes.
const BATCH: u64 = 200;

/// Anonymises every order whose years of retention are over; gives how many.
///
/// # Errors
/// When the database fails; what was done before stays.
pub async fn anonymise(shop: &Shop) -> Result<u64, DbErr> {
    let Some(before) = first_day_kept(shop.clock.now(), shop.order_retention_years) else { return Ok(0) };
    let mut done = 0;
    loop {
        let batch = db::retry(|| attempt(shop, before)).await?;
        done += batch;
        if batch < BATCH {
            return Ok(done);
        }
    }
}

/// The first moment whose orders are kept: the years begin at the end of the order's year.
fn first_day_kept(now: DateTime<Utc>, years: u32) -> Option<DateTime<Utc>> {
    let year = now.year().checked_sub(i32::try_from(years).ok()?)?;
    Some(NaiveDate::from_ymd_opt(year, 1, 1)?.and_hms_opt(0, 0, 0)?.and_utc())
}

async fn attempt(shop: &Shop, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let old = order::Entity::find()
        .filter(order::Column::AnonymisedAt.is_null())
        .filter(order::Column::CreatedAt.lt(before))
        .order_by_asc(order::Column::CreatedAt)
        .limit(BATCH)
        .all(&tx)
        .await?;
    for row in &old {
        unlink(&tx, row.id, now).await?;
        let anonymous = order::ActiveModel {
            id: Set(row.id),
            delivery_address: Set(row.delivery_address.anonymised()),
            billing_address: Set(row.billing_address.anonymised()),
            anonymised_at: Set(Some(now)),
            ..Default::default()
        };
        order::Entity::update(anonymous).exec(&tx).await?;
        replace::anonymise(&tx, row.id).await?;
    }
    tx.commit().await?;
    Ok(old.len() as u64)
}

/// Removes from an order what no invoice needs, and lets no link open its page any more.
pub(crate) async fn unlink<C: ConnectionTrait>(tx: &C, order: OrderId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let text = "DELETE FROM checkouts WHERE cart_id = (SELECT cart_id FROM orders WHERE id = $1)";
    tx.execute_raw(sql(tx, text, [order.into()])).await?;
    tx.execute_raw(sql(tx, "DELETE FROM order_revisions WHERE order_id = $1", [order.into()])).await?;
    let text = "UPDATE orders SET user_id = NULL, guest_hash = NULL, email = '', phone = '', note = '',
                                  access_token_hash = $2, version = version + 1, updated_at = $3 WHERE id = $1";
    let nobody = Token::random().hash();
    tx.execute_raw(sql(tx, text, [order.into(), nobody.into(), now.into()])).await?;
    let text = "UPDATE payment_attempts SET payer_id = NULL WHERE order_id = $1";
    tx.execute_raw(sql(tx, text, [order.into()])).await?;
    forget::forget_order(tx, order).await?;
    returns::forget::forget_order(tx, order).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_counted_from_the_end_of_the_orders_year() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        assert_eq!(first_day_kept(at("2036-12-31T23:59:59Z"), 10), Some(at("2026-01-01T00:00:00Z")));
        assert_eq!(first_day_kept(at("2037-01-01T00:00:00Z"), 10), Some(at("2027-01-01T00:00:00Z")));
    }
}
