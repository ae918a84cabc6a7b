//! Settings by name, each a JSON document.

use sea_orm::entity::prelude::*;

/// One named document.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "settings")]
pub struct Model {
    /// The name of the document.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The document.
    #[sea_orm(column_type = "JsonBinary")]
    pub value: Json,
    /// Counts the changes.
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// Settings refer to nothing.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
