//! Categories.

use crate::catalog::CategoryId;
use crate::media::MediaId;
use sea_orm::entity::prelude::*;

/// A category of the tree.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "categories")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CategoryId,
    /// What it is part of.
    pub parent_id: Option<CategoryId>,
    /// Its address below `/c/`.
    #[sea_orm(unique)]
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Its picture.
    pub media_id: Option<MediaId>,
    /// Its place among its siblings.
    pub position: i32,
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
