//! A step of the checkout is done: keeps it, and holds the stock a while longer.

use super::queries::{demands, of_cart};
use super::{Checkout, CheckoutError, Contact, HOLD_MOST_MINUTES, entity, hold_until};
use crate::Shop;
use crate::cart;
use crate::db;
use crate::inventory::claims;
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait};

/// What a step has found out.
#[derive(Clone, Debug)]
pub enum StepDone {
    /// Who and where to.
    Address(Box<Contact>),
    /// The code of the delivery method, and what the customer has to say.
    Delivery {
        /// The code of the delivery method.
        method: String,
        /// What the customer has to say.
        note: String,
    },
    /// The code of the gateway.
    Payment(String),
    /// Store credit, and the code of the gateway for what it doesn't pay.
    Credit(Option<String>),
}

/// Keeps what a step has found out.
///
/// # Errors
/// [`CheckoutError`]; what was kept before stays. Where the stock is not there any more, or the time for it is over, an
/// address, a delivery method and a note are kept all the same.
pub async fn save_step(shop: &Shop, token: &Token, done: &StepDone) -> Result<(), CheckoutError> {
    let (version, outcome) = match db::retry(|| attempt(shop, token, done, true)).await {
        Err(refused) if is_kept(&refused, done) => {
            (db::retry(|| attempt(shop, token, done, false)).await?, Err(refused))
        }
        outcome => (outcome?, Ok(())),
    };
    shop.sessions.changed(&token.hash(), version).await;
    outcome
}

/// Whether what was typed is kept though the step is not done.
fn is_kept(refused: &CheckoutError, done: &StepDone) -> bool {
    matches!(refused, CheckoutError::Short(_) | CheckoutError::NotStarted | CheckoutError::EmptyCart)
        && matches!(done, StepDone::Address(_) | StepDone::Delivery { .. })
}

/// Keeps a step, with its stock held or without.
async fn attempt(shop: &Shop, token: &Token, done: &StepDone, holding: bool) -> Result<i64, CheckoutError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let locked = cart::queries::lock_and_touch(&tx, &token.hash(), now).await?;
    let (id, version) = locked.ok_or(CheckoutError::NotStarted)?;
    let checkout = of_cart(shop, &tx, id).await?.ok_or(CheckoutError::NotStarted)?;
    let held_until = if holding { Some(held_until(&checkout, now)?) } else { None };
    let mut row = entity::ActiveModel { cart_id: Set(id), ..Default::default() };
    if let Some(expires_at) = held_until {
        row.hold_expires_at = Set(expires_at);
    }
    set(&mut row, &checkout, done)?;
    entity::Entity::update(row).exec(&tx).await?;
    if let Some(expires_at) = held_until {
        // After the address is kept: what is held moves to the locations that are nearest to it.
        claims::claim_for_cart(shop, &tx, id, &demands(&checkout.cart), expires_at).await?;
    }
    tx.commit().await?;
    Ok(version)
}

/// Until when the stock of a checkout is held once a step of it is done.
fn held_until(checkout: &Checkout, now: DateTime<Utc>) -> Result<DateTime<Utc>, CheckoutError> {
    if checkout.hold_started_at + TimeDelta::minutes(HOLD_MOST_MINUTES) <= now {
        return Err(CheckoutError::NotStarted);
    }
    if checkout.cart.lines.is_empty() {
        return Err(CheckoutError::EmptyCart);
    }
    Ok(hold_until(checkout.hold_started_at, now))
}

fn set(row: &mut entity::ActiveModel, checkout: &Checkout, done: &StepDone) -> Result<(), CheckoutError> {
    match done {
        StepDone::Address(contact) => row.contact = Set(Some(Contact::clone(contact))),
        StepDone::Delivery { method, note } => {
            if !checkout.delivery_offers.iter().any(|(offered, _)| offered.code == *method) {
                return Err(CheckoutError::UnknownChoice);
            }
            row.delivery_method = Set(Some(method.clone()));
            row.note = Set(note.clone());
        }
        StepDone::Payment(code) => {
            row.payment_method = Set(Some(offered(checkout, code)?));
            row.use_credit = Set(false);
        }
        StepDone::Credit(code) => {
            // Where it pays for everything nothing needs to be chosen; where it doesn't, that step is still to be done.
            row.payment_method = Set(code.as_deref().map(|code| offered(checkout, code)).transpose()?);
            row.use_credit = Set(true);
        }
    }
    Ok(())
}

fn offered(checkout: &Checkout, code: &str) -> Result<String, CheckoutError> {
    let is_offered = checkout.payment_offers.iter().any(|offered| offered.code == code);
    is_offered.then(|| code.to_owned()).ok_or(CheckoutError::UnknownChoice)
}
