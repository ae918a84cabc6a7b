//! Photos of what is to be sent back: for staff only, without anything but the picture.

use super::step::{ReturnError, locked};
use super::{PHOTOS_MOST, Return, ReturnId, ReturnPhotoId, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::db::{self, sql};
use crate::media::pipeline::{Format, PictureError, Rendition, process};
use crate::token::hex;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sea_orm::{ConnectionTrait, DbErr};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest file that is taken, in bytes.
pub const PHOTO_BYTES_MOST: usize = 10 * 1024 * 1024;

/// A large picture needs hundreds of megabytes while it is decoded, and anybody may send one: one at a time.
static DECODING: Semaphore = Semaphore::const_new(1);

/// Why a photo was not kept.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The return has as many as it can have.
    #[error("too many photos")]
    TooMany,
    /// It is no picture that the shop takes.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// There is no such return, or it is past that.
    #[error(transparent)]
    Return(#[from] ReturnError),
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] object_store::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// The picture could not be worked on.
    #[error("not worked on: {0}")]
    Broken(String),
}

impl db::Transient for PhotoError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Db(error) => error.is_transient(),
            Self::Return(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// Where a photo is in the file store.
pub(super) fn photo_path(id: ReturnPhotoId) -> Path {
    Path::from(format!("returns/{id}.jpg"))
}

/// Keeps a photo of what is to be sent back, for a customer of whose it is, which whoever calls has made sure of. Sent
/// twice, it is there once.
///
/// # Errors
/// [`PhotoError`].
pub async fn add_photo(shop: &Shop, id: ReturnId, bytes: Vec<u8>) -> Result<(), PhotoError> {
    if bytes.len() > PHOTO_BYTES_MOST {
        return Err(PictureError::TooLarge.into());
    }
    let digest = hex(&Sha256::digest(&bytes));
    let turn = DECODING.acquire().await.map_err(|error| PhotoError::Broken(error.to_string()))?;
    // Once it is its turn, and again once the work is done: others may have sent some meanwhile.
    let tx = shop.db.begin().await?;
    let known = has_it_or_no_room(&tx, id, &digest).await?;
    drop(tx);
    if known {
        return Ok(());
    }
    let picture = largest(bytes, turn).await?;
    let row = db::retry(|| insert(shop, id, &digest, &picture)).await?;
    let Some(photo) = row else { return Ok(()) };
    // The row is there first: a file that no row knows would never be deleted.
    if let Err(error) = shop.files.put(&photo_path(photo), picture.bytes.into()).await {
        let db = shop.db.primary();
        db.execute_raw(sql(db, "DELETE FROM return_photos WHERE id = $1", [photo.into()])).await?;
        return Err(error.into());
    }
    Ok(())
}

/// The largest of the pictures that pages would offer: without place, camera and thumbnail. The turn ends with the work,
/// which goes on when nobody waits for it any more.
async fn largest(bytes: Vec<u8>, turn: SemaphorePermit<'static>) -> Result<Rendition, PhotoError> {
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        process(&bytes)
    });
    let renditions = work.await.map_err(|error| PhotoError::Broken(error.to_string()))??.renditions;
    let jpegs = renditions.into_iter().filter(|rendition| rendition.format == Format::Jpeg);
    jpegs.max_by_key(|rendition| rendition.width).ok_or(PhotoError::Picture(PictureError::Unsupported))
}

/// Refuses photos of a return that takes none, as far as it was read: nothing has to be sent to learn that.
///
/// # Errors
/// [`PhotoError::TooMany`], [`ReturnError::WrongState`], or when the database fails.
pub async fn takes_photos(shop: &Shop, of: &Return) -> Result<(), PhotoError> {
    has_room(shop.db.latest(), of).await
}

async fn has_room<C: ConnectionTrait>(db: &C, of: &Return) -> Result<(), PhotoError> {
    if !of.state.is_expected() {
        return Err(ReturnError::WrongState.into());
    }
    if queries::photos(db, of.id).await?.len() >= PHOTOS_MOST { Err(PhotoError::TooMany) } else { Ok(()) }
}

/// Whether a return has this photo already.
async fn has_it_or_no_room<C: ConnectionTrait>(tx: &C, id: ReturnId, digest: &str) -> Result<bool, PhotoError> {
    let (_, of) = locked(tx, id).await?;
    let text = "SELECT 1 FROM return_photos WHERE return_id = $1 AND digest = $2";
    let known = tx.query_one_raw(sql(tx, text, [id.into(), digest.into()])).await?.is_some();
    match has_room(tx, &of).await {
        Err(PhotoError::TooMany) if known => Ok(true),
        room => room.map(|()| known),
    }
}

async fn insert(
    shop: &Shop,
    id: ReturnId,
    digest: &str,
    picture: &Rendition,
) -> Result<Option<ReturnPhotoId>, PhotoError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    if has_it_or_no_room(&tx, id, digest).await? {
        return Ok(None);
    }
    let photo = ReturnPhotoId::new(now);
    let text = "INSERT INTO return_photos (id, return_id, digest, width, height, created_at)
                VALUES ($1, $2, $3, $4, $5, $6)";
    let (width, height) = (picture.width.cast_signed(), picture.height.cast_signed());
    let values = [photo.into(), id.into(), digest.into(), width.into(), height.into(), now.into()];
    tx.execute_raw(sql(&tx, text, values)).await?;
    tx.commit().await?;
    Ok(Some(photo))
}

/// A photo of a return, for staff who may see orders.
///
/// # Errors
/// [`PhotoError`]; [`ReturnError::NotAllowed`] for everybody else.
pub async fn read_photo(
    shop: &Shop,
    who: &SignedIn,
    of: ReturnId,
    photo: ReturnPhotoId,
) -> Result<Option<Vec<u8>>, PhotoError> {
    who.require(Permission::OrdersRead).map_err(|_| ReturnError::NotAllowed)?;
    if !queries::photos(shop.db.latest(), of).await?.iter().any(|one| one.id == photo) {
        return Ok(None);
    }
    file(shop, photo).await
}

/// The file of a photo, if it is there.
pub(crate) async fn file(shop: &Shop, photo: ReturnPhotoId) -> Result<Option<Vec<u8>>, PhotoError> {
    match shop.files.get(&photo_path(photo)).await {
        Ok(found) => Ok(Some(found.bytes().await?.to_vec())),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
