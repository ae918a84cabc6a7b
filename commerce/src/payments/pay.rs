//! An order that awaits its payment is paid: its gateway is asked, the shopper comes back from it, or they choose
//! another way.

use super::ledger::{self, Attempt};
use super::record::{Source, lock, record, settle_up};
use super::saved::queries::payer;
use super::{Action, Answer, Fact, GatewayError, Outcome, PaymentAttemptId, PaymentContext, PaymentRequest};
use crate::Shop;
use crate::checkout::CheckoutError;
use crate::db::{self, sql};
use crate::orders::{Lifecycle, Order, OrderId, queries};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::BTreeMap;

/// Asks the gateway of an order that awaits its payment, and places it when the gateway agrees; gives the address of
/// the gateway's page where the shopper has to go on there. Does nothing for an order that is placed already.
///
/// # Errors
/// [`CheckoutError::PaymentDeclined`], or the database failed; the order then goes on waiting.
pub async fn pay(shop: &Shop, order: OrderId) -> Result<Option<String>, CheckoutError> {
    let order = queries::by_id(shop.db.primary(), order).await?.ok_or(CheckoutError::NotStarted)?;
    if order.lifecycle != Lifecycle::AwaitingPayment {
        return Ok(None);
    }
    let gateway = shop.gateways.get(&order.payment_method).ok_or(CheckoutError::UnknownChoice)?;
    let attempt = db::retry(|| open_attempt(shop, order.id)).await?;
    let Some(attempt) = attempt else { return Ok(None) };
    let request = PaymentRequest {
        attempt: attempt.id,
        order_number: order.number.to_string(),
        amount: attempt.amount,
        email: order.email.clone(),
        payer: payer(shop, order.id, &attempt.gateway, attempt.id).await?,
        capture_later: attempt.capture_later,
        return_to: return_address(shop, &attempt.gateway, attempt.id),
    };
    let declined = |reason| Fact {
        name: attempt.id.to_string(),
        action: Action::Authorise,
        outcome: Outcome::Failed,
        amount: attempt.amount,
        reference: None,
        operation: None,
        reason,
    };
    match gateway.request(&request).await {
        Ok(Answer::Redirect { reference, to }) => {
            ledger::name(shop.db.primary(), attempt.id, Some(&reference), Some(&to)).await?;
            Ok(Some(to))
        }
        Ok(Answer::Decided { reference, facts }) => {
            if reference.is_some() {
                ledger::name(shop.db.primary(), attempt.id, reference.as_deref(), None).await?;
            }
            record(shop, attempt.id, &facts, Source::Request).await?;
            let failed = |fact: &Fact| fact.outcome == Outcome::Failed;
            if facts.iter().any(failed) { Err(CheckoutError::PaymentDeclined) } else { Ok(None) }
        }
        Err(GatewayError::Declined(reason)) => {
            record(shop, attempt.id, &[declined(reason)], Source::Request).await?;
            Err(CheckoutError::PaymentDeclined)
        }
        Err(GatewayError::Refused(reason)) => {
            tracing::error!(order.id = %order.id, gateway = attempt.gateway, reason, "a gateway refused a payment");
            record(shop, attempt.id, &[declined(Some(reason))], Source::Request).await?;
            Err(CheckoutError::PaymentDeclined)
        }
        // It is asked again later; the order stands meanwhile.
        Err(error @ GatewayError::Unavailable(_)) => {
            tracing::warn!(order.id = %order.id, gateway = attempt.gateway, %error, "payment not requested");
            Ok(None)
        }
    }
}

/// The attempt that can still be paid, or a new one where it was declined: a gateway would answer the same to the same
/// request. None where the order does not wait any more.
async fn open_attempt(shop: &Shop, order: OrderId) -> Result<Option<Attempt>, DbErr> {
    let usable = |attempts: Vec<Attempt>, method: &str| {
        attempts.into_iter().rev().find(|attempt| attempt.gateway == method && attempt.is_open())
    };
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    lock(&tx, order).await?;
    let Some(order) = queries::by_id(&tx, order).await? else { return Ok(None) };
    if order.lifecycle != Lifecycle::AwaitingPayment {
        return Ok(None);
    }
    let attempts = ledger::attempts(&tx, order.id).await?;
    if let Some(open) = usable(attempts.clone(), &order.payment_method) {
        return Ok(Some(open));
    }
    replace_attempts(shop, &tx, &order, &attempts, now).await?;
    let open = usable(ledger::attempts(&tx, order.id).await?, &order.payment_method);
    tx.commit().await?;
    shop.operations.notify_one();
    Ok(open)
}

/// Opens a new attempt by the order's method, and ends those before it, so that nobody pays twice.
async fn replace_attempts<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: &Order,
    before: &[Attempt],
    now: DateTime<Utc>,
) -> Result<PaymentAttemptId, DbErr> {
    ledger::end_open(tx, before, "replaced", now).await?;
    let later = shop.reference().settings.capture_when_shipped;
    let reference = offline_reference(shop, order);
    ledger::open(tx, order.id, &order.payment_method, reference.as_deref(), order.due(), later, now).await
}

/// What a payment is recognised by that no gateway is asked for.
fn offline_reference(shop: &Shop, order: &Order) -> Option<String> {
    let gateway = shop.gateways.get(&order.payment_method)?;
    gateway.agrees_at_once().then(|| order.number.to_string())
}

/// Where a gateway sends the shopper back to: it needs no cookie, and nobody can make one up.
pub fn return_address(shop: &Shop, gateway: &str, attempt: PaymentAttemptId) -> String {
    let signature = crate::token::hex(&shop.sign("payment return", attempt.0.as_bytes()));
    format!("{}/payments/{gateway}/return?attempt={attempt}&signature={signature}", shop.public_url)
}

/// Whether somebody has come back by an address that we gave to a gateway.
pub fn is_return(shop: &Shop, attempt: PaymentAttemptId, signature: &str) -> bool {
    HEXLOWER
        .decode(signature.as_bytes())
        .is_ok_and(|signature| shop.has_signed("payment return", attempt.0.as_bytes(), &signature))
}

/// Asks the gateway what became of an attempt whose shopper has come back; gives its order. That the gateway does not
/// answer is no error: it is asked again later.
///
/// # Errors
/// When the database fails.
pub async fn returned(
    shop: &Shop,
    gateway: &str,
    attempt: PaymentAttemptId,
    parameters: &BTreeMap<String, String>,
) -> Result<Option<OrderId>, DbErr> {
    let Some((order, stored, _)) = ledger::head(shop.db.primary(), attempt).await? else { return Ok(None) };
    let Some(gateway) = shop.gateways.get(gateway).filter(|gateway| gateway.code() == stored) else {
        return Ok(None);
    };
    let Some(payment) = payment_of(shop, order, attempt).await? else { return Ok(None) };
    match gateway.returned(&payment, parameters).await {
        Ok(facts) => record(shop, attempt, &facts, Source::Return).await.map(drop)?,
        Err(error) => tracing::warn!(order.id = %order, gateway = stored, %error, "payment not looked up"),
    }
    Ok(Some(order))
}

/// How its gateway knows an attempt to pay an order.
pub(super) async fn payment_of(
    shop: &Shop,
    order: OrderId,
    attempt: PaymentAttemptId,
) -> Result<Option<super::PaymentRef>, DbErr> {
    let db = shop.db.primary();
    let text = "SELECT number FROM orders WHERE id = $1";
    let Some(row) = db.query_one_raw(sql(db, text, [order.into()])).await? else { return Ok(None) };
    let number: String = row.try_get("", "number")?;
    let attempts = ledger::attempts(db, order).await?;
    Ok(attempts.iter().find(|of| of.id == attempt).map(|of| of.payment(&number)))
}

/// Has an order that awaits its payment paid another way.
///
/// # Errors
/// [`CheckoutError::UnknownChoice`] where that is not on offer, [`CheckoutError::NotStarted`] where it does not wait.
pub async fn change_method(shop: &Shop, order: OrderId, method: &str) -> Result<(), CheckoutError> {
    db::retry(|| attempt_to_change(shop, order, method)).await?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(())
}

async fn attempt_to_change(shop: &Shop, order: OrderId, method: &str) -> Result<(), CheckoutError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    lock(&tx, order).await?;
    let mut order = queries::by_id(&tx, order).await?.ok_or(CheckoutError::NotStarted)?;
    if order.lifecycle != Lifecycle::AwaitingPayment {
        return Err(CheckoutError::NotStarted);
    }
    let context = PaymentContext { total: order.due(), country: &order.delivery_address.country };
    let offers = shop.gateways.methods(context);
    let method = offers.iter().find(|offer| offer.code == method).ok_or(CheckoutError::UnknownChoice)?;
    let text = "UPDATE orders SET payment_method = $2, payment_terms = $3 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [order.id.into(), method.code.into(), method.terms.code().into()])).await?;
    order.payment_method = method.code.to_owned();
    let before = ledger::attempts(&tx, order.id).await?;
    replace_attempts(shop, &tx, &order, &before, now).await?;
    if method.agrees_at_once {
        crate::orders::place::place(shop, &tx, &order, now).await?;
    }
    settle_up(shop, &tx, order.id, now, &[]).await?;
    Ok(tx.commit().await?)
}
