//! What the forms about stock do.

use super::inventory::{stock_form, stock_path};
use super::locations::location_form;
use crate::accounts::sign_in_for;
use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::catalog::VariationId;
use commerce::forms::{self as parse, Errors, FieldError, Fields, Parser};
use commerce::inventory::adjust::{Adjustment, Count, adjust};
use commerce::inventory::locations::{change_location, create_location};
use commerce::inventory::receive_goods::receive_goods;
use commerce::inventory::set_threshold::set_threshold;
use commerce::inventory::transfer::{Transfer, transfer};
use commerce::inventory::{Line, LocationId, NewLocation, OperationKey, QUANTITY_MOST, StockError, parse_number};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

pub(super) fn register() {
    register_explicit::<ReceiveStock>();
    register_explicit::<AdjustStock>();
    register_explicit::<TransferStock>();
    register_explicit::<SetThresholdOf>();
    register_explicit::<SaveLocation>();
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).map(String::as_str)
}

/// Who is signed in; everybody else is sent to where they can, and from there to `path`.
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

/// The code for what an operation was refused for.
fn code(error: &StockError) -> &'static str {
    match error {
        StockError::Forbidden(_) => "forbidden",
        StockError::UnknownLocation | StockError::LocationClosed => "no-location",
        StockError::UnknownVariation => "unknown-variation",
        StockError::OutOfRange => "unknown-choice",
        StockError::NotFree(_) => "stock-not-free",
        StockError::Shorts(_) => "stock-shorts",
        StockError::Changed => "stock-changed",
        StockError::NameTaken => "location-name",
        StockError::NotEmpty => "location-full",
        StockError::KeyReused => "form-used",
        StockError::Busy => "stock-busy",
        StockError::Db(_) => {
            log_failure(error);
            "unavailable"
        }
    }
}

/// The page that a form about a variation belongs to, and what every such form says.
struct Asked {
    path: String,
    variation: VariationId,
    key: OperationKey,
}

/// Reads what every form about a variation says; where it doesn't, goes to the list.
fn asked(page: &Page, fields: &Fields) -> Option<Asked> {
    let read = || {
        let path = stock_path(field(fields, "sku")?);
        let variation = field(fields, "variation")?.parse().ok()?;
        // A threshold needs no key: twice the same is the same.
        let key =
            field(fields, "key").map_or(Some(OperationKey::new(page.shop.clock.now())), |key| key.parse().ok())?;
        Some(Asked { path, variation, key })
    };
    let asked = read();
    if asked.is_none() {
        page.see_other("/admin/inventory?refused=unreadable");
    }
    asked
}

/// Answers a form about a variation: with what was done, or with what was typed.
async fn answer(page: &Page, asked: &Asked, mut fields: Fields, outcome: Result<&str, Refused>) {
    let (mut path, mut errors) = (asked.path.clone(), Errors::new());
    match outcome {
        Ok(done) => return page.see_other(&format!("{path}?done={done}")),
        Err(Refused::Fields(wrong)) => errors = wrong,
        // The orders are kept with what was typed: an address that names them could be made by anybody.
        Err(Refused::Stock(StockError::Shorts(orders))) => {
            let orders: Vec<_> = orders.iter().map(|of| format!("{} ({})", of.number, of.short)).collect();
            fields.insert("shorts".to_owned(), orders.join(", "));
        }
        Err(Refused::Stock(error)) => {
            path = format!("{path}?refused={}", code(&error));
            match error {
                StockError::NotFree(short) => {
                    path = format!("{path}&free={}", short.first().map_or(0, |short| short.available));
                }
                // What is sent again is another request.
                StockError::KeyReused => drop(fields.remove("key")),
                _ => {}
            }
        }
    }
    keep_draft(page, &stock_form(asked.variation), &path, fields, errors).await;
}

enum Refused {
    Fields(Errors),
    Stock(StockError),
}

impl From<Errors> for Refused {
    fn from(errors: Errors) -> Self {
        Self::Fields(errors)
    }
}

impl From<StockError> for Refused {
    fn from(error: StockError) -> Self {
        Self::Stock(error)
    }
}

fn parse_location(raw: Option<&str>) -> Result<LocationId, FieldError> {
    raw.and_then(|id| id.parse().ok()).ok_or(FieldError::UnknownChoice)
}

/// Receives goods.
#[server(prefix = "/actions", endpoint = "admin/stock-receive")]
pub async fn receive_stock(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = staff(&page, "/admin/inventory").await else { return Ok(()) };
    let Some(asked) = asked(&page, &fields) else { return Ok(()) };
    let outcome = async {
        let mut parser = Parser::default();
        let quantity = parser.field("received", parse_number(field(&fields, "received"), 1..=QUANTITY_MOST));
        let location = parser.field("receive_at", parse_location(field(&fields, "receive_at")));
        let note = parser.field("receive_note", parse::optional(field(&fields, "receive_note"), 200));
        let (quantity, location, note) = parser.finish((|| Some((quantity?, location?, note?)))())?;
        let line = Line { variation: asked.variation, quantity };
        receive_goods(&page.shop, &who, asked.key, location, &[line], &note).await?;
        Ok("stock-received")
    };
    let outcome = outcome.await;
    answer(&page, &asked, fields, outcome).await;
    Ok(())
}

/// Counts stock anew.
#[server(prefix = "/actions", endpoint = "admin/stock-adjust")]
pub async fn adjust_stock(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = staff(&page, "/admin/inventory").await else { return Ok(()) };
    let Some(asked) = asked(&page, &fields) else { return Ok(()) };
    let outcome = async {
        let mut parser = Parser::default();
        let number = parser.field("counted", parse_number(field(&fields, "counted"), 0..=QUANTITY_MOST));
        // The place, and what was there when the page was shown.
        let (place, seen) = field(&fields, "count_at").and_then(|at| at.split_once(':')).unzip();
        let location = parser.field("count_at", parse_location(place));
        let note = parser.field("count_note", parse::required(field(&fields, "count_note"), 200));
        let (number, location, note) = parser.finish((|| Some((number?, location?, note?)))())?;
        let count = match field(&fields, "count_mode") {
            Some("more") => Count::Differs(number),
            Some("fewer") => Count::Differs(-number),
            _ => Count::Is { on_hand: number, seen: seen.and_then(|seen| seen.parse().ok()) },
        };
        let adjustment = Adjustment { location, variation: asked.variation, count };
        adjust(&page.shop, &who, asked.key, &adjustment, &note).await?;
        Ok("stock-adjusted")
    };
    let outcome = outcome.await;
    answer(&page, &asked, fields, outcome).await;
    Ok(())
}

/// Moves stock to another location.
#[server(prefix = "/actions", endpoint = "admin/stock-transfer")]
pub async fn transfer_stock(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = staff(&page, "/admin/inventory").await else { return Ok(()) };
    let Some(asked) = asked(&page, &fields) else { return Ok(()) };
    let outcome = async {
        let mut parser = Parser::default();
        let quantity = parser.field("moved", parse_number(field(&fields, "moved"), 1..=QUANTITY_MOST));
        let from = parser.field("move_from", parse_location(field(&fields, "move_from")));
        let to = parser.field("move_to", parse_location(field(&fields, "move_to")));
        if from.is_some() && from == to {
            parser.field::<()>("move_to", Err(FieldError::UnknownChoice));
        }
        let note = parser.field("move_note", parse::optional(field(&fields, "move_note"), 200));
        let (quantity, from, to, note) = parser.finish((|| Some((quantity?, from?, to?, note?)))())?;
        let moved = Transfer { from, to, lines: vec![Line { variation: asked.variation, quantity }] };
        transfer(&page.shop, &who, asked.key, &moved, &note).await?;
        Ok("stock-moved")
    };
    let outcome = outcome.await;
    answer(&page, &asked, fields, outcome).await;
    Ok(())
}

/// Sets below how many a variation is low.
#[server(prefix = "/actions", endpoint = "admin/stock-threshold")]
pub async fn set_threshold_of(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = staff(&page, "/admin/inventory").await else { return Ok(()) };
    let Some(asked) = asked(&page, &fields) else { return Ok(()) };
    let outcome = async {
        let mut parser = Parser::default();
        let threshold = match parse_number(field(&fields, "threshold"), 0..=QUANTITY_MOST) {
            Err(FieldError::Required) => Ok(None),
            number => number.map(Some),
        };
        let threshold = parser.field("threshold", threshold);
        let threshold = parser.finish(threshold)?;
        set_threshold(&page.shop, &who, asked.variation, threshold).await?;
        Ok("threshold-saved")
    };
    let outcome = outcome.await;
    answer(&page, &asked, fields, outcome).await;
    Ok(())
}

/// Opens a location, or changes one.
#[server(prefix = "/actions", endpoint = "admin/location")]
pub async fn save_location(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = staff(&page, "/admin/locations").await else { return Ok(()) };
    let id: Option<LocationId> = field(&fields, "id").and_then(|id| id.parse().ok());
    let path = id.map_or_else(|| "/admin/locations/new".to_owned(), |id| format!("/admin/locations/{id}"));
    let location = match NewLocation::parse(&fields) {
        Ok(location) => location,
        Err(errors) => {
            keep_draft(&page, &location_form(id), &path, fields, errors).await;
            return Ok(());
        }
    };
    let version = field(&fields, "version").and_then(|version| version.parse().ok()).unwrap_or_default();
    let outcome = match id {
        Some(id) => change_location(&page.shop, &who, id, version, &location).await,
        None => create_location(&page.shop, &who, &location).await.map(drop),
    };
    match outcome {
        Ok(()) => page.see_other("/admin/locations?done=location-saved"),
        Err(error) => {
            let code = match error {
                StockError::Changed => "location-changed",
                error => code(&error),
            };
            let path = format!("{path}?refused={code}");
            keep_draft(&page, &location_form(id), &path, fields, Errors::new()).await;
        }
    }
    Ok(())
}
