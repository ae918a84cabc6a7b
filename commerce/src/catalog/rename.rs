//! Gives a product or category another address; the old one goes on to lead there.

use super::{CategoryId, ProductId};
use crate::db::sql;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Moves a product to another slug, in a transaction of the caller's.
///
/// # Errors
/// When the slug is taken or the database fails.
pub async fn rename_product<C: ConnectionTrait>(
    db: &C,
    product: ProductId,
    slug: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    rename(db, "products", "product_slugs", "product_id", product.0, slug, now).await
}

/// Moves a category to another slug, in a transaction of the caller's.
///
/// # Errors
/// When the slug is taken or the database fails.
pub async fn rename_category<C: ConnectionTrait>(
    db: &C,
    category: CategoryId,
    slug: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    rename(db, "categories", "category_slugs", "category_id", category.0, slug, now).await
}

async fn rename<C: ConnectionTrait>(
    db: &C,
    table: &str,
    old_slugs: &str,
    column: &str,
    id: uuid::Uuid,
    slug: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    // An address leads to one thing only: the last that had it, or has it now.
    let keep = format!(
        "INSERT INTO {old_slugs} (slug, {column}, created_at) SELECT slug, id, $3 FROM {table} WHERE id = $1 AND slug <> $2
         ON CONFLICT (slug) DO UPDATE SET {column} = excluded.{column}, created_at = excluded.created_at"
    );
    db.execute_raw(sql(db, &keep, [id.into(), slug.into(), now.into()])).await?;
    db.execute_raw(sql(db, &format!("DELETE FROM {old_slugs} WHERE slug = $1"), [slug.into()])).await?;
    let update = format!("UPDATE {table} SET slug = $2, version = version + 1, updated_at = $3 WHERE id = $1");
    db.execute_raw(sql(db, &update, [id.into(), slug.into(), now.into()])).await?;
    Ok(())
}
