//! What must be true of money: what orders say of it, what the ledger says, and what gateways are still to be asked.

use super::{Check, Finding, Found, LATE_MINUTES, long_ago};
use crate::Shop;
use crate::db::{self, sql};
use crate::orders::cancel::locked;
use crate::orders::queries::unknown;
use crate::orders::refund::{GivenBack, REFUSED, given_lines};
use crate::orders::{Fulfilment, Lifecycle, OrderId, Payment};
use crate::payments::ledger::{self, Attempt};
use crate::payments::operations::is_sent_by_hand;
use crate::payments::record::takes_now;
use crate::payments::settle::SILENCE_MINUTES;
use crate::payments::webhook::replay::is_unused;
use crate::payments::{AttemptState, Due, Outcome, Wish, outstanding, state, wishes};
use chrono::TimeDelta;
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use uuid::Uuid;

/// How many orders are looked at in one go.
const PAGE: usize = 200;

/// How often a gateway is asked for the same before somebody should look: for some hours.
const MANY_TRIES: i32 = 8;

/// How long a gateway may work on something before somebody should look, in days: banks take their time.
const PENDING_DAYS: i64 = 14;

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::walk("payment-state", "The payment of an order is what the ledger comes to.", |shop, most| {
            walk(shop, most, wrong_state)
        })
        .repaired_by(|shop, finding| Box::pin(follow_ledger(shop, finding))),
        Check::walk(
            "money-kept",
            "The shop keeps what it is due and no more, or has asked for the rest.",
            |shop, most| walk(shop, most, money_not_asked_for),
        ),
        Check::walk("refunds", "No more goes back than was taken.", |shop, most| walk(shop, most, too_much_back)),
        Check::walk(
            "refunds-given",
            "What somebody has decided to give back was given back, or a gateway is asked for it.",
            |shop, most| walk(shop, most, decided_and_not_given),
        ),
        Check::walk("agreed", "Orders are placed once their payment is agreed, and not before.", |shop, most| {
            walk(shop, most, agreed_and_not_placed)
        }),
        Check::new("currencies", "An order is paid in its own currency.", currencies),
        Check::new("refunded-pieces", "No more pieces of a line are paid back than it has.", refunded_pieces),
        Check::new("awaiting-payment", "Orders wait for their payment no longer than they may.", waiting_too_long),
        Check::new("operations", "Gateways are asked in time, and answer.", operations),
        Check::new("webhooks", "What gateways have sent is acted on in time.", webhooks),
        Check::new(
            "webhooks-used",
            "What gateways have sent could be used (`emporion webhooks replay` tries again).",
            unused_webhooks,
        ),
    ]
}

#[derive(FromQueryResult)]
struct Row {
    id: OrderId,
    number: String,
    lifecycle: String,
    payment: String,
    fulfilment: String,
    payment_method: String,
    currency: String,
    total: i64,
    store_credit: i64,
    keeps_payment: bool,
    credited: i64,
    returned: i64,
    decided: i64,
}

/// An order with its payments.
struct Paid<'a> {
    shop: &'a Shop,
    row: Row,
    lifecycle: Lifecycle,
    payment: Payment,
    fulfilment: Fulfilment,
    attempts: Vec<Attempt>,
    states: Vec<AttemptState>,
}

impl Paid<'_> {
    /// What is to be paid with money.
    fn amount(&self) -> i64 {
        (self.row.total - self.row.store_credit).max(0)
    }

    /// What was given back of it as store credit.
    fn given_back(&self) -> GivenBack {
        GivenBack { credited: self.row.credited, returned: self.row.returned }
    }
}

/// Looks at the payments of every order; those of a page are read at one moment.
fn walk(shop: &Shop, most: usize, wrong: fn(&Paid<'_>) -> Option<String>) -> BoxFuture<'_, Result<Found, DbErr>> {
    Box::pin(async move {
        let mut found = Found { findings: Vec::new(), wrong: 0 };
        let mut after = Uuid::nil();
        loop {
            let page = page(shop, after).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = last.row.id.0;
            for paid in &page {
                let Some(what) = wrong(paid) else { continue };
                found.wrong += 1;
                if found.findings.len() < most {
                    let what = format!("{}: {what}", paid.row.number);
                    found.findings.push(Finding { id: paid.row.id.0, what });
                }
            }
        }
    })
}

async fn page(shop: &Shop, after: Uuid) -> Result<Vec<Paid<'_>>, DbErr> {
    let tx = shop.db.snapshot().await?;
    let text = format!(
        "SELECT o.id, o.number, o.lifecycle, o.payment, o.fulfilment, o.payment_method, o.currency, o.total,
                o.store_credit, o.keeps_payment, CAST(COALESCE((
                    SELECT SUM(r.amount - r.from_credit) FROM refunds r
                    WHERE r.order_id = o.id AND r.method = 'store_credit'
                ), 0) AS BIGINT) AS credited, CAST(COALESCE((
                    SELECT SUM(r.from_credit) FROM refunds r WHERE r.order_id = o.id
                ), 0) AS BIGINT) AS returned, CAST(COALESCE((
                    SELECT SUM(r.amount - r.from_credit - {REFUSED}) FROM refunds r
                    WHERE r.order_id = o.id AND r.method = 'original'
                ), 0) AS BIGINT) AS decided
         FROM orders o WHERE o.id > $1 ORDER BY o.id LIMIT {PAGE}"
    );
    let rows = Row::find_by_statement(sql(&tx, &text, [after.into()])).all(&tx).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let orders: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut attempts = ledger::attempts_of(&tx, &orders).await?;
    tx.rollback().await?;
    rows.into_iter()
        .map(|row| {
            let attempts = attempts.remove(&row.id).unwrap_or_default();
            Ok(Paid {
                shop,
                lifecycle: Lifecycle::parse(&row.lifecycle).ok_or_else(|| unknown("lifecycle", &row.lifecycle))?,
                payment: Payment::parse(&row.payment).ok_or_else(|| unknown("payment", &row.payment))?,
                fulfilment: Fulfilment::parse(&row.fulfilment).ok_or_else(|| unknown("fulfilment", &row.fulfilment))?,
                row,
                states: attempts.iter().map(|attempt| attempt.state.clone()).collect(),
                attempts,
            })
        })
        .collect()
}

fn wrong_state(paid: &Paid<'_>) -> Option<String> {
    let credit = paid.given_back().credit_of(paid.row.store_credit, paid.lifecycle, paid.row.keeps_payment);
    let due = state(paid.row.total, credit, &paid.states);
    (due != paid.payment).then(|| format!("{}, its ledger: {}", paid.payment.code(), due.code()))
}

/// Makes the stored payment of an order that of its ledger; what may follow from it is left to people.
async fn follow_ledger(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    let id = OrderId(finding.id);
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        let Ok(order) = locked(&tx, id).await else { return Ok(false) };
        let states: Vec<_> = ledger::attempts(&tx, id).await?.into_iter().map(|attempt| attempt.state).collect();
        let credit = GivenBack::of(&tx, id).await?.credit(&order);
        let payment = state(order.total.gross, credit, &states);
        if payment == order.payment {
            return Ok(false);
        }
        let text = "UPDATE orders SET payment = $2, version = version + 1, updated_at = $3 WHERE id = $1";
        let values = [id.into(), payment.code().into(), shop.clock.now().into()];
        tx.execute_raw(sql(&tx, text, values)).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// What should have been asked of a gateway when the order last changed, and was not or is refused again and again.
fn money_not_asked_for(paid: &Paid<'_>) -> Option<String> {
    let due = Due {
        lifecycle: paid.lifecycle,
        amount: paid.amount(),
        capture: takes_now(paid.fulfilment, &paid.attempts),
        keeps_payment: paid.row.keeps_payment,
        credited: paid.row.credited,
    };
    let refused = paid.states.iter().any(|state| !state.given_up.is_empty());
    let asked: Vec<_> =
        paid.states.iter().map(|state| AttemptState { given_up: Vec::new(), ..state.clone() }).collect();
    let open = wishes(due, &asked);
    if open.is_empty() {
        return None;
    }
    let wish = |wish: &Wish| format!("{} of {} {}", wish.action.code(), wish.amount, paid.row.currency);
    let words = open.iter().map(wish).collect::<Vec<_>>().join(", ");
    Some(format!("{words} is open and {}", if refused { "the gateway refuses it" } else { "nobody is asked for it" }))
}

fn too_much_back(paid: &Paid<'_>) -> Option<String> {
    let sum = |of: fn(&AttemptState) -> i64| paid.states.iter().map(of).sum::<i64>();
    let (captured, refunded) = (sum(|state| state.balance.captured), sum(|state| state.balance.refunded));
    let GivenBack { credited, returned } = paid.given_back();
    let one = paid.states.iter().any(|state| state.balance.kept() < 0);
    let spent = paid.row.store_credit;
    (one || refunded + credited > captured || returned > spent.max(0)).then(|| {
        format!(
            "taken {captured}, given back {refunded} and {credited} as store credit; {spent} paid with store credit, \
             {returned} of it given back, in {}",
            paid.row.currency
        )
    })
}

/// What a gateway has refused is asked for no more: somebody has to see to it, best at the gateway, which tells of it.
fn decided_and_not_given(paid: &Paid<'_>) -> Option<String> {
    // Everything goes back then, whatever was decided before.
    if paid.lifecycle == Lifecycle::Cancelled && !paid.row.keeps_payment {
        return None;
    }
    let (decided, back) = (paid.row.decided, paid.states.iter().map(AttemptState::decided_back).sum::<i64>());
    let currency = &paid.row.currency;
    (decided > back).then(|| format!("{decided} {currency} is to go back, {back} has or is under way"))
}

fn agreed_and_not_placed(paid: &Paid<'_>) -> Option<String> {
    let agreed = outstanding(paid.amount(), &paid.states) == 0;
    match paid.lifecycle {
        Lifecycle::AwaitingPayment if agreed => Some("its payment is agreed, and it waits".to_owned()),
        // What store credit had paid, and what has become dearer, was placed without a gateway.
        Lifecycle::Placed if paid.amount() > 0 && paid.row.store_credit == 0 => {
            let of = |code: &str| paid.shop.gateways.get(code);
            let asks = of(&paid.row.payment_method).is_some_and(|gateway| !gateway.agrees_at_once());
            let ever = paid.attempts.iter().any(|attempt| {
                attempt.state.balance.authorised > 0
                    || attempt.amount.minor() == 0
                    || of(&attempt.gateway).is_some_and(|gateway| gateway.agrees_at_once())
            });
            (asks && !ever).then(|| "it was placed, and nobody has agreed to its payment".to_owned())
        }
        _ => None,
    }
}

fn currencies(_: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT o.id, o.number || ' is in ' || o.currency || ', a payment in ' || a.currency AS what
                FROM payment_attempts a JOIN orders o ON o.id = a.order_id WHERE a.currency <> o.currency";
    (text.to_owned(), Vec::new())
}

fn refunded_pieces(_: &Shop) -> (String, Vec<Value>) {
    let text = format!(
        "SELECT o.id, o.number || ', ' || l.sku || ': ' || l.quantity || ' ordered, ' || SUM(g.quantity)
                || ' given back; ' || l.gross || ' paid, ' || SUM(g.amount) || ' given back' AS what
         FROM {} AS g JOIN order_lines l ON l.id = g.line_id JOIN orders o ON o.id = l.order_id
         GROUP BY o.id, o.number, l.id, l.sku, l.quantity, l.gross
         HAVING SUM(g.quantity) > l.quantity OR SUM(g.amount) > l.gross",
        given_lines(),
    );
    (text, Vec::new())
}

fn waiting_too_long(shop: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT o.id, o.number || CASE WHEN o.pay_by <= $3 THEN ' could be paid until long ago'
                       ELSE ' is not looked at' END AS what
                FROM orders o WHERE o.lifecycle = $1 AND (o.check_at <= $2 OR o.pay_by <= $3)";
    let silent = shop.clock.now() - TimeDelta::minutes(SILENCE_MINUTES + LATE_MINUTES);
    (text.to_owned(), vec![Lifecycle::AwaitingPayment.code().into(), long_ago(shop), silent.into()])
}

fn operations(shop: &Shop) -> (String, Vec<Value>) {
    let by_hand = is_sent_by_hand(&shop.gateways);
    let text = format!(
        "SELECT p.id, o.number || ': ' || p.action || ' of ' || p.amount || ' ' || a.currency || ' at ' || a.gateway
                || ', tried ' || p.tries || ' times' AS what
         FROM payment_operations p JOIN payment_attempts a ON a.id = p.attempt_id JOIN orders o ON o.id = a.order_id
         WHERE NOT {by_hand} AND (p.due_at <= $1 OR (p.due_at IS NOT NULL AND p.tries >= {MANY_TRIES}
               AND NOT EXISTS (
                   SELECT 1 FROM payment_events e
                   WHERE e.operation_id = p.id AND e.outcome = $2 AND e.created_at > $3
               )))"
    );
    let since = shop.clock.now() - TimeDelta::days(PENDING_DAYS);
    (text, vec![long_ago(shop), Outcome::Pending.code().into(), since.into()])
}

fn webhooks(shop: &Shop) -> (String, Vec<Value>) {
    let text = "SELECT w.id, w.gateway || ' ' || w.event_id || ': ' || w.kind AS what
                FROM webhook_events w WHERE w.due_at <= $1";
    (text.to_owned(), vec![long_ago(shop)])
}

fn unused_webhooks(_: &Shop) -> (String, Vec<Value>) {
    let text = format!(
        "SELECT w.id, w.gateway || ' ' || w.event_id || ': ' || w.kind || ', ' || w.outcome || ', tried ' || w.tries
                || ' times' AS what
         FROM webhook_events w WHERE {}",
        is_unused()
    );
    (text, Vec::new())
}
