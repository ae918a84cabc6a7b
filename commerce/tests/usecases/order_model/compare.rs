//! What the shop says of orders, against what the model does.

use super::World;
use super::attempt::{Bank, Method};
use super::deeds::attempts;
use super::model::Model;
use super::order::Order;
use commerce::orders::refund::refundable;
use commerce::orders::{OrderId, queries};
use proptest::prelude::*;
use sea_orm::{FromQueryResult, Value};

#[derive(Debug, FromQueryResult)]
struct Booked {
    attempt: commerce::payments::PaymentAttemptId,
    state: String,
    kept: i64,
}

#[derive(FromQueryResult)]
struct Facts {
    id: OrderId,
    lifecycle: String,
    payment: String,
    fulfilment: String,
    total: i64,
    store_credit: i64,
    money: i64,
}

fn state_name(bank: Bank) -> &'static str {
    match bank {
        Bank::Open => "open",
        Bank::Challenged => "challenged",
        Bank::Declined => "declined",
        Bank::Authorised => "authorised",
        Bank::Captured => "captured",
        Bank::Voided => "voided",
    }
}

impl World {
    /// The identifiers of the orders of this history, and as many places for them in a statement.
    fn ids(&self) -> (String, Vec<Value>) {
        let places: Vec<_> = (1..=self.orders.len()).map(|number| format!("${number}")).collect();
        (places.join(", "), self.orders.iter().map(|order| order.id.into()).collect())
    }

    /// Fails where the shop or the gateway's books say something else of an order than the model.
    pub(super) async fn compare(&self, model: &Model) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.balance().await, model.balance(), "store credit: {:?}", model.orders);
        if self.orders.is_empty() {
            return Ok(());
        }
        let (places, ids) = self.ids();
        let text = format!(
            "SELECT o.id, o.lifecycle, o.payment, o.fulfilment, o.total, o.store_credit, CAST(COALESCE((
                 SELECT SUM(CASE WHEN (e.action = 'capture') = (e.outcome = 'succeeded') THEN e.amount ELSE -e.amount END)
                 FROM payment_events e JOIN payment_attempts a ON a.id = e.attempt_id
                 WHERE a.order_id = o.id AND e.action IN ('capture', 'refund') AND e.outcome IN ('succeeded', 'withdrawn')
             ), 0) AS BIGINT) AS money FROM orders o WHERE o.id IN ({places})"
        );
        for row in self.shop().rows::<Facts>(&text, ids.clone()).await {
            let number = self.orders.iter().position(|known| known.id == row.id).expect("one of ours");
            let order = &model.orders[number];
            let said = (row.lifecycle.as_str(), row.payment.as_str(), row.fulfilment.as_str());
            let should = (order.lifecycle.code(), order.payment().code(), order.fulfilment().code());
            prop_assert_eq!(said, should, "order {}: {:?}", number, order);
            let (said, should) = ((row.total, row.store_credit, row.money), (order.total, order.spent, order.kept()));
            prop_assert_eq!(said, should, "order {}: {:?}", number, order);
            let paid = row.money - order.to_account();
            prop_assert!(paid <= row.total, "the customer has paid more than the total: {:?}", order);
        }
        let text = format!(
            "SELECT t.attempt, t.state, t.captured - t.refunded AS kept FROM test_payments t
             JOIN payment_attempts a ON a.id = t.attempt WHERE a.order_id IN ({places})"
        );
        for row in self.shop().rows::<Booked>(&text, ids).await {
            let (number, at) = self.attempt(row.attempt);
            let attempt = &model.orders[number].attempts[at];
            prop_assert_eq!(&row.state, state_name(attempt.bank), "order {}: {:?}", number, attempt);
            if attempt.captured > 0 {
                prop_assert_eq!(row.kept, attempt.kept(), "order {}: {:?}", number, attempt);
            }
        }
        Ok(())
    }

    /// The store credit of the customer.
    pub(super) async fn balance(&self) -> i64 {
        let text =
            "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) AS n FROM store_credit_balances WHERE user_id = $1";
        self.shop().number(text, [self.customer.into()]).await
    }

    fn attempt(&self, id: commerce::payments::PaymentAttemptId) -> (usize, usize) {
        let of =
            |(number, known): (usize, &super::Known)| Some((number, known.attempts.iter().position(|own| *own == id)?));
        self.orders.iter().enumerate().find_map(of).expect("one of ours")
    }

    /// Fails where something does not add up once everything has come to rest.
    pub(super) async fn sums(&self, model: &Model) -> Result<(), TestCaseError> {
        let shop = self.shop();
        for (number, order) in model.orders.iter().enumerate() {
            let id = self.orders[number].id;
            let stored = queries::by_id(shop.db.primary(), id).await.expect("read").expect("the order");
            let lines: i64 = stored.lines.iter().map(|line| line.total.amounts.gross).sum();
            prop_assert_eq!(stored.total.gross, lines + stored.delivery.amounts.gross);
            let left = refundable(shop.db.primary(), &stored).await.expect("read").minor();
            prop_assert_eq!(left, order.refundable(), "order {}: {:?}", number, order);
            let attempts = attempts(shop, id).await;
            prop_assert_eq!(attempts.len(), order.attempts.len(), "order {}: {:?}", number, order);
            for (attempt, should) in attempts.into_iter().zip(&order.attempts) {
                prop_assert!(attempt.state.under_way.is_empty(), "{:?}", attempt);
                let balance = attempt.state.balance;
                let said = (balance.captured, balance.refunded, balance.voided);
                prop_assert_eq!(said, (should.captured, should.refunded, should.voided), "{:?}", attempt);
                let of = (attempt.gateway.as_str(), attempt.amount.minor(), attempt.payer.is_some());
                prop_assert_eq!(of, (should.method.code(), should.amount, should.by_owner), "{:?}", attempt);
                // No gateway has money that the shop does not know of.
                let taken = should.method == Method::Test && should.bank == Bank::Captured;
                prop_assert!(!taken || should.captured > 0, "{:?}", should);
            }
            self.events(number, order).await?;
        }
        let (places, ids) = self.ids();
        if !ids.is_empty() {
            let text = format!(
                "SELECT COUNT(*) AS n FROM order_lines l WHERE l.order_id IN ({places}) AND l.quantity <
                     (SELECT COALESCE(SUM(s.quantity), 0) FROM shipment_lines s WHERE s.line_id = l.id)"
            );
            prop_assert_eq!(shop.number(&text, ids).await, 0, "more was sent than was ordered");
        }
        self.stock_is_its_ledger().await
    }

    /// What is told about an order is told once.
    async fn events(&self, number: usize, order: &Order) -> Result<(), TestCaseError> {
        let text = "SELECT COUNT(*) AS n FROM events WHERE aggregate_id = $1 AND kind = $2";
        let told = async |kind: &str| {
            let values: [Value; 2] = [self.orders[number].id.into(), kind.into()];
            self.shop().number(text, values).await
        };
        let parcels = i64::try_from(order.parcels.len()).expect("few");
        let come = i64::try_from(order.parcels.iter().filter(|come| **come).count()).expect("few");
        let cancelled = order.lifecycle == commerce::orders::Lifecycle::Cancelled;
        prop_assert_eq!(told("OrderPlaced").await, i64::from(order.was_placed));
        prop_assert_eq!(told("OrderCancelled").await, i64::from(cancelled));
        prop_assert_eq!(told("OrderShipped").await, parcels);
        prop_assert_eq!(told("ShipmentDelivered").await, come);
        Ok(())
    }

    /// As `assert_ledger_agrees`, of the goods of this history only: a run has many.
    async fn stock_is_its_ledger(&self) -> Result<(), TestCaseError> {
        let text = "SELECT COUNT(*) AS n FROM stock s JOIN variations v ON v.id = s.variation_id
            WHERE v.sku IN ($1, $2, $3) AND (
            s.on_hand <> COALESCE((SELECT SUM(m.delta_on_hand) FROM stock_movements m WHERE m.stock_id = s.id), 0)
            OR s.reserved <> COALESCE((SELECT SUM(m.delta_reserved) FROM stock_movements m WHERE m.stock_id = s.id), 0)
            OR s.reserved <> COALESCE((SELECT SUM(c.quantity) FROM claims c WHERE c.stock_id = s.id), 0))";
        let skus: Vec<Value> = self.goods.skus.iter().map(|sku| sku.clone().into()).collect();
        prop_assert_eq!(self.shop().number(text, skus).await, 0, "stock that is not its ledger");
        Ok(())
    }
}
