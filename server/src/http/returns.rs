//! Photos of what is sent back: taken from customers, shown to staff.

use super::{Web, forms, notice};
use app::Page;
use app::return_photos::{elsewhere, photo_code, return_at};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Extension, Router, routing::get};
use commerce::accounts::SignedIn;
use commerce::returns::photos::{PHOTO_BYTES_MOST, PhotoError, add_photo, read_photo, takes_photos};
use commerce::returns::{PHOTOS_MOST, Return, ReturnError, ReturnNumber, ReturnPhotoId, queries};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use multer::Multipart;
use std::convert::Infallible;
use tokio::sync::Semaphore;
use url::form_urlencoded;

/// Where photos are sent to.
pub const UPLOAD_PATH: &str = "/actions/returns/photos";

/// The most bytes of what a browser sends at once: the photos, and what is around them.
const UPLOAD_MOST: usize = PHOTOS_MOST * PHOTO_BYTES_MOST + 16 * 1024;

/// What is sent is in memory until it is kept: so many at a time.
static UPLOADS: Semaphore = Semaphore::const_new(4);

/// Where those go who don't come from a return.
const ELSEWHERE: &str = "/orders/lookup";

const NOT_FOUND: notice::Notice = notice::Notice {
    status: StatusCode::NOT_FOUND,
    code: "not-found",
    title: "There is nothing here",
    advice: "The photo was deleted, or a part of the address is missing.",
};

const UNAVAILABLE: notice::Notice = notice::Notice {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    title: "We’ll be right back",
    advice: "We could not read the photo at the moment. Please try again.",
};

/// Where photos are sent to and shown.
pub fn routes() -> Router<Web> {
    Router::new()
        // Who reloads after an error has only the address of the action.
        .route(UPLOAD_PATH, post(add).get(|| async { Redirect::to(ELSEWHERE) }))
        .route("/admin/returns/{number}/photos/{photo}", get(show))
}

/// Takes photos from whoever may see the return that the address names: nothing is kept of what others send.
async fn add(State(web): State<Web>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query: Vec<_> = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).collect();
    let value = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_string());
    let (path, number) = (value("order").unwrap_or_default(), value("return").and_then(|number| number.parse().ok()));
    let headers = parts.headers.clone();
    let page = Page::of_request(web.shop.clone(), web.site.clone(), parts);
    let found = match return_at(&page, &path, number.unwrap_or_default()).await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "request failed");
            forms::drain_upload(body).await;
            return Redirect::to(&format!("{ELSEWHERE}?refused=unavailable")).into_response();
        }
    };
    let Some((of, return_path)) = found else {
        forms::drain_upload(body).await;
        return Redirect::to(&elsewhere(&path)).into_response();
    };
    let answer = match take(&web, &of, &headers, body).await {
        Ok(0) => "refused=photo-none",
        Ok(_) => "done=photos-added",
        Err(Refused(code)) => &format!("refused={code}"),
    };
    Redirect::to(&format!("{return_path}?{answer}")).into_response()
}

/// The code of what an upload was refused for.
struct Refused(&'static str);

impl From<PhotoError> for Refused {
    fn from(error: PhotoError) -> Self {
        Self(photo_code(&error))
    }
}

impl From<multer::Error> for Refused {
    fn from(error: multer::Error) -> Self {
        tracing::info!(%error, "upload not understood");
        Self("unreadable")
    }
}

/// Keeps the photos in a form one after the other; gives how many there were.
async fn take(web: &Web, of: &Return, headers: &HeaderMap, mut body: Body) -> Result<usize, Refused> {
    let kept = keep(web, of, headers, &mut body).await;
    if kept.is_err() {
        // Outside of the turn of who was refused: others can send meanwhile.
        forms::drain_upload(body).await;
    }
    kept
}

async fn keep(web: &Web, of: &Return, headers: &HeaderMap, body: &mut Body) -> Result<usize, Refused> {
    takes_photos(&web.shop, of).await?;
    let length = super::text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > UPLOAD_MOST) {
        return Err(Refused("photo-size"));
    }
    let _turn = UPLOADS.acquire().await.map_err(|_| Refused("unavailable"))?;
    let form = read(body).await?;
    let content_type = super::text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)?;
    let whole = futures::stream::once(std::future::ready(Ok::<_, Infallible>(form)));
    let mut fields = Multipart::new(whole, boundary);
    let mut photos = 0;
    while let Some(field) = fields.next_field().await? {
        // A browser sends an empty file where none was chosen.
        let bytes = if field.name() == Some("photos") { field.bytes().await? } else { Bytes::new() };
        if !bytes.is_empty() {
            add_photo(&web.shop, of.id, bytes.to_vec()).await?;
            photos += 1;
        }
    }
    Ok(photos)
}

async fn read(body: &mut Body) -> Result<Bytes, Refused> {
    match Limited::new(body, UPLOAD_MOST).collect().await {
        Ok(form) => Ok(form.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refused("photo-size")),
        Err(_) => Err(Refused("unreadable")),
    }
}

async fn show(
    State(web): State<Web>,
    Extension(who): Extension<SignedIn>,
    Path((number, photo)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let (Ok(number), Ok(photo)) = (number.parse(), photo.parse()) else {
        return NOT_FOUND.answer(&web.site, &headers);
    };
    match file(&web, &who, number, photo).await {
        Ok(Some(bytes)) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
                (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => NOT_FOUND.answer(&web.site, &headers),
        Err(error) => {
            tracing::error!(%error, "request failed");
            UNAVAILABLE.answer(&web.site, &headers)
        }
    }
}

async fn file(
    web: &Web,
    who: &SignedIn,
    number: ReturnNumber,
    photo: ReturnPhotoId,
) -> Result<Option<Vec<u8>>, PhotoError> {
    match queries::any(&web.shop, who, number).await {
        Ok(Some((_, of))) => read_photo(&web.shop, who, of.id, photo).await,
        Ok(None) | Err(ReturnError::NotAllowed) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
