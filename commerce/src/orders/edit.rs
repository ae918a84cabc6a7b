//! Staff change an order that was not sent yet: what they have proposed, and seen what it comes to, becomes what it is.

use super::cancel::locked;
use super::compose::proposal::{load, staged};
use super::compose::{Agreement, EditError, Proposal, close, write};
use super::draft::PAY_BY_DAYS;
use super::refund::given_back_by_line;
use super::{Lifecycle, OrderId, OrderNumber};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::catalog::{ProductId, VariationId};
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::inventory::Actor;
use crate::invoices::replace;
use crate::money::Money;
use crate::payments::record::settle_up;
use crate::payments::{PaymentTerms, ledger, pay};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

/// How often the number of a new invoice is tried for: each time somebody else took it, so that there was progress.
const TRIES: u32 = 100;

/// Reports that staff have changed an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderEdited {
    /// Which order.
    pub order: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// What it came to before.
    pub before: Money,
    /// What it comes to now.
    pub after: Money,
    /// What there is more or less of.
    pub lines: Vec<ChangedLine>,
    /// Whether it or its invoice goes elsewhere.
    pub address_changed: bool,
    /// Whether it is sent another way.
    pub delivery_changed: bool,
}
event!(OrderEdited, version 1, about order);

/// A line of which there is more or less than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChangedLine {
    /// The product.
    pub product: ProductId,
    /// Of what.
    pub variation: VariationId,
    /// How many there were.
    pub before: i32,
    /// How many there are.
    pub after: i32,
}

/// Changes an order as proposed: its claims follow, what was paid too much goes back by itself, and what is missing is
/// to be paid before it is sent, where it is paid in advance. An invoice that was issued is cancelled, and another one
/// issued. Done before, it stays so.
///
/// # Errors
/// [`EditError::Stale`] where order or proposal are not any more what was seen, [`EditError::Short`] with everything of
/// which there is not enough, [`EditError::Refunded`]; then nothing is changed, and what is proposed stays so.
pub async fn edit(shop: &Shop, who: &SignedIn, order: OrderId, seen: Agreement) -> Result<(), EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    let mut outcome = db::retry(|| attempt(shop, who.user, order, seen)).await;
    for _ in 1..TRIES {
        match outcome {
            // Somebody's invoice was issued at the same moment, with the number that this one was to have.
            Err(EditError::Db(ref error)) if db::is_taken(error, "number") => {
                outcome = db::retry(|| attempt(shop, who.user, order, seen)).await;
            }
            _ => break,
        }
    }
    outcome?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(())
}

async fn attempt(shop: &Shop, staff: UserId, order: OrderId, seen: Agreement) -> Result<(), EditError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let before = locked(&tx, order).await?;
    if staged(&tx, order).await?.and_then(|staged| staged.applied) == Some(seen.edit) {
        return Ok(());
    }
    if before.lifecycle == Lifecycle::Draft {
        return Err(EditError::WrongState);
    }
    let proposal = load(shop, &tx, before.clone()).await?;
    if proposal.agreement() != seen {
        return Err(EditError::Stale);
    }
    check(shop, &tx, &proposal).await?;
    let version = write(shop, &tx, &proposal, &Actor::Staff(staff), now).await?;
    close(&tx, order, now).await?;
    replace::replace(&tx, &before, now).await?;
    let attempts = ledger::attempts(&tx, order).await?;
    // Nobody is to pay what it came to before.
    ledger::end_open(&tx, &attempts, "edited", now).await?;
    if before.lifecycle == Lifecycle::AwaitingPayment {
        let text = "UPDATE orders SET pay_by = $2 WHERE id = $1 AND pay_by < $2";
        tx.execute_raw(sql(&tx, text, [order.into(), (now + TimeDelta::days(PAY_BY_DAYS)).into()])).await?;
    }
    let edited = edited(&proposal);
    events::emit(shop, &tx, vec![NewEvent::of(&edited, version)]).await?;
    record(&tx, &edited, staff, now).await?;
    settle_up(shop, &tx, order, now, &[]).await?;
    Ok(tx.commit().await?)
}

/// Whether an order may become this.
async fn check<C: ConnectionTrait>(shop: &Shop, tx: &C, proposal: &Proposal) -> Result<(), EditError> {
    if !proposal.changes() {
        return Err(EditError::Unchanged);
    }
    if proposal.pieces() == 0 {
        return Err(EditError::Empty);
    }
    let (order, total) = (&proposal.order, proposal.totals.total.gross);
    if total < order.store_credit.minor() {
        return Err(EditError::BelowCredit);
    }
    let refunded = given_back_by_line(tx, order.id).await?;
    let less = |line: &super::OrderLine| {
        let after = proposal.lines.iter().find(|proposed| proposed.goods.variation == line.variation);
        let (pieces, gross) = after.map_or((0, 0), |after| (i64::from(after.quantity), after.total.amounts.gross));
        let back = refunded.get(&line.id).copied().unwrap_or_default();
        pieces < back.pieces || gross < back.amount
    };
    if order.lines.iter().any(less) {
        return Err(EditError::Refunded);
    }
    // What is still to be paid in advance can be paid another way; what is paid to the carrier can't.
    let mut after = order.clone();
    after.total.gross = total;
    let owed = pay::owed_of(&after, &ledger::attempts(tx, order.id).await?);
    let by_terms = order.payment_terms != PaymentTerms::InAdvance && owed.minor() > 0;
    if by_terms && !is_payable(shop, proposal) {
        return Err(EditError::NotPayable);
    }
    Ok(())
}

fn is_payable(shop: &Shop, proposal: &Proposal) -> bool {
    let method = &proposal.order.payment_method;
    shop.gateways.get(method).is_none() || proposal.payment_offers.iter().any(|offer| offer.code == method)
}

fn edited(proposal: &Proposal) -> OrderEdited {
    let (order, composition) = (&proposal.order, &proposal.composition);
    let now = super::compose::Composition::of(order);
    let changed = proposal.lines.iter().filter(|line| line.quantity != line.before);
    OrderEdited {
        order: order.id,
        number: order.number,
        before: order.to_pay(),
        after: proposal.totals.to_pay(),
        lines: changed
            .map(|line| ChangedLine {
                product: line.goods.product,
                variation: line.goods.variation,
                before: line.before,
                after: line.quantity,
            })
            .collect(),
        address_changed: (&composition.delivery_address, &composition.billing_address)
            != (&now.delivery_address, &now.billing_address),
        delivery_changed: composition.delivery_method != now.delivery_method,
    }
}

async fn record<C: ConnectionTrait>(
    tx: &C,
    edited: &OrderEdited,
    staff: UserId,
    now: DateTime<Utc>,
) -> Result<(), EditError> {
    let before = serde_json::json!({ "total": edited.before.minor() });
    let after = serde_json::json!({ "order": edited.number.to_string(), "total": edited.after.minor(),
        "currency": edited.after.currency().code(), "lines": edited.lines.len(),
        "address": edited.address_changed, "delivery": edited.delivery_changed });
    let done = Done::by(audit::Action::OrderEdited, staff);
    Ok(audit::record(tx, now, Done { before: Some(before), after: Some(after), subject: None, ..done }).await?)
}
