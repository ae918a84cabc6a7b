//! Products.

use crate::catalog::{CategoryId, ProductId, ProductOptions, Specifications};
use sea_orm::entity::prelude::*;

/// A product; what is sold of it are its variations.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "products")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProductId,
    /// Its address below `/p/`.
    #[sea_orm(unique)]
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Paragraphs, separated by an empty line.
    pub description: String,
    /// Where it is in the tree.
    pub category_id: CategoryId,
    /// Who offers it, if not the shop.
    pub vendor_id: Option<Uuid>,
    /// The currency of its base price, by ISO 4217.
    pub currency: String,
    /// What it costs before its variations' modifiers, in minor units.
    pub base_price: i64,
    /// What its variations differ in.
    #[sea_orm(column_type = "JsonBinary")]
    pub options: ProductOptions,
    /// Facts about it.
    #[sea_orm(column_type = "JsonBinary")]
    pub specifications: Specifications,
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
