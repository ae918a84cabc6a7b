//! Reads of the catalogue.

mod listing;
mod product;

pub use listing::{choices, count, listing};
pub use product::product;

use super::{Category, CategoryId, CategoryTree};
use crate::db::{Json, sql};
use crate::media::{MediaId, Picture, Widths};
use crate::money::Currency;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::Deserialize;

/// The columns of a picture, from a table `m` of media that may be missing.
const PICTURE: &str = "m.id AS media_id, m.width AS media_width, m.height AS media_height, \
                       m.renditions AS media_widths, m.placeholder AS media_placeholder";

/// The same as fields of an object, from rows that have these columns.
const PICTURE_FIELDS: [(&str, Json<'_>); 5] = [
    ("media_id", Json::Id("media_id")),
    ("media_width", Json::Value("media_width")),
    ("media_height", Json::Value("media_height")),
    ("media_widths", Json::Document("media_widths")),
    ("media_placeholder", Json::Value("media_placeholder")),
];

/// A picture as joined to something else.
#[derive(Debug, FromQueryResult, Deserialize)]
pub(crate) struct PictureColumns {
    media_id: Option<MediaId>,
    media_width: Option<i32>,
    media_height: Option<i32>,
    media_widths: Option<Widths>,
    media_placeholder: Option<String>,
}

impl PictureColumns {
    pub(crate) fn into_picture(self, alt: String) -> Option<Picture> {
        Some(Picture {
            id: self.media_id?,
            width: self.media_width?,
            height: self.media_height?,
            widths: self.media_widths?,
            placeholder: self.media_placeholder?,
            alt,
        })
    }
}

/// The currency of a stored code.
pub(crate) fn currency(code: &str) -> Result<Currency, DbErr> {
    Currency::from_code(code).ok_or_else(|| DbErr::Type(format!("no currency: {code}")))
}

/// The whole tree of categories.
///
/// # Errors
/// When the database fails.
pub async fn category_tree<C: ConnectionTrait>(db: &C) -> Result<CategoryTree, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: CategoryId,
        parent_id: Option<CategoryId>,
        slug: String,
        name: String,
        description: String,
        #[sea_orm(nested)]
        picture: PictureColumns,
    }
    let text = format!(
        "SELECT c.id, c.parent_id, c.slug, c.name, c.description, {PICTURE}
         FROM categories c LEFT JOIN media m ON m.id = c.media_id ORDER BY c.position, c.id"
    );
    let rows = Row::find_by_statement(sql(db, &text, [])).all(db).await?;
    Ok(CategoryTree::new(
        rows.into_iter()
            .map(|row| Category {
                id: row.id,
                parent: row.parent_id,
                slug: row.slug,
                // The name stands beside it wherever the picture is shown.
                picture: row.picture.into_picture(String::new()),
                name: row.name,
                description: row.description,
            })
            .collect(),
    ))
}

/// Where a category has moved that once was at `slug`.
///
/// # Errors
/// When the database fails.
pub async fn moved_category<C: ConnectionTrait>(db: &C, slug: &str) -> Result<Option<String>, DbErr> {
    let text = "SELECT c.slug FROM category_slugs o JOIN categories c ON c.id = o.category_id WHERE o.slug = $1";
    db.query_one_raw(sql(db, text, [slug.into()])).await?.map(|row| row.try_get("", "slug")).transpose()
}
