//! A stock row is made what its ledger and its claims say.

use super::ledger::{Changed, Delta, Ledger};
use super::{Actor, Reason, StockId, rows};
use crate::Shop;
use crate::db::{self, sql};
use sea_orm::{DbErr, FromQueryResult};

/// What a stock row should be.
#[derive(FromQueryResult)]
struct Sums {
    on_hand: i64,
    reserved: i64,
    claimed: i64,
}

/// Makes what is there the sum of the ledger, and what is reserved the sum of the claims, which the ledger is then told;
/// gives whether anything changed. Where more is claimed than there is, somebody has to count, and nothing is done.
///
/// # Errors
/// When the database fails.
pub async fn recount(shop: &Shop, stock: StockId) -> Result<bool, DbErr> {
    let changed = db::retry(|| attempt(shop, stock)).await?;
    if changed {
        shop.outbox.notify_one();
    }
    Ok(changed)
}

async fn attempt(shop: &Shop, stock: StockId) -> Result<bool, DbErr> {
    let tx = shop.db.begin().await?;
    let Some(row) = rows::one(&tx, stock).await? else { return Ok(false) };
    let text = "SELECT
        CAST(COALESCE((SELECT SUM(m.delta_on_hand) FROM stock_movements m WHERE m.stock_id = $1), 0) AS BIGINT) AS on_hand,
        CAST(COALESCE((SELECT SUM(m.delta_reserved) FROM stock_movements m WHERE m.stock_id = $1), 0) AS BIGINT) AS reserved,
        CAST(COALESCE((SELECT SUM(c.quantity) FROM claims c WHERE c.stock_id = $1), 0) AS BIGINT) AS claimed";
    let sums = Sums::find_by_statement(sql(&tx, text, [stock.into()])).one(&tx).await?;
    let Some(sums) = sums.filter(|sums| sums.claimed <= sums.on_hand) else { return Ok(false) };
    let missing = sums.claimed - sums.reserved;
    let delta = Delta { on_hand: sums.on_hand - row.on_hand, reserved: sums.claimed - row.reserved };
    let right = Delta { on_hand: 0, reserved: 0 };
    if missing == 0 && delta == right {
        return Ok(false);
    }
    let mut ledger = Ledger::new(shop, Actor::System, None);
    if missing != 0 {
        ledger.movement(row.id, Delta::reserved(missing), Reason::Adjusted, Actor::System, None);
    }
    if delta != right {
        let text = "UPDATE stock SET on_hand = $2, reserved = $3, version = version + 1
                    WHERE id = $1 RETURNING on_hand, reserved, version";
        let values = [stock.into(), sums.on_hand.into(), sums.claimed.into()];
        if let Some(changed) = Changed::find_by_statement(sql(&tx, text, values)).one(&tx).await? {
            ledger.changed(&row, delta, Reason::Adjusted, &changed);
        }
    }
    ledger.write(&tx).await?;
    tx.commit().await?;
    Ok(true)
}
