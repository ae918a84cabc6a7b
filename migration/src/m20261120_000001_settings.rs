//! What a shop decides for itself, and the pictures it keeps.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["media", "settings"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("settings")
                .col(string("key").primary_key())
                .col(json_binary("value"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("updated_at"))
                .to_owned(),
        )
        .await?;
    manager
        .create_table(
            table("media")
                .col(pk_uuid("id"))
                .col(integer("width"))
                .col(integer("height"))
                .col(json_binary("renditions"))
                .col(text("placeholder"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_media_size", "width > 0 AND height > 0"))
                .to_owned(),
        )
        .await
}
