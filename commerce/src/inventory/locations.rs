//! Where stock can be: opened and changed by staff.

use super::entity::location;
use super::{Location, LocationId, NewLocation, StockError};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Action, Done};
use crate::catalog::VariationId;
use crate::db::{self, placeholders, sql};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, SqlErr};
use serde_json::json;
use std::collections::BTreeMap;

/// A location as its row has it.
#[derive(FromQueryResult)]
pub(super) struct LocationRow {
    pub(super) id: LocationId,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) priority: i32,
    pub(super) country: String,
    pub(super) region: String,
    pub(super) postal_code: String,
    pub(super) line1: String,
    pub(super) line2: String,
    pub(super) city: String,
    pub(super) active: bool,
    pub(super) version: i64,
}

impl From<LocationRow> for Location {
    fn from(row: LocationRow) -> Self {
        let data = NewLocation {
            name: row.name,
            country: row.country,
            region: row.region,
            postal_code: row.postal_code,
            line1: row.line1,
            line2: row.line2,
            city: row.city,
            priority: row.priority,
            active: row.active,
        };
        Self { id: row.id, ordinary: row.kind == "warehouse", version: row.version, data }
    }
}

pub(super) const COLUMNS: &str = "l.id, l.name, l.kind, l.priority, l.country, l.region, l.postal_code, l.line1, l.line2, l.city, l.active, l.version";

/// Locks a location that stock may come to.
pub(super) async fn lock_open<C: ConnectionTrait>(tx: &C, id: LocationId) -> Result<LocationRow, StockError> {
    let row = lock(tx, id).await?.ok_or(StockError::UnknownLocation)?;
    if row.active { Ok(row) } else { Err(StockError::LocationClosed) }
}

/// Locks a location, open or closed.
pub(super) async fn lock<C: ConnectionTrait>(tx: &C, id: LocationId) -> Result<Option<LocationRow>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM locations l WHERE l.id = $1{}", db::for_no_key_update(tx, "l"));
    LocationRow::find_by_statement(sql(tx, &text, [id.into()])).one(tx).await
}

/// The article numbers of variations with a quantity of each, as the audit log has them.
pub(super) async fn skus<C: ConnectionTrait>(
    tx: &C,
    quantities: &BTreeMap<VariationId, i64>,
) -> Result<BTreeMap<String, i64>, StockError> {
    let mut skus = BTreeMap::new();
    let text = format!("SELECT v.id, v.sku FROM variations v WHERE v.id IN ({})", placeholders(1, quantities.len()));
    for row in tx.query_all_raw(sql(tx, &text, quantities.keys().map(|id| (*id).into()))).await? {
        let quantity = quantities.get(&row.try_get::<VariationId>("", "id")?).copied().unwrap_or_default();
        skus.insert(row.try_get::<String>("", "sku")?, quantity);
    }
    if skus.len() == quantities.len() { Ok(skus) } else { Err(StockError::UnknownVariation) }
}

/// The article number of a variation.
pub(super) async fn sku<C: ConnectionTrait>(tx: &C, variation: VariationId) -> Result<String, StockError> {
    skus(tx, &BTreeMap::from([(variation, 0)])).await?.into_keys().next().ok_or(StockError::UnknownVariation)
}

fn name_taken(error: DbErr) -> StockError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StockError::NameTaken,
        _ => StockError::Db(error),
    }
}

fn as_json(location: &NewLocation) -> serde_json::Value {
    json!({
        "name": location.name,
        "country": location.country,
        "region": location.region,
        "postal code": location.postal_code,
        "street": location.line1,
        "second line": location.line2,
        "town": location.city,
        "priority": location.priority,
        "active": location.active,
    })
}

fn done(action: Action, who: UserId, before: Option<&NewLocation>, after: &NewLocation) -> Done {
    Done { action, actor: Some(who), subject: None, before: before.map(as_json), after: Some(as_json(after)) }
}

/// Opens a warehouse.
///
/// # Errors
/// [`StockError::NameTaken`], or another.
pub async fn create_location(shop: &Shop, who: &SignedIn, new: &NewLocation) -> Result<LocationId, StockError> {
    who.require(Permission::StockWrite)?;
    let now = shop.clock.now();
    let id = LocationId::new(now);
    let attempt = async || -> Result<(), StockError> {
        let tx = shop.db.begin().await?;
        let row = location::ActiveModel {
            id: Set(id),
            name: Set(new.name.clone()),
            kind: Set("warehouse".to_owned()),
            priority: Set(new.priority),
            country: Set(new.country.clone()),
            region: Set(new.region.clone()),
            postal_code: Set(new.postal_code.clone()),
            line1: Set(new.line1.clone()),
            line2: Set(new.line2.clone()),
            city: Set(new.city.clone()),
            active: Set(new.active),
            version: Set(1),
            created_at: Set(now),
        };
        location::Entity::insert(row).exec_without_returning(&tx).await.map_err(name_taken)?;
        audit::record(&tx, now, done(Action::LocationOpened, who.user, None, new)).await?;
        Ok(tx.commit().await?)
    };
    db::retry(attempt).await?;
    Ok(id)
}

/// Changes a location, of which `version` was seen. Only one that is empty is closed.
///
/// # Errors
/// [`StockError::NameTaken`], [`StockError::Changed`] where somebody else was faster, [`StockError::NotEmpty`], or
/// another.
pub async fn change_location(
    shop: &Shop,
    who: &SignedIn,
    id: LocationId,
    version: i64,
    to: &NewLocation,
) -> Result<(), StockError> {
    who.require(Permission::StockWrite)?;
    db::retry(|| change(shop, who, id, version, to)).await
}

async fn change(shop: &Shop, who: &SignedIn, id: LocationId, version: i64, to: &NewLocation) -> Result<(), StockError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let before = Location::from(lock(&tx, id).await?.ok_or(StockError::UnknownLocation)?);
    if before.data == *to {
        return Ok(());
    }
    if before.version != version {
        return Err(StockError::Changed);
    }
    if !to.active && holds_any(&tx, id).await? {
        return Err(StockError::NotEmpty);
    }
    let text =
        "UPDATE locations SET name = $2, country = $3, region = $4, postal_code = $5, priority = $6, active = $7,
                line1 = $8, line2 = $9, city = $10, version = version + 1 WHERE id = $1";
    let values = [
        id.into(),
        to.name.clone().into(),
        to.country.clone().into(),
        to.region.clone().into(),
        to.postal_code.clone().into(),
        to.priority.into(),
        to.active.into(),
        to.line1.clone().into(),
        to.line2.clone().into(),
        to.city.clone().into(),
    ];
    tx.execute_raw(sql(&tx, text, values)).await.map_err(name_taken)?;
    audit::record(&tx, now, done(Action::LocationChanged, who.user, Some(&before.data), to)).await?;
    Ok(tx.commit().await?)
}

async fn holds_any<C: ConnectionTrait>(tx: &C, id: LocationId) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM stock WHERE location_id = $1 AND on_hand > 0 LIMIT 1";
    Ok(tx.query_one_raw(sql(tx, text, [id.into()])).await?.is_some())
}
