//! What is written about every change of stock: a row of the ledger, an event, the listings, and a word when it runs
//! low.

use super::entity::movement;
use super::rows::StockRow;
use super::{Actor, MovementId, Reason, StockChanged, StockId, low_stock};
use crate::Shop;
use crate::catalog::{ProductId, VariationId, projection};
use crate::db::insert_all;
use crate::events::{self, NewEvent};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, FromQueryResult};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Stock at which a listing shows that little is left; changes above it need no refresh.
pub(crate) const SHOWN_LOW: i64 = 10;

/// What a transaction will have written about the stock it changed.
pub(super) struct Ledger<'a> {
    shop: &'a Shop,
    /// Who changes it.
    actor: Actor,
    /// The cart, order or operation for which it is changed.
    reference: Option<Uuid>,
    /// When it is changed.
    pub(super) now: DateTime<Utc>,
    default_threshold: i64,
    /// Whether only what carts hold is changed.
    only_holds: bool,
    movements: Vec<movement::ActiveModel>,
    events: Vec<NewEvent>,
    refresh: BTreeSet<ProductId>,
    near_threshold: BTreeSet<VariationId>,
}

/// A change of a stock row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    /// Of what is there.
    pub(super) on_hand: i64,
    /// Of what is claimed.
    pub(super) reserved: i64,
}

impl Delta {
    /// So many more are there.
    pub(super) fn on_hand(on_hand: i64) -> Self {
        Self { on_hand, reserved: 0 }
    }

    /// So many more are claimed.
    pub(super) fn reserved(reserved: i64) -> Self {
        Self { on_hand: 0, reserved }
    }
}

/// A stock row after a change.
#[derive(FromQueryResult)]
pub(super) struct Changed {
    on_hand: i64,
    reserved: i64,
    version: i64,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(shop: &'a Shop, actor: Actor, reference: Option<Uuid>) -> Self {
        Self {
            shop,
            actor,
            reference,
            now: shop.clock.now(),
            default_threshold: shop.reference().settings.low_stock,
            only_holds: false,
            movements: Vec::new(),
            events: Vec::new(),
            refresh: BTreeSet::new(),
            near_threshold: BTreeSet::new(),
        }
    }

    /// The ledger of a transaction that changes nothing but what carts hold.
    pub(super) fn of_holds(shop: &'a Shop, actor: Actor, reference: Option<Uuid>) -> Self {
        Self { only_holds: true, ..Self::new(shop, actor, reference) }
    }

    /// Notes a change of a stock row, and what it came to by that.
    pub(super) fn note(&mut self, row: &StockRow, delta: Delta, reason: Reason, after: &Changed) {
        self.movement(row.id, delta, reason, self.actor, self.reference);
        self.changed(row, delta, reason, after);
    }

    /// Notes a row of the ledger alone; what several of them come to is noted by [`changed`](Self::changed).
    pub(super) fn movement(
        &mut self,
        stock: StockId,
        delta: Delta,
        reason: Reason,
        actor: Actor,
        reference: Option<Uuid>,
    ) {
        self.movements.push(movement::ActiveModel {
            id: Set(MovementId::new(self.now)),
            stock_id: Set(stock),
            delta_on_hand: Set(delta.on_hand),
            delta_reserved: Set(delta.reserved),
            reason: Set(reason.code().to_owned()),
            actor: Set(actor.to_string()),
            reference: Set(reference),
            created_at: Set(self.now),
        });
    }

    /// Notes what a stock row came to.
    pub(super) fn changed(&mut self, row: &StockRow, delta: Delta, reason: Reason, after: &Changed) {
        let event = StockChanged {
            stock: row.id,
            variation: row.variation_id,
            on_hand: after.on_hand,
            reserved: after.reserved,
            version: after.version,
            reason,
        };
        self.events.push(NewEvent::of(&event, event.version));
        let (available, more) = (after.on_hand - after.reserved, delta.on_hand - delta.reserved);
        let least = available.min(available - more);
        if more != 0 && least <= SHOWN_LOW {
            self.refresh.insert(row.product_id);
        }
        // The sum over all locations is no less than what is at one.
        let near = least < row.low_stock_threshold.unwrap_or(self.default_threshold);
        if more != 0 && !self.only_holds && (near || delta.on_hand > 0) {
            self.near_threshold.insert(row.variation_id);
        }
    }

    /// Writes the movements, their events, the listings of products that are
    /// about to sell out or just did, and what has run low.
    pub(super) async fn write<C: ConnectionTrait>(mut self, tx: &C) -> Result<(), DbErr> {
        insert_all::<movement::Entity, _>(tx, self.movements).await?;
        let low = low_stock::evaluate(tx, &self.near_threshold, self.default_threshold, self.now).await?;
        self.events.extend(low.iter().map(|low| NewEvent::of(low, low.alert)));
        events::emit(self.shop, tx, self.events).await?;
        projection::refresh(tx, &self.refresh).await
    }
}
