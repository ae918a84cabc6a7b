//! What must be true of store credit: of what accounts have, and of what orders were paid with.

use super::{Check, Finding};
use crate::Shop;
use crate::db::{self, for_update, sql};
use crate::orders::Lifecycle;
use crate::store_credit::EntryKind;
use sea_orm::{ConnectionTrait, DbErr, Value};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("store-credit", "What an account has is what its entries come to, and never negative.", balances)
            .repaired_by(|shop, finding| Box::pin(follow_entries(shop, finding))),
        Check::new(
            "store-credit-of-orders",
            "Orders were paid with the store credit that was spent on them, and what went back of it was given.",
            of_orders,
        ),
    ]
}

/// A version of the shop that knows no balances writes entries only.
fn balances(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT user_id AS id, 'this account has ' || SUM(amount) || ' ' || currency AS what
                FROM store_credit_entries GROUP BY user_id, currency HAVING SUM(amount) < 0
                UNION ALL
                SELECT b.user_id, 'this account has ' || b.balance || ' ' || b.currency || ', its entries: '
                       || COALESCE((SELECT SUM(e.amount) FROM store_credit_entries e
                                    WHERE e.user_id = b.user_id AND e.currency = b.currency), 0)
                FROM store_credit_balances b
                WHERE b.balance <> COALESCE((SELECT SUM(e.amount) FROM store_credit_entries e
                                             WHERE e.user_id = b.user_id AND e.currency = b.currency), 0)
                UNION ALL
                SELECT e.user_id, 'this account has no balance in ' || e.currency || ', its entries: ' || SUM(e.amount)
                FROM store_credit_entries e WHERE NOT EXISTS (
                    SELECT 1 FROM store_credit_balances b WHERE b.user_id = e.user_id AND b.currency = e.currency)
                GROUP BY e.user_id, e.currency";
    (text.to_owned(), Vec::new())
}

/// Makes the balances of an account those of its entries. Who has spent more than they had is left to people.
async fn follow_entries(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    db::retry(|| async {
        let now = Value::from(shop.clock.now());
        let tx = shop.db.begin().await?;
        // Each statement after this one sees the entries of those who have changed the balances before.
        let text = format!(
            "SELECT b.currency FROM store_credit_balances b WHERE b.user_id = $1 ORDER BY b.currency{}",
            for_update(&tx, "b")
        );
        tx.query_all_raw(sql(&tx, &text, [finding.id.into()])).await?;
        let sum = "COALESCE((SELECT SUM(e.amount) FROM store_credit_entries e
                             WHERE e.user_id = store_credit_balances.user_id
                             AND e.currency = store_credit_balances.currency), 0)";
        let text = format!(
            "UPDATE store_credit_balances SET balance = {sum}, updated_at = $2
             WHERE user_id = $1 AND balance <> {sum} AND {sum} >= 0"
        );
        let corrected = tx.execute_raw(sql(&tx, &text, [finding.id.into(), now.clone()])).await?.rows_affected();
        let text = "INSERT INTO store_credit_balances (user_id, currency, balance, updated_at)
                    SELECT e.user_id, e.currency, SUM(e.amount), $2 FROM store_credit_entries e
                    WHERE e.user_id = $1 GROUP BY e.user_id, e.currency HAVING SUM(e.amount) >= 0
                    ON CONFLICT (user_id, currency) DO NOTHING";
        let added = tx.execute_raw(sql(&tx, text, [finding.id.into(), now])).await?.rows_affected();
        tx.commit().await?;
        Ok(corrected + added > 0)
    })
    .await
}

/// The entries of somebody who has erased their account have gone with it.
fn of_orders(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT id, number || ': ' || store_credit || ' of ' || total || ' paid with store credit' AS what
                FROM orders WHERE store_credit < 0 OR store_credit > total
                UNION ALL
                SELECT t.id, t.number || ': ' || t.store_credit || ' paid with store credit (entries ' || t.spent
                       || '), ' || t.due || ' to be given as store credit (entries ' || t.given || ')'
                FROM (
                    SELECT o.id, o.number, o.store_credit, COALESCE(e.spent, 0) AS spent,
                           COALESCE(e.given, 0) AS given,
                           COALESCE(r.credit, 0) + CASE WHEN o.lifecycle = $1 AND NOT o.keeps_payment
                               THEN o.store_credit - COALESCE(r.returned, 0) ELSE 0 END AS due
                    FROM orders o LEFT JOIN (
                        SELECT order_id, SUM(CASE WHEN kind = $2 THEN -amount ELSE 0 END) AS spent,
                               SUM(CASE WHEN kind = $2 THEN 0 ELSE amount END) AS given
                        FROM store_credit_entries WHERE order_id IS NOT NULL GROUP BY order_id
                    ) AS e ON e.order_id = o.id
                    LEFT JOIN (
                        SELECT order_id, SUM(from_credit) AS returned,
                               SUM(CASE WHEN method = 'store_credit' THEN amount ELSE from_credit END) AS credit
                        FROM refunds GROUP BY order_id
                    ) AS r ON r.order_id = o.id
                    WHERE o.user_id IS NOT NULL
                ) AS t WHERE t.store_credit <> t.spent OR t.due <> t.given";
    (text.to_owned(), vec![Lifecycle::Cancelled.code().into(), EntryKind::Spent.code().into()])
}
