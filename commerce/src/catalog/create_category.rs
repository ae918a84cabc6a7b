//! Adds a category to the tree.

use super::{CategoryId, entity::category};
use crate::media::MediaId;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// A category to be.
#[derive(Clone, Debug)]
pub struct NewCategory {
    /// What it is part of.
    pub parent: Option<CategoryId>,
    /// Its address below `/c/`; unique.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Its picture.
    pub media: Option<MediaId>,
    /// Its place among its siblings.
    pub position: i32,
}

/// Adds a category.
///
/// # Errors
/// When the slug is taken or the database fails.
pub async fn create_category<C: ConnectionTrait>(
    db: &C,
    new: NewCategory,
    now: DateTime<Utc>,
) -> Result<CategoryId, DbErr> {
    let id = CategoryId::new(now);
    let row = category::ActiveModel {
        id: Set(id),
        parent_id: Set(new.parent),
        slug: Set(new.slug),
        name: Set(new.name),
        description: Set(new.description),
        media_id: Set(new.media),
        position: Set(new.position),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    };
    category::Entity::insert(row).exec_without_returning(db).await?;
    Ok(id)
}
