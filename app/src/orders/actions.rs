//! What the forms of orders do. Each answers with a redirect to a page.

use crate::accounts::actions::{failed, required};
use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::cart::Holder;
use commerce::checkout::{CheckoutError, change_cart};
use commerce::forms::{self, FieldError, Fields, Parser};
use commerce::orders::cancel::{self, OrderError};
use commerce::orders::{Order, claim, lookup, queries};
use commerce::payments::pay;
use commerce::token::Token;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The name of the form among drafts.
pub const LOOKUP_FORM: &str = "orders/lookup";

/// The most characters of what is typed as a number.
const NUMBER_MOST: usize = 40;

/// Makes these server functions known.
pub fn register() {
    register_explicit::<LookUp>();
    register_explicit::<Claim>();
    register_explicit::<PayOrder>();
    register_explicit::<ChangeCart>();
    register_explicit::<CancelOrder>();
}

/// Finds an order by its number and address. The answer to a miss does not tell what was wrong.
#[server(prefix = "/actions", endpoint = "orders/lookup")]
pub async fn look_up(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/orders/lookup";
    let page = Page::of_action();
    let field = |name: &str| fields.get(name).map(String::as_str);
    let mut parser = Parser::default();
    let number = parser.field("order_number", forms::required(field("order_number"), NUMBER_MOST));
    let email = parser.field("email", forms::email(field("email")));
    let (number, email) = match parser.finish(number.zip(email)) {
        Ok(typed) => typed,
        Err(errors) => {
            keep_draft(&page, LOOKUP_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    match lookup::look_up(&page.shop, &number, &email).await {
        Ok(Some(link)) => page.see_other(&format!("/orders/view/{link}")),
        Ok(None) => {
            let errors = [("order_number".to_owned(), FieldError::Wrong)].into();
            keep_draft(&page, LOOKUP_FORM, PATH, fields, errors).await;
        }
        Err(error) => failed(&page, PATH, &error.into()),
    }
    Ok(())
}

/// Takes what was ordered as a guest into the account.
#[server(prefix = "/actions", endpoint = "account/claim-orders")]
pub async fn claim() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, "/account").await else { return Ok(()) };
    match claim::claim(&page.shop, who.user).await {
        Ok(_) => page.see_other("/account?done=orders-claimed"),
        Err(error) => failed(&page, "/account", &error.into()),
    }
    Ok(())
}

/// The order whose page a token opens, and the address of that page; whoever sends another token goes to the start.
async fn opened(page: &Page, token: Option<String>) -> Option<(Order, String)> {
    let token = token.as_deref().and_then(Token::parse);
    let order = match &token {
        Some(token) => queries::by_access_token(page.shop.db.primary(), &token.hash()).await,
        None => Ok(None),
    };
    match (order, token) {
        (Ok(Some(order)), Some(token)) => Some((order, format!("/checkout/confirmation/{}", token.as_str()))),
        (Ok(_), _) => {
            page.see_other("/orders/lookup");
            None
        }
        (Err(error), _) => {
            failed(page, "/orders/lookup", &error.into());
            None
        }
    }
}

/// Pays an order that waits for its payment, this way or another.
#[server(prefix = "/actions", endpoint = "orders/pay")]
pub async fn pay_order(
    #[server(default)] order: Option<String>,
    #[server(default)] method: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((order, path)) = opened(&page, order).await else { return Ok(()) };
    let method = method.unwrap_or_default();
    let paid = async {
        let payer = page.signed_in().await?.map(|who| who.user);
        if method != order.payment_method {
            pay::change_method(&page.shop, order.id, payer, &method).await?;
        }
        pay::pay(&page.shop, order.id, payer).await
    };
    match paid.await {
        Ok(Some(address)) => page.see_other(&address),
        Ok(None) => page.see_other(&path),
        Err(CheckoutError::PaymentDeclined) => page.see_other(&format!("{path}?refused=declined")),
        Err(CheckoutError::UnknownChoice) => page.see_other(&format!("{path}?refused=unknown-choice")),
        // It does not wait any more: the page says what became of it.
        Err(CheckoutError::NotStarted) => page.see_other(&path),
        Err(error) => {
            log_failure(&error);
            page.see_other(&format!("{path}?refused=unavailable"));
        }
    }
    Ok(())
}

/// Goes back to a page that says why an order stays as it is.
fn stays(page: &Page, path: &str, error: &OrderError) {
    let code = match error {
        OrderError::WrongState | OrderError::NotFound | OrderError::NotAllowed => "order-state",
        _ => {
            log_failure(error);
            "unavailable"
        }
    };
    page.see_other(&format!("{path}?refused={code}"));
}

/// Gives an order up that waits for its payment, and puts what was in it back into the cart.
#[server(prefix = "/actions", endpoint = "orders/change-cart")]
pub async fn change_cart(#[server(default)] order: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((order, path)) = opened(&page, order).await else { return Ok(()) };
    let holder = match page.holder().await {
        Ok(holder) => holder,
        Err(error) => {
            failed(&page, &path, &error.into());
            return Ok(());
        }
    };
    match change_cart::change_cart(&page.shop, order.id, &holder).await {
        Ok(token) => {
            if let Holder::Guest(_) = holder {
                page.set_guest(&token);
            }
            page.see_other("/cart?done=order-reopened");
        }
        Err(error) => stays(&page, &path, &error),
    }
    Ok(())
}

/// Gives an order up.
#[server(prefix = "/actions", endpoint = "orders/cancel")]
pub async fn cancel_order(#[server(default)] order: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((order, path)) = opened(&page, order).await else { return Ok(()) };
    match cancel::cancel_own(&page.shop, order.id).await {
        Ok(()) => page.see_other(&format!("{path}?done=order-cancelled")),
        Err(error) => stays(&page, &path, &error),
    }
    Ok(())
}
