//! What the forms of the checkout do. Each answers with a redirect to a page.

use super::address_step::NEW;
use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::address_book::{self, AddressError, Entry};
use commerce::checkout::place_order::{Agreement, Placed};
use commerce::checkout::save_step::{StepDone, save_step};
use commerce::checkout::{self, CheckoutError, Contact, parse_contact, put_address};
use commerce::db::DbErr;
use commerce::forms::{self, Errors, FieldError, Fields};
use commerce::token::Token;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The name of the address form among drafts.
pub const ADDRESS_FORM: &str = "checkout/address";

/// The name of the delivery form among drafts.
pub const DELIVERY_FORM: &str = "checkout/delivery";

/// Makes these server functions known.
pub fn register() {
    register_explicit::<StartCheckout>();
    register_explicit::<SaveAddress>();
    register_explicit::<SaveDelivery>();
    register_explicit::<SavePayment>();
    register_explicit::<PlaceOrder>();
}

/// Where to go, and what to say there, when a step could not be taken.
fn refused(here: &str, error: &CheckoutError) -> String {
    let (path, code) = match error {
        CheckoutError::EmptyCart => ("/cart", "empty"),
        CheckoutError::NotStarted => ("/cart", "not-started"),
        CheckoutError::LineProblem => ("/cart", "line-problem"),
        CheckoutError::Short(_) => ("/cart", "short"),
        CheckoutError::TooManyHolds => ("/cart", "too-many-holds"),
        CheckoutError::UnknownChoice => (here, "unknown-choice"),
        CheckoutError::StepMissing(step) => return format!("/checkout/{}", step.code()),
        CheckoutError::TotalChanged => (here, "total-changed"),
        CheckoutError::CreditChanged => ("/checkout/payment", "credit-changed"),
        CheckoutError::Price(_) => ("/cart", "price"),
        CheckoutError::PaymentDeclined => (here, "declined"),
        CheckoutError::Db(error) => {
            log_failure(error);
            (here, "unavailable")
        }
    };
    format!("{path}?refused={code}")
}

/// Goes where a step that could not be taken leads; its form is shown again as it was typed.
async fn refuse(page: &Page, here: &str, error: &CheckoutError, fields: Fields) {
    let path = refused(here, error);
    if path.starts_with(here) && !fields.is_empty() {
        keep_draft(page, here.trim_start_matches('/'), &path, fields, Errors::new()).await;
    } else {
        page.see_other(&path);
    }
}

/// The token of the cart that is checked out; who has none is told at `here` that nothing was begun.
async fn token(page: &Page, here: &str) -> Option<Token> {
    let found =
        page.cart_token().await.map_err(CheckoutError::from).and_then(|token| token.ok_or(CheckoutError::NotStarted));
    found.map_err(|error| page.see_other(&refused(here, &error))).ok()
}

/// Holds the stock of the cart and begins the checkout.
#[server(prefix = "/actions", endpoint = "checkout/start")]
pub async fn start_checkout() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let outcome = match page.cart_token().await {
        Ok(Some(token)) => checkout::start::start(&page.shop, &token, page.client()).await,
        Ok(None) => Err(CheckoutError::EmptyCart),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.see_other("/checkout/address"),
        Err(error) => page.see_other(&refused("/cart", &error)),
    }
    Ok(())
}

/// Keeps who the order is for and where it goes.
#[server(prefix = "/actions", endpoint = "checkout/address")]
pub async fn save_address(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(token) = token(&page, "/checkout/address").await else { return Ok(()) };
    // The fields of another country were asked for: nothing is wrong yet.
    if fields.contains_key("change_country") {
        keep_draft(&page, ADDRESS_FORM, "/checkout/address", fields, Errors::new()).await;
        return Ok(());
    }
    let contact = match with_saved(&page, &fields).await {
        Ok(Some(filled)) => parse_contact(&filled),
        Ok(None) => Err([("saved".to_owned(), FieldError::UnknownChoice)].into()),
        Err(error) => {
            refuse(&page, "/checkout/address", &error.into(), fields).await;
            return Ok(());
        }
    };
    match contact {
        Err(errors) => keep_draft(&page, ADDRESS_FORM, "/checkout/address", fields, errors).await,
        Ok(contact) => {
            let next = keep_address(&page, &fields, &contact).await;
            go_on(&page, &token, StepDone::Address(Box::new(contact)), ("address", next), fields).await;
        }
    }
    Ok(())
}

/// The address in the book that was chosen, if it is one.
fn chosen(fields: &Fields) -> Option<&str> {
    fields.get("saved").map(String::as_str).filter(|chosen| *chosen != NEW)
}

/// The fields with those of the address that was chosen from one's own book; `None` where it is not there.
async fn with_saved(page: &Page, fields: &Fields) -> Result<Option<Fields>, DbErr> {
    let mut filled = fields.clone();
    let Some(chosen) = chosen(fields) else { return Ok(Some(filled)) };
    let (Some(who), Ok(id)) = (page.signed_in().await?, chosen.parse()) else { return Ok(None) };
    let saved = address_book::queries::one(page.shop.db.latest(), who.user, id).await?;
    Ok(saved.map(|saved| {
        put_address(&mut filled, "", &saved.entry.address);
        filled
    }))
}

/// Keeps a new address where its owner wants that; gives the next step. The order goes on whatever comes of it.
async fn keep_address(page: &Page, fields: &Fields, contact: &Contact) -> &'static str {
    const NEXT: &str = "delivery";
    if chosen(fields).is_some() || !fields.contains_key("keep_address") {
        return NEXT;
    }
    let Ok(Some(who)) = page.signed_in().await else { return NEXT };
    let address = contact.delivery.clone();
    let entry = Entry { label: String::new(), address, default_delivery: false, default_billing: false };
    match address_book::save::add(&page.shop, who.user, &entry).await {
        Ok(_) => NEXT,
        Err(AddressError::TooMany) => "delivery?refused=book-full",
        Err(error) => {
            log_failure(&error);
            NEXT
        }
    }
}

async fn is_under_way(page: &Page, token: &Token) -> bool {
    matches!(checkout::queries::checkout(&page.shop, token).await, Ok(Some(_)))
}

/// Does a step, and goes from its page to the next one.
async fn go_on(page: &Page, token: &Token, done: StepDone, (here, next): (&str, &str), fields: Fields) {
    match save_step(&page.shop, token, &done).await {
        Ok(()) => page.see_other(&format!("/checkout/{next}")),
        // What was typed is kept there, unless nothing was ever begun.
        Err(CheckoutError::NotStarted) if is_under_way(page, token).await => {
            page.see_other("/cart?refused=hold-over");
        }
        Err(error) => refuse(page, &format!("/checkout/{here}"), &error, fields).await,
    }
}

/// Keeps how the order is sent, and what the customer has to say.
#[server(prefix = "/actions", endpoint = "checkout/delivery")]
pub async fn save_delivery(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(token) = token(&page, "/checkout/delivery").await else { return Ok(()) };
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    // Line breaks are meant here, other control characters are not.
    let note = field("note").replace("\r\n", "\n");
    let note: String = note.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    if note.chars().count() > NOTE_LENGTH {
        let errors = [("note".to_owned(), FieldError::TooLong)].into();
        keep_draft(&page, DELIVERY_FORM, "/checkout/delivery", fields, errors).await;
        return Ok(());
    }
    let done = StepDone::Delivery { method: field("method"), note: note.trim().to_owned() };
    go_on(&page, &token, done, ("delivery", "payment"), fields).await;
    Ok(())
}

/// The longest note to the shop, in characters.
pub const NOTE_LENGTH: usize = 500;

/// Keeps how the order is paid.
#[server(prefix = "/actions", endpoint = "checkout/payment")]
pub async fn save_payment(
    #[server(default)] method: Option<String>,
    #[server(default)] use_credit: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(token) = token(&page, "/checkout/payment").await else { return Ok(()) };
    let done = match use_credit {
        Some(_) => StepDone::Credit(method.filter(|code| !code.is_empty())),
        None => StepDone::Payment(method.unwrap_or_default()),
    };
    // Nothing is typed there.
    go_on(&page, &token, done, ("payment", "review"), Fields::new()).await;
    Ok(())
}

/// Goes on where an order is paid, or to its page.
pub(crate) fn go_to(page: &Page, placed: &Placed) {
    match &placed.pay_at {
        Some(address) => page.see_other(address),
        None => page.see_other(&format!("/checkout/confirmation/{}", placed.access.as_str())),
    }
}

async fn declined(page: &Page, token: &Token, agreement: Agreement) {
    match checkout::place_order::placed_from(&page.shop, token, agreement.cart).await {
        Ok(Some(access)) => page.see_other(&format!("/checkout/confirmation/{}?refused=declined", access.as_str())),
        Ok(None) => page.see_other("/cart"),
        Err(error) => page.see_other(&refused("/checkout/review", &error.into())),
    }
}

/// Places the order at the total that was shown.
#[server(prefix = "/actions", endpoint = "checkout/place")]
pub async fn place_order(
    #[server(default)] cart: Option<String>,
    #[server(default)] total: Option<String>,
    #[server(default)] credit: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let agreement = (|| {
        let minor = |text: Option<String>| forms::clean(text.as_deref()).parse().ok();
        // Where none is used the form says nothing of it.
        let credit = credit.map_or(Some(0), |credit| minor(Some(credit)))?;
        Some(Agreement { cart: cart?.parse().ok()?, total: minor(total)?, credit })
    })();
    let Some(token) = token(&page, "/checkout/review").await else { return Ok(()) };
    let outcome = match agreement {
        Some(agreement) => checkout::place_order::place_order(&page.shop, &token, agreement).await,
        None => Err(CheckoutError::NotStarted),
    };
    match outcome {
        Ok(placed) => go_to(&page, &placed),
        // The order waits, and its page offers what can be done.
        Err(CheckoutError::PaymentDeclined) => match agreement {
            Some(agreement) => declined(&page, &token, agreement).await,
            None => page.see_other("/cart"),
        },
        Err(error) => page.see_other(&refused("/checkout/review", &error)),
    }
    Ok(())
}
