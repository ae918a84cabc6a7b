//! Reads of the address book.

use super::{AddressId, Entry, Saved};
use crate::accounts::UserId;
use crate::checkout::Address;
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

#[derive(FromQueryResult)]
struct Row {
    id: AddressId,
    label: String,
    address: Address,
    default_delivery: bool,
    default_billing: bool,
}

impl From<Row> for Saved {
    fn from(row: Row) -> Self {
        let Row { id, label, address, default_delivery, default_billing } = row;
        Self { id, entry: Entry { label, address, default_delivery, default_billing } }
    }
}

const COLUMNS: &str = "id, label, address, default_delivery, default_billing";

/// The addresses of a person: the default for deliveries first, then in the order in which they were entered.
///
/// # Errors
/// When the database fails.
pub async fn of_user<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Vec<Saved>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM addresses WHERE user_id = $1 ORDER BY default_delivery DESC, id");
    let rows = Row::find_by_statement(sql(db, &text, [user.into()])).all(db).await?;
    Ok(rows.into_iter().map(Saved::from).collect())
}

/// An address of a person's own.
///
/// # Errors
/// When the database fails.
pub async fn one<C: ConnectionTrait>(db: &C, user: UserId, id: AddressId) -> Result<Option<Saved>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM addresses WHERE id = $1 AND user_id = $2");
    Ok(Row::find_by_statement(sql(db, &text, [id.into(), user.into()])).one(db).await?.map(Saved::from))
}
