//! Steps by which claims on locked stock rows grow and shrink.

use super::allocate::Step;
use super::claims::ClaimError;
use super::ledger::{Changed, Delta, Ledger};
use super::rows::{StockRow, column};
use super::{Actor, ClaimId, Claimant, Reason, Shortage, StockId};
use crate::cart::CartId;
use crate::db::{for_update_of_free, sql};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

/// Makes the claim on a stock row what the step says; a cart's then expires at `expires_at`.
pub(super) async fn apply<C: ConnectionTrait>(
    tx: &C,
    claimant: Claimant,
    step: &Step,
    expires_at: Option<DateTime<Utc>>,
    ledger: &mut Ledger<'_>,
) -> Result<(), ClaimError> {
    let more = step.target - step.row.own;
    if more <= 0 {
        return Ok(release(tx, claimant, step, ledger).await?);
    }
    // The condition decides, not what was read before.
    let text = "UPDATE stock SET reserved = reserved + $2, version = version + 1
                WHERE id = $1 AND on_hand - reserved >= $2 RETURNING on_hand, reserved, version";
    let statement = sql(tx, text, [step.row.id.into(), more.into()]);
    let Some(changed) = Changed::find_by_statement(statement).one(tx).await? else {
        let text = "SELECT on_hand - reserved AS available FROM stock WHERE id = $1";
        let row = tx.query_one_raw(sql(tx, text, [step.row.id.into()])).await?;
        let available: i64 = row.map_or(Ok(0), |row| row.try_get("", "available"))?;
        let available = available + step.row.own;
        return Err(ClaimError::Short(vec![Shortage { variation: step.row.variation_id, available }]));
    };
    let owner = column(claimant);
    let text = format!(
        "INSERT INTO claims (id, stock_id, {owner}, quantity, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ({owner}, stock_id)
         DO UPDATE SET quantity = claims.quantity + excluded.quantity, expires_at = excluded.expires_at"
    );
    let id = ClaimId::new(ledger.now);
    let values = [id.into(), step.row.id.into(), claimant.id().into(), more.into(), expires_at.into()];
    tx.execute_raw(sql(tx, &text, values)).await?;
    ledger.note(&step.row, Delta::reserved(more), Reason::Reserved, &changed);
    Ok(())
}

/// Lowers a claim to the step's target.
pub(super) async fn release<C: ConnectionTrait>(
    tx: &C,
    claimant: Claimant,
    step: &Step,
    ledger: &mut Ledger<'_>,
) -> Result<(), DbErr> {
    let (keep, owner) = (step.target, column(claimant));
    if keep >= step.row.own {
        return Ok(());
    }
    // Somebody else may have released it after it expired.
    if lower_claim(tx, step.row.id, owner, claimant.id(), keep).await? {
        let text = "UPDATE stock SET reserved = reserved - $2, version = version + 1
                    WHERE id = $1 RETURNING on_hand, reserved, version";
        let less = step.row.own - keep;
        let statement = sql(tx, text, [step.row.id.into(), less.into()]);
        if let Some(changed) = Changed::find_by_statement(statement).one(tx).await? {
            ledger.note(&step.row, Delta::reserved(-less), Reason::Released, &changed);
        }
    }
    Ok(())
}

/// Lowers a claim, or deletes it where nothing is to be kept; whether it was there.
pub(super) async fn lower_claim<C: ConnectionTrait>(
    tx: &C,
    stock: StockId,
    owner: &str,
    claimant: Uuid,
    keep: i64,
) -> Result<bool, DbErr> {
    let result = if keep == 0 {
        let text = format!("DELETE FROM claims WHERE stock_id = $1 AND {owner} = $2");
        tx.execute_raw(sql(tx, &text, [stock.into(), claimant.into()])).await?
    } else {
        let text = format!("UPDATE claims SET quantity = $3 WHERE stock_id = $1 AND {owner} = $2 AND quantity > $3");
        tx.execute_raw(sql(tx, &text, [stock.into(), claimant.into(), keep.into()])).await?
    };
    Ok(result.rows_affected() == 1)
}

/// Gives up what carts have held for too long of a stock row, except one's own and what its cart is just extending;
/// gives how many pieces that were.
pub(super) async fn release_expired<C: ConnectionTrait>(
    tx: &C,
    row: &StockRow,
    except: Option<Claimant>,
    ledger: &mut Ledger<'_>,
) -> Result<i64, DbErr> {
    let text = format!(
        "DELETE FROM claims WHERE id IN (
             SELECT id FROM claims WHERE stock_id = $1 AND expires_at <= $2 AND cart_id <> $3{}
         ) RETURNING cart_id, quantity",
        for_update_of_free(tx, "claims"),
    );
    let except = except.map_or(Uuid::nil(), Claimant::id);
    let deleted = tx.query_all_raw(sql(tx, &text, [row.id.into(), ledger.now.into(), except.into()])).await?;
    let mut released = Vec::with_capacity(deleted.len());
    for claim in deleted {
        released.push((claim.try_get::<CartId>("", "cart_id")?, claim.try_get::<i64>("", "quantity")?));
    }
    let sum: i64 = released.iter().map(|(_, quantity)| quantity).sum();
    if sum > 0 {
        let text = "UPDATE stock SET reserved = reserved - $2, version = version + 1
                    WHERE id = $1 RETURNING on_hand, reserved, version";
        let statement = sql(tx, text, [row.id.into(), sum.into()]);
        if let Some(changed) = Changed::find_by_statement(statement).one(tx).await? {
            for (cart, quantity) in released {
                ledger.movement(row.id, Delta::reserved(-quantity), Reason::Released, Actor::System, Some(cart.0));
            }
            ledger.changed(row, Delta::reserved(-sum), Reason::Released, &changed);
        }
    }
    Ok(sum)
}
