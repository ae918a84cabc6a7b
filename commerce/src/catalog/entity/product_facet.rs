//! The options of products as rows, to filter listings by.

use crate::catalog::ProductId;
use sea_orm::entity::prelude::*;

/// A product has a variation with this value.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "product_facets")]
pub struct Model {
    /// The product.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    /// The option.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Its value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub value: String,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
