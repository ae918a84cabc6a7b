//! What the forms of staff about returns do.

use super::order_actions::refund_decided;
use super::return_page::{open_form, return_form};
use crate::accounts::sign_in_for;
use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use crate::returns::actions::{of_each, taken};
use crate::returns::code;
use commerce::accounts::SignedIn;
use commerce::forms::{self as parse, Errors, FieldError, Fields, Parser};
use commerce::money::Money;
use commerce::orders::Order;
use commerce::orders::refund::RefundMethod;
use commerce::orders::search::by_number;
use commerce::returns::approve::{approve, reject};
use commerce::returns::close::close;
use commerce::returns::receive::{Arrival, receive};
use commerce::returns::refund::{Settlement, refund};
use commerce::returns::request::{left, open_for};
use commerce::returns::{NOTE_MOST, NewReturn, Return, ReturnError, ReturnNumber, Word, parse_counts, queries};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

pub(super) fn register() {
    register_explicit::<ApproveReturn>();
    register_explicit::<RejectReturn>();
    register_explicit::<ReceiveReturn>();
    register_explicit::<RefundReturn>();
    register_explicit::<CloseReturn>();
    register_explicit::<OpenReturn>();
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).map(String::as_str)
}

/// Who asks, about which return; whoever asks otherwise is answered.
struct Asked {
    page: Page,
    who: SignedIn,
    order: Order,
    of: Return,
}

async fn staff(page: &Page, path: &str) -> Option<SignedIn> {
    match page.signed_in().await {
        Ok(Some(who)) => return Some(who),
        Ok(None) => page.see_other(&sign_in_for(path)),
        Err(error) => {
            log_failure(&error);
            page.see_other(&format!("{path}?refused=unavailable"));
        }
    }
    None
}

async fn asked(fields: &Fields) -> Option<Asked> {
    const LIST: &str = "/admin/returns";
    let page = Page::of_action();
    let who = staff(&page, LIST).await?;
    let found = match field(fields, "number").and_then(|number| number.parse::<ReturnNumber>().ok()) {
        Some(number) => queries::any(&page.shop, &who, number).await,
        None => Ok(None),
    };
    match found {
        Ok(Some((order, of))) => Some(Asked { page, who, order, of }),
        Ok(None) => {
            page.see_other(&format!("{LIST}?refused=no-return"));
            None
        }
        Err(error) => {
            page.see_other(&format!("{LIST}?refused={}", code(&error)));
            None
        }
    }
}

/// Why a form was refused: its fields, or what it asks for.
enum Refused {
    Fields(Errors),
    Return(ReturnError),
}

impl From<Errors> for Refused {
    fn from(errors: Errors) -> Self {
        Self::Fields(errors)
    }
}

impl From<ReturnError> for Refused {
    fn from(error: ReturnError) -> Self {
        Self::Return(error)
    }
}

impl Asked {
    async fn answer(&self, fields: Fields, outcome: Result<(), Refused>, done: &str) {
        let mut path = format!("/admin/returns/{}", self.of.number);
        let one = |name: &str, error| Errors::from([(name.to_owned(), error)]);
        let errors = match outcome {
            Ok(()) => return self.page.see_other(&format!("{path}?done={done}")),
            Err(Refused::Fields(errors)) => errors,
            Err(Refused::Return(ReturnError::Amount)) => one("deduction", FieldError::Wrong),
            Err(Refused::Return(ReturnError::NoLocation)) => one("receive_at", FieldError::UnknownChoice),
            Err(Refused::Return(error)) => {
                path = format!("{path}?refused={}", code(&error));
                Errors::new()
            }
        };
        keep_draft(&self.page, &return_form(self.of.id), &path, fields, errors).await;
    }
}

/// The key and the words of a form.
fn word(parser: &mut Parser, fields: &Fields, name: &str, needed: bool) -> Option<Word> {
    let key = parser.field("key", parse::required(field(fields, "key"), 100));
    let read = if needed { parse::required } else { parse::optional };
    let note = parser.field(name, read(field(fields, name), NOTE_MOST));
    key.zip(note).map(|(key, note)| Word { key, note })
}

fn only_word(fields: &Fields, name: &str, needed: bool) -> Result<Word, Errors> {
    let mut parser = Parser::default();
    let word = word(&mut parser, fields, name, needed);
    parser.finish(word)
}

/// Agrees to a return.
#[server(prefix = "/actions", endpoint = "admin/return-approve")]
pub async fn approve_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let Some(asked) = asked(&fields).await else { return Ok(()) };
    let outcome = async {
        let word = only_word(&fields, "approve_note", false)?;
        Ok(approve(&asked.page.shop, &asked.who, asked.of.id, &word).await?)
    };
    let outcome = outcome.await;
    asked.answer(fields, outcome, "return-approved").await;
    Ok(())
}

/// Doesn't agree to a return.
#[server(prefix = "/actions", endpoint = "admin/return-reject")]
pub async fn reject_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let Some(asked) = asked(&fields).await else { return Ok(()) };
    let outcome = async {
        let word = only_word(&fields, "reject_note", true)?;
        Ok(reject(&asked.page.shop, &asked.who, asked.of.id, &word).await?)
    };
    let outcome = outcome.await;
    asked.answer(fields, outcome, "return-rejected").await;
    Ok(())
}

/// Counts what has come of a return.
#[server(prefix = "/actions", endpoint = "admin/return-receive")]
pub async fn receive_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let Some(asked) = asked(&fields).await else { return Ok(()) };
    let outcome = async {
        let mut parser = Parser::default();
        let word = word(&mut parser, &fields, "receive_note", false);
        let location = field(&fields, "receive_at").and_then(|id| id.parse().ok()).ok_or(FieldError::UnknownChoice);
        let location = parser.field("receive_at", location);
        let mut counted = None;
        match parse_counts(&fields, &asked.of) {
            Ok(lines) => counted = Some(lines),
            Err(errors) => errors.into_iter().for_each(|(name, error)| {
                parser.field::<()>(&name, Err(error));
            }),
        }
        let (word, location, counted) = parser.finish((|| Some((word?, location?, counted?)))())?;
        let arrival = Arrival { location, counted };
        Ok(receive(&asked.page.shop, &asked.who, asked.of.id, &arrival, &word).await?)
    };
    let outcome = outcome.await;
    asked.answer(fields, outcome, "return-received").await;
    Ok(())
}

/// Gives money back for a return.
#[server(prefix = "/actions", endpoint = "admin/return-refund")]
pub async fn refund_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let Some(asked) = asked(&fields).await else { return Ok(()) };
    let outcome = async {
        let mut parser = Parser::default();
        let word = word(&mut parser, &fields, "refund_note", false);
        let deduction = match parse::clean(field(&fields, "deduction")) {
            text if text.is_empty() => Ok(0),
            text => Money::parse(&text, asked.order.currency).map(Money::minor).ok_or(FieldError::Invalid),
        };
        let deduction = parser.field(
            "deduction",
            deduction.and_then(|minor| match minor {
                0.. => Ok(minor),
                _ => Err(FieldError::Invalid),
            }),
        );
        let method = field(&fields, "method").and_then(RefundMethod::parse).ok_or(FieldError::UnknownChoice);
        let method = parser.field("method", method);
        let (word, deduction, method) = parser.finish((|| Some((word?, deduction?, method?)))())?;
        let settlement = Settlement { method, deduction };
        Ok(refund(&asked.page.shop, &asked.who, asked.of.id, settlement, &word).await?)
    };
    let outcome = outcome.await;
    let done = match field(&fields, "method").and_then(RefundMethod::parse) {
        Some(RefundMethod::StoreCredit) => "return-credited",
        _ => refund_decided(&asked.page, asked.of.order, "return-refunded").await,
    };
    asked.answer(fields, outcome, done).await;
    Ok(())
}

/// Ends a return without money.
#[server(prefix = "/actions", endpoint = "admin/return-close")]
pub async fn close_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let Some(asked) = asked(&fields).await else { return Ok(()) };
    let outcome = async {
        let word = only_word(&fields, "close_note", true)?;
        Ok(close(&asked.page.shop, &asked.who, asked.of.id, &word).await?)
    };
    let outcome = outcome.await;
    asked.answer(fields, outcome, "return-closed").await;
    Ok(())
}

/// Opens a return for a customer.
#[server(prefix = "/actions", endpoint = "admin/return-open")]
pub async fn open_return(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = staff(&page, "/admin/orders").await else { return Ok(()) };
    let read = async {
        let Some(number) = field(&fields, "number").and_then(|number| number.parse().ok()) else { return Ok(None) };
        let Some(order) = by_number(&page.shop, &who, number).await? else { return Ok(None) };
        let db = page.shop.db.latest();
        let key = parse::clean(field(&fields, "key"));
        let known = queries::number_by_key(db, &order, &key).await?;
        let left = left(&page.shop, db, order.id, true).await?;
        Ok::<_, ReturnError>(Some((order, known, left)))
    };
    let (order, known, left) = match read.await {
        Ok(Some(found)) => found,
        Ok(None) => {
            page.see_other("/admin/orders?refused=no-order");
            return Ok(());
        }
        Err(error) => {
            page.see_other(&format!("/admin/orders?refused={}", code(&error)));
            return Ok(());
        }
    };
    let done = |number: ReturnNumber| format!("/admin/returns/{number}?done=return-opened");
    // Sent twice: its pieces are in the return that it has made.
    if let Some(known) = known {
        page.see_other(&done(known));
        return Ok(());
    }
    let (form, path) = (open_form(order.id), format!("/admin/orders/{}/return", order.number));
    let mut parser = Parser::default();
    let note = parser.field("open_note", parse::optional(field(&fields, "open_note"), NOTE_MOST));
    let new = match NewReturn::parse(&fields, &of_each(&order, &left)) {
        Ok(new) => Some(new),
        Err(errors) => {
            errors.into_iter().for_each(|(name, error)| {
                parser.field::<()>(&name, Err(error));
            });
            None
        }
    };
    let (new, note) = match parser.finish(new.zip(note)) {
        Ok(read) => read,
        Err(errors) => {
            keep_draft(&page, &form, &path, fields, errors).await;
            return Ok(());
        }
    };
    match open_for(&page.shop, &who, order.id, &new, &note).await {
        Ok(number) => page.see_other(&done(number)),
        Err(ReturnError::TooMuch) => keep_draft(&page, &form, &path, fields, taken()).await,
        Err(error) => {
            let path = format!("{path}?refused={}", code(&error));
            keep_draft(&page, &form, &path, fields, Errors::new()).await;
        }
    }
    Ok(())
}
