//! Fills a shop: with the demo shop, or with as many products as a load test needs.

mod bulk;
pub mod catalogue;
pub mod compose;
mod demo;
mod frame;
mod words;

use crate::admin;
use commerce::Shop;
use commerce::db::sql;
use commerce::media::StoreError;
use commerce::media::pipeline::PictureError;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

/// Names the lock under which a shop is filled.
const LOCK: i64 = 0x456d_706f_7269_6f6f;

/// Why a shop could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database has refused or failed.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// A picture could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A picture could not be made.
    #[error("{0}: {1}")]
    Picture(String, PictureError),
    /// The catalogue names an illustration that doesn't exist.
    #[error("there is no illustration for {0}")]
    NoIllustration(String),
    /// The catalogue refers to a category that doesn't exist.
    #[error("there is no category {0}")]
    NoCategory(String),
    /// The thread that makes pictures has ended early.
    #[error("the pictures could not be made")]
    Interrupted,
}

/// Fills an empty shop with the demo shop; leaves any other alone.
///
/// # Errors
/// [`SeedError`]; the shop is then as it was.
pub async fn demo(shop: &Shop) -> Result<(), SeedError> {
    if has_products(shop.db.primary()).await? || !demo::fill(shop).await? {
        println!("This shop has products already: it is left as it is.");
        return Ok(());
    }
    Ok(staff(shop).await?)
}

/// Fills the shop with the demo shop if it is empty, and says nothing otherwise.
///
/// # Errors
/// [`SeedError`]; the shop is then as it was.
pub async fn if_empty(shop: &Shop) -> Result<(), SeedError> {
    if !has_products(shop.db.primary()).await? {
        println!("The shop is empty: it is filled with the demo shop first.");
        demo::fill(shop).await?;
        staff(shop).await?;
    }
    Ok(())
}

/// Makes somebody who can sign in to the back office of the demo, and says how.
async fn staff(shop: &Shop) -> Result<(), DbErr> {
    if let Some((email, password)) = admin::for_demo(shop).await? {
        println!("Staff sign in as {email} with the password {password}: it is not shown again.");
    }
    Ok(())
}

/// Adds this many plausible products to the shop.
///
/// # Errors
/// [`SeedError`]; products that were announced stay.
pub async fn products(shop: &Shop, count: u32) -> Result<(), SeedError> {
    bulk::add(shop, count).await
}

async fn has_products<C: ConnectionTrait>(db: &C) -> Result<bool, DbErr> {
    Ok(db.query_one_raw(sql(db, "SELECT 1 FROM products LIMIT 1", [])).await?.is_some())
}

/// Makes whoever fills the shop at the same time wait until the transaction
/// ends. On SQLite there is one writer anyway.
async fn lock<C: ConnectionTrait>(tx: &C) -> Result<(), DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    Ok(())
}
