//! The pictures of products.

use crate::catalog::ProductId;
use crate::media::MediaId;
use sea_orm::entity::prelude::*;

/// A picture of a product.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "product_images")]
pub struct Model {
    /// The product.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    /// Its place; 0 is the main picture.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The picture.
    pub media_id: MediaId,
    /// What it shows, for those who can't see it.
    pub alt: String,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
