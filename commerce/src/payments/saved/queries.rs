//! Reads of what gateways keep.

use super::{MethodLabel, PaymentCustomerId, SavedMethod, SavedMethodId};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::sql;
use crate::payments::Payer;
use crate::payments::ledger::Attempt;
use crate::sealed::Place;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

pub(super) fn customer_place(id: PaymentCustomerId) -> Place {
    Place { table: "payment_customers", column: "reference", row: id.0 }
}

pub(super) fn method_place(id: SavedMethodId) -> Place {
    Place { table: "saved_payment_methods", column: "token", row: id.0 }
}

/// What gateways keep for somebody, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn of_user<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Vec<SavedMethod>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: SavedMethodId,
        gateway: String,
        brand: String,
        last_four: Option<String>,
        expires: Option<String>,
        created_at: DateTime<Utc>,
    }
    let text = "SELECT m.id, c.gateway, m.brand, m.last_four, m.expires, m.created_at FROM saved_payment_methods m
                JOIN payment_customers c ON c.id = m.customer_id WHERE c.user_id = $1 ORDER BY m.id DESC";
    let rows = Row::find_by_statement(sql(db, text, [user.into()])).all(db).await?;
    let method = |row: Row| SavedMethod {
        id: row.id,
        gateway: row.gateway,
        label: MethodLabel { brand: row.brand, last_four: row.last_four, expires: row.expires },
        created_at: row.created_at,
    };
    Ok(rows.into_iter().map(method).collect())
}

/// As whom somebody pays at a gateway by an attempt: as it was when the attempt was opened, so that a request made again
/// is the same.
pub(crate) async fn payer_of(shop: &Shop, attempt: &Attempt) -> Result<Payer, DbErr> {
    let gateway = &attempt.gateway;
    if !shop.gateways.get(gateway).is_some_and(|gateway| gateway.keeps_methods()) {
        return Ok(Payer::Guest);
    }
    let Some(user) = attempt.payer else { return Ok(Payer::Guest) };
    let db = shop.db.primary();
    let (seconds, nanoseconds) = attempt.id.0.get_timestamp().map_or((0, 0), |time| time.to_unix());
    let opened = DateTime::<Utc>::from_timestamp(i64::try_from(seconds).unwrap_or(0), nanoseconds).unwrap_or_default();
    let text = "SELECT id, reference FROM payment_customers WHERE user_id = $1 AND gateway = $2 AND created_at < $3
                ORDER BY id DESC LIMIT 1";
    let row = db.query_one_raw(sql(db, text, [user.into(), gateway.clone().into(), opened.into()])).await?;
    let Some(row) = row else { return Ok(Payer::New) };
    let (id, sealed): (PaymentCustomerId, String) = (row.try_get("", "id")?, row.try_get("", "reference")?);
    match shop.keys.open(customer_place(id), &sealed).map(String::from_utf8) {
        Ok(Ok(reference)) => Ok(Payer::Known(reference)),
        // A key was taken away: what was kept under it is no use any more, the payment is.
        _ => {
            tracing::warn!(customer = %id, "a customer at a gateway can't be opened");
            Ok(Payer::New)
        }
    }
}
