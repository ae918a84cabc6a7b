//! Stock rows as those who change them see them: locked, always in the order of their identifiers.

use super::allocate::Place;
use super::{Claimant, LocationId, StockId};
use crate::catalog::{ProductId, VariationId};
use crate::db::{for_update, placeholders, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use uuid::Uuid;

/// A stock row as somebody sees it who may have a claim on it.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct StockRow {
    pub(super) id: StockId,
    pub(super) variation_id: VariationId,
    pub(super) product_id: ProductId,
    pub(super) location_id: LocationId,
    pub(super) priority: i32,
    pub(super) country: String,
    pub(super) region: String,
    pub(super) postal_code: String,
    pub(super) on_hand: i64,
    pub(super) reserved: i64,
    /// How many of the reserved ones are the claimant's.
    pub(super) own: i64,
    pub(super) low_stock_threshold: Option<i64>,
}

impl StockRow {
    /// How many the claimant could have of it.
    pub(super) fn free(&self) -> i64 {
        self.on_hand - self.reserved + self.own
    }

    /// Where it is.
    pub(super) fn place(&self) -> Place {
        Place { country: self.country.clone(), region: self.region.clone(), postal_code: self.postal_code.clone() }
    }
}

/// The column of claims that names a claimant of this kind.
pub(super) fn column(claimant: Claimant) -> &'static str {
    match claimant {
        Claimant::Cart(_) => "cart_id",
        Claimant::Order(_) => "order_id",
    }
}

/// Locks the stock rows of what a claimant wants in ordinary locations and of what they have claimed.
pub(super) async fn of_claimant<C: ConnectionTrait>(
    tx: &C,
    claimant: Claimant,
    wanted: &[VariationId],
) -> Result<Vec<StockRow>, DbErr> {
    let of_wanted = match wanted.len() {
        0 => String::new(),
        count => format!(
            " UNION SELECT w.id FROM stock w JOIN locations x ON x.id = w.location_id
              WHERE w.variation_id IN ({}) AND x.kind = 'warehouse'",
            placeholders(2, count),
        ),
    };
    // The rows are named first: joined by an OR, both databases would read the whole stock.
    let among = format!("SELECT k.stock_id FROM claims k WHERE k.{} = $1{of_wanted}", column(claimant));
    lock(tx, Some(claimant), &among, wanted.iter().map(|variation| (*variation).into())).await
}

/// Locks the stock rows of variations at locations.
pub(super) async fn at<C: ConnectionTrait>(
    tx: &C,
    locations: &[LocationId],
    variations: &[VariationId],
) -> Result<Vec<StockRow>, DbErr> {
    if locations.is_empty() || variations.is_empty() {
        return Ok(Vec::new());
    }
    let among = format!(
        "SELECT w.id FROM stock w WHERE w.location_id IN ({}) AND w.variation_id IN ({})",
        placeholders(2, locations.len()),
        placeholders(2 + locations.len(), variations.len()),
    );
    let values = locations.iter().map(|location| Value::from(*location));
    lock(tx, None, &among, values.chain(variations.iter().map(|variation| (*variation).into()))).await
}

/// Locks one stock row.
pub(super) async fn one<C: ConnectionTrait>(tx: &C, stock: StockId) -> Result<Option<StockRow>, DbErr> {
    let rows = lock(tx, None, "SELECT w.id FROM stock w WHERE w.id = $2", [stock.into()]).await?;
    Ok(rows.into_iter().next())
}

/// Locks the stock rows that the statement `among` names. Its first parameter is the claimant, `values` are the rest.
pub(super) async fn lock<C: ConnectionTrait>(
    tx: &C,
    claimant: Option<Claimant>,
    among: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<StockRow>, DbErr> {
    let text = format!(
        "SELECT s.id, s.variation_id, v.product_id, s.location_id, l.priority, l.country, l.region, l.postal_code,
                s.on_hand, s.reserved, COALESCE(c.quantity, 0) AS own, v.low_stock_threshold
         FROM stock s
         JOIN locations l ON l.id = s.location_id
         JOIN variations v ON v.id = s.variation_id
         LEFT JOIN claims c ON c.stock_id = s.id AND c.{} = $1
         WHERE s.id IN ({among})
         ORDER BY s.id{}",
        claimant.map_or("cart_id", column),
        for_update(tx, "s"),
    );
    let who = claimant.map_or(Uuid::nil(), Claimant::id);
    let values = std::iter::once(who.into()).chain(values);
    StockRow::find_by_statement(sql(tx, &text, values)).all(tx).await
}
