//! Staff note money that came for an order another way than through a gateway: by transfer, or in cash. Where they were
//! mistaken, they take that back.

use super::cancel::{OrderError, locked};
use super::refund::GivenBack;
use super::{Lifecycle, Order, OrderId};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::db;
use crate::money::Money;
use crate::payments::ledger::{self, Attempt, NewAttempt, Recorded};
use crate::payments::record::{Source, record_within};
use crate::payments::{Action, Fact, Outcome, pay};
use std::collections::HashMap;

/// Notes that money came for an order; `key` names the request, so that it counts once.
///
/// # Errors
/// [`OrderError::WrongState`] where a gateway takes the money of this order and nothing of it is missing, or what this
/// request noted was taken back since, [`OrderError::Nothing`] for no money.
pub async fn receive_money(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    amount: Money,
    key: &str,
) -> Result<(), OrderError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed);
    }
    if db::retry(|| attempt(shop, who.user, order, amount, key)).await? {
        shop.outbox.notify_one();
        shop.operations.notify_one();
    }
    Ok(())
}

/// By which method money of an order comes by hand: its own, or by transfer where a gateway's order has become dearer.
/// None where no money is to come by hand.
pub fn by_hand(shop: &Shop, order: &Order, attempts: &[Attempt]) -> Option<&'static str> {
    let own = shop.gateways.get(&order.payment_method);
    if let Some(own) = own.filter(|own| own.agrees_at_once()) {
        return (order.lifecycle != Lifecycle::Draft).then(|| own.code());
    }
    let owed = pay::owed_of(order, attempts);
    let dearer = order.lifecycle == Lifecycle::Placed && owed.minor() > 0;
    let offers = if dearer { pay::offers(shop, order, owed) } else { Vec::new() };
    offers.into_iter().find(|offer| offer.agrees_at_once).map(|offer| offer.code)
}

/// Whether it was new.
async fn attempt(shop: &Shop, staff: UserId, order: OrderId, amount: Money, key: &str) -> Result<bool, OrderError> {
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    let attempts = ledger::attempts(&tx, order.id).await?;
    let name = format!("{}:{key}", order.id);
    // Noted twice, it is known: it may have been all that was missing.
    let known = attempts.iter().flat_map(|attempt| &attempt.entries).filter(|known| known.entry.fact == name);
    let told: Vec<_> = known.map(|known| known.entry.outcome).collect();
    if told.contains(&Outcome::Withdrawn) {
        return Err(OrderError::WrongState);
    }
    if !told.is_empty() {
        return Ok(false);
    }
    let attempt = match by_hand(shop, &order, &attempts) {
        None => return Err(OrderError::WrongState),
        Some(_) if amount.minor() <= 0 || amount.currency() != order.currency => return Err(OrderError::Nothing),
        Some(method) => match attempts.iter().rev().find(|attempt| attempt.gateway == method) {
            Some(attempt) => attempt.id,
            None => {
                let new = NewAttempt {
                    order: order.id,
                    gateway: method,
                    reference: Some(order.number.to_string()),
                    amount,
                    capture_later: false,
                    payer: None,
                };
                ledger::open(&tx, new, shop.clock.now()).await?
            }
        },
    };
    let fact = Fact {
        name,
        action: Action::Capture,
        outcome: Outcome::Succeeded,
        amount,
        reference: None,
        operation: None,
        reason: None,
    };
    let new = record_within(shop, &tx, attempt, &[fact], Source::Staff).await?;
    if new {
        audit::record(&tx, shop.clock.now(), done(audit::Action::PaymentReceived, staff, &order, amount)).await?;
    }
    tx.commit().await?;
    Ok(new)
}

/// Whether an entry of an attempt notes money that came by hand and was not taken back since: [`withdraw_money`] does.
pub fn is_noted(shop: &Shop, attempt: &Attempt, noted: &Recorded) -> bool {
    let is = |recorded: &Recorded, outcome| {
        let entry = &recorded.entry;
        entry.action == Action::Capture && entry.fact == noted.entry.fact && entry.outcome == outcome
    };
    let by_hand = shop.gateways.by_hand().contains(&attempt.gateway.as_str());
    by_hand && is(noted, Outcome::Succeeded) && !attempt.entries.iter().any(|other| is(other, Outcome::Withdrawn))
}

/// Takes back that money came for an order, which never did: staff were mistaken. What is still to be sent back of it
/// is not any more. Taken back twice, it is taken back.
///
/// # Errors
/// [`OrderError::NotFound`] where no money of this name was noted for the order, [`OrderError::TooMuch`] where more went
/// back than has come then.
pub async fn withdraw_money(shop: &Shop, who: &SignedIn, order: OrderId, fact: &str) -> Result<(), OrderError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed);
    }
    if db::retry(|| attempt_to_withdraw(shop, who.user, order, fact)).await? {
        shop.outbox.notify_one();
        shop.operations.notify_one();
    }
    Ok(())
}

/// Whether it was new.
async fn attempt_to_withdraw(shop: &Shop, staff: UserId, order: OrderId, fact: &str) -> Result<bool, OrderError> {
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    let attempts = ledger::attempts(&tx, order.id).await?;
    let named = |recorded: &&Recorded| {
        let entry = &recorded.entry;
        entry.action == Action::Capture && entry.outcome == Outcome::Succeeded && entry.fact == fact
    };
    let by_hand = |attempt: &&Attempt| shop.gateways.by_hand().contains(&attempt.gateway.as_str());
    let noted = attempts.iter().filter(by_hand).find_map(|of| Some((of, of.entries.iter().find(named)?)));
    let (attempt, noted) = noted.ok_or(OrderError::NotFound)?;
    if !is_noted(shop, attempt, noted) {
        return Ok(false);
    }
    let amount = Money::new(noted.entry.amount, order.currency);
    let fact = Fact {
        name: fact.to_owned(),
        action: Action::Capture,
        outcome: Outcome::Withdrawn,
        amount,
        reference: None,
        operation: None,
        reason: None,
    };
    let new = record_within(shop, &tx, attempt.id, &[fact], Source::Staff).await?;
    // What somebody has decided to give back was there, and for what was given as store credit it has to be.
    let left: HashMap<_, _> =
        ledger::attempts(&tx, order.id).await?.iter().map(|of| (of.id, of.state.refundable())).collect();
    let kept: i64 = left.values().map(|left| (*left).max(0)).sum();
    if left.get(&attempt.id).is_some_and(|left| *left < 0) || kept < GivenBack::of(&tx, order.id).await?.credited {
        return Err(OrderError::TooMuch);
    }
    audit::record(&tx, shop.clock.now(), done(audit::Action::PaymentWithdrawn, staff, &order, amount)).await?;
    tx.commit().await?;
    Ok(new)
}

fn done(action: audit::Action, staff: UserId, order: &Order, amount: Money) -> Done {
    let after = serde_json::json!({ "order": order.number.to_string(), "amount": amount.minor(),
        "currency": amount.currency().code() });
    Done { after: Some(after), subject: None, ..Done::by(action, staff) }
}
