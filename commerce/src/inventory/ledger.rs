//! What is written about every change of stock: a row of the ledger, an event, and the listings.

use super::claims::StockRow;
use super::entity::movement;
use super::{MovementId, Reason, StockChanged};
use crate::Shop;
use crate::cart::CartId;
use crate::catalog::{ProductId, projection};
use crate::db::insert_all;
use crate::events::{self, NewEvent};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, FromQueryResult};
use std::collections::BTreeSet;

/// Stock at which a listing shows that little is left; changes above it need no refresh.
const SHOWN_LOW: i64 = 10;

/// What a transaction will have written about the stock it changed.
pub(super) struct Ledger<'a> {
    shop: &'a Shop,
    /// For whom it is changed.
    pub(super) cart: CartId,
    /// When it is changed.
    pub(super) now: DateTime<Utc>,
    movements: Vec<movement::ActiveModel>,
    events: Vec<NewEvent>,
    refresh: BTreeSet<ProductId>,
}

/// A stock row after a change.
#[derive(FromQueryResult)]
pub(super) struct Changed {
    on_hand: i64,
    reserved: i64,
    version: i64,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(shop: &'a Shop, cart: CartId) -> Self {
        let now = shop.clock.now();
        Self { shop, cart, now, movements: Vec::new(), events: Vec::new(), refresh: BTreeSet::new() }
    }

    /// Notes that `delta_reserved` more of a stock row were claimed.
    pub(super) fn note(&mut self, row: &StockRow, delta_reserved: i64, reason: Reason, after: &Changed) {
        self.movements.push(movement::ActiveModel {
            id: Set(MovementId::new(self.now)),
            stock_id: Set(row.id),
            delta_on_hand: Set(0),
            delta_reserved: Set(delta_reserved),
            reason: Set(reason.code().to_owned()),
            actor: Set("shopper".to_owned()),
            reference: Set(Some(self.cart.0)),
            created_at: Set(self.now),
        });
        let event = StockChanged {
            stock: row.id,
            variation: row.variation_id,
            on_hand: after.on_hand,
            reserved: after.reserved,
            version: after.version,
            reason,
        };
        self.events.push(NewEvent::of(&event, event.version));
        let available = after.on_hand - after.reserved;
        if available.min(available + delta_reserved) <= SHOWN_LOW {
            self.refresh.insert(row.product_id);
        }
    }

    /// Writes the movements, their events, and the listings of products that
    /// are about to sell out or just did.
    pub(super) async fn write<C: ConnectionTrait>(self, tx: &C) -> Result<(), DbErr> {
        insert_all::<movement::Entity, _>(tx, self.movements).await?;
        events::emit(self.shop, tx, self.events).await?;
        projection::refresh(tx, &self.refresh).await
    }
}
