//! What must be true of what customers send back.

use super::Check;
use crate::Shop;
use crate::returns::ReturnState;
use sea_orm::Value;

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new(
            "returned-pieces",
            "No more pieces of a line come back than were sent, nor can more be sold again than have come.",
            pieces,
        ),
        Check::new("returns-refunded", "Returns have a refund, one of their order, where they say so.", refunds),
    ]
}

fn pieces(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT o.id, o.number || ', ' || l.sku || ': sent ' || COALESCE(s.sent, 0) || ', come back '
                       || r.received || ', to be sold again ' || r.resellable AS what
                FROM (
                    SELECT a.line_id, SUM(COALESCE(a.received, 0)) AS received,
                           SUM(COALESCE(a.resellable, 0)) AS resellable,
                           MAX(CASE WHEN COALESCE(a.resellable, 0) > COALESCE(a.received, 0) THEN 1 ELSE 0 END) AS odd
                    FROM return_lines a JOIN returns b ON b.id = a.return_id
                    WHERE b.state NOT IN ($1, $2) GROUP BY a.line_id
                ) AS r JOIN order_lines l ON l.id = r.line_id JOIN orders o ON o.id = l.order_id
                LEFT JOIN (
                    SELECT line_id, SUM(quantity) AS sent FROM shipment_lines GROUP BY line_id
                ) AS s ON s.line_id = r.line_id
                WHERE r.received > COALESCE(s.sent, 0) OR r.odd = 1";
    let nothing_came = [ReturnState::Rejected, ReturnState::Withdrawn];
    (text.to_owned(), nothing_came.map(|state| state.code().into()).to_vec())
}

fn refunds(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT r.id, o.number || '-R' || r.number || ' is ' || r.state
                       || CASE WHEN f.id IS NULL THEN ', without a refund' ELSE ', with another refund' END AS what
                FROM returns r JOIN orders o ON o.id = r.order_id LEFT JOIN refunds f ON f.id = r.refund_id
                WHERE (r.state = $1) <> (f.id IS NOT NULL) OR f.order_id <> r.order_id";
    (text.to_owned(), vec![ReturnState::Refunded.code().into()])
}
