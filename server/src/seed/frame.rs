//! What a shop needs before it can sell anything: settings, taxes, delivery, a warehouse, categories.

use super::SeedError;
use super::catalogue::Catalogue;
use chrono::{DateTime, Utc};
use commerce::catalog::CategoryId;
use commerce::catalog::create_category::{NewCategory, create_category};
use commerce::db::sql;
use commerce::fulfilment::{DeliveryMethod, create_delivery_method::create_delivery_method};
use commerce::inventory::{LocationId, create_location::create_warehouse};
use commerce::media::MediaId;
use commerce::money::{Currency, Money};
use commerce::pricing::{TaxRate, tax_table};
use commerce::settings::{self, Settings};
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::HashMap;

/// Rates of value added tax in per mille: the standard rate, and what food and
/// books are taxed by (where they differ, food). The empty country is all others.
const TAX_RATES: [(&str, u32, u32); 12] = [
    ("", 190, 70),
    ("DE", 190, 70),
    ("AT", 200, 100),
    ("BE", 210, 60),
    ("DK", 250, 250),
    ("ES", 210, 100),
    ("FR", 200, 55),
    ("IT", 220, 100),
    ("LU", 170, 30),
    ("NL", 210, 90),
    ("PL", 230, 50),
    ("PT", 230, 60),
];

/// Sets up what isn't there yet. Gives the warehouse that products are received at.
pub async fn set_up<C: ConnectionTrait>(tx: &C, now: DateTime<Utc>) -> Result<LocationId, DbErr> {
    if is_empty(tx, "settings").await? {
        settings::queries::save(tx, &Settings::default(), now).await?;
    }
    if is_empty(tx, "tax_rates").await? {
        for (country, standard, reduced) in TAX_RATES {
            for (class, per_mille) in [("standard", standard), ("reduced", reduced)] {
                let rate = TaxRate(Decimal::new(per_mille.into(), 3).normalize());
                tax_table::set(tx, class, country, rate).await?;
            }
        }
    }
    if is_empty(tx, "delivery_methods").await? {
        for (method, position) in delivery_methods().iter().zip(0..) {
            create_delivery_method(tx, method, position, now).await?;
        }
    }
    let text = "SELECT id FROM locations WHERE kind = 'warehouse' ORDER BY priority, id LIMIT 1";
    match tx.query_one_raw(sql(tx, text, [])).await? {
        Some(row) => row.try_get("", "id"),
        None => create_warehouse(tx, "Main warehouse", 0, now).await,
    }
}

/// Adds the categories of the catalogue that aren't there yet; gives all of them by slug.
pub async fn categories<C: ConnectionTrait>(
    tx: &C,
    catalogue: &Catalogue,
    pictures: &HashMap<String, MediaId>,
    now: DateTime<Utc>,
) -> Result<HashMap<String, CategoryId>, SeedError> {
    let mut known = HashMap::new();
    for row in tx.query_all_raw(sql(tx, "SELECT slug, id FROM categories", [])).await? {
        known.insert(row.try_get::<String>("", "slug")?, row.try_get::<CategoryId>("", "id")?);
    }
    for (category, position) in catalogue.categories.iter().zip(0..) {
        if known.contains_key(&category.slug) {
            continue;
        }
        let parent = |slug: &String| known.get(slug).copied().ok_or_else(|| SeedError::NoCategory(slug.clone()));
        let new = NewCategory {
            parent: category.parent.as_ref().map(parent).transpose()?,
            slug: category.slug.clone(),
            name: category.name.clone(),
            description: category.description.clone(),
            media: pictures.get(&category.slug).copied(),
            position,
        };
        known.insert(category.slug.clone(), create_category(tx, new, now).await?);
    }
    Ok(known)
}

async fn is_empty<C: ConnectionTrait>(tx: &C, table: &str) -> Result<bool, DbErr> {
    Ok(tx.query_one_raw(sql(tx, &format!("SELECT 1 FROM {table} LIMIT 1"), [])).await?.is_none())
}

fn delivery_methods() -> [DeliveryMethod; 3] {
    let euro = |minor| Money::new(minor, Currency::EUR);
    let method =
        |code: &str, name: &str, description: &str, price, free_over: Option<i64>, min_days, max_days| DeliveryMethod {
            code: code.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            price: euro(price),
            free_over: free_over.map(euro),
            min_days,
            max_days,
        };
    [
        method("standard", "Standard delivery", "To your door, by parcel.", 490, Some(5_000), 2, 4),
        method("express", "Express delivery", "To your door, by courier, on the next working day.", 1_290, None, 1, 1),
        method("pickup", "Pick-up point", "To a parcel shop near you, which keeps it for a week.", 290, None, 2, 4),
    ]
}
