//! Staff count anew.

use super::entity::claim;
use super::ledger::{Changed, Delta, Ledger};
use super::rows::StockRow;
use super::{
    Actor, LocationId, OperationKey, QUANTITY_MOST, Reason, ShortedOrder, StockError, StockId, come_in, locations,
    operation,
};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::audit::{self, Action, Done};
use crate::catalog::VariationId;
use crate::db::{self, for_update, for_update_of_free, sql};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter};
use serde_json::json;

/// How often it is tried again where carts keep claiming meanwhile.
const TRIES: usize = 5;

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many are there.
    Is {
        /// How many.
        on_hand: i64,
        /// How many there were when whoever counted looked: what was shipped since is not counted away.
        seen: Option<i64>,
    },
    /// So many more are there, or fewer where negative.
    Differs(i64),
}

/// An adjustment of what is at a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Where.
    pub location: LocationId,
    /// Of what.
    pub variation: VariationId,
    /// What was counted.
    pub count: Count,
}

/// Sets how many of a variation are at a location, once per key. Where that is less than is claimed, carts lose their
/// claims first, the newest first.
///
/// # Errors
/// [`StockError::Shorts`] with the orders that would go without, [`StockError::Changed`] where the stock is not what
/// was seen, or another [`StockError`]; nothing has changed then.
pub async fn adjust(
    shop: &Shop,
    who: &SignedIn,
    key: OperationKey,
    adjustment: &Adjustment,
    note: &str,
) -> Result<(), StockError> {
    who.require(Permission::StockWrite)?;
    let in_range = match adjustment.count {
        Count::Is { on_hand, .. } => (0..=QUANTITY_MOST).contains(&on_hand),
        Count::Differs(delta) => delta != 0 && (-QUANTITY_MOST..=QUANTITY_MOST).contains(&delta),
    };
    if !in_range {
        return Err(StockError::OutOfRange);
    }
    for _ in 1..TRIES {
        match db::retry(|| attempt(shop, who, key, adjustment, note)).await {
            Err(StockError::Busy) => {}
            outcome => return outcome.map(|()| shop.outbox.notify_one()),
        }
    }
    attempt(shop, who, key, adjustment, note).await.map(|()| shop.outbox.notify_one())
}

async fn attempt(
    shop: &Shop,
    who: &SignedIn,
    key: OperationKey,
    adjustment: &Adjustment,
    note: &str,
) -> Result<(), StockError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    if !operation::begin(&tx, key, "adjust", adjustment, note, now).await? {
        return Ok(());
    }
    let place = locations::lock_open(&tx, adjustment.location).await?;
    let sku = locations::sku(&tx, adjustment.variation).await?;
    let mut ledger = Ledger::new(shop, Actor::Staff(who.user), Some(key.0));
    let row = locked(&tx, adjustment, &ledger).await?;
    let on_hand = match adjustment.count {
        Count::Is { seen: Some(seen), .. } if seen != row.on_hand => return Err(StockError::Changed),
        Count::Is { on_hand, .. } => on_hand,
        Count::Differs(delta) => row.on_hand + delta,
    };
    if !(0..=QUANTITY_MOST).contains(&on_hand) {
        return Err(StockError::OutOfRange);
    }
    let released = release_newest(&tx, &row, row.reserved - on_hand, &mut ledger).await?;
    let delta = on_hand - row.on_hand;
    if delta != 0 {
        let text = "UPDATE stock SET on_hand = $2, reserved = reserved - $3, version = version + 1
                    WHERE id = $1 RETURNING on_hand, reserved, version";
        let statement = sql(&tx, text, [row.id.into(), on_hand.into(), released.into()]);
        let changed = Changed::find_by_statement(statement).one(&tx).await?.ok_or(StockError::Busy)?;
        ledger.movement(row.id, Delta::on_hand(delta), Reason::Adjusted, Actor::Staff(who.user), Some(key.0));
        ledger.changed(&row, Delta { on_hand: delta, reserved: -released }, Reason::Adjusted, &changed);
    }
    ledger.write(&tx).await?;
    let as_json = |on_hand: i64| json!({ "sku": sku, "location": place.name, "on hand": on_hand, "note": note });
    let done = Done {
        action: Action::StockAdjusted,
        actor: Some(who.user),
        subject: None,
        before: Some(as_json(row.on_hand)),
        after: Some(as_json(on_hand)),
    };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}

/// The stock row, locked after the claims of carts on it: carts lock in that order, too.
async fn locked<C: ConnectionTrait>(
    tx: &C,
    adjustment: &Adjustment,
    ledger: &Ledger<'_>,
) -> Result<StockRow, StockError> {
    let lock = for_update(tx, "c");
    if !lock.is_empty() {
        let text = format!(
            "SELECT c.id FROM claims c JOIN stock s ON s.id = c.stock_id
             WHERE s.location_id = $1 AND s.variation_id = $2 AND c.cart_id IS NOT NULL ORDER BY c.id{lock}"
        );
        tx.query_all_raw(sql(tx, &text, [adjustment.location.into(), adjustment.variation.into()])).await?;
    }
    let rows = come_in::opened(tx, adjustment.location, &[adjustment.variation], ledger).await?;
    rows.into_iter().next().ok_or(StockError::Busy)
}

#[derive(FromQueryResult)]
struct OfCart {
    id: super::ClaimId,
    cart_id: crate::cart::CartId,
    quantity: i64,
}

/// Takes at least `needed` from carts, the newest claims first and each as a whole; gives how many that were.
async fn release_newest<C: ConnectionTrait>(
    tx: &C,
    row: &StockRow,
    needed: i64,
    ledger: &mut Ledger<'_>,
) -> Result<i64, StockError> {
    if needed <= 0 {
        return Ok(0);
    }
    let text = format!(
        "SELECT c.id, c.cart_id, c.quantity FROM claims c
         WHERE c.stock_id = $1 AND c.cart_id IS NOT NULL ORDER BY c.id DESC{}",
        for_update_of_free(tx, "c"),
    );
    let claims = OfCart::find_by_statement(sql(tx, &text, [row.id.into()])).all(tx).await?;
    let mut released = 0;
    let mut deleted = Vec::new();
    for of in claims {
        if released >= needed {
            break;
        }
        released += of.quantity;
        ledger.movement(row.id, Delta::reserved(-of.quantity), Reason::Released, Actor::System, Some(of.cart_id.0));
        deleted.push(of.id);
    }
    if released < needed {
        let orders = shorted(tx, row.id, needed - released).await?;
        // What is missing was claimed by carts just now.
        return Err(orders.map_or(StockError::Busy, StockError::Shorts));
    }
    claim::Entity::delete_many().filter(claim::Column::Id.is_in(deleted)).exec(tx).await?;
    Ok(released)
}

/// The orders that would go without `missing` pieces, the newest first; `None` where orders have not claimed so many.
async fn shorted<C: ConnectionTrait>(tx: &C, stock: StockId, missing: i64) -> Result<Option<Vec<ShortedOrder>>, DbErr> {
    let text = "SELECT o.id AS order_id, o.number, c.quantity FROM claims c JOIN orders o ON o.id = c.order_id
                WHERE c.stock_id = $1 ORDER BY o.id DESC";
    let (mut orders, mut left) = (Vec::new(), missing);
    for row in tx.query_all_raw(sql(tx, text, [stock.into()])).await? {
        if left <= 0 {
            break;
        }
        let quantity: i64 = row.try_get("", "quantity")?;
        let short = quantity.min(left);
        left -= short;
        orders.push(ShortedOrder { order: row.try_get("", "order_id")?, number: row.try_get("", "number")?, short });
    }
    Ok((left <= 0).then_some(orders))
}
