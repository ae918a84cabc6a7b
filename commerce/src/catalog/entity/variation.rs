//! Variations: what is sold.

use crate::catalog::{OptionValues, ProductId, VariationId};
use crate::media::MediaId;
use sea_orm::entity::prelude::*;

/// Something that can be bought.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "variations")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VariationId,
    /// What it is a variation of.
    pub product_id: ProductId,
    /// The shop's own article number.
    #[sea_orm(unique)]
    pub sku: String,
    /// Its values, in the order of the product's options.
    #[sea_orm(column_type = "JsonBinary")]
    pub options: OptionValues,
    /// The same as one text, unique among the product's variations.
    pub options_key: String,
    /// Its place among the product's variations.
    pub position: i32,
    /// Its picture, among those of the product.
    pub media_id: Option<MediaId>,
    /// What it adds to the base price or takes off, in minor units.
    pub price_modifier: i64,
    /// What one piece weighs.
    pub weight_grams: i32,
    /// Decides the tax rate.
    pub tax_class: String,
    /// Where fewer than so many are available, it is low; the shop's own threshold where there is none.
    pub low_stock_threshold: Option<i64>,
    /// Since when it is low, as staff were told.
    pub low_since: Option<DateTimeUtc>,
    /// How often staff were told.
    pub low_alerts: i64,
    /// Since when it is not offered any more.
    pub archived_at: Option<DateTimeUtc>,
    /// Counts the changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
