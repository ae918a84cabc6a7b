//! What staff do to the stock, checked against what is seen before.

use super::model::{Model, StaffAct};
use super::{PLACES, World};
use commerce::cart::CartId;
use commerce::inventory::adjust::{Adjustment, Count, adjust};
use commerce::inventory::receive_goods::receive_goods;
use commerce::inventory::ship::{self, ShipError};
use commerce::inventory::transfer::{Transfer, transfer};
use commerce::inventory::{Actor, Line, OperationKey, StockError, claims, put_back};
use commerce::orders::OrderId;
use proptest::prelude::*;
use sea_orm::FromQueryResult;

#[derive(FromQueryResult)]
pub struct Row {
    pub on_hand: i64,
    pub reserved: i64,
}

#[derive(FromQueryResult)]
struct OnRow {
    cart_id: Option<CartId>,
    quantity: i64,
}

#[derive(FromQueryResult)]
struct OfOrder {
    order_id: OrderId,
    sku: String,
    location: commerce::inventory::LocationId,
    quantity: i64,
}

impl World {
    pub async fn row(&self, at: usize, what: usize) -> Row {
        let text = "SELECT s.on_hand, s.reserved FROM stock s JOIN variations v ON v.id = s.variation_id
                    WHERE s.location_id = $1 AND v.sku = $2";
        let values = [self.frame.places[at].into(), self.skus[what].clone().into()];
        self.shop.rows::<Row>(text, values).await.pop().unwrap_or(Row { on_hand: 0, reserved: 0 })
    }

    /// What every order of this history has claimed, the oldest first.
    async fn of_orders(&self) -> Vec<OfOrder> {
        let text = "SELECT c.order_id, v.sku, s.location_id AS location, c.quantity FROM claims c
                    JOIN stock s ON s.id = c.stock_id JOIN variations v ON v.id = s.variation_id
                    WHERE c.order_id IS NOT NULL AND v.sku IN ($1, $2, $3) ORDER BY c.order_id, v.sku";
        self.shop.rows(text, self.skus.iter().map(|sku| sku.clone().into())).await
    }

    /// Does it, and has the model know what came of it.
    pub async fn staff(&self, act: &StaffAct, model: &mut Model) -> Result<(), TestCaseError> {
        let (shop, who) = (&self.shop, &self.frame.who);
        let key = OperationKey::new(shop.clock.now());
        let actor = Actor::Staff(who.user);
        match *act {
            StaffAct::Receive(at, what, quantity) => {
                let lines = [Line { variation: shop.variation(&self.skus[what]).await.0, quantity }];
                // A second click on the same form.
                for _ in 0..2 {
                    let received = receive_goods(shop, who, key, self.frame.places[at], &lines, "").await;
                    prop_assert!(received.is_ok(), "{:?}", received);
                }
                model.on_hand[what] += quantity;
            }
            StaffAct::Count(at, what, on_hand) => self.count(at, what, on_hand, model).await?,
            StaffAct::Move(from, what, quantity) => {
                let row = self.row(from, what).await;
                let line = Line { variation: shop.variation(&self.skus[what]).await.0, quantity };
                let (from, to) = (self.frame.places[from], self.frame.places[(from + 1) % PLACES]);
                let moved = transfer(shop, who, key, &Transfer { from, to, lines: vec![line] }, "").await;
                match moved {
                    Ok(()) => prop_assert!(quantity <= row.on_hand - row.reserved),
                    Err(StockError::NotFree(short)) => {
                        prop_assert_eq!(short[0].available, row.on_hand - row.reserved);
                        prop_assert!(quantity > short[0].available);
                    }
                    Err(error) => panic!("{act:?}: {error}"),
                }
            }
            StaffAct::PutBack(at, what, quantity) => {
                let items = [(shop.variation(&self.skus[what]).await.0, quantity)];
                let tx = shop.db.begin().await.expect("a transaction");
                put_back::put_back(shop, &tx, self.frame.places[at], &items, key.0, &actor).await.expect("put back");
                tx.commit().await.expect("committed");
                model.on_hand[what] += quantity;
            }
            StaffAct::Cancel(number) => {
                let claimed = self.of_orders().await;
                let Some(order) = pick(&claimed, number) else { return Ok(()) };
                let tx = shop.db.begin().await.expect("a transaction");
                claims::release_order(shop, &tx, order, &actor).await.expect("released");
                tx.commit().await.expect("committed");
                for of in claimed.iter().filter(|of| of.order_id == order) {
                    model.sold[self.what(&of.sku)] -= of.quantity;
                }
            }
            StaffAct::Ship(at, number, quantity) => {
                let claimed = self.of_orders().await;
                let Some(order) = pick(&claimed, number) else { return Ok(()) };
                let of: Vec<_> =
                    claimed.iter().filter(|of| of.order_id == order && of.sku == first(&claimed, order)).collect();
                let (what, place) = (self.what(&of[0].sku), self.frame.places[at]);
                let own: i64 = of.iter().map(|of| of.quantity).sum();
                let here: i64 = of.iter().filter(|of| of.location == place).map(|of| of.quantity).sum();
                let row = self.row(at, what).await;
                let could = own.min(here + row.on_hand - row.reserved);
                let items = [(shop.variation(&self.skus[what]).await.0, quantity)];
                let tx = shop.db.begin().await.expect("a transaction");
                match ship::take(shop, &tx, order, place, &items, key.0, &actor).await {
                    Ok(()) => {
                        tx.commit().await.expect("committed");
                        prop_assert!(quantity <= could);
                        model.sold[what] -= quantity;
                        model.on_hand[what] -= quantity;
                    }
                    Err(ShipError::NotHeld(missing)) => {
                        prop_assert_eq!((missing[0].held, missing[0].wanted), (could, quantity));
                        prop_assert!(quantity > could);
                    }
                    Err(error) => panic!("{act:?}: {error}"),
                }
            }
        }
        Ok(())
    }

    async fn count(&self, at: usize, what: usize, on_hand: i64, model: &mut Model) -> Result<(), TestCaseError> {
        let (shop, row) = (&self.shop, self.row(at, what).await);
        let text = "SELECT c.cart_id, c.quantity FROM claims c JOIN stock s ON s.id = c.stock_id
                    JOIN variations v ON v.id = s.variation_id
                    WHERE s.location_id = $1 AND v.sku = $2 ORDER BY c.id DESC";
        let (location, sku) = (self.frame.places[at], self.skus[what].clone());
        let claims: Vec<OnRow> = shop.rows(text, [location.into(), sku.clone().into()]).await;
        let of_orders: i64 = claims.iter().filter(|claim| claim.cart_id.is_none()).map(|claim| claim.quantity).sum();
        let count = Count::Is { on_hand, seen: Some(row.on_hand) };
        let adjustment = Adjustment { location, variation: shop.variation(&sku).await.0, count };
        let key = OperationKey::new(shop.clock.now());
        match adjust(shop, &self.frame.who, key, &adjustment, "counted").await {
            Ok(()) => prop_assert!(of_orders <= on_hand),
            Err(StockError::Shorts(orders)) => {
                let short: i64 = orders.iter().map(|of| of.short).sum();
                prop_assert_eq!(short, of_orders - on_hand);
                return Ok(());
            }
            Err(error) => panic!("{adjustment:?}: {error}"),
        }
        model.on_hand[what] += on_hand - row.on_hand;
        let mut reserved = row.reserved;
        for claim in claims.iter().filter(|claim| claim.cart_id.is_some()) {
            if reserved <= on_hand {
                break;
            }
            reserved -= claim.quantity;
            for (me, guest) in self.guests.iter().enumerate() {
                if guest.cart().await.map(|cart| cart.id) == claim.cart_id {
                    *model.carts[me].claims.entry(what).or_default() -= claim.quantity;
                    model.carts[me].claims.retain(|_, claimed| *claimed > 0);
                }
            }
        }
        Ok(())
    }
}

/// One of the orders.
fn pick(claimed: &[OfOrder], number: usize) -> Option<OrderId> {
    let mut orders: Vec<_> = claimed.iter().map(|of| of.order_id).collect();
    orders.dedup();
    orders.get(number % orders.len().max(1)).copied()
}

/// The first thing that an order has claimed.
fn first(claimed: &[OfOrder], order: OrderId) -> &str {
    claimed.iter().find(|of| of.order_id == order).map_or("", |of| &of.sku)
}
