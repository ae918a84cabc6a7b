//! A step of the checkout is done: keeps it, and holds the stock a while longer.

use super::queries::{demands, of_cart};
use super::{Checkout, CheckoutError, Contact, HOLD_MINUTES, HOLD_MOST_MINUTES, entity};
use crate::Shop;
use crate::cart;
use crate::db;
use crate::inventory::claims;
use crate::token::Token;
use chrono::TimeDelta;
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
/// [`CheckoutError`]; what was kept before stays.
pub async fn save_step(shop: &Shop, token: &Token, done: &StepDone) -> Result<(), CheckoutError> {
    let version = db::retry(|| attempt(shop, token, done)).await?;
    shop.sessions.changed(&token.hash(), version).await;
    Ok(())
}

async fn attempt(shop: &Shop, token: &Token, done: &StepDone) -> Result<i64, CheckoutError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let locked = cart::queries::lock_and_touch(&tx, &token.hash(), now).await?;
    let (id, version) = locked.ok_or(CheckoutError::NotStarted)?;
    let checkout = of_cart(shop, &tx, id).await?.ok_or(CheckoutError::NotStarted)?;
    let last = checkout.hold_started_at + TimeDelta::minutes(HOLD_MOST_MINUTES);
    if last <= now {
        return Err(CheckoutError::NotStarted);
    }
    if checkout.cart.lines.is_empty() {
        return Err(CheckoutError::EmptyCart);
    }
    let expires_at = last.min(now + TimeDelta::minutes(HOLD_MINUTES));
    let mut row = entity::ActiveModel { cart_id: Set(id), hold_expires_at: Set(expires_at), ..Default::default() };
    set(&mut row, &checkout, done)?;
    entity::Entity::update(row).exec(&tx).await?;
    // After the address is kept: what is held moves to the locations that are nearest to it.
    claims::claim_for_cart(shop, &tx, id, &demands(&checkout.cart), expires_at).await?;
    tx.commit().await?;
    Ok(version)
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
