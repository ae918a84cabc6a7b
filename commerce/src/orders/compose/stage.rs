//! What staff propose for an order is kept, or forgotten again. The order itself stays as it is.

use super::proposal::staged;
use super::{Composition, EditError, EditId, MAX_LINES, MAX_PRICE, can_edit};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::db::{self, sql};
use crate::forms::MAX_QUANTITY;
use crate::orders::cancel::locked;
use crate::orders::{Lifecycle, Order, OrderId};
use sea_orm::ConnectionTrait;
use std::collections::HashSet;

/// Keeps what an order is to become, as it follows from the revision that was seen.
///
/// # Errors
/// [`EditError::Stale`] where somebody else has changed it since, [`EditError::NotAllowed`] for a price that takes the
/// permission to change prices; then what was kept stays.
pub async fn stage(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    seen: i64,
    composition: &Composition,
) -> Result<(), EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    check(composition)?;
    db::retry(|| attempt(shop, who, order, seen, composition)).await
}

/// Whether it is of a form that an order can have.
fn check(composition: &Composition) -> Result<(), EditError> {
    if composition.lines.len() > MAX_LINES {
        return Err(EditError::TooManyLines);
    }
    let mut seen = HashSet::new();
    let fits = composition.lines.iter().all(|line| {
        (0..=MAX_QUANTITY).contains(&line.quantity)
            && line.unit_price.is_none_or(|price| (0..=MAX_PRICE).contains(&price))
            && seen.insert(line.variation)
    });
    if fits { Ok(()) } else { Err(EditError::OutOfRange) }
}

async fn attempt(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    seen: i64,
    composition: &Composition,
) -> Result<(), EditError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    if order.lifecycle != Lifecycle::Draft && !can_edit(&order) {
        return Err(EditError::WrongState);
    }
    let staged = staged(&tx, order.id).await?;
    let kept = staged.as_ref().and_then(|staged| staged.content.as_ref());
    // Sent twice, it is kept already.
    if kept == Some(composition) {
        return Ok(());
    }
    if staged.as_ref().map_or(0, |staged| staged.version) != seen {
        return Err(EditError::Stale);
    }
    if !who.role.allows(Permission::ProductsWrite) && sets_prices(kept, composition) {
        return Err(EditError::NotAllowed);
    }
    let edit = staged.filter(|staged| staged.content.is_some()).map_or_else(|| EditId::new(now), |staged| staged.edit);
    let content = serde_json::to_value(composition).map_err(|error| sea_orm::DbErr::Json(error.to_string()))?;
    let text =
        "INSERT INTO order_revisions (order_id, edit_id, version, content, updated_at) VALUES ($1, $2, 1, $3, $4)
                ON CONFLICT (order_id) DO UPDATE SET edit_id = excluded.edit_id, version = order_revisions.version + 1,
                    content = excluded.content, updated_at = excluded.updated_at";
    tx.execute_raw(sql(&tx, text, [order.id.into(), edit.into(), content.into(), now.into()])).await?;
    if order.lifecycle == Lifecycle::Draft {
        // It is found among the others by whom it is for.
        let text = "UPDATE orders SET email = $2, updated_at = $3 WHERE id = $1";
        tx.execute_raw(sql(&tx, text, [order.id.into(), composition.email.clone().into(), now.into()])).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether another price is set than was before.
fn sets_prices(before: Option<&Composition>, after: &Composition) -> bool {
    let known = |line: &super::ComposedLine| {
        let before = before.into_iter().flat_map(|before| &before.lines);
        before.filter(|known| known.variation == line.variation).find_map(|known| known.unit_price)
    };
    after.lines.iter().any(|line| line.unit_price != known(line))
}

/// Forgets what was proposed for an order that stands.
///
/// # Errors
/// [`EditError::WrongState`] for a draft, which would be nothing then.
pub async fn discard(shop: &Shop, who: &SignedIn, order: OrderId) -> Result<(), EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order: Order = locked(&tx, order).await?;
    if order.lifecycle == Lifecycle::Draft {
        return Err(EditError::WrongState);
    }
    let text = "UPDATE order_revisions SET content = NULL, version = version + 1, updated_at = $2
                WHERE order_id = $1 AND content IS NOT NULL";
    tx.execute_raw(sql(&tx, text, [order.id.into(), now.into()])).await?;
    Ok(tx.commit().await?)
}
