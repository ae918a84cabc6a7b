//! Stored pictures.

use super::{MediaId, Widths};
use sea_orm::entity::prelude::*;

/// A picture; its renditions are in the file store.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "media")]
pub struct Model {
    /// Identifier, also the folder of its files.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MediaId,
    /// Width of the widest rendition, in pixels.
    pub width: i32,
    /// Height of the widest rendition, in pixels.
    pub height: i32,
    /// The widths it is stored in.
    #[sea_orm(column_name = "renditions", column_type = "JsonBinary")]
    pub widths: Widths,
    /// A tiny blurred picture as a `data:` address.
    pub placeholder: String,
    /// When it was stored.
    pub created_at: DateTimeUtc,
}

/// Media refer to nothing.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
