//! Somebody keeps an address, or changes one.

use super::{ADDRESSES_MOST, AddressError, AddressId, Entry, queries};
use crate::Shop;
use crate::accounts::{UserId, prove};
use crate::db::{self, sql};
use sea_orm::{ConnectionTrait, DbErr, Value};

/// Keeps a new address. One that is there already, as after a form that was sent twice, is not kept twice.
/// The first one is the default for everything.
///
/// # Errors
/// [`AddressError::TooMany`], or when the database fails.
pub async fn add(shop: &Shop, user: UserId, entry: &Entry) -> Result<AddressId, AddressError> {
    db::retry(|| async {
        let now = shop.clock.now();
        let tx = shop.db.begin().await?;
        // So that two at once see each other.
        if !prove::lock(&tx, user).await? {
            return Err(AddressError::Unknown);
        }
        let known = queries::of_user(&tx, user).await?;
        let same = known.iter().find(|saved| saved.entry.address == entry.address);
        let id = match same {
            Some(saved) => {
                let label = if entry.label.is_empty() { &saved.entry.label } else { &entry.label };
                let entry = Entry {
                    label: label.clone(),
                    address: entry.address.clone(),
                    default_delivery: entry.default_delivery || saved.entry.default_delivery,
                    default_billing: entry.default_billing || saved.entry.default_billing,
                };
                write(&tx, shop, user, saved.id, &entry).await?;
                saved.id
            }
            None if known.len() as i64 >= ADDRESSES_MOST => return Err(AddressError::TooMany),
            None => {
                let id = AddressId::new(now);
                let text = "INSERT INTO addresses (id, user_id, label, address, default_delivery, default_billing,
                                                   created_at, updated_at)
                            VALUES ($1, $2, '', $3, $4, $4, $5, $5)";
                let values = [id.into(), user.into(), json(entry)?, false.into(), now.into()];
                tx.execute_raw(sql(&tx, text, values)).await?;
                let first = known.is_empty();
                let entry = Entry {
                    default_delivery: entry.default_delivery || first,
                    default_billing: entry.default_billing || first,
                    ..entry.clone()
                };
                write(&tx, shop, user, id, &entry).await?;
                id
            }
        };
        tx.commit().await?;
        Ok(id)
    })
    .await
}

/// Changes an address of a person's own.
///
/// # Errors
/// [`AddressError::Unknown`], or when the database fails.
pub async fn change(shop: &Shop, user: UserId, id: AddressId, entry: &Entry) -> Result<(), AddressError> {
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        prove::lock(&tx, user).await?;
        write(&tx, shop, user, id, entry).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Writes an entry over the one of this identifier; a default takes the place of the one before.
async fn write<C: ConnectionTrait>(
    tx: &C,
    shop: &Shop,
    user: UserId,
    id: AddressId,
    entry: &Entry,
) -> Result<(), AddressError> {
    for (column, chosen) in [("default_delivery", entry.default_delivery), ("default_billing", entry.default_billing)] {
        if chosen {
            let text = format!("UPDATE addresses SET {column} = $3 WHERE user_id = $1 AND id <> $2 AND {column}");
            tx.execute_raw(sql(tx, &text, [user.into(), id.into(), false.into()])).await?;
        }
    }
    let text = "UPDATE addresses SET label = $3, address = $4, default_delivery = $5, default_billing = $6,
                                     updated_at = $7 WHERE id = $1 AND user_id = $2";
    let values = [
        id.into(),
        user.into(),
        entry.label.clone().into(),
        json(entry)?,
        entry.default_delivery.into(),
        entry.default_billing.into(),
        shop.clock.now().into(),
    ];
    match tx.execute_raw(sql(tx, text, values)).await?.rows_affected() {
        0 => Err(AddressError::Unknown),
        _ => Ok(()),
    }
}

fn json(entry: &Entry) -> Result<Value, DbErr> {
    serde_json::to_value(&entry.address).map(Into::into).map_err(|error| DbErr::Json(error.to_string()))
}
