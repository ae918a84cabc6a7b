//! Somebody without an account looks for their order.

use super::link::{View, link};
use super::{OrderId, OrderNumber};
use crate::Shop;
use crate::accounts::email_key;
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr};

/// The link to the order with this number and address; `None` where there is none.
///
/// A number that is none, one of somebody else's order, and an order of an account all take the same one statement and
/// give the same answer, so that nobody learns which numbers or addresses there are. Who has both right sees the order
/// at once instead of getting a mail: numbers have 35 random bits and the forms of a client are limited, so that
/// neither can be guessed. But both stand on parcels and in forwarded mails, so that names and streets are not shown:
/// these, the link in the mail shows. Orders of accounts are seen there.
///
/// # Errors
/// When the database fails.
pub async fn look_up(shop: &Shop, number: &str, email: &str) -> Result<Option<String>, DbErr> {
    let db = shop.db.latest();
    // What is no number looks for nothing, in the same time.
    let number = number.parse::<OrderNumber>().map_or(String::new(), |number| number.to_string());
    let text = "SELECT id, email FROM orders WHERE number = $1 AND user_id IS NULL AND anonymised_at IS NULL
                AND lifecycle <> 'draft'";
    let Some(row) = db.query_one_raw(sql(db, text, [number.into()])).await? else { return Ok(None) };
    let (id, known): (OrderId, String) = (row.try_get("", "id")?, row.try_get("", "email")?);
    Ok((email_key(&known) == email_key(email)).then(|| link(shop, id, View::Masked)))
}
