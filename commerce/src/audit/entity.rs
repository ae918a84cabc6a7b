//! The audit log.

use super::EntryId;
use crate::accounts::UserId;
use sea_orm::entity::prelude::*;

/// Something that was done.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EntryId,
    /// When.
    pub at: DateTimeUtc,
    /// What, by `Action::code`.
    pub action: String,
    /// Who, if known. An entry outlives the account.
    pub actor_id: Option<UserId>,
    /// Whose account, if one.
    pub subject_id: Option<UserId>,
    /// The network address, or the part of the shop that did it by itself.
    pub client: String,
    /// The request it was part of.
    pub correlation_id: Option<String>,
    /// What it was before.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub before: Option<Json>,
    /// What it is now.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub after: Option<Json>,
}

/// None that are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
