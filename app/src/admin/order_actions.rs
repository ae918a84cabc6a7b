//! What the forms about orders do.

use super::transfers;
use crate::accounts::sign_in_for;
use crate::forms::{Form, draft, keep_draft};
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::db::DbErr;
use commerce::forms::{Errors, FieldError, Fields, clean};
use commerce::money::Money;
use commerce::orders::cancel::{OrderError, cancel_for};
use commerce::orders::receive_money::{receive_money, withdraw_money};
use commerce::orders::refund::{given_back_by_line, refund};
use commerce::orders::refund_form;
use commerce::orders::search::by_number;
use commerce::orders::send_money::{send_money, to_send_of};
use commerce::orders::{Order, OrderId, OrderNumber};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

pub(super) fn register() {
    super::parcel_actions::register();
    register_explicit::<CancelForCustomer>();
    register_explicit::<GiveBack>();
    register_explicit::<NotePaid>();
    register_explicit::<NoteNotPaid>();
    register_explicit::<NoteSent>();
}

/// The forms of an order's page.
const FORMS: [&str; 4] = ["parcel", "refund", "paid", "cancel"];

fn draft_name(form: &str, number: OrderNumber) -> String {
    format!("order-{form}-{number}")
}

/// The form of an order's page that was refused, with what was typed.
#[derive(Default)]
pub(super) struct Typed(Option<(&'static str, Form)>);

impl Typed {
    /// The one that the address of the page names.
    pub(super) async fn of(page: &Page, number: OrderNumber) -> Result<Self, DbErr> {
        for name in FORMS {
            if let Some(form) = draft(page, &draft_name(name, number)).await? {
                return Ok(Self(Some((name, form))));
            }
        }
        Ok(Self(None))
    }

    /// What was typed into this form, if it is the one.
    pub(super) fn form(&self, name: &str) -> Option<Form> {
        self.0.as_ref().filter(|(of, _)| *of == name).map(|(_, form)| form.clone())
    }

    /// Whichever it is.
    pub(super) fn any(&self) -> Form {
        self.0.as_ref().map(|(_, form)| form.clone()).unwrap_or_default()
    }
}

/// The field in which is kept what a carrier has told, which nobody types.
pub(super) const TOLD: &str = "told";

/// Who sends which form, about which order.
pub(super) struct Asked {
    pub(super) who: SignedIn,
    pub(super) order: Order,
    pub(super) fields: Fields,
    form: &'static str,
    path: String,
}

/// Why a form was refused.
pub(super) enum Refused {
    /// There is something wrong with its fields.
    Fields(Errors),
    /// The code for what is wrong.
    Code(&'static str),
    /// The same, and what somebody else says of it.
    Told(&'static str, String),
}

impl Refused {
    pub(super) fn field(name: &str, error: FieldError) -> Self {
        Self::Fields([(name.to_owned(), error)].into())
    }
}

impl From<Errors> for Refused {
    fn from(errors: Errors) -> Self {
        Self::Fields(errors)
    }
}

impl From<OrderError> for Refused {
    fn from(error: OrderError) -> Self {
        Self::Code(code(&error))
    }
}

/// Who asks by which form, and about which order; whoever asks otherwise is answered.
pub(super) async fn asked(page: &Page, form: &'static str, mut fields: Fields) -> Option<Asked> {
    fields.remove(TOLD);
    let number = fields.get("number").and_then(|number| number.parse().ok());
    let path = number.map_or("/admin/orders".to_owned(), |number| format!("/admin/orders/{number}"));
    let refuse = |code: &str| page.see_other(&format!("{path}?refused={code}"));
    let who = match page.signed_in().await {
        Ok(Some(who)) => who,
        Ok(None) => {
            page.see_other(&sign_in_for(&path));
            return None;
        }
        Err(error) => {
            refuse(code(&error.into()));
            return None;
        }
    };
    let order = match number {
        Some(number) => by_number(&page.shop, &who, number).await,
        None => Ok(None),
    };
    match order {
        Ok(Some(order)) => Some(Asked { who, order, fields, form, path }),
        Ok(None) => {
            page.see_other("/admin/orders?refused=no-order");
            None
        }
        Err(error) => {
            refuse(code(&error));
            None
        }
    }
}

impl Asked {
    /// Goes back to the page of the order: with what was done, or with what was typed.
    pub(super) async fn answer(mut self, page: &Page, outcome: Result<&str, Refused>) {
        let (path, errors) = match outcome {
            Ok(done) => return page.see_other(&format!("{}?done={done}", self.path)),
            Err(Refused::Fields(errors)) => (self.path, errors),
            Err(Refused::Code(code)) => (format!("{}?refused={code}", self.path), Errors::new()),
            Err(Refused::Told(code, told)) => {
                self.fields.insert(TOLD.to_owned(), told);
                (format!("{}?refused={code}", self.path), Errors::new())
            }
        };
        keep_draft(page, &draft_name(self.form, self.order.number), &path, self.fields, errors).await;
    }
}

/// The code for what was refused.
fn code(error: &OrderError) -> &'static str {
    match error {
        OrderError::NotFound => "no-order",
        OrderError::WrongState => "order-state",
        OrderError::Unpaid => "order-unpaid",
        OrderError::TooMuch => "order-too-much",
        OrderError::Nothing => "order-nothing",
        OrderError::NoAccount => "order-no-account",
        OrderError::NotHeld => "order-not-held",
        OrderError::NotAllowed => "forbidden",
        OrderError::Db(_) => {
            log_failure(error);
            "unavailable"
        }
    }
}

pub(super) fn text(fields: &Fields, name: &str) -> String {
    clean(fields.get(name).map(String::as_str)).chars().take(200).collect()
}

/// What a field says of an amount in the currency of the order.
fn money(asked: &Asked, name: &str) -> Result<Money, Refused> {
    let amount = Money::parse(&text(&asked.fields, name), asked.order.currency).filter(|amount| amount.minor() > 0);
    amount.ok_or_else(|| Refused::field(name, FieldError::Invalid))
}

/// Gives an order up for its customer.
#[server(prefix = "/actions", endpoint = "admin/order-cancel")]
pub async fn cancel_for_customer(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, "cancel", fields).await else { return Ok(()) };
    let (restock, refund) = (asked.fields.contains_key("restock"), asked.fields.contains_key("refund"));
    let outcome = cancel_for(&page.shop, &asked.who, asked.order.id, restock, refund).await;
    asked.answer(&page, outcome.map(|()| "order-cancelled").map_err(Refused::from)).await;
    Ok(())
}

/// Gives money back.
#[server(prefix = "/actions", endpoint = "admin/order-refund")]
pub async fn give_back(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, "refund", fields).await else { return Ok(()) };
    let outcome = given_back(&page, &asked).await;
    let done = refund_decided(&page, asked.order.id, "order-refunded").await;
    asked.answer(&page, outcome.map(|()| done)).await;
    Ok(())
}

/// The code for a refund that was decided: another one than `by_itself` where staff are to send money.
pub(super) async fn refund_decided(page: &Page, order: OrderId, by_itself: &'static str) -> &'static str {
    match to_send_of(&page.shop, order).await {
        Ok(open) if open.is_empty() => by_itself,
        Ok(_) => "refund-to-send",
        Err(error) => {
            log_failure(&error);
            by_itself
        }
    }
}

/// Notes money that staff have sent back.
#[server(prefix = "/actions", endpoint = "admin/refund-sent")]
pub async fn note_sent(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(mut asked) = asked(&page, "sent", fields).await else { return Ok(()) };
    let outcome = match asked.fields.get("operation").and_then(|id| id.parse().ok()) {
        Some(operation) => match send_money(&page.shop, &asked.who, asked.order.id, operation).await {
            Err(OrderError::NotFound) => Err(Refused::Code("no-transfer")),
            Err(OrderError::TooMuch) => Err(Refused::Code("transfer-dropped")),
            outcome => outcome.map_err(Refused::from),
        },
        None => Err(Refused::Code("unknown-choice")),
    };
    if asked.fields.contains_key(transfers::LISTED) {
        transfers::PATH.clone_into(&mut asked.path);
    }
    asked.answer(&page, outcome.map(|()| "refund-sent")).await;
    Ok(())
}

async fn given_back(page: &Page, asked: &Asked) -> Result<(), Refused> {
    let (order, wanted) = (&asked.order, refund_form::parse(&asked.fields, &asked.order)?);
    match refund(&page.shop, &asked.who, order.id, &wanted).await {
        Err(OrderError::TooMuch) => {
            let given_back = given_back_by_line(page.shop.db.primary(), order.id).await.map_err(OrderError::from)?;
            Err(refund_form::too_much(&wanted, order, &given_back).into())
        }
        // The pieces cost nothing.
        Err(OrderError::Nothing) => Err(Refused::field(refund_form::AMOUNT, FieldError::Required)),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Notes money that came.
#[server(prefix = "/actions", endpoint = "admin/order-paid")]
pub async fn note_paid(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, "paid", fields).await else { return Ok(()) };
    let outcome = match money(&asked, "paid_amount") {
        Ok(amount) => {
            let key = text(&asked.fields, "key");
            let noted = receive_money(&page.shop, &asked.who, asked.order.id, amount, &key).await;
            noted.map(|()| "order-paid").map_err(Refused::from)
        }
        Err(refused) => Err(refused),
    };
    asked.answer(&page, outcome).await;
    Ok(())
}

/// Notes that money, of which it was noted that it came, never did.
#[server(prefix = "/actions", endpoint = "admin/order-not-paid")]
pub async fn note_not_paid(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, "not-paid", fields).await else { return Ok(()) };
    let fact = text(&asked.fields, "fact");
    let outcome = match withdraw_money(&page.shop, &asked.who, asked.order.id, &fact).await {
        Ok(()) => Ok("payment-withdrawn"),
        Err(OrderError::TooMuch) => Err(Refused::Code("money-gone-back")),
        Err(OrderError::NotFound) => Err(Refused::Code("unknown-choice")),
        Err(error) => Err(error.into()),
    };
    asked.answer(&page, outcome).await;
    Ok(())
}
