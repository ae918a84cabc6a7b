//! Gives up what carts have held for too long.

use super::ledger::Ledger;
use super::{Actor, StockId, reserve, rows};
use crate::Shop;
use crate::db::{self, sql};
use sea_orm::{ConnectionTrait, DbErr};

/// How often a sweep is made, in seconds.
pub const SWEEP_SECONDS: u32 = 15;

/// How many stock rows one sweep looks at.
pub const BATCH: usize = 500;

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// How many stock rows had expired claims, [`BATCH`] at most.
    pub rows: usize,
    /// How many pieces became available again.
    pub pieces: i64,
}

/// Releases expired claims, those of [`BATCH`] stock rows at most. Each is a transaction of its own, so that nobody
/// waits long.
///
/// # Errors
/// When the database fails.
pub async fn release_expired(shop: &Shop) -> Result<Sweep, DbErr> {
    let now = shop.clock.now();
    let text = format!("SELECT DISTINCT stock_id FROM claims WHERE expires_at <= $1 LIMIT {BATCH}");
    let primary = shop.db.primary();
    let rows = primary.query_all_raw(sql(primary, &text, [now.into()])).await?;
    let mut sweep = Sweep { rows: rows.len(), pieces: 0 };
    for row in rows {
        let stock: StockId = row.try_get("", "stock_id")?;
        sweep.pieces += release_expired_of(shop, stock).await?;
    }
    Ok(sweep)
}

/// Releases the expired claims on one stock row; gives how many pieces became available again.
///
/// # Errors
/// When the database fails.
pub async fn release_expired_of(shop: &Shop, stock: StockId) -> Result<i64, DbErr> {
    db::retry(|| release_on(shop, stock)).await
}

async fn release_on(shop: &Shop, stock: StockId) -> Result<i64, DbErr> {
    let tx = shop.db.begin().await?;
    let Some(row) = rows::one(&tx, stock).await? else { return Ok(0) };
    let mut ledger = Ledger::of_holds(shop, Actor::System, None);
    let released = reserve::release_expired(&tx, &row, None, &mut ledger).await?;
    ledger.write(&tx).await?;
    tx.commit().await?;
    Ok(released)
}
