//! Staff note money that came for an order another way than through a gateway: by transfer, or in cash.

use super::cancel::{OrderError, locked};
use super::{Lifecycle, Order, OrderId};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::db;
use crate::money::Money;
use crate::payments::record::{Source, record_within};
use crate::payments::{Action, Fact, Outcome, ledger, ledger::Attempt, ledger::NewAttempt, pay};

/// Notes that money came for an order; `key` names the request, so that it counts once.
///
/// # Errors
/// [`OrderError::WrongState`] where a gateway takes the money of this order and nothing of it is missing,
/// [`OrderError::Nothing`] for no money.
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
    if attempts.iter().flat_map(|attempt| &attempt.entries).any(|known| known.entry.fact == name) {
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
        let after = serde_json::json!({ "order": order.number.to_string(), "amount": amount.minor(),
            "currency": amount.currency().code() });
        let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::PaymentReceived, staff) };
        audit::record(&tx, shop.clock.now(), done).await?;
    }
    tx.commit().await?;
    Ok(new)
}
