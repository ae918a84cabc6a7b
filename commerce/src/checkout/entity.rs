//! What a checkout has gathered.

use super::Contact;
use crate::cart::CartId;
use sea_orm::entity::prelude::*;

/// The checkout of a cart.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "checkouts")]
pub struct Model {
    /// Of which cart.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cart_id: CartId,
    /// Who and where to.
    #[sea_orm(column_type = "JsonBinary")]
    pub contact: Option<Contact>,
    /// The code of the delivery method.
    pub delivery_method: Option<String>,
    /// The code of the gateway.
    pub payment_method: Option<String>,
    /// Whether store credit is to pay what it can.
    pub use_credit: bool,
    /// What the customer has to say.
    pub note: String,
    /// A hash of the network address that holds its stock.
    pub client: String,
    /// Since when its stock is held.
    pub hold_started_at: DateTimeUtc,
    /// Until when its stock is held.
    pub hold_expires_at: DateTimeUtc,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
