//! What must be true of orders, of what they hold and of what was sent of them.

use super::states::{Timestamps, impossible};
use super::{Check, Finding, Found};
use crate::Shop;
use crate::db::{self, sql};
use crate::events::DomainEvent;
use crate::fulfilment::ship;
use crate::orders::cancel::{OrderCancelled, OrderError};
use crate::orders::{Fulfilment, Lifecycle, OrderId, OrderPlaced, Payment};
use crate::payments::record::lock;
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("totals", "The lines and the delivery of an order add up to its net, tax and total.", totals),
        Check::new("sold", "What a line of an order has sold is in the catalogue.", sold),
        Check::new("one-order-per-cart", "A cart becomes one order at most.", carts),
        Check::new("claims-of-orders", "Orders that stand claim what they have not shipped yet.", claims),
        Check::new("shipped", "No more of a line is shipped than was ordered, and each with its own order.", shipped),
        Check::new("fulfilment", "The fulfilment of an order is that of its pieces.", fulfilment)
            .repaired_by(|shop, finding| Box::pin(follow_shipments(shop, finding))),
        Check::walk("states", "An order is in a state that can be.", states),
        Check::new("invoices", "Invoices are of placed orders, and each number from 1 on is there once.", invoices),
        Check::new("announced", "That an order was placed or given up was reported.", announced),
    ]
}

/// What orders have to hold stock for.
fn standing() -> String {
    [Lifecycle::AwaitingPayment, Lifecycle::InReview, Lifecycle::Placed]
        .map(|lifecycle| format!("'{}'", lifecycle.code()))
        .join(", ")
}

fn totals(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT o.id, o.number || ': net ' || o.net || ' (' || t.net || '), tax ' || o.tax || ' (' || t.tax
                       || '), total ' || o.total || ' (' || t.gross || ')' AS what
                FROM orders o JOIN (
                    SELECT o.id, o.delivery_net + COALESCE(SUM(l.net), 0) AS net,
                           o.delivery_tax + COALESCE(SUM(l.tax), 0) AS tax,
                           o.delivery_gross + COALESCE(SUM(l.gross), 0) AS gross
                    FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
                    GROUP BY o.id, o.delivery_net, o.delivery_tax, o.delivery_gross
                ) AS t ON t.id = o.id
                WHERE o.net <> t.net OR o.tax <> t.tax OR o.total <> t.gross OR o.net + o.tax <> o.total";
    (text.to_owned(), Vec::new())
}

/// No foreign key says so on PostgreSQL: it would lock the rows of what is sold at each sale.
fn sold(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT o.id, o.number || ', ' || l.sku || ': not in the catalogue' AS what
                FROM order_lines l JOIN orders o ON o.id = l.order_id
                WHERE NOT EXISTS (SELECT 1 FROM variations v WHERE v.id = l.variation_id AND v.product_id = l.product_id)";
    (text.to_owned(), Vec::new())
}

fn carts(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT o.cart_id AS id, MIN(o.number) || ' and ' || MAX(o.number) || ' are of one cart' AS what
                FROM orders o WHERE o.cart_id IS NOT NULL GROUP BY o.cart_id HAVING COUNT(*) > 1";
    (text.to_owned(), Vec::new())
}

fn claims(_: &Shop) -> (String, Vec<Value>) {
    let text = format!(
        "SELECT o.id, o.number || ', ' || v.sku || ': ordered ' || t.ordered || ', shipped ' || t.shipped
                || ', claimed ' || t.claimed AS what
         FROM (
             SELECT a.order_id, a.variation_id, SUM(a.ordered) AS ordered, SUM(a.shipped) AS shipped,
                    SUM(a.claimed) AS claimed
             FROM (
                 SELECT l.order_id, l.variation_id, CAST(l.quantity AS BIGINT) AS ordered, 0 AS shipped, 0 AS claimed
                 FROM order_lines l
                 UNION ALL
                 SELECT l.order_id, l.variation_id, 0, s.quantity, 0
                 FROM shipment_lines s JOIN order_lines l ON l.id = s.line_id
                 UNION ALL
                 SELECT c.order_id, s.variation_id, 0, 0, c.quantity
                 FROM claims c JOIN stock s ON s.id = c.stock_id WHERE c.order_id IS NOT NULL
             ) AS a GROUP BY a.order_id, a.variation_id HAVING SUM(a.ordered) <> SUM(a.shipped) + SUM(a.claimed)
         ) AS t JOIN orders o ON o.id = t.order_id JOIN variations v ON v.id = t.variation_id
         WHERE o.lifecycle IN ({})",
        standing(),
    );
    (text, Vec::new())
}

fn shipped(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT o.id, o.number || ', ' || l.sku || ': ordered ' || l.quantity || ', shipped ' || SUM(s.quantity)
                       || CASE WHEN MAX(CASE WHEN p.order_id = o.id THEN 0 ELSE 1 END) = 1
                               THEN ' with another order' ELSE '' END AS what
                FROM shipment_lines s JOIN shipments p ON p.id = s.shipment_id
                JOIN order_lines l ON l.id = s.line_id JOIN orders o ON o.id = l.order_id
                GROUP BY o.id, o.number, l.id, l.sku, l.quantity
                HAVING SUM(s.quantity) > l.quantity OR MAX(CASE WHEN p.order_id = o.id THEN 0 ELSE 1 END) = 1";
    (text.to_owned(), Vec::new())
}

/// The rule of [`fulfilment_of`](crate::fulfilment::fulfilment_of), for all orders in one statement.
fn fulfilment(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT t.id, t.number || ': ' || t.stored || ', its pieces: ' || t.due AS what
                FROM (
                    SELECT o.id, o.number, o.fulfilment AS stored, CASE
                        WHEN COALESCE(p.sent, 0) = 0 THEN $1
                        WHEN p.short > 0 THEN $2
                        WHEN EXISTS (SELECT 1 FROM shipments s WHERE s.order_id = o.id AND s.delivered_at IS NULL)
                        THEN $3
                        ELSE $4 END AS due
                    FROM orders o LEFT JOIN (
                        SELECT l.order_id, SUM(COALESCE(n.sent, 0)) AS sent,
                               SUM(CASE WHEN COALESCE(n.sent, 0) < l.quantity THEN 1 ELSE 0 END) AS short
                        FROM order_lines l LEFT JOIN (
                            SELECT line_id, SUM(quantity) AS sent FROM shipment_lines GROUP BY line_id
                        ) AS n ON n.line_id = l.id GROUP BY l.order_id
                    ) AS p ON p.order_id = o.id
                ) AS t WHERE t.stored <> t.due";
    let codes = [Fulfilment::Unfulfilled, Fulfilment::PartlyShipped, Fulfilment::Shipped, Fulfilment::Delivered];
    (text.to_owned(), codes.map(|fulfilment| fulfilment.code().into()).to_vec())
}

async fn follow_shipments(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    let order = OrderId(finding.id);
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        lock(&tx, order).await?;
        match ship::refresh(&tx, order, shop.clock.now()).await {
            Err(OrderError::Db(error)) => return Err(error),
            Err(_) => return Ok(false),
            Ok(_) => {}
        }
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// Orders by what of their state can be wrong: few kinds, however many orders there are.
fn states(shop: &Shop, most: usize) -> BoxFuture<'_, Result<Found, DbErr>> {
    Box::pin(async move {
        let tx = shop.db.snapshot().await?;
        let text = format!("SELECT {KIND}, COUNT(*) AS n FROM orders o GROUP BY {KINDS}");
        let mut found = Found { findings: Vec::new(), wrong: 0 };
        for row in tx.query_all_raw(sql(&tx, &text, [])).await? {
            let Some(wrong) = Kind::from_query_result(&row, "")?.impossible() else { continue };
            found.wrong += usize::try_from(row.try_get::<i64>("", "n")?).unwrap_or(usize::MAX);
            let kind = Kind::from_query_result(&row, "")?;
            let more = most.saturating_sub(found.findings.len());
            found.findings.extend(kind.named(&tx, wrong, more).await?);
        }
        tx.rollback().await?;
        Ok(found)
    })
}

const KINDS: &str = "o.lifecycle, o.payment, o.fulfilment, (o.placed_at IS NULL), (o.cancelled_at IS NULL),
    (o.pay_by IS NULL), (o.check_at IS NULL)";

const KIND: &str = "o.lifecycle, o.payment, o.fulfilment, (o.placed_at IS NULL) AS not_placed,
    (o.cancelled_at IS NULL) AS not_cancelled, (o.pay_by IS NULL) AS no_pay_by, (o.check_at IS NULL) AS no_check_at";

#[derive(FromQueryResult)]
struct Kind {
    lifecycle: String,
    payment: String,
    fulfilment: String,
    not_placed: bool,
    not_cancelled: bool,
    no_pay_by: bool,
    no_check_at: bool,
}

impl Kind {
    /// What is wrong with orders of this kind.
    fn impossible(&self) -> Option<&'static str> {
        let facts =
            (Lifecycle::parse(&self.lifecycle), Payment::parse(&self.payment), Fulfilment::parse(&self.fulfilment));
        let (Some(lifecycle), Some(payment), Some(fulfilment)) = facts else { return Some("no such state") };
        let timestamps = Timestamps {
            placed: !self.not_placed,
            cancelled: !self.not_cancelled,
            pay_by: !self.no_pay_by,
            check_at: !self.no_check_at,
        };
        impossible(lifecycle, payment, fulfilment, timestamps)
    }

    async fn named<C: ConnectionTrait>(&self, tx: &C, wrong: &str, most: usize) -> Result<Vec<Finding>, DbErr> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT o.id, o.number FROM orders o
             WHERE o.lifecycle = $1 AND o.payment = $2 AND o.fulfilment = $3 AND (o.placed_at IS NULL) = $4
               AND (o.cancelled_at IS NULL) = $5 AND (o.pay_by IS NULL) = $6 AND (o.check_at IS NULL) = $7
             ORDER BY o.id LIMIT {most}"
        );
        let values: [Value; 7] = [
            self.lifecycle.clone().into(),
            self.payment.clone().into(),
            self.fulfilment.clone().into(),
            self.not_placed.into(),
            self.not_cancelled.into(),
            self.no_pay_by.into(),
            self.no_check_at.into(),
        ];
        let rows = tx.query_all_raw(sql(tx, &text, values)).await?;
        let finding = |row: &sea_orm::QueryResult| {
            let (lifecycle, payment, fulfilment) = (&self.lifecycle, &self.payment, &self.fulfilment);
            let number: String = row.try_get("", "number")?;
            let what = format!("{number} is {lifecycle}, {payment}, {fulfilment}: {wrong}");
            Ok(Finding { id: row.try_get("", "id")?, what })
        };
        rows.iter().map(finding).collect()
    }
}

/// Those that were cancelled keep their numbers.
fn invoices(_: &Shop) -> (String, Vec<Value>) {
    let text = "WITH i (order_id, number) AS (
                    SELECT order_id, number FROM invoices UNION ALL SELECT order_id, number FROM cancelled_invoices)
                SELECT o.id, o.number || ' has invoice ' || i.number || ' and was never placed' AS what
                FROM i JOIN orders o ON o.id = i.order_id WHERE o.placed_at IS NULL
                UNION ALL
                SELECT i.order_id, 'there is invoice ' || i.number || ', and none before it' FROM i
                WHERE i.number > 1 AND NOT EXISTS (SELECT 1 FROM i b WHERE b.number = i.number - 1)
                UNION ALL
                SELECT v.order_id, 'there is invoice ' || v.number || ', and a cancelled one of that number'
                FROM invoices v JOIN cancelled_invoices c ON c.number = v.number";
    (text.to_owned(), Vec::new())
}

fn announced(_: &Shop) -> (String, Vec<Value>) {
    let missing = |column: &str, kind: &str| {
        format!(
            "SELECT o.id, o.number || ': {kind} is missing' AS what FROM orders o WHERE o.{column} IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM events e WHERE e.aggregate_id = o.id AND e.kind = '{kind}')"
        )
    };
    let placed = missing("placed_at", OrderPlaced::KIND.name);
    (format!("{placed} UNION ALL {}", missing("cancelled_at", OrderCancelled::KIND.name)), Vec::new())
}
