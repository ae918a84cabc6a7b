//! An order that awaits its payment, or the rest of it, is paid: its gateway is asked, the shopper comes back from it,
//! or they choose another way.

use super::ledger::{self, Attempt, NewAttempt};
use super::record::{Source, lock, record, settle_up};
use super::saved::queries::payer_of;
use super::{
    Action, Answer, Fact, GatewayError, Outcome, PaymentAttemptId, PaymentContext, PaymentMethod, PaymentRequest,
    PaymentTerms, outstanding,
};
use crate::Shop;
use crate::accounts::UserId;
use crate::checkout::CheckoutError;
use crate::db::{self, sql};
use crate::money::Money;
use crate::orders::{Lifecycle, Order, OrderId, Payment, queries};
use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::{BTreeMap, HashMap};

/// How long a shopper who was sent to a gateway's page is left alone there, in seconds.
const ALONE_SECONDS: i64 = 60;

/// What of an order is still to be paid, whoever has to and however.
///
/// # Errors
/// When the database fails.
pub async fn owed<C: ConnectionTrait>(db: &C, order: &Order) -> Result<Money, DbErr> {
    let owed = owed_each(db, std::slice::from_ref(order)).await?;
    Ok(owed.first().copied().unwrap_or(Money::zero(order.currency)))
}

/// What of each of these orders is still to be paid, in their order.
///
/// # Errors
/// When the database fails.
pub async fn owed_each<C: ConnectionTrait>(db: &C, orders: &[Order]) -> Result<Vec<Money>, DbErr> {
    let is_open = |order: &Order| {
        let open = matches!(order.lifecycle, Lifecycle::AwaitingPayment | Lifecycle::InReview | Lifecycle::Placed);
        open && order.payment != Payment::Paid
    };
    let ids: Vec<_> = orders.iter().filter(|order| is_open(order)).map(|order| order.id).collect();
    let attempts = if ids.is_empty() { HashMap::new() } else { ledger::attempts_of(db, &ids).await? };
    let owed = orders.iter().map(|order| match is_open(order) {
        true => owed_of(order, attempts.get(&order.id).map_or(&[], Vec::as_slice)),
        false => Money::zero(order.currency),
    });
    Ok(owed.collect())
}

/// What of an order is still to be paid, by the attempts to pay it.
pub fn owed_of(order: &Order, attempts: &[Attempt]) -> Money {
    let states: Vec<_> = attempts.iter().map(|attempt| attempt.state.clone()).collect();
    Money::new(outstanding(order.due().minor(), &states), order.currency)
}

/// Whether the customer of an order of which this much is still to be paid can pay that on a page now: past its time
/// nobody is to begin any more.
pub fn can_pay(shop: &Shop, order: &Order, owed: Money) -> bool {
    waits_for_page(shop, order, owed) && order.pay_by.is_none_or(|by| by > shop.clock.now())
}

/// Whether an order of which this much is still to be paid waits for its customer to pay that on a page: what is paid
/// in cash or by invoice waits for nobody, nor does what is all to be transferred.
fn waits_for_page(shop: &Shop, order: &Order, owed: Money) -> bool {
    let by_hand = shop.gateways.get(&order.payment_method).is_some_and(|gateway| gateway.agrees_at_once());
    match order.lifecycle {
        Lifecycle::AwaitingPayment => true,
        Lifecycle::Placed => {
            let rest = order.payment == Payment::PartlyPaid || !by_hand;
            order.payment_terms == PaymentTerms::InAdvance && owed.minor() > 0 && rest
        }
        _ => false,
    }
}

/// The ways to pay this much of an order. What was placed already is not sent before the rest is paid.
pub fn offers(shop: &Shop, order: &Order, owed: Money) -> Vec<PaymentMethod> {
    let mut offers = shop.gateways.methods(PaymentContext { total: owed, country: &order.delivery_address.country });
    offers.retain(|offer| order.lifecycle == Lifecycle::AwaitingPayment || offer.terms == PaymentTerms::InAdvance);
    offers
}

/// Asks the gateway of an order that awaits its payment, or the rest of it, and places it when the gateway agrees;
/// gives the address of the gateway's page where the shopper has to go on there. Does nothing for an order of which
/// nothing is to be paid, or for which no way to pay is chosen. `payer` is whose account they are signed in to who pay:
/// an order's link opens it for others, too, who are not to pay with what a gateway keeps for its owner.
///
/// # Errors
/// [`CheckoutError::PaymentDeclined`], or the database failed; the order then goes on waiting.
pub async fn pay(shop: &Shop, order: OrderId, payer: Option<UserId>) -> Result<Option<String>, CheckoutError> {
    let order = queries::by_id(shop.db.primary(), order).await?.ok_or(CheckoutError::NotStarted)?;
    if !matches!(order.lifecycle, Lifecycle::AwaitingPayment | Lifecycle::Placed) {
        return Ok(None);
    }
    match db::retry(|| open_attempt(shop, order.id, payer)).await? {
        Some(attempt) => match request(shop, &order, &attempt).await? {
            Reply::Page(to) => Ok(Some(to)),
            Reply::Decided | Reply::Silence => Ok(None),
        },
        None => Ok(None),
    }
}

/// Asks a gateway again for what it was asked for last and has not answered, where that is still what is to be paid.
/// Nobody is there to begin anew, nor is what was replaced since to be paid as well. Gives whether it is silent still;
/// none where it was not asked.
///
/// # Errors
/// As those of [`pay`].
pub(super) async fn pay_again(shop: &Shop, order: OrderId) -> Result<Option<bool>, CheckoutError> {
    let db = shop.db.primary();
    let Some(order) = queries::by_id(db, order).await? else { return Ok(None) };
    let attempts = ledger::attempts(db, order.id).await?;
    let owed = owed_of(&order, &attempts);
    match attempts.last() {
        Some(last) if last.is_unanswered() && last.amount == owed && waits_for_page(shop, &order, owed) => {
            Ok(Some(request(shop, &order, last).await? == Reply::Silence))
        }
        _ => Ok(None),
    }
}

/// What a gateway has said to a request.
#[derive(PartialEq, Eq)]
enum Reply {
    /// The shopper goes on at this address.
    Page(String),
    Decided,
    /// Nothing: it may have done it all the same.
    Silence,
}

/// Asks the gateway of an attempt for it, and writes down what it says.
async fn request(shop: &Shop, order: &Order, attempt: &Attempt) -> Result<Reply, CheckoutError> {
    // Another way may have been chosen since.
    let gateway = shop.gateways.get(&attempt.gateway).ok_or(CheckoutError::UnknownChoice)?;
    let request = PaymentRequest {
        attempt: attempt.id,
        order_number: order.number.to_string(),
        amount: attempt.amount,
        email: order.email.clone(),
        payer: payer_of(shop, attempt).await?,
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
            Ok(Reply::Page(to))
        }
        Ok(Answer::Decided { reference, facts }) => {
            if reference.is_some() {
                ledger::name(shop.db.primary(), attempt.id, reference.as_deref(), None).await?;
            }
            record(shop, attempt.id, &facts, Source::Request).await?;
            let failed = |fact: &Fact| fact.outcome == Outcome::Failed;
            if facts.iter().any(failed) { Err(CheckoutError::PaymentDeclined) } else { Ok(Reply::Decided) }
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
            Ok(Reply::Silence)
        }
    }
}

/// The attempt that they can still pay by, or a new one where it was declined, is somebody else's or about another
/// amount: a gateway would answer the same to the same request. None where nothing is to be paid any more.
async fn open_attempt(shop: &Shop, order: OrderId, payer: Option<UserId>) -> Result<Option<Attempt>, DbErr> {
    let usable = |attempts: &[Attempt], method: &str, owed: Money, payer: Option<UserId>| {
        let open = |attempt: &&Attempt| {
            attempt.gateway == method
                && attempt.payer == payer
                && attempt.amount == owed
                && attempt.state.balance.authorised == 0
                && attempt.is_open()
        };
        attempts.iter().rev().find(open).cloned()
    };
    let tx = shop.db.begin().await?;
    lock(&tx, order).await?;
    let Some(order) = queries::by_id(&tx, order).await? else { return Ok(None) };
    let payer = own(&tx, order.id, payer).await?;
    let attempts = ledger::attempts(&tx, order.id).await?;
    let owed = owed_of(&order, &attempts);
    // What store credit has paid until now has no gateway: a way for the rest is to be chosen first.
    if !can_pay(shop, &order, owed) || shop.gateways.get(&order.payment_method).is_none() {
        return Ok(None);
    }
    if let Some(open) = usable(&attempts, &order.payment_method, owed, payer) {
        return Ok(Some(open));
    }
    replace_attempts(shop, &tx, &order, &attempts, owed, payer).await?;
    let open = usable(&ledger::attempts(&tx, order.id).await?, &order.payment_method, owed, payer);
    tx.commit().await?;
    shop.operations.notify_one();
    Ok(open)
}

/// Somebody, where the order is theirs.
async fn own<C: ConnectionTrait>(tx: &C, order: OrderId, payer: Option<UserId>) -> Result<Option<UserId>, DbErr> {
    let Some(payer) = payer else { return Ok(None) };
    Ok(queries::owner(tx, order).await?.filter(|owner| *owner == payer))
}

/// Opens a new attempt by the order's method, and ends those before it, so that nobody pays twice. It is asked what
/// became of it, should nobody tell.
async fn replace_attempts<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: &Order,
    before: &[Attempt],
    owed: Money,
    payer: Option<UserId>,
) -> Result<PaymentAttemptId, DbErr> {
    let now = shop.clock.now();
    ledger::end_open(tx, before, "replaced", now).await?;
    let text = "UPDATE orders SET check_at = $2 WHERE id = $1";
    let check_at = now + TimeDelta::seconds(ALONE_SECONDS);
    tx.execute_raw(sql(tx, text, [order.id.into(), check_at.into()])).await?;
    let later = shop.reference().settings.capture_when_shipped;
    let new = NewAttempt {
        order: order.id,
        gateway: &order.payment_method,
        reference: offline_reference(shop, order),
        amount: owed,
        capture_later: later,
        payer,
    };
    ledger::open(tx, new, now).await
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

/// Has an order that awaits its payment, or the rest of it, paid another way, by whoever is signed in as `payer`.
///
/// # Errors
/// [`CheckoutError::UnknownChoice`] where that is not on offer, [`CheckoutError::NotStarted`] where it does not wait.
pub async fn change_method(
    shop: &Shop,
    order: OrderId,
    payer: Option<UserId>,
    method: &str,
) -> Result<(), CheckoutError> {
    db::retry(|| attempt_to_change(shop, order, payer, method)).await?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(())
}

async fn attempt_to_change(
    shop: &Shop,
    order: OrderId,
    payer: Option<UserId>,
    method: &str,
) -> Result<(), CheckoutError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    lock(&tx, order).await?;
    let mut order = queries::by_id(&tx, order).await?.ok_or(CheckoutError::NotStarted)?;
    let before = ledger::attempts(&tx, order.id).await?;
    let owed = owed_of(&order, &before);
    if !can_pay(shop, &order, owed) {
        return Err(CheckoutError::NotStarted);
    }
    let offers = offers(shop, &order, owed);
    let method = offers.iter().find(|offer| offer.code == method).ok_or(CheckoutError::UnknownChoice)?;
    let text = "UPDATE orders SET payment_method = $2, payment_terms = $3 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [order.id.into(), method.code.into(), method.terms.code().into()])).await?;
    order.payment_method = method.code.to_owned();
    let payer = own(&tx, order.id, payer).await?;
    replace_attempts(shop, &tx, &order, &before, owed, payer).await?;
    if method.agrees_at_once {
        crate::orders::place::place(shop, &tx, &order, now).await?;
    }
    settle_up(shop, &tx, order.id, now, &[]).await?;
    Ok(tx.commit().await?)
}
