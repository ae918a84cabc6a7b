//! Takes a picture through the pipeline into the file store.

use super::pipeline::{Format, PictureError, Processed};
use super::{MediaId, Widths, entity};
use crate::Shop;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait};

/// Why a picture could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is no picture that the shop takes.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] object_store::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// Where a rendition is in the file store.
pub fn rendition_path(id: MediaId, width: u32, format: Format) -> Path {
    Path::from(format!("media/{id}/{width}.{}", format.extension()))
}

/// Stores the renditions of a processed picture, then its row, so that no row lacks its files.
///
/// # Errors
/// [`StoreError`] of the store or the database.
pub async fn store_picture(shop: &Shop, picture: Processed) -> Result<MediaId, StoreError> {
    let now = shop.clock.now();
    let id = MediaId::new(now);
    let mut widths: Vec<u32> = Vec::new();
    for rendition in picture.renditions {
        shop.files.put(&rendition_path(id, rendition.width, rendition.format), rendition.bytes.into()).await?;
        if !widths.contains(&rendition.width) {
            widths.push(rendition.width);
        }
    }
    widths.sort_unstable();
    let row = entity::ActiveModel {
        id: Set(id),
        width: Set(picture.width.cast_signed()),
        height: Set(picture.height.cast_signed()),
        widths: Set(Widths(widths)),
        placeholder: Set(picture.placeholder),
        created_at: Set(now),
    };
    entity::Entity::insert(row).exec_without_returning(shop.db.primary()).await?;
    Ok(id)
}
