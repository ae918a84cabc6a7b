//! What the forms of customers about returns do.

use super::request_page::request_form;
use super::way::{Way, elsewhere, return_at};
use super::words::code;
use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::db::DbErr;
use commerce::forms::{Errors, FieldError, Fields, clean};
use commerce::orders::{Order, OrderLineId};
use commerce::returns::approve::withdraw;
use commerce::returns::request::{left, request};
use commerce::returns::{NewReturn, ReturnError, queries};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;
use std::collections::BTreeMap;

/// Makes these server functions known.
pub fn register() {
    register_explicit::<RequestReturn>();
    register_explicit::<WithdrawReturn>();
}

/// How many pieces of each line can be sent back, of all its lines.
pub(crate) fn of_each(order: &Order, left: &BTreeMap<OrderLineId, i64>) -> BTreeMap<OrderLineId, i64> {
    order.lines.iter().map(|line| (line.id, left.get(&line.id).copied().unwrap_or_default())).collect()
}

/// What is wrong with a form whose pieces others were faster to return.
pub(crate) fn taken() -> Errors {
    [("lines".to_owned(), FieldError::QuantityOutOfRange)].into()
}

/// Asks to send something back.
#[server(prefix = "/actions", endpoint = "returns/request")]
pub async fn request_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let path = fields.get("order").cloned().unwrap_or_default();
    let read = async {
        let Some(way) = Way::open(&page, &path).await? else { return Ok(None) };
        let db = page.shop.db.latest();
        let known = queries::number_by_key(db, &way.order, &clean(fields.get("key").map(String::as_str))).await?;
        let left = left(&page.shop, db, way.order.id, false).await?;
        Ok::<_, DbErr>(Some((way, known, left)))
    };
    let (way, known, left) = match read.await {
        Ok(Some(found)) => found,
        Ok(None) => {
            page.see_other(&elsewhere(&path));
            return Ok(());
        }
        Err(error) => {
            log_failure(&error);
            page.see_other("/orders/lookup?refused=unavailable");
            return Ok(());
        }
    };
    let done = |number| format!("{}?done=return-requested", way.return_path(number));
    // Sent twice: its pieces are in the return that it has made.
    if let Some(known) = known {
        page.see_other(&done(known.number));
        return Ok(());
    }
    let (form, form_path) = (request_form(way.order.id), format!("{}/return", way.path));
    let new = match NewReturn::parse(&fields, &of_each(&way.order, &left)) {
        Ok(new) => new,
        Err(errors) => {
            keep_draft(&page, &form, &form_path, fields, errors).await;
            return Ok(());
        }
    };
    match request(&page.shop, way.order.id, &new).await {
        Ok(number) => page.see_other(&done(number.number)),
        Err(ReturnError::TooMuch) => keep_draft(&page, &form, &form_path, fields, taken()).await,
        Err(error) => page.see_other(&format!("{form_path}?refused={}", code(&error))),
    }
    Ok(())
}

/// Takes a request back.
#[server(prefix = "/actions", endpoint = "returns/withdraw")]
pub async fn withdraw_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let field = |name: &str| fields.get(name).map(String::as_str);
    let path = field("order").unwrap_or_default();
    let number = field("return").and_then(|number| number.parse().ok()).unwrap_or_default();
    let answer = match return_at(&page, path, number).await {
        Ok(Some((of, return_path))) => match withdraw(&page.shop, of.id, &clean(field("key"))).await {
            Ok(()) => format!("{return_path}?done=return-withdrawn"),
            Err(error) => format!("{return_path}?refused={}", code(&error)),
        },
        Ok(None) => {
            page.see_other(&elsewhere(path));
            return Ok(());
        }
        Err(error) => {
            log_failure(&error);
            "/orders/lookup?refused=unavailable".to_owned()
        }
    };
    page.see_other(&answer);
    Ok(())
}
