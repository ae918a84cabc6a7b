//! Pictures from the file store.

use super::Web;
use super::files::FOR_EVER;
use super::problem::no_such_file;
use super::security::CROSS_ORIGIN_RESOURCE_POLICY;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commerce::media::pipeline::Format;
use commerce::media::{MediaId, rendition_path};
use object_store::ObjectStoreExt;

/// Answers with a rendition of a picture. What is at an address never changes.
pub async fn show(State(web): State<Web>, Path((id, file)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some((id, width, format)) = parse(&id, &file) else { return no_such_file().await.into_response() };
    let tag = format!("\"{id}-{width}-{}\"", format.extension());
    let Ok(tag) = HeaderValue::from_str(&tag) else { return no_such_file().await.into_response() };
    let described = [
        (header::CACHE_CONTROL, FOR_EVER),
        (header::ETAG, tag.clone()),
        // Mails and other sites may show them.
        (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin")),
    ];
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, described).into_response();
    }
    let found = match web.shop.files.get(&rendition_path(id, width, format)).await {
        Ok(found) => found.bytes().await,
        Err(error) => Err(error),
    };
    match found {
        Ok(bytes) => {
            let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()))];
            (described, content_type, bytes).into_response()
        }
        Err(object_store::Error::NotFound { .. }) => no_such_file().await.into_response(),
        Err(error) => {
            tracing::error!(%error, media.id = %id, "picture not read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Reads the two parts of an address, in the one way in which we write it.
fn parse(id: &str, file: &str) -> Option<(MediaId, u32, Format)> {
    let known: MediaId = id.parse().ok().filter(|known: &MediaId| known.to_string() == id)?;
    let (width, extension) = file.split_once('.')?;
    let width: u32 = width.parse().ok().filter(|known: &u32| known.to_string() == width)?;
    let format = Format::ALL.into_iter().find(|format| format.extension() == extension)?;
    Some((known, width, format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let id = "0193d2a1-7c9e-7000-8000-0123456789ab";
        assert!(parse(id, "320.webp").is_some());
        assert!(parse(id, "320.jpg").is_some());
        for file in [
            "320",
            "320.png",
            "+320.webp",
            "0320.webp",
            "-1.webp",
            "99999999999.webp",
            "320.webp.jpg",
            "../320.webp",
            "",
        ] {
            assert!(parse(id, file).is_none(), "{file}");
        }
        for id in ["", "..", &id.to_uppercase(), &id.replace('-', ""), &format!("{{{id}}}"), "../../etc/passwd"] {
            assert!(parse(id, "320.webp").is_none(), "{id}");
        }
    }
}
