//! Adds products with everything that belongs to them, many at a time.

use super::entity::{product, product_facet, product_image, variation};
use super::{
    CategoryId, CategoryTree, OptionValues, ProductId, ProductOptions, Specifications, VariationId, projection,
};
use crate::db::insert_all;
use crate::inventory::{self, LocationId, Receipt};
use crate::media::MediaId;
use crate::money::Money;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr};
use std::collections::BTreeSet;

/// A product to be.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// Its address below `/p/`; unique.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Paragraphs, separated by an empty line.
    pub description: String,
    /// Where it is in the tree.
    pub category: CategoryId,
    /// What it costs before its variations' modifiers.
    pub base_price: Money,
    /// What its variations differ in.
    pub options: ProductOptions,
    /// Facts about it.
    pub specifications: Specifications,
    /// Its pictures with their texts, the main one first.
    pub pictures: Vec<(MediaId, String)>,
    /// What can be bought; at least one.
    pub variations: Vec<NewVariation>,
    /// Since when it is offered.
    pub created_at: DateTime<Utc>,
}

/// A variation to be.
#[derive(Clone, Debug)]
pub struct NewVariation {
    /// The shop's own article number; unique.
    pub sku: String,
    /// Its values, in the order of the product's options.
    pub options: OptionValues,
    /// What it adds to the base price or takes off, in minor units.
    pub price_modifier: i64,
    /// What one piece weighs.
    pub weight_grams: i32,
    /// Decides the tax rate.
    pub tax_class: String,
    /// Its picture, among those of the product.
    pub picture: Option<MediaId>,
    /// How many are received at first.
    pub stock: i64,
}

/// Adds products, receives their stock at `location` and projects them into the listings.
///
/// # Errors
/// When a slug or SKU is taken, or the database fails; then `db` is to be rolled back.
pub async fn create_products<C: ConnectionTrait>(
    db: &C,
    tree: &CategoryTree,
    location: LocationId,
    new: Vec<NewProduct>,
    now: DateTime<Utc>,
) -> Result<Vec<ProductId>, DbErr> {
    let mut rows = Rows::default();
    for product in new {
        rows.add(product, now);
    }
    insert_all::<product::Entity, _>(db, rows.products).await?;
    insert_all::<variation::Entity, _>(db, rows.variations).await?;
    insert_all::<product_image::Entity, _>(db, rows.images).await?;
    insert_all::<product_facet::Entity, _>(db, rows.facets).await?;
    inventory::receive::receive(db, location, rows.receipts, "import", now).await?;
    projection::insert(db, tree, &rows.ids).await?;
    Ok(rows.ids)
}

#[derive(Default)]
struct Rows {
    ids: Vec<ProductId>,
    products: Vec<product::ActiveModel>,
    variations: Vec<variation::ActiveModel>,
    images: Vec<product_image::ActiveModel>,
    facets: Vec<product_facet::ActiveModel>,
    receipts: Vec<Receipt>,
}

impl Rows {
    fn add(&mut self, new: NewProduct, now: DateTime<Utc>) {
        let id = ProductId::new(now);
        self.ids.push(id);
        let facets: BTreeSet<_> = new
            .variations
            .iter()
            .flat_map(|variation| variation.options.named(&new.options).0)
            .map(|option| (option.name, option.value))
            .collect();
        self.facets.extend(facets.into_iter().map(|(name, value)| product_facet::ActiveModel {
            product_id: Set(id),
            name: Set(name),
            value: Set(value),
        }));
        self.images.extend(new.pictures.into_iter().zip(0..).map(|((media, alt), position)| {
            product_image::ActiveModel {
                product_id: Set(id),
                position: Set(position),
                media_id: Set(media),
                alt: Set(alt),
            }
        }));
        for (variation, position) in new.variations.into_iter().zip(0..) {
            let variation_id = VariationId::new(now);
            self.receipts.push(Receipt { variation: variation_id, quantity: variation.stock });
            self.variations.push(variation::ActiveModel {
                id: Set(variation_id),
                product_id: Set(id),
                sku: Set(variation.sku),
                options_key: Set(variation.options.key()),
                options: Set(variation.options),
                position: Set(position),
                media_id: Set(variation.picture),
                price_modifier: Set(variation.price_modifier),
                weight_grams: Set(variation.weight_grams),
                tax_class: Set(variation.tax_class),
                low_stock_threshold: Set(None),
                low_since: Set(None),
                low_alerts: Set(0),
                archived_at: Set(None),
                version: Set(1),
                created_at: Set(now),
                updated_at: Set(now),
            });
        }
        self.products.push(product::ActiveModel {
            id: Set(id),
            slug: Set(new.slug),
            name: Set(new.name),
            description: Set(new.description),
            category_id: Set(new.category),
            vendor_id: Set(None),
            currency: Set(new.base_price.currency().code().to_owned()),
            base_price: Set(new.base_price.minor()),
            options: Set(new.options),
            specifications: Set(new.specifications),
            archived_at: Set(None),
            version: Set(1),
            created_at: Set(new.created_at),
            updated_at: Set(now),
        });
    }
}
