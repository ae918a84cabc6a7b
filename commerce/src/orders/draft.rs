//! Staff put an order together for somebody who calls or writes, and hand it to them to be paid.

use super::cancel::locked;
use super::compose::proposal::{load, staged};
use super::compose::{Agreement, Composition, EditError, EditId, Proposal, close, write};
use super::entity::order;
use super::place::place;
use super::{Fulfilment, Lifecycle, OrderEvent, OrderId, OrderNumber, Payment, PlacedLine, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId, email_key};
use crate::audit::{self, Done};
use crate::checkout::Address;
use crate::checkout::place_order::access_token;
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::inventory::Actor;
use crate::money::Money;
use crate::payments::PaymentTerms;
use crate::payments::ledger::{self, NewAttempt};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};
use serde::{Deserialize, Serialize};

/// How long an order that staff have put together or changed waits for its payment to be agreed, in days: it is paid by
/// a link in a mail, which may be read next week.
pub const PAY_BY_DAYS: i64 = 7;

/// Reports that staff have begun a draft of an order, with nothing in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderDrafted {
    /// Which order.
    pub order: OrderId,
    /// What people call it.
    pub number: OrderNumber,
}
event!(OrderDrafted, version 1, about order);

/// Reports that an order that staff have put together waits for its payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderSubmitted {
    /// Which order.
    pub order: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// What it comes to.
    pub total: Money,
    /// What is in it.
    pub lines: Vec<PlacedLine>,
}
event!(OrderSubmitted, version 1, about order);

/// Begins a draft, with nothing in it; asked for again by the same key, it is the same one.
///
/// # Errors
/// [`EditError::NotAllowed`], or when the database fails.
pub async fn create(shop: &Shop, who: &SignedIn, key: EditId) -> Result<OrderNumber, EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    for _ in 0..3 {
        match db::retry(|| attempt_to_create(shop, who.user, key)).await {
            Err(EditError::Db(error)) if db::is_taken(&error, "number") => {}
            outcome => return outcome,
        }
    }
    db::retry(|| attempt_to_create(shop, who.user, key)).await
}

async fn attempt_to_create(shop: &Shop, staff: UserId, key: EditId) -> Result<OrderNumber, EditError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    if let Some(number) = made_by(&tx, key).await? {
        return Ok(number);
    }
    let (id, number) = (OrderId::new(now), OrderNumber::random());
    order::Entity::insert(nothing(shop, id, number, now)).exec_without_returning(&tx).await?;
    let content = serde_json::to_value(Composition::empty()).map_err(|error| DbErr::Json(error.to_string()))?;
    let text = "INSERT INTO order_revisions (order_id, edit_id, version, content, updated_at)
                VALUES ($1, $2, 1, $3, $4) ON CONFLICT (edit_id) DO NOTHING";
    let values = [id.into(), key.into(), content.into(), now.into()];
    if tx.execute_raw(sql(&tx, text, values)).await?.rows_affected() == 0 {
        // Somebody with the same form was faster.
        drop(tx);
        return made_by(shop.db.primary(), key).await?.ok_or(EditError::Stale);
    }
    events::emit(shop, &tx, vec![NewEvent::of(&OrderDrafted { order: id, number }, 1)]).await?;
    let after = serde_json::json!({ "order": number.to_string() });
    let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::DraftMade, staff) };
    audit::record(&tx, now, done).await?;
    tx.commit().await?;
    shop.outbox.notify_one();
    Ok(number)
}

/// The order that the form with this key has begun.
async fn made_by<C: ConnectionTrait>(db: &C, key: EditId) -> Result<Option<OrderNumber>, DbErr> {
    let text = "SELECT o.number FROM order_revisions r JOIN orders o ON o.id = r.order_id WHERE r.edit_id = $1";
    let Some(row) = db.query_one_raw(sql(db, text, [key.into()])).await? else { return Ok(None) };
    let number: String = row.try_get("", "number")?;
    number.parse().map(Some).map_err(|_| queries::unknown("order number", &number))
}

/// An order of nothing for nobody.
fn nothing(shop: &Shop, id: OrderId, number: OrderNumber, now: DateTime<Utc>) -> order::ActiveModel {
    let settings = &shop.reference().settings;
    let nowhere = Address::nowhere(&settings.country);
    order::ActiveModel {
        id: Set(id),
        number: Set(number.to_string()),
        access_token_hash: Set(access_token(shop, id).hash()),
        cart_id: Set(None),
        guest_hash: Set(None),
        user_id: Set(None),
        lifecycle: Set(Lifecycle::Draft.code().to_owned()),
        payment: Set(Payment::None.code().to_owned()),
        fulfilment: Set(Fulfilment::Unfulfilled.code().to_owned()),
        payment_method: Set(String::new()),
        payment_terms: Set(PaymentTerms::InAdvance.code().to_owned()),
        pay_by: Set(None),
        check_at: Set(None),
        email: Set(String::new()),
        phone: Set(String::new()),
        delivery_address: Set(nowhere.clone()),
        billing_address: Set(nowhere),
        note: Set(String::new()),
        currency: Set(settings.currency.code().to_owned()),
        prices_include_tax: Set(settings.prices_include_tax),
        delivery_code: Set(String::new()),
        delivery_name: Set(String::new()),
        delivery_tax_rate: Set("0".to_owned()),
        delivery_net: Set(0),
        delivery_tax: Set(0),
        delivery_gross: Set(0),
        net: Set(0),
        tax: Set(0),
        total: Set(0),
        store_credit: Set(0),
        keeps_payment: Set(false),
        version: Set(1),
        placed_at: Set(None),
        cancelled_at: Set(None),
        anonymised_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    }
}

/// Makes a draft an order of its customer's: claims its stock, fixes its prices, and places it where its payment needs
/// no agreement; else it waits for [`PAY_BY_DAYS`], and its customer gets a link to pay it. Done before, it stays so.
///
/// # Errors
/// [`EditError::Incomplete`], [`EditError::Stale`] where it is not any more what was seen, [`EditError::Short`] with
/// everything of which there is not enough; then it stays a draft.
pub async fn submit(shop: &Shop, who: &SignedIn, order: OrderId, seen: Agreement) -> Result<(), EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    db::retry(|| attempt_to_submit(shop, who.user, order, seen)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt_to_submit(shop: &Shop, staff: UserId, order: OrderId, seen: Agreement) -> Result<(), EditError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    if staged(&tx, order.id).await?.and_then(|staged| staged.applied) == Some(seen.edit) {
        return Ok(());
    }
    if order.lifecycle != Lifecycle::Draft {
        return Err(EditError::WrongState);
    }
    let id = order.id;
    let proposal = load(shop, &tx, order).await?;
    if proposal.agreement() != seen {
        return Err(EditError::Stale);
    }
    if let Some(missing) = proposal.missing() {
        return Err(EditError::Incomplete(missing));
    }
    let version = write(shop, &tx, &proposal, &Actor::Staff(staff), now).await?;
    hand_over(&tx, &proposal, now).await?;
    close(&tx, id, now).await?;
    let order = queries::by_id(&tx, id).await?.ok_or(EditError::NotFound)?;
    let payment = proposal.payment().ok_or(EditError::NotPayable)?;
    if payment.agrees_at_once || order.due().minor() == 0 {
        let later = shop.reference().settings.capture_when_shipped;
        let reference = payment.agrees_at_once.then(|| order.number.to_string());
        let new = NewAttempt {
            order: id,
            gateway: payment.code,
            reference,
            amount: order.due(),
            capture_later: later,
            payer: None,
        };
        ledger::open(&tx, new, now).await?;
        place(shop, &tx, &order, now).await?;
    } else {
        wait_for_payment(shop, &tx, &order, version, now).await?;
    }
    let after = serde_json::json!({ "order": order.number.to_string(), "total": order.total.gross,
        "currency": order.currency.code(), "payment": payment.code });
    let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::OrderSubmitted, staff) };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}

/// Writes into an order who it is for and how it is paid. It is in the account of whoever has proved that the address
/// is theirs.
async fn hand_over<C: ConnectionTrait>(tx: &C, proposal: &Proposal, now: DateTime<Utc>) -> Result<(), EditError> {
    let composition = &proposal.composition;
    let payment = proposal.payment().ok_or(EditError::NotPayable)?;
    let text = "UPDATE orders SET email = $2, note = $3, payment_method = $4, payment_terms = $5, created_at = $6,
                    user_id = (SELECT u.id FROM users u WHERE u.email_key = $7 AND u.email_verified_at IS NOT NULL)
                WHERE id = $1";
    let values = [
        proposal.order.id.into(),
        composition.email.clone().into(),
        composition.note.clone().into(),
        payment.code.into(),
        payment.terms.code().into(),
        now.into(),
        email_key(&composition.email).into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(())
}

async fn wait_for_payment<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: &super::Order,
    version: i64,
    now: DateTime<Utc>,
) -> Result<(), EditError> {
    let lifecycle = order.lifecycle.after(OrderEvent::Submit).ok_or(EditError::WrongState)?;
    let pay_by = now + TimeDelta::days(PAY_BY_DAYS);
    // Nothing is asked of a gateway before its customer comes.
    let text = "UPDATE orders SET lifecycle = $2, pay_by = $3, check_at = $3 WHERE id = $1";
    tx.execute_raw(sql(tx, text, [order.id.into(), lifecycle.code().into(), pay_by.into()])).await?;
    let lines = order.placed().lines;
    let submitted = OrderSubmitted { order: order.id, number: order.number, total: order.to_pay(), lines };
    Ok(events::emit(shop, tx, vec![NewEvent::of(&submitted, version)]).await?)
}

/// Deletes a draft: it was never anybody's order. Deleted before, it stays so.
///
/// # Errors
/// [`EditError::WrongState`] for an order that was submitted.
pub async fn delete(shop: &Shop, who: &SignedIn, order: OrderId) -> Result<(), EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = match locked(&tx, order).await.map_err(EditError::from) {
        Err(EditError::NotFound) => return Ok(()),
        outcome => outcome?,
    };
    if order.lifecycle != Lifecycle::Draft {
        return Err(EditError::WrongState);
    }
    tx.execute_raw(sql(&tx, "DELETE FROM orders WHERE id = $1", [order.id.into()])).await?;
    let after = serde_json::json!({ "order": order.number.to_string() });
    let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::DraftDeleted, who.user) };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}

/// Deletes the drafts for somebody who wants to be forgotten, in a transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub(crate) async fn forget<C: ConnectionTrait>(tx: &C, email: &str) -> Result<(), DbErr> {
    let text = "DELETE FROM orders WHERE lifecycle = $1 AND LOWER(email) = $2";
    tx.execute_raw(sql(tx, text, [Lifecycle::Draft.code().into(), email_key(email).into()])).await.map(drop)
}
