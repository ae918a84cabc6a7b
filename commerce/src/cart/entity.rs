//! Carts.

use super::CartId;
use crate::accounts::UserId;
use sea_orm::entity::prelude::*;

/// A cart; its lines and its checkout belong to it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "carts")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CartId,
    /// The hash of the token that finds it; `None` once it became an order or part of another cart.
    #[sea_orm(unique)]
    pub token_hash: Option<String>,
    /// Whose it is, if they have an account.
    pub user_id: Option<UserId>,
    /// What it is paid in, by ISO 4217.
    pub currency: String,
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
