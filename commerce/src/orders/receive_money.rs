//! Staff note money that came for an order another way than through a gateway: by transfer, or in cash.

use super::cancel::{OrderError, locked};
use super::{Lifecycle, OrderId};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::db;
use crate::money::Money;
use crate::payments::record::{Source, record_within};
use crate::payments::{Action, Fact, Outcome, ledger};

/// Notes that money came for an order; `key` names the request, so that it counts once.
///
/// # Errors
/// [`OrderError::WrongState`] where a gateway takes the money of this order, [`OrderError::Nothing`] for no money.
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

/// Whether it was new.
async fn attempt(shop: &Shop, staff: UserId, order: OrderId, amount: Money, key: &str) -> Result<bool, OrderError> {
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    let by_hand = shop.gateways.get(&order.payment_method).is_some_and(|gateway| gateway.agrees_at_once());
    if !by_hand || order.lifecycle == Lifecycle::Draft {
        return Err(OrderError::WrongState);
    }
    if amount.minor() <= 0 || amount.currency() != order.currency {
        return Err(OrderError::Nothing);
    }
    let attempts = ledger::attempts(&tx, order.id).await?;
    let attempt = attempts.iter().rev().find(|attempt| attempt.gateway == order.payment_method);
    let attempt = attempt.ok_or(OrderError::WrongState)?.id;
    let fact = Fact {
        name: format!("{}:{key}", order.id),
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
