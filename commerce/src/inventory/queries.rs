//! Reads of stock.

use super::locations::{COLUMNS, LocationRow};
use super::low_stock::AVAILABLE;
use super::{Actor, Held, Level, Location, LocationId, Movement, MovementId, Reason, Stocked};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, StaffError, queries as accounts};
use crate::catalog::{OptionValues, VariationId};
use crate::db::{placeholders, sql};
use crate::orders::OrderId;
use crate::settings::Settings;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::HashMap;

/// How many variations or movements a page has.
const PAGE: usize = 50;

#[derive(FromQueryResult)]
struct HeldRow {
    location: LocationId,
    location_name: String,
    variation: VariationId,
    quantity: i64,
}

/// What an order has claimed, by location: where it ships from.
///
/// # Errors
/// When the database fails.
pub async fn held_for_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Held>, DbErr> {
    let text = "SELECT l.id AS location, l.name AS location_name, s.variation_id AS variation, c.quantity
                FROM claims c JOIN stock s ON s.id = c.stock_id JOIN locations l ON l.id = s.location_id
                WHERE c.order_id = $1 ORDER BY l.priority, l.id, s.variation_id";
    let rows = HeldRow::find_by_statement(sql(db, text, [order.into()])).all(db).await?;
    let held = |row: HeldRow| Held {
        location: row.location,
        location_name: row.location_name,
        variation: row.variation,
        quantity: row.quantity,
    };
    Ok(rows.into_iter().map(held).collect())
}

/// Who is told when stock is low: the address that the shop has for it, or every admin's.
///
/// # Errors
/// When the database fails.
pub async fn alert_recipients<C: ConnectionTrait>(db: &C, settings: &Settings) -> Result<Vec<String>, DbErr> {
    if !settings.low_stock_email.is_empty() {
        return Ok(vec![settings.low_stock_email.clone()]);
    }
    accounts::admins(db).await
}

/// Every location, in the order in which claims are made.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::StockRead`], or when the database fails.
pub async fn locations(shop: &Shop, who: &SignedIn) -> Result<Vec<Location>, StaffError> {
    who.require(Permission::StockRead)?;
    let db = shop.db.latest();
    let text = format!("SELECT {COLUMNS} FROM locations l ORDER BY l.priority, l.id");
    let rows = LocationRow::find_by_statement(sql(db, &text, [])).all(db).await?;
    Ok(rows.into_iter().map(Location::from).collect())
}

/// A location.
///
/// # Errors
/// When the database fails.
pub async fn location<C: ConnectionTrait>(db: &C, id: LocationId) -> Result<Option<Location>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM locations l WHERE l.id = $1");
    Ok(LocationRow::find_by_statement(sql(db, &text, [id.into()])).one(db).await?.map(Location::from))
}

/// Which variations are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockFilter {
    /// Only those with this in their article number or their product's name.
    pub text: String,
    /// Only those of which little is left.
    pub low: bool,
    /// Only those whose article number comes after this one.
    pub after: Option<String>,
}

#[derive(FromQueryResult)]
struct StockedRow {
    id: VariationId,
    sku: String,
    name: String,
    options: OptionValues,
    threshold: Option<i64>,
    available: i64,
}

const STOCKED: &str = "SELECT v.id, v.sku, p.name, v.options, v.low_stock_threshold AS threshold";

/// A page of what there is, by article number, and whether there is more.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::StockRead`], or when the database fails.
pub async fn stock(shop: &Shop, who: &SignedIn, filter: &StockFilter) -> Result<(Vec<Stocked>, bool), StaffError> {
    who.require(Permission::StockRead)?;
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = String::new();
    let text = filter.text.trim();
    if !text.is_empty() {
        // What stands for anything in a pattern is looked for as it is.
        let escaped = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        values.push(format!("%{escaped}%").into());
        conditions.push_str(" AND (LOWER(v.sku) LIKE $1 ESCAPE '!' OR LOWER(p.name) LIKE $1 ESCAPE '!')");
    }
    if filter.low {
        values.push(shop.reference().settings.low_stock.into());
        conditions.push_str(&format!(" AND {AVAILABLE} < COALESCE(v.low_stock_threshold, ${})", values.len()));
    }
    if let Some(after) = &filter.after {
        values.push(after.as_str().into());
        conditions.push_str(&format!(" AND v.sku > ${}", values.len()));
    }
    let text = format!(
        "{STOCKED}, {AVAILABLE} AS available FROM variations v JOIN products p ON p.id = v.product_id
         WHERE v.archived_at IS NULL{conditions} ORDER BY v.sku LIMIT {}",
        PAGE + 1
    );
    let db = shop.db.latest();
    let mut rows = StockedRow::find_by_statement(sql(db, &text, values)).all(db).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    Ok((with_levels(shop, rows).await?, more))
}

/// What there is of the variation with this article number.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::StockRead`], or when the database fails.
pub async fn stock_of(shop: &Shop, who: &SignedIn, sku: &str) -> Result<Option<Stocked>, StaffError> {
    who.require(Permission::StockRead)?;
    let db = shop.db.latest();
    let text = format!(
        "{STOCKED}, {AVAILABLE} AS available FROM variations v JOIN products p ON p.id = v.product_id WHERE v.sku = $1"
    );
    let row = StockedRow::find_by_statement(sql(db, &text, [sku.into()])).all(db).await?;
    Ok(with_levels(shop, row).await?.into_iter().next())
}

#[derive(FromQueryResult)]
struct LevelRow {
    variation_id: VariationId,
    location: LocationId,
    location_name: String,
    on_hand: i64,
    reserved: i64,
}

async fn with_levels(shop: &Shop, rows: Vec<StockedRow>) -> Result<Vec<Stocked>, DbErr> {
    let mut levels = HashMap::<VariationId, Vec<Level>>::new();
    if !rows.is_empty() {
        let db = shop.db.latest();
        let text = format!(
            "SELECT s.variation_id, l.id AS location, l.name AS location_name, s.on_hand, s.reserved
             FROM stock s JOIN locations l ON l.id = s.location_id
             WHERE s.variation_id IN ({}) ORDER BY l.priority, l.id",
            placeholders(1, rows.len()),
        );
        let found = LevelRow::find_by_statement(sql(db, &text, rows.iter().map(|row| row.id.into()))).all(db).await?;
        for row in found {
            levels.entry(row.variation_id).or_default().push(Level {
                location: row.location,
                location_name: row.location_name,
                on_hand: row.on_hand,
                reserved: row.reserved,
            });
        }
    }
    let default = shop.reference().settings.low_stock;
    let stocked = |row: StockedRow| Stocked {
        variation: row.id,
        name: [std::slice::from_ref(&row.name), row.options.0.as_slice()].concat().join(", "),
        low: row.available < row.threshold.unwrap_or(default),
        threshold: row.threshold,
        available: row.available,
        levels: levels.remove(&row.id).unwrap_or_default(),
        sku: row.sku,
    };
    Ok(rows.into_iter().map(stocked).collect())
}

#[derive(FromQueryResult)]
struct MovementRow {
    id: MovementId,
    created_at: DateTime<Utc>,
    location_name: String,
    delta_on_hand: i64,
    delta_reserved: i64,
    reason: String,
    actor: String,
    order_number: Option<String>,
    note: Option<String>,
}

/// A page of what became of a variation's stock, the latest first, and whether there is more.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::StockRead`], or when the database fails.
pub async fn movements(
    shop: &Shop,
    who: &SignedIn,
    variation: VariationId,
    before: Option<MovementId>,
) -> Result<(Vec<Movement>, bool), StaffError> {
    who.require(Permission::StockRead)?;
    let mut values: Vec<Value> = vec![variation.into()];
    let mut condition = "";
    if let Some(before) = before {
        values.push(before.into());
        condition = " AND m.id < $2";
    }
    let text = format!(
        "SELECT m.id, m.created_at, l.name AS location_name, m.delta_on_hand, m.delta_reserved, m.reason, m.actor,
                o.number AS order_number, t.note
         FROM stock s
         JOIN stock_movements m ON m.stock_id = s.id
         JOIN locations l ON l.id = s.location_id
         LEFT JOIN returns r ON r.id = m.reference
         LEFT JOIN shipments h ON h.id = m.reference
         LEFT JOIN orders c ON c.cart_id = m.reference
         LEFT JOIN orders o ON o.id = COALESCE(r.order_id, h.order_id, c.id, m.reference)
         LEFT JOIN stock_operations t ON t.id = m.reference
         WHERE s.variation_id = $1{condition} ORDER BY m.id DESC LIMIT {}",
        PAGE + 1
    );
    let db = shop.db.latest();
    let mut rows = MovementRow::find_by_statement(sql(db, &text, values)).all(db).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let staff = rows.iter().filter_map(|row| match Actor::from_code(&row.actor) {
        Some(Actor::Staff(user)) => Some(user),
        _ => None,
    });
    let emails = accounts::addresses(db, staff).await?;
    let movement = |row: MovementRow| {
        let actor = Actor::from_code(&row.actor);
        Movement {
            id: row.id,
            at: row.created_at,
            location_name: row.location_name,
            on_hand: row.delta_on_hand,
            reserved: row.delta_reserved,
            reason: Reason::from_code(&row.reason),
            email: match actor {
                Some(Actor::Staff(user)) => emails.get(&user).cloned(),
                _ => None,
            },
            actor,
            order_number: row.order_number,
            note: row.note.unwrap_or_default(),
        }
    };
    Ok((rows.into_iter().map(movement).collect(), more))
}
