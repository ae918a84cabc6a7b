//! What the forms of orders do. Each answers with a redirect to a page.

use crate::accounts::actions::{failed, required};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::forms::{self, FieldError, Fields, Parser};
use commerce::orders::{claim, lookup};
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
