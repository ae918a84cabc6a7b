//! The product of an address.

use super::{PICTURE, PICTURE_FIELDS, PictureColumns, currency};
use crate::catalog::{
    CategoryId, Found, OptionValues, Product, ProductId, ProductOptions, Specifications, Variation, VariationId,
};
use crate::db::{Json, gather_rows, read_rows, sql};
use crate::media::MediaId;
use crate::money::Money;
use crate::pricing::{ListPrice, PriceContext, unit_price};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::Deserialize;

/// How many of a variation `v` can be bought: a flash sale's pool is not for everybody.
const AVAILABLE: &str = "CAST(COALESCE((
    SELECT SUM(s.on_hand - s.reserved) FROM stock s JOIN locations l ON l.id = s.location_id
    WHERE s.variation_id = v.id AND l.kind = 'warehouse'
), 0) AS BIGINT)";

#[derive(FromQueryResult)]
struct ProductRow {
    id: ProductId,
    slug: String,
    name: String,
    description: String,
    category_id: CategoryId,
    currency: String,
    base_price: i64,
    options: ProductOptions,
    specifications: Specifications,
    variations: String,
    pictures: String,
}

#[derive(Deserialize)]
struct VariationRow {
    id: VariationId,
    sku: String,
    options: OptionValues,
    price_modifier: i64,
    media_id: Option<MediaId>,
    available: i64,
}

#[derive(Deserialize)]
struct ImageRow {
    alt: String,
    picture: PictureColumns,
}

/// A product with its variations, their availability and its pictures, in one statement.
///
/// # Errors
/// When the database fails.
pub async fn product<C: ConnectionTrait>(db: &C, slug: &str, context: PriceContext) -> Result<Found<Product>, DbErr> {
    let variation = [
        ("id", Json::Id("v.id")),
        ("sku", Json::Value("v.sku")),
        ("options", Json::Document("v.options")),
        ("price_modifier", Json::Value("v.price_modifier")),
        ("media_id", Json::Id("v.media_id")),
        ("available", Json::Value(AVAILABLE)),
    ];
    let image = [("alt", Json::Value("i.alt")), ("picture", Json::Object(&PICTURE_FIELDS))];
    let text = format!(
        "SELECT p.id, p.slug, p.name, p.description, p.category_id, p.currency, p.base_price, p.options,
                p.specifications,
                (SELECT {} FROM variations v WHERE v.product_id = p.id AND v.archived_at IS NULL) AS variations,
                (SELECT {} FROM (
                     SELECT i.alt, i.position, {PICTURE} FROM product_images i JOIN media m ON m.id = i.media_id
                     WHERE i.product_id = p.id
                 ) AS i) AS pictures
         FROM products p WHERE p.slug = $1 AND p.archived_at IS NULL",
        gather_rows(db, &variation, "v.position"),
        gather_rows(db, &image, "i.position"),
    );
    let Some(row) = ProductRow::find_by_statement(sql(db, &text, [slug.into()])).one(db).await? else {
        let text = "SELECT p.slug FROM product_slugs o JOIN products p ON p.id = o.product_id
                    WHERE o.slug = $1 AND p.archived_at IS NULL";
        let moved = db.query_one_raw(sql(db, text, [slug.into()])).await?;
        return Ok(match moved {
            Some(row) => Found::Moved(row.try_get("", "slug")?),
            None => Found::Nowhere,
        });
    };
    let base = Money::new(row.base_price, currency(&row.currency)?);
    let variations = read_rows::<VariationRow>(&row.variations)?;
    let pictures = read_rows::<ImageRow>(&row.pictures)?;
    Ok(Found::Here(Product {
        id: row.id,
        slug: row.slug,
        name: row.name,
        description: row.description,
        category: row.category_id,
        options: row.options,
        specifications: row.specifications,
        variations: variations
            .into_iter()
            .filter_map(|row| {
                let price = unit_price(context, ListPrice { base, modifier: row.price_modifier }).ok()?;
                Some(Variation {
                    id: row.id,
                    sku: row.sku,
                    options: row.options,
                    price,
                    available: row.available,
                    picture: row.media_id,
                })
            })
            .collect(),
        pictures: pictures.into_iter().filter_map(|row| row.picture.into_picture(row.alt)).collect(),
    }))
}
