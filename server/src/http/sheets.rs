//! Sheets of paper about orders as files, and the labels of their parcels.

use super::{Web, notice};
use crate::pdf;
use app::sheets::{self, Sheet};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use commerce::accounts::{Permission, SignedIn};
use commerce::db::DbErr;
use commerce::fulfilment::{labels, queries};
use commerce::orders;
use commerce::orders::OrderNumber;
use std::collections::HashMap;

const NOT_FOUND: notice::Notice = notice::Notice {
    status: StatusCode::NOT_FOUND,
    code: "not-found",
    title: "There is nothing here",
    advice: "The link may have expired, or a part of it is missing.",
};

const UNAVAILABLE: notice::Notice = notice::Notice {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    title: "We’ll be right back",
    advice: "We could not make the file at the moment. Please try again.",
};

/// The addresses of files, beside those of their pages.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/checkout/confirmation/{token}/invoice.pdf", get(by_token))
        .route("/orders/view/{link}/invoice.pdf", get(by_link))
        .route("/account/orders/{number}/invoice.pdf", get(own))
        .route("/admin/orders/{number}/invoice.pdf", get(any))
        .route("/admin/orders/{number}/parcels/{parcel}/packing-slip.pdf", get(packing_slip))
        .route("/admin/orders/{number}/parcels/{parcel}/label.pdf", get(label))
}

/// Which invoice of an order is asked for, as on the page beside the file.
type Asked = Query<HashMap<String, String>>;

fn cancelled(asked: &Asked) -> Option<i64> {
    asked.get("cancelled")?.parse().ok()
}

async fn by_token(State(web): State<Web>, Path(token): Path<String>, asked: Asked, headers: HeaderMap) -> Response {
    answer(&web, &headers, sheets::invoice_by_token(&web.shop, &token, cancelled(&asked)).await)
}

async fn by_link(State(web): State<Web>, Path(link): Path<String>, asked: Asked, headers: HeaderMap) -> Response {
    answer(&web, &headers, sheets::invoice_by_link(&web.shop, &link, cancelled(&asked)).await)
}

async fn own(
    State(web): State<Web>,
    Extension(who): Extension<SignedIn>,
    Path(number): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Response {
    let sheet = match number.parse() {
        Ok(number) => sheets::own_invoice(&web.shop, who.user, number, cancelled(&asked)).await,
        Err(_) => Ok(None),
    };
    answer(&web, &headers, sheet)
}

async fn any(
    State(web): State<Web>,
    Extension(who): Extension<SignedIn>,
    Path(number): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Response {
    let sheet = match number.parse() {
        Ok(number) => sheets::any_invoice(&web.shop, &who, number, cancelled(&asked)).await,
        Err(_) => Ok(None),
    };
    answer(&web, &headers, sheet)
}

async fn packing_slip(
    State(web): State<Web>,
    Extension(who): Extension<SignedIn>,
    Path((number, parcel)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let sheet = match (number.parse(), parcel.parse()) {
        (Ok(number), Ok(parcel)) => sheets::any_packing_slip(&web.shop, &who, number, parcel).await,
        _ => Ok(None),
    };
    answer(&web, &headers, sheet)
}

async fn label(
    State(web): State<Web>,
    Extension(who): Extension<SignedIn>,
    Path((number, parcel)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let (Ok(number), Ok(parcel)) = (number.parse(), parcel.parse()) else {
        return NOT_FOUND.answer(&web.site, &headers);
    };
    let kept = match label_file(&web, &who, number, parcel).await {
        Ok(Some(file)) => labels::read(&web.shop, &file).await,
        Ok(None) => return NOT_FOUND.answer(&web.site, &headers),
        Err(error) => return failed(&web, &headers, &error),
    };
    match kept {
        Ok(bytes) => file(bytes, &format!("label-{number}-{parcel}")),
        Err(error) => failed(&web, &headers, &error),
    }
}

/// Where the label of a parcel is, for staff who may see orders.
async fn label_file(web: &Web, who: &SignedIn, number: OrderNumber, parcel: i32) -> Result<Option<String>, DbErr> {
    if !who.role.allows(Permission::OrdersRead) {
        return Ok(None);
    }
    let db = web.shop.db.latest();
    let Some(order) = orders::queries::by_number(db, number).await? else { return Ok(None) };
    let shipments = queries::shipments_of_order(db, order.id).await?;
    Ok(shipments.into_iter().find(|shipment| shipment.number == parcel).and_then(|shipment| shipment.label_file))
}

fn answer(web: &Web, headers: &HeaderMap, sheet: Result<Option<Sheet>, DbErr>) -> Response {
    let sheet = match sheet {
        Ok(Some(sheet)) => sheet,
        Ok(None) => return NOT_FOUND.answer(&web.site, headers),
        Err(error) => return failed(web, headers, &error),
    };
    match pdf::render(&sheet) {
        Ok(bytes) => file(bytes, &sheet.title.to_lowercase().replace(' ', "-")),
        Err(error) => failed(web, headers, &error),
    }
}

/// A file of somebody's own, under a name of letters, digits and dashes.
fn file(bytes: Vec<u8>, name: &str) -> Response {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let disposition = HeaderValue::from_str(&format!("inline; filename=\"{name}.pdf\""));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("inline"))),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (headers, bytes).into_response()
}

fn failed(web: &Web, headers: &HeaderMap, error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "request failed");
    UNAVAILABLE.answer(&web.site, headers)
}
